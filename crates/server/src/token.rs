//! `/oauth/token`: codes, refresh tokens and client credentials become tokens.
//!
//! Every grant has the same four beats: read facts, decide, write conditionally, say. When the write lost to another request, facts are
//! read and decided again, at most three times.

mod code;
mod machine;
mod refresh;

use crate::client_auth::authenticate;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::GrantType;
use sekisho_rules::grant::TokenRequest;

/// How often a lost write is decided again.
const ATTEMPTS: usize = 3;

/// `POST /oauth/token`.
pub async fn token(visit: Visit, bytes: Bytes) -> Response {
    match exchange(&visit, &bytes).await {
        Ok(tokens) => {
            let mut response = (StatusCode::OK, Json(tokens)).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
                .headers_mut()
                .insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            response
        }
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn exchange(visit: &Visit, bytes: &Bytes) -> Result<Tokens, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let request = TokenRequest::parse(&body)?;
    let client = authenticate(visit, &body).await?;
    let grant = match &request {
        TokenRequest::AuthorizationCode { .. } => GrantType::AuthorizationCode,
        TokenRequest::RefreshToken { .. } => GrantType::RefreshToken,
        TokenRequest::ClientCredentials { .. } => GrantType::ClientCredentials,
    };
    let tokens = match request {
        TokenRequest::AuthorizationCode {
            code,
            redirect_uri,
            verifier,
        } => {
            let sent = code::Sent {
                code: &code,
                redirect_uri: redirect_uri.as_deref(),
                verifier: verifier.as_deref(),
            };
            code::redeem(visit, &client, sent).await
        }
        TokenRequest::RefreshToken {
            token,
            scope,
            audience,
        } => refresh::refresh(visit, &client, &token, (scope.as_ref(), audience.as_deref())).await,
        TokenRequest::ClientCredentials { audience, scope } => {
            machine::issue(visit, &client, (audience.as_deref(), scope.as_ref())).await
        }
    }?;
    visit.app.metrics.tokens_issued(grant.word());
    Ok(tokens)
}
