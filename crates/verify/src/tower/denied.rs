//! The answers of RFC 6750 section 3 to requests that may not pass.

use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::reject::Reject;

/// A request without a good enough token; as an answer it is the one of RFC 6750 section 3.
///
/// | what | status | `WWW-Authenticate: Bearer realm="…"` and |
/// |---|---|---|
/// | no token, or another scheme | 401 | nothing more, as section 3.1 asks |
/// | a header that is not of the form | 400 | `error="invalid_request"` |
/// | a token that is not good | 401 | `error="invalid_token"` |
/// | a good token that is not enough | 403 | `error="insufficient_scope"`, `scope="…"` |
/// | the issuer's keys cannot be had | 503 | no challenge; `Retry-After` |
/// | what was revoked is not known well enough | 503 | no challenge; `Retry-After` |
///
/// The body is JSON, `{"error", "error_description"}`; without a token its `error` is `invalid_token` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub(super) realm: Realm,
    pub(super) reason: Reason,
}

/// Why a request was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No bearer token in the `Authorization` header.
    NoToken,
    /// The header cannot be read; the text says what is wrong.
    BadRequest(&'static str),
    /// The token was refused.
    Rejected(Reject),
    /// The issuer's keys cannot be had.
    NoKeys {
        /// After how many seconds to try again.
        retry_after: u64,
    },
    /// What was revoked is not known well enough; try again after a second.
    NoFeed,
}

impl Denied {
    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let (status, error, description) = match &self.reason {
            Reason::NoToken => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "An access token is needed".to_owned(),
            ),
            Reason::BadRequest(what) => (StatusCode::BAD_REQUEST, "invalid_request", (*what).to_owned()),
            Reason::Rejected(reject) if reject.is_insufficient() => {
                (StatusCode::FORBIDDEN, "insufficient_scope", reject.to_string())
            }
            Reason::Rejected(reject) => (StatusCode::UNAUTHORIZED, "invalid_token", reject.to_string()),
            Reason::NoKeys { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The keys of the issuer cannot be had".to_owned(),
            ),
            Reason::NoFeed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "What the issuer has revoked is not known".to_owned(),
            ),
        };
        let body = serde_json::json!({ "error": error, "error_description": description }).to_string();
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let retry_after = match self.reason {
            Reason::NoKeys { retry_after } => Some(retry_after),
            Reason::NoFeed => Some(1),
            _ => None,
        };
        if let Some(retry_after) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
            return answer;
        }
        let mut challenge = format!("Bearer realm=\"{}\"", self.realm.0);
        if self.reason != Reason::NoToken {
            challenge.push_str(&format!(
                ", error=\"{error}\", error_description=\"{description}\""
            ));
        }
        if let Reason::Rejected(Reject::Scope(missing)) = &self.reason {
            challenge.push_str(&format!(", scope=\"{missing}\""));
        }
        // All its parts are printable ASCII by construction, so this cannot fail; a bare challenge is the safe answer.
        let challenge = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        headers.insert(WWW_AUTHENTICATE, challenge);
        answer
    }
}

/// The name of the protected space (RFC 9110 section 11.5), of characters that may stand between quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Realm(Arc<str>);

impl Realm {
    pub(super) fn new(name: &str) -> Self {
        Self(
            name.chars()
                .filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\'))
                .collect::<String>()
                .into(),
        )
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self("api".into())
    }
}
