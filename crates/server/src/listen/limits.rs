//! The body of a request: how large it may be and how long it may take.
//!
//! A body is read whole before any feature sees the request, so that every endpoint answers a large or a slow one in
//! the same way: 413 (RFC 9110 section 15.5.14) and 408 (section 15.5.9).

use std::time::Duration;

use crate::app::App;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The limits of a request body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes.
    pub max_bytes: usize,
    /// Until the whole body must have arrived.
    pub timeout: Duration,
}

impl BodyLimits {
    /// What the operator decided.
    pub fn of(app: &App) -> Self {
        Self {
            max_bytes: app.config.server.max_body_bytes,
            timeout: app.config.server.body_timeout,
        }
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyProblem {
    /// More bytes than allowed.
    TooLarge,
    /// Not there in time.
    TooSlow,
    /// The connection or its framing broke.
    Unreadable,
}

/// Reads a body whole, within the limits.
///
/// # Errors
/// [`BodyProblem`].
pub async fn read(parts: &Parts, body: Body, limits: BodyLimits) -> Result<Body, BodyProblem> {
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_bytes as u64) {
        return Err(BodyProblem::TooLarge);
    }
    match tokio::time::timeout(limits.timeout, Limited::new(body, limits.max_bytes).collect()).await {
        Ok(Ok(whole)) => Ok(Body::from(whole.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyProblem::TooLarge),
        Ok(Err(_)) => Err(BodyProblem::Unreadable),
        Err(_) => Err(BodyProblem::TooSlow),
    }
}

/// The middleware of endpoints that answer JSON. Put it inside the CORS layer, or browsers hide its errors.
pub async fn read_body(State(limits): State<BodyLimits>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (status, description) = match read(&parts, body, limits).await {
        Ok(body) => return next.run(Request::from_parts(parts, body)).await,
        Err(BodyProblem::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        Err(BodyProblem::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Err(BodyProblem::Unreadable) => (StatusCode::BAD_REQUEST, "the body could not be read"),
    };
    let body = serde_json::json!({"error": "invalid_request", "error_description": description});
    closing((status, axum::Json(body)).into_response())
}

/// The rest of the body is never read, so the connection cannot be used again.
pub fn closing(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
