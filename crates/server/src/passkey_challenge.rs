//! `/passkey/challenge`: what an application of ours asks a browser or a phone, before it trades the answer for tokens.

use crate::client_auth::authenticate;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::passkeys::{self, Use};
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::GrantType;
use sekisho_rules::grant::login::may_log_in;
use sekisho_rules::refusal::{Reason, Refusal};
use serde_json::{Value, json};

/// `POST /passkey/challenge`.
pub async fn challenge(visit: Visit, bytes: Bytes) -> Response {
    match offered(&visit, &bytes).await {
        Ok(offer) => {
            let mut response = Json(offer).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

/// Nothing is written: the challenge travels sealed as `auth_session`, bound to the client.
async fn offered(visit: &Visit, bytes: &Bytes) -> Result<Value, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = authenticate(visit, &body).await?;
    may_log_in(client.client(), GrantType::WebAuthn)?;
    let purpose = Use::Token {
        client: &client.client().id,
    };
    let offer = passkeys::offer(visit, purpose).await?;
    let offer = offer.ok_or_else(|| {
        let private = "the issuer's host is an address, and passkeys belong to names";
        Refusal::new(Reason::GrantNotAllowed(GrantType::WebAuthn.word()), private)
    })?;
    Ok(json!({ "auth_session": offer.challenge, "authn_params_public_key": offer.options }))
}
