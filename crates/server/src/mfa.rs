//! The MFA API: what programs ask a person's second factors by, and set them up and remove them with (`/mfa/*`).
//!
//! Owns the wire. Which factor is due is `rules::factor`'s decision, who may change what `rules::mfa_api`'s, and the actions are those of
//! [`crate::factors`], which the pages share. Tokens come from the token endpoint, by the grants that begin with `mfa-`.

mod associate;
mod authenticators;
mod caller;
mod challenge;

pub use associate::associate;
pub use authenticators::{list, remove};
pub use challenge::challenge;

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::mail_code::{self, Sent, Use};
use crate::mfa_token;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::refusal::Reason;
use sekisho_rules::user::User;
use serde_json::Value;

/// Nothing of it may be stored on the way.
fn said(body: Value) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::OK, no_store, Json(body)).into_response()
}

/// Mails a code to the address of the account. Answers the `oob_code` for the holder of the token with this id.
async fn mail_a_code(visit: &Visit, user: &User, of: &str) -> Result<String, Refused> {
    let wishes = [visit.header("x-request-language"), user.locale.as_deref()];
    let locales = wishes.map(Option::unwrap_or_default).join(" ");
    let sent = mail_code::send(
        visit,
        Use::SecondFactor,
        &user.email,
        user.id.as_str(),
        Some(&locales),
    );
    match sent.await {
        Ok(Sent::Code(_)) => mfa_token::seal_oob(visit, of, FactorKind::Email),
        Ok(Sent::AddressLimit | Sent::NetworkLimit) => Err(Reason::TooManyCodes.into()),
        Err(crate::http::reply::Trouble::Store(fault)) => Err(fault.into()),
        Err(_) => Err(Refused::Internal("a mail with a code cannot be written")),
    }
}
