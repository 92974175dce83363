//! Why the Management API refuses, in the one shape its clients read: `{statusCode, error, message, errorCode}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_store::Fault;
use sekisho_verify::Reject;
use serde_json::json;

use crate::admin;
use crate::api_token::Denied;
use crate::telemetry::metrics::DatabaseFault;

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// 401: the token.
    Token(Denied),
    /// 403: the token has none of these scopes.
    Scope(&'static [&'static str]),
    /// 404.
    Missing(&'static str, &'static str),
    /// 404: no such path.
    NoSuchPath,
    /// 405.
    WrongMethod,
    /// 400: the query.
    Query(String),
    /// 400: the body.
    Body(String),
    /// 409: it changed while it was being changed.
    Changed,
    /// 429, until this many seconds from now.
    TooMany(i64),
    /// Ours: the database.
    Store(Fault),
    /// Ours: something that should not happen.
    Internal(String),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

impl From<admin::Refused> for Refused {
    fn from(refused: admin::Refused) -> Self {
        match refused {
            admin::Refused::Missing(what, _) => {
                let (message, code) = missing(what);
                Self::Missing(message, code)
            }
            admin::Refused::Invalid(sentence) => Self::Body(sentence),
            admin::Refused::Fault(fault) => Self::Store(fault),
            admin::Refused::Changed => Self::Changed,
            other => Self::Internal(other.to_string()),
        }
    }
}

fn missing(what: &str) -> (&'static str, &'static str) {
    match what {
        "user" => ("The user does not exist.", "inexistent_user"),
        "client" => ("The client does not exist.", "inexistent_client"),
        "session" => ("The session does not exist.", "inexistent_session"),
        "refresh token" => ("The refresh token does not exist.", "inexistent_refresh_token"),
        "live signing key" => ("The signing key does not exist.", "inexistent_signing_key"),
        _ => ("It does not exist.", "inexistent"),
    }
}

impl Refused {
    /// The answer.
    pub(super) fn response(self) -> Response {
        let database = matches!(self, Self::Store(_));
        let retry = match self {
            Self::TooMany(seconds) => Some(seconds),
            Self::Store(_) | Self::Token(Denied::Unready) => Some(1),
            _ => None,
        };
        let (status, message, code) = self.said();
        let mut body = json!({
            "statusCode": status.as_u16(),
            "error": status.canonical_reason().unwrap_or_default(),
            "message": message,
        });
        if let Some(code) = code {
            body["errorCode"] = json!(code);
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if database {
            response.extensions_mut().insert(DatabaseFault);
        }
        response
    }

    fn said(self) -> (StatusCode, String, Option<&'static str>) {
        let said = |status, message: &str, code| (status, message.to_owned(), code);
        match self {
            Self::Token(denied) => token(&denied),
            Self::Scope(scopes) => (
                StatusCode::FORBIDDEN,
                format!("Insufficient scope, expected any of: {}", scopes.join(",")),
                Some("insufficient_scope"),
            ),
            Self::Missing(message, code) => said(StatusCode::NOT_FOUND, message, Some(code)),
            Self::NoSuchPath => said(StatusCode::NOT_FOUND, "Not Found", None),
            Self::WrongMethod => said(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", None),
            Self::Query(why) => (
                StatusCode::BAD_REQUEST,
                format!("Query validation error: {why}"),
                Some("invalid_query_string"),
            ),
            Self::Body(why) => (
                StatusCode::BAD_REQUEST,
                format!("Payload validation error: {why}"),
                Some("invalid_body"),
            ),
            Self::Changed => said(
                StatusCode::CONFLICT,
                "It was changed by somebody else at the same time.",
                Some("conflict"),
            ),
            Self::TooMany(_) => said(
                StatusCode::TOO_MANY_REQUESTS,
                "Global limit has been reached",
                Some("too_many_requests"),
            ),
            Self::Store(fault) => {
                tracing::error!(%fault, "database fault");
                match fault.is_unavailable() {
                    true => said(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "Try again.",
                        Some("temporarily_unavailable"),
                    ),
                    false => internal(),
                }
            }
            Self::Internal(what) => {
                tracing::error!(what, "fault");
                internal()
            }
        }
    }
}

fn internal() -> (StatusCode, String, Option<&'static str>) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong on our side.".to_owned(),
        None,
    )
}

/// Clients compare some of these sentences letter by letter.
fn token(denied: &Denied) -> (StatusCode, String, Option<&'static str>) {
    let message = match denied {
        Denied::Person => {
            return (
                StatusCode::FORBIDDEN,
                "This API is for clients in their own name".to_owned(),
                Some("insufficient_scope"),
            );
        }
        Denied::NoToken => "Missing authentication",
        Denied::Rejected(Reject::Expired) => "Expired token received for JSON Web Token validation",
        Denied::Rejected(Reject::Audience) => "Bad audience",
        Denied::Rejected(_) | Denied::Revoked => "Invalid token",
        Denied::Unready => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "What is revoked is not known here at the moment. Try again.".to_owned(),
                Some("temporarily_unavailable"),
            );
        }
        Denied::Internal(what) => {
            tracing::error!(what = *what, "fault");
            return internal();
        }
    };
    (StatusCode::UNAUTHORIZED, message.to_owned(), None)
}
