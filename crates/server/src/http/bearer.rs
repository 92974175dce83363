//! Bearer tokens of requests to our own endpoints (RFC 6750).

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The token in the `Authorization` header, and nowhere else: RFC 6750 section 2.3 advises against query parameters, and RFC 9700
/// section 4.3.2 forbids them.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token.trim())
}

/// Why a bearer token is refused (RFC 6750 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerError {
    /// None was sent: no error code is said.
    Missing,
    /// 401.
    InvalidToken,
    /// 403.
    InsufficientScope,
}

impl BearerError {
    /// The answer with its challenge.
    pub fn response(self) -> Response {
        let (status, challenge, body) = match self {
            Self::Missing => (
                StatusCode::UNAUTHORIZED,
                "Bearer",
                json!({ "error": "Unauthorized" }),
            ),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                "Bearer error=\"invalid_token\", error_description=\"The access token is invalid, expired or revoked\"",
                json!({ "error": "invalid_token", "error_description": "The access token is invalid, expired or revoked" }),
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                "Bearer error=\"insufficient_scope\", scope=\"openid\"",
                json!({ "error": "insufficient_scope", "error_description": "The access token lacks the scope openid" }),
            ),
        };
        let mut response = (status, Json(body)).into_response();
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
