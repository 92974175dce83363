//! Bearer tokens of requests to our own endpoints (RFC 6750).

use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The token of a request: in the `Authorization` header (RFC 6750 section 2.1) or in a posted form (section 2.2), and nowhere else:
/// section 2.3 advises against query parameters, and RFC 9700 section 4.3.2 forbids them.
///
/// # Errors
/// [`BearerError::Missing`] without a token, [`BearerError::InvalidRequest`] with more than one (RFC 6750 section 2).
pub fn token(headers: &HeaderMap, body: &Bytes) -> Result<String, BearerError> {
    let posted = match body.is_empty() {
        true => None,
        false => posted(headers, body)?,
    };
    match (sent(headers), posted) {
        (Some(_), Some(_)) => Err(BearerError::InvalidRequest),
        (Some(token), None) => Ok(token.to_owned()),
        (None, Some(token)) => Ok(token),
        (None, None) => Err(BearerError::Missing),
    }
}

fn sent(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token.trim())
}

/// A body that is no form holds no token; a client that sends one for its own reasons uses the header.
fn posted(headers: &HeaderMap, body: &Bytes) -> Result<Option<String>, BearerError> {
    match body::parameters(headers, body, Accepts::Form) {
        Ok(form) => match form.get("access_token") {
            Ok(token) => Ok(token.map(str::to_owned)),
            Err(_) => Err(BearerError::InvalidRequest),
        },
        Err(Refused::MediaType) => Ok(None),
        Err(_) => Err(BearerError::InvalidRequest),
    }
}

/// Why a bearer token is refused (RFC 6750 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerError {
    /// None was sent: no error code is said.
    Missing,
    /// 400: more than one was sent.
    InvalidRequest,
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
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "Bearer error=\"invalid_request\", error_description=\"Send one access token, in one way\"",
                json!({ "error": "invalid_request", "error_description": "Send one access token, in one way" }),
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
