//! What a proxy is told, in the form it understands.

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::forward_auth::{Denial, Identity, Verdict};
use serde_json::json;

/// Whose `sub`.
const USER: HeaderName = HeaderName::from_static("x-auth-request-user");
/// Their e-mail address.
const EMAIL: HeaderName = HeaderName::from_static("x-auth-request-email");
/// Where to sign in, for a proxy that redirects by itself.
const SIGN_IN: HeaderName = HeaderName::from_static("x-sekisho-sign-in");

/// How a proxy wants to hear that somebody has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// By a redirect that it passes on.
    Redirect,
    /// By 401 and a header: nginx makes 500 of anything else (`auth_request`).
    Nginx,
}

/// The answer to a verdict.
pub(super) fn verdict(verdict: Verdict, mode: Mode) -> Response {
    match (verdict, mode) {
        (Verdict::Pass(identity), _) => pass(&identity),
        (Verdict::SignIn(to), Mode::Redirect) => with(StatusCode::FOUND, header::LOCATION, &to),
        (Verdict::SignIn(to), Mode::Nginx) => with(StatusCode::UNAUTHORIZED, SIGN_IN, &to),
        (Verdict::Deny(denial), _) => deny(&denial),
    }
}

/// Every header is always there, if need be empty, so that a proxy that copies them overwrites whatever the sender put there
/// (threat 42).
fn pass(identity: &Identity) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    put(headers, USER, identity.user.as_str());
    put(headers, EMAIL, identity.email.as_deref().unwrap_or_default());
    put(
        headers,
        header::AUTHORIZATION,
        &format!("Bearer {}", identity.token),
    );
    response
}

/// Text beyond ASCII goes as UTF-8; text that no header can carry is left empty.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    let value = HeaderValue::from_bytes(text.as_bytes());
    headers.insert(name, value.unwrap_or(HeaderValue::from_static("")));
}

fn with(status: StatusCode, name: HeaderName, text: &str) -> Response {
    let mut response = status.into_response();
    put(response.headers_mut(), name, text);
    response
}

/// RFC 6750 section 3.
fn deny(denial: &Denial) -> Response {
    let (status, challenge, error, description) = match denial {
        Denial::Unauthorized => (
            StatusCode::UNAUTHORIZED,
            "Bearer".to_owned(),
            "unauthorized",
            "Sign in, or send an access token",
        ),
        Denial::BadToken => (
            StatusCode::UNAUTHORIZED,
            "Bearer error=\"invalid_token\", error_description=\"The access token is invalid, expired or revoked\"".to_owned(),
            "invalid_token",
            "The access token is invalid, expired or revoked",
        ),
        Denial::InsufficientScope(needed) => (
            StatusCode::FORBIDDEN,
            format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\""),
            "insufficient_scope",
            "More scope is needed",
        ),
        Denial::BadAddress => return problem(StatusCode::BAD_REQUEST, "invalid_request", "No sign-in can return to this address"),
    };
    let mut response = problem(status, error, description);
    put(response.headers_mut(), header::WWW_AUTHENTICATE, &challenge);
    response
}

/// To somebody who is no trusted proxy: the answer would hold a token that pages must not read.
pub(super) fn stranger() -> Response {
    problem(
        StatusCode::FORBIDDEN,
        "forbidden",
        "Only the proxies named in server.trusted_proxies may ask",
    )
}

/// About a host nobody put behind the gateway.
pub(super) fn unknown_application() -> Response {
    problem(
        StatusCode::FORBIDDEN,
        "unknown_application",
        "No application of this host is behind the gateway: sekisho gateway add",
    )
}

/// What went wrong before there was a verdict.
pub(super) fn refuse(visit: &Visit, refused: Refused) -> Response {
    refused.oauth(visit.app.config.wire)
}

fn problem(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({ "error": error, "error_description": description })),
    )
        .into_response()
}
