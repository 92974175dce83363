//! `/passwordless/*`: applications that ask for the address themselves, as Auth0's client libraries do. What is sent and what a code is
//! worth is `mailed_login`'s; here are the wire and the page that a link opens.

pub mod link;
mod start;
mod verify;

pub use start::start;
pub use verify::{redirect, verify};

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// Why a request is not served.
enum Problem {
    /// As every endpoint says it.
    Refused(Refused),
    /// In the words of these endpoints.
    Said(StatusCode, &'static str, &'static str),
}

impl<T: Into<Refused>> From<T> for Problem {
    fn from(refused: T) -> Self {
        Self::Refused(refused.into())
    }
}

impl Problem {
    const fn bad(code: &'static str, description: &'static str) -> Self {
        Self::Said(StatusCode::BAD_REQUEST, code, description)
    }

    fn answer(self, visit: &Visit) -> Response {
        match self {
            Self::Refused(refused) => refused.oauth(visit.app.config.wire),
            Self::Said(status, code, description) => {
                let body = json!({ "error": code, "error_description": description });
                let mut answer = (status, Json(body)).into_response();
                let no_store = HeaderValue::from_static("no-store");
                answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
                answer
            }
        }
    }
}
