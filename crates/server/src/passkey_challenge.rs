//! `/passkey/challenge` and `/passkey/register`: what an application of ours asks a browser or a phone, before it trades the answer for
//! tokens. The first asks for a passkey, the second for a new one of somebody who has no account yet.

use crate::bot_check::{self, Passage};
use crate::client_auth::authenticate;
use crate::credential::CONNECTION;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::passkeys::signup::{self, Address, Begun, Newcomer};
use crate::passkeys::{self, Use};
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::GrantType;
use sekisho_rules::grant::login::may_log_in;
use sekisho_rules::identity::Email;
use sekisho_rules::refusal::{Reason, Refusal};
use serde_json::{Value, json};

/// `POST /passkey/challenge`.
pub async fn challenge(visit: Visit, bytes: Bytes) -> Response {
    said(&visit, offered(&visit, &bytes).await)
}

/// `POST /passkey/register`. With `verify_first` the answer is the same for every address.
pub async fn register(visit: Visit, bytes: Bytes) -> Response {
    said(&visit, registered(&visit, &bytes).await)
}

fn said(visit: &Visit, answer: Result<Value, Refused>) -> Response {
    match answer {
        Ok(offer) => {
            let no_store = HeaderValue::from_static("no-store");
            ([(header::CACHE_CONTROL, no_store)], Json(offer)).into_response()
        }
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn registered(visit: &Visit, bytes: &Bytes) -> Result<Value, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = authenticate(visit, &body).await?;
    let client = client.client();
    may_log_in(client, GrantType::WebAuthn)?;
    if body.get("realm")?.is_some_and(|realm| realm != CONNECTION) {
        return Err(Reason::UnknownRealm.into());
    }
    let profile = body::object(bytes, "user_profile").ok_or(Reason::Missing("user_profile"))?;
    let newcomer = newcomer(&profile)?;
    match bot_check::passes(visit, &newcomer.email.folded, body.get("captcha")?).await? {
        Passage::Open => {}
        Passage::Missing | Passage::Refused => return Err(Reason::BotCheckDue.into()),
        Passage::TooMany => return Err(Reason::TooManyAttempts.into()),
        Passage::Busy => return Err(Reason::Unavailable.into()),
    }
    match signup::begin(visit, &client.id, newcomer).await? {
        Begun::Asked(offer, address) => {
            let mut answer =
                json!({ "auth_session": offer.challenge, "authn_params_public_key": offer.options });
            if address == Address::Proven {
                answer["verification_required"] = json!(["email"]);
            }
            Ok(answer)
        }
        Begun::Closed | Begun::Impossible => Err(Reason::SignUpClosed.into()),
        Begun::Taken => Err(Reason::SignUpTaken.into()),
        Begun::TooMany => Err(Reason::TooManyAttempts.into()),
    }
}

/// Reads what the application says of the person. What we do not know is ignored; a picture is not taken from anybody's word.
fn newcomer(profile: &str) -> Result<Newcomer, Reason> {
    let profile: Value = serde_json::from_str(profile).unwrap_or_default();
    let text = |name: &str| -> Option<String> {
        let text: String = profile[name].as_str()?.trim().chars().take(150).collect();
        (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
    };
    let email = profile["email"]
        .as_str()
        .and_then(|typed| Email::parse(typed).ok());
    Ok(Newcomer {
        email: email.ok_or(Reason::Malformed("user_profile", "email must be an address"))?,
        name: text("name"),
        given_name: text("given_name"),
        family_name: text("family_name"),
        nickname: text("nickname"),
    })
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
