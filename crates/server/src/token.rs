//! `/oauth/token`: codes, refresh tokens and client credentials become tokens.
//!
//! Every grant has the same four beats: read facts, decide, write conditionally, say. When the write lost to another request, facts are
//! read and decided again, at most three times.

mod code;
mod machine;
mod refresh;

use crate::app::App;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client_auth::{self, AuthenticatedClient, Recipient};
use sekisho_rules::grant::TokenRequest;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_store::{assertions, clients};

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
    match request {
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
    }
}

/// Proves the client of a request to the token or revocation endpoint (RFC 6749 section 2.3).
pub(crate) async fn authenticate(visit: &Visit, body: &Parameters) -> Result<AuthenticatedClient, Refused> {
    let app = &visit.app;
    let presented = client_auth::present(visit.header(header::AUTHORIZATION), body)?;
    let mut client = None;
    for id in presented.client_ids() {
        client = clients::by_id(&app.db, id.as_str()).await?;
        if client.is_some() {
            break;
        }
    }
    let Some(client) = client else {
        return Err(Refusal::new(Reason::ClientAuthentication, "unknown client").into());
    };
    let secret = unseal_secret(app, client.id.as_str(), client.sealed_secret.as_deref())?;
    let endpoint = app.config.issuer.link("oauth/token");
    let recipient = Recipient {
        issuer: app.config.issuer.as_str(),
        token_endpoint: &endpoint,
    };
    let secret = secret.as_ref().map(|secret| secret.as_str());
    let client = client_auth::authenticate(client, secret, &presented, recipient, visit.moment.now)?;
    if let Some(used) = client.assertion()
        && !assertions::use_up(&app.db, &client.client().id, &used.jti, used.expires_at).await?
    {
        return Err(Refusal::new(Reason::ClientAuthentication, "the assertion was used before").into());
    }
    Ok(client)
}

fn unseal_secret(
    app: &App,
    id: &str,
    sealed: Option<&[u8]>,
) -> Result<Option<zeroize::Zeroizing<String>>, Refused> {
    let Some(sealed) = sealed else { return Ok(None) };
    let place = crate::seal::Place {
        table: "clients",
        column: "secret",
        row: id,
    };
    let plain = app
        .sealer
        .open(&place, sealed)
        .map_err(|_| Refused::Internal("a client secret cannot be opened"))?;
    let text =
        String::from_utf8(plain.to_vec()).map_err(|_| Refused::Internal("a client secret is not text"))?;
    Ok(Some(zeroize::Zeroizing::new(text)))
}
