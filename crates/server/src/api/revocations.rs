//! `/api/v2/revocations`: everything that can be revoked, by one door, and the list of what was.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_rules::permission::Operation;
use sekisho_store::revocations::Listed;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused::Refused;
use super::{caller, counts, id, page, waits};
use crate::admin::restore::{self, Why};
use crate::admin::sessions::{self, Extent};
use crate::admin::tokens::{self, Revoked};
use crate::admin::{Actor, clients, keys, refresh_tokens, revocations, users};
use crate::http::visit::Visit;

/// What to revoke.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Target {
    /// An access token alone, or a refresh token with its grant.
    Token { token: String },
    /// A grant, by its `gid`.
    Grant { grant_id: String },
    /// A session and everything born in it.
    Session { session_id: String },
    /// A user, everywhere.
    User { user_id: String },
    /// Everything a client holds.
    Client { client_id: String },
    /// A signing key.
    Key { kid: String },
    /// Everything of everybody. The issuer's address must be repeated.
    Everything { confirm: String },
}

impl Target {
    /// The id it names, when it is looked up by one.
    fn id(&self) -> Option<&str> {
        match self {
            Self::Grant { grant_id: id }
            | Self::Session { session_id: id }
            | Self::User { user_id: id }
            | Self::Client { client_id: id }
            | Self::Key { kid: id } => Some(id),
            Self::Token { .. } | Self::Everything { .. } => None,
        }
    }
}

/// `POST /api/v2/revocations`. 202 with what was revoked; with `?wait=ack` also `connected` and `applied`.
pub async fn create(visit: Visit, body: Bytes) -> Response {
    let answer = async {
        let actor = caller::admit(&visit, Operation::Revoke)?;
        let target: Target =
            serde_json::from_slice(&body).map_err(|error| Refused::Body(format!("the body: {error}")))?;
        let mut said = revoke(&visit, actor, target).await?;
        if waits(&visit)
            && let (Some(said), Value::Object(counts)) = (said.as_object_mut(), counts(&visit.app).await?)
        {
            said.extend(counts);
        }
        Ok((StatusCode::ACCEPTED, Json(said)).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

async fn revoke(visit: &Visit, actor: Actor, target: Target) -> Result<Value, Refused> {
    let app = &visit.app;
    target.id().map_or(Ok(()), id)?;
    Ok(match target {
        Target::Token { token } => {
            let revoked = match tokens::revoke(app, actor, &token).await? {
                Revoked::AccessToken => "access_token",
                Revoked::Grant => "grant",
                Revoked::Nothing => "nothing",
            };
            json!({ "type": "token", "revoked": revoked })
        }
        Target::Grant { grant_id } => {
            if !refresh_tokens::revoke(app, actor, &grant_id).await? {
                return Err(Refused::Missing("The grant does not exist.", "inexistent_grant"));
            }
            json!({ "type": "grant", "grant_id": grant_id })
        }
        Target::Session { session_id } => {
            sessions::revoke(app, actor, &session_id, Extent::Place).await?;
            json!({ "type": "session", "session_id": session_id })
        }
        Target::User { user_id } => {
            let user = users::by_id(app, &user_id).await?;
            users::log_out(app, actor, &user).await?;
            json!({ "type": "user", "user_id": user_id })
        }
        Target::Client { client_id } => {
            let client = clients::find(app, &client_id).await?;
            clients::revoke(app, actor, &client).await?;
            json!({ "type": "client", "client_id": client_id })
        }
        Target::Key { kid } => {
            keys::revoke(app, actor, &kid).await?;
            json!({ "type": "key", "kid": kid })
        }
        Target::Everything { confirm } => {
            let issuer = app.config.issuer.as_str();
            if confirm != issuer {
                return Err(Refused::Body(format!("'confirm' must be {issuer}")));
            }
            restore::everything(app, actor, Why::RedButton).await?;
            json!({ "type": "everything" })
        }
    })
}

/// `GET /api/v2/revocations`: the records that are kept, oldest first.
pub async fn list(visit: Visit) -> Response {
    let answer = async {
        caller::admit(&visit, Operation::ReadRevocations)?;
        let (take, from) = (page::take(&visit)?, page::from_number(&visit)?);
        let list = revocations::page(&visit.app, from, take).await?;
        let mut body = json!({ "revocations": list.iter().map(shown).collect::<Vec<_>>() });
        if let Some(last) = list.last().filter(|_| list.len() as i64 == take) {
            body["next"] = json!(last.seq.to_string());
        }
        Ok(Json(body).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

fn shown(one: &Listed) -> Value {
    let record = &one.record;
    let mut said = json!({
        "seq": one.seq,
        "at": one.at.iso8601(),
        "kind": record.kind.letter().to_string(),
        "key": record.key.to_string(),
        "exp": record.exp,
    });
    if record.kind.has_nbf() {
        said["nbf"] = json!(record.nbf);
    }
    said
}
