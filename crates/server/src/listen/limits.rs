//! The body of a request: how large it may be and how long it may take.
//!
//! A body is read whole before any feature sees the request, so that every endpoint answers a large or a slow one in
//! the same way: 413 (RFC 9110 section 15.5.14) and 408 (section 15.5.9), as JSON in the manner of OAuth errors.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
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

/// The middleware. Put it outside everything that reads bodies:
/// `router.layer(axum::middleware::from_fn_with_state(limits, limits::read_body))`.
pub async fn read_body(State(limits): State<BodyLimits>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_bytes as u64) {
        return too_large();
    }
    let reading = Limited::new(body, limits.max_bytes).collect();
    match tokio::time::timeout(limits.timeout, reading).await {
        Ok(Ok(whole)) => {
            next.run(Request::from_parts(parts, Body::from(whole.to_bytes())))
                .await
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large(),
        Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "the body could not be read"),
        Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    }
}

fn too_large() -> Response {
    refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
}

/// The rest of the body is never read, so the connection cannot be used again.
fn refuse(status: StatusCode, description: &str) -> Response {
    let body = serde_json::json!({"error": "invalid_request", "error_description": description});
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
