//! The Management API, `/api/v2`: the JSON door to the actions of `admin`. It translates and decides nothing: who calls is `caller`'s,
//! what went wrong `refused`'s. Shapes, statuses and words are those that the management clients of the Auth0 family read.

mod caller;
mod page;
mod quota;
mod refresh_tokens;
mod refused;
mod revocations;
mod sessions;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub use quota::{Quota, limited};
pub use refresh_tokens::{all_of_user as delete_refresh_tokens, of_user as list_refresh_tokens};
pub use refresh_tokens::{delete as delete_refresh_token, show as show_refresh_token};
pub use revocations::{create as create_revocation, list as list_revocations};
pub use sessions::{all_of_user as delete_sessions, of_user as list_sessions};
pub use sessions::{delete as delete_session, revoke as revoke_session, show as show_session};

use crate::admin;
use crate::app::App;
use crate::http::visit::Visit;
use refused::Refused;

/// Any other path below `/api/v2`.
pub async fn nothing_here() -> Response {
    Refused::NoSuchPath.response()
}

/// A path that is there, by another method.
pub async fn wrong_method() -> Response {
    Refused::WrongMethod.response()
}

/// 202 without a body, or with `?wait=ack` after waiting for the verifiers that listen, with their counts.
async fn accepted(visit: &Visit) -> Result<Response, Refused> {
    if !waits(visit) {
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    Ok((StatusCode::ACCEPTED, Json(counts(&visit.app).await?)).into_response())
}

fn waits(visit: &Visit) -> bool {
    visit.query.hint("wait") == Some("ack")
}

async fn counts(app: &App) -> Result<serde_json::Value, Refused> {
    let counts = admin::revocations::applied(app).await?;
    Ok(json!({ "connected": counts.connected, "applied": counts.applied }))
}

/// Refuses what can be nobody's id: too long, or with a NUL character, which no database keeps.
fn id(text: &str) -> Result<(), Refused> {
    match text.len() <= 255 && !text.contains('\0') {
        true => Ok(()),
        false => Err(Refused::Missing("It does not exist.", "inexistent")),
    }
}
