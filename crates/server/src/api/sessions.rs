//! `/api/v2/sessions` and `/api/v2/users/{id}/sessions`.

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use sekisho_rules::permission::Operation;
use sekisho_store::After;
use serde_json::{Value, json};

use super::refused::Refused;
use super::{accepted, caller, id, page};
use crate::admin::sessions::{self, Extent, Shown};
use crate::admin::users;
use crate::http::visit::Visit;

/// `GET /api/v2/sessions/{id}`.
pub async fn show(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        caller::admit(&visit, Operation::ReadSessions)?;
        id(&named)?;
        let session = sessions::find(&visit.app, &named).await?;
        Ok(Json(shown(&session)).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

/// `DELETE /api/v2/sessions/{id}`: what a logout ends. 202.
pub async fn delete(Path(named): Path<String>, visit: Visit) -> Response {
    end(&visit, &named, Extent::Session)
        .await
        .unwrap_or_else(Refused::response)
}

/// `POST /api/v2/sessions/{id}/revoke`: the session and every grant born in it, those with refresh tokens too. 202.
pub async fn revoke(Path(named): Path<String>, visit: Visit) -> Response {
    end(&visit, &named, Extent::Place)
        .await
        .unwrap_or_else(Refused::response)
}

async fn end(visit: &Visit, named: &str, extent: Extent) -> Result<Response, Refused> {
    let actor = caller::admit(visit, Operation::EndSessions)?;
    id(named)?;
    sessions::revoke(&visit.app, actor, named, extent).await?;
    accepted(visit).await
}

/// `GET /api/v2/users/{id}/sessions`.
pub async fn of_user(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        caller::admit(&visit, Operation::ReadSessions)?;
        id(&named)?;
        let (take, from) = (page::take(&visit)?, page::from(&visit)?);
        let user = users::by_id(&visit.app, &named).await?;
        let list = sessions::of_user(&visit.app, &user, &from, take).await?;
        let mut body = json!({ "sessions": list.iter().map(shown).collect::<Vec<_>>() });
        // A full page may be the last one; the next is then empty.
        if let Some(last) = list.last().filter(|_| list.len() as i64 == take) {
            let after = After {
                created_at: last.listed.created_at,
                id: last.listed.session.id.to_string(),
            };
            body["next"] = json!(page::next(&after));
        }
        Ok(Json(body).into_response())
    };
    answer.await.unwrap_or_else(Refused::response)
}

/// `DELETE /api/v2/users/{id}/sessions`. 202.
pub async fn all_of_user(Path(named): Path<String>, visit: Visit) -> Response {
    let answer = async {
        let actor = caller::admit(&visit, Operation::EndSessions)?;
        id(&named)?;
        let user = users::by_id(&visit.app, &named).await?;
        sessions::revoke_all(&visit.app, actor, &user).await?;
        accepted(&visit).await
    };
    answer.await.unwrap_or_else(Refused::response)
}

fn shown(one: &Shown) -> Value {
    let (session, born) = (&one.listed.session, &one.listed.birthplace);
    let methods = session
        .amr
        .iter()
        .map(|name| json!({ "name": name, "timestamp": session.auth_time.iso8601() }));
    json!({
        "id": session.id.as_str(),
        "user_id": session.user_id.as_str(),
        "created_at": one.listed.created_at.iso8601(),
        "updated_at": session.last_seen.iso8601(),
        "authenticated_at": session.auth_time.iso8601(),
        "idle_expires_at": session.idle_expires_at.iso8601(),
        "expires_at": session.expires_at.iso8601(),
        "last_interacted_at": session.last_seen.iso8601(),
        "device": {
            "initial_ip": born.ip,
            "initial_user_agent": born.user_agent,
            "last_ip": born.ip,
            "last_user_agent": born.user_agent,
        },
        "clients": one.clients.iter().map(|id| json!({ "client_id": id })).collect::<Vec<_>>(),
        "authentication": { "methods": methods.collect::<Vec<_>>() },
    })
}
