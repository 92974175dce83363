//! `/api/v2/refresh-tokens` and `/api/v2/users/{id}/refresh-tokens`. The id of a refresh token is the `gid` of its grant: the tokens
//! that follow each other keep it.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::Rotation;
use sekisho_rules::permission::Operation;
use sekisho_store::After;
use serde_json::{Value, json};

use super::refused::Refused;
use super::{accepted, caller, counts, id, page, waits};
use crate::admin::refresh_tokens::{self, Shown};
use crate::admin::users;
use crate::http::visit::Visit;

/// `GET /api/v2/refresh-tokens/{id}`.
pub async fn show(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        caller::admit(&visit, Operation::ReadRefreshTokens)?;
        id(&named)?;
        let token = refresh_tokens::find(&visit.app, &named).await?;
        Ok(Json(shown(&visit, &token)).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

/// `DELETE /api/v2/refresh-tokens/{id}`. 204, also for one that has ended; with `?wait=ack` 200 and the counts.
pub async fn delete(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        let actor = caller::admit(&visit, Operation::EndRefreshTokens)?;
        id(&named)?;
        refresh_tokens::revoke(&visit.app, actor, &named).await?;
        match waits(&visit) {
            true => Ok(Json(counts(&visit.app).await?).into_response()),
            false => Ok(StatusCode::NO_CONTENT.into_response()),
        }
    };
    answer.await.unwrap_or_else(Refused::response)
}

/// `GET /api/v2/users/{id}/refresh-tokens`.
pub async fn of_user(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        caller::admit(&visit, Operation::ReadRefreshTokens)?;
        id(&named)?;
        let (take, from) = (page::take(&visit)?, page::from(&visit)?);
        let user = users::by_id(&visit.app, &named).await?;
        let list = refresh_tokens::of_user(&visit.app, &user, &from, take).await?;
        let tokens: Vec<Value> = list.iter().map(|one| shown(&visit, one)).collect();
        let mut body = json!({ "tokens": tokens });
        if let Some(last) = list.last().filter(|_| list.len() as i64 == take) {
            let after = After {
                created_at: last.listed.created_at,
                id: last.listed.gid.to_string(),
            };
            body["next"] = json!(page::next(&after));
        }
        Ok(Json(body).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

/// `DELETE /api/v2/users/{id}/refresh-tokens`. 202.
pub async fn all_of_user(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        let actor = caller::admit(&visit, Operation::EndRefreshTokens)?;
        id(&named)?;
        let user = users::by_id(&visit.app, &named).await?;
        refresh_tokens::revoke_all(&visit.app, actor, &user).await?;
        accepted(&visit).await
    };
    answer.await.unwrap_or_else(Refused::response)
}

fn shown(visit: &Visit, one: &Shown) -> Value {
    let listed = &one.listed;
    // A grant without an API is good for userinfo.
    let audience = listed
        .audience
        .clone()
        .unwrap_or_else(|| visit.app.config.issuer.link("userinfo"));
    json!({
        "id": listed.gid.as_str(),
        "user_id": listed.user_id.as_str(),
        "client_id": listed.client_id.as_str(),
        "session_id": listed.session_id.as_ref().map(|id| id.as_str()),
        "rotating": one.rotation == Rotation::Rotating,
        "resource_servers": [{ "audience": audience, "scopes": listed.scope }],
        "created_at": listed.created_at.iso8601(),
        "idle_expires_at": listed.idle_expires_at.iso8601(),
        "expires_at": listed.expires_at.iso8601(),
        "last_exchanged_at": listed.rotated_at.map(sekisho_rules::time::Timestamp::iso8601),
    })
}
