//! `POST /mfa/associate`: begins to set up a second factor. The first code, brought to the token endpoint, finishes it.

use super::caller::{self, Caller};
use super::{mail_a_code, said};
use crate::factors::begun;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::body::Bytes;
use axum::http::header;
use axum::response::Response;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::identity::Email;
use sekisho_rules::mfa_api::Action;
use sekisho_rules::mfa_token::is_second;
use sekisho_rules::refusal::Reason;
use serde::Deserialize;
use serde_json::{Value, json};

/// What is asked for. Members nobody knows are ignored, `null` is absent.
#[derive(Deserialize)]
struct Asked {
    authenticator_types: Option<Vec<String>>,
    oob_channels: Option<Vec<String>>,
    email: Option<String>,
}

/// `POST /mfa/associate`.
pub async fn associate(visit: Visit, bytes: Bytes) -> Response {
    let caller = match caller::admit(&visit, Action::Enrol).await {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    match begin(&visit, &caller, &bytes).await {
        Ok(body) => said(body),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn begin(visit: &Visit, caller: &Caller, bytes: &Bytes) -> Result<Value, Refused> {
    let asked = read(visit, bytes)?;
    let user = &caller.user;
    let kind = kind(&asked)?;
    if !is_second(&caller.amr, kind) {
        return Err(Reason::UnsupportedChallenge.into());
    }
    match kind {
        FactorKind::Totp => {
            let begun = begun::authenticator(visit, user, &caller.of).await?;
            let (secret, uri) = begun
                .authenticator
                .ok_or(Refused::Internal("an authenticator without a secret"))?;
            let body = json!({ "authenticator_type": "otp", "secret": secret, "barcode_uri": uri });
            Ok(with_codes(body, begun.recovery_codes))
        }
        _ if caller.held.enrolled.contains(&FactorKind::Email) => Err(Reason::AlreadyEnrolled.into()),
        _ if !caller.held.mailbox => Err(Reason::UnsupportedChallenge.into()),
        _ if !is_theirs(asked.email.as_deref(), &user.email) => {
            Err(Reason::Malformed("email", "codes go to the address of the account and nowhere else").into())
        }
        _ => {
            let oob_code = mail_a_code(visit, user, &caller.of).await?;
            let begun = begun::mailbox(visit, user, &caller.of).await?;
            let body = json!({
                "authenticator_type": "oob",
                "oob_channel": "email",
                "oob_code": oob_code,
                "binding_method": "prompt",
            });
            Ok(with_codes(body, begun.recovery_codes))
        }
    }
}

fn read(visit: &Visit, bytes: &Bytes) -> Result<Asked, Refused> {
    let media_type = visit.header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refused::MediaType);
    }
    let asked = serde_json::from_slice(bytes);
    asked
        .map_err(|_| Reason::Malformed("body", "send one JSON object with a list authenticator_types").into())
}

/// The one kind that is asked for.
fn kind(asked: &Asked) -> Result<FactorKind, Reason> {
    let types = asked.authenticator_types.as_deref().unwrap_or_default();
    let channels = asked.oob_channels.as_deref().unwrap_or_default();
    match (&words(types)[..], &words(channels)[..]) {
        ([], _) => Err(Reason::Missing("authenticator_types")),
        (["otp"], _) => Ok(FactorKind::Totp),
        (["email"], _) | (["oob"], ["email"]) => Ok(FactorKind::Email),
        (["oob"], []) => Err(Reason::Missing("oob_channels")),
        (["oob"], _) => Err(Reason::Malformed(
            "oob_channels",
            "email is the one channel there is",
        )),
        _ => Err(Reason::Malformed(
            "authenticator_types",
            "send one of otp, oob and email",
        )),
    }
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn is_theirs(asked: Option<&str>, own: &str) -> bool {
    let folded = |text: &str| Email::parse(text).ok().map(|email| email.folded);
    match asked.filter(|asked| !asked.is_empty()) {
        None => true,
        Some(asked) => folded(asked).is_some_and(|asked| Some(asked) == folded(own)),
    }
}

fn with_codes(mut body: Value, codes: Vec<String>) -> Value {
    if !codes.is_empty() {
        body["recovery_codes"] = codes.into();
    }
    body
}
