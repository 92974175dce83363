//! `POST /mfa/challenge`: asks the person for one of the factors that are due.

use super::{mail_a_code, said};
use crate::client_auth::authenticate;
use crate::factors;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::mfa_token;
use axum::body::Bytes;
use axum::response::Response;
use sekisho_rules::factor::{FactorKind, Factors};
use sekisho_rules::mfa_token::{MfaToken, Owed, Way};
use sekisho_rules::refusal::Reason;
use serde_json::{Value, json};

/// `POST /mfa/challenge`.
pub async fn challenge(visit: Visit, bytes: Bytes) -> Response {
    match ask(&visit, &bytes).await {
        Ok(body) => said(body),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn ask(visit: &Visit, bytes: &Bytes) -> Result<Value, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let text = body.required("mfa_token")?;
    let types = body.get("challenge_type")?;
    let authenticator = body.get("authenticator_id")?;
    let client = authenticate(visit, &body).await?;
    let (token, user) = mfa_token::read(visit, text, Some(client.client())).await?;
    let held = factors::held(visit, &user).await?;
    match chosen(&token, &held, types, authenticator).ok_or(Reason::UnsupportedChallenge)? {
        FactorKind::Email => Ok(json!({
            "challenge_type": "oob",
            "oob_code": mail_a_code(visit, &user, &token.id).await?,
            "binding_method": "prompt",
        })),
        _ => Ok(json!({ "challenge_type": "otp" })),
    }
}

/// The first factor in the order of the set-up that the person can be asked for here and the client can show.
fn chosen(
    token: &MfaToken,
    held: &Factors,
    types: Option<&str>,
    authenticator: Option<&str>,
) -> Option<FactorKind> {
    let accepts = |word| types.is_none_or(|types| types.split(' ').any(|one| one == word));
    let named = |kind: FactorKind| {
        let prefix = authenticator.map(|id| id.split('|').next().unwrap_or_default());
        prefix.is_none_or(|prefix| prefix == kind_prefix(kind))
    };
    let Owed::Proof(due) = &token.owed else {
        return None;
    };
    due.iter().copied().find(|kind| {
        let word = match kind {
            FactorKind::Totp => "otp",
            FactorKind::Email => "oob",
            FactorKind::Passkey | FactorKind::RecoveryCode => return false,
        };
        accepts(word) && named(*kind) && token.way(*kind, held) == Some(Way::Prove)
    })
}

/// What the ids of a factor begin with.
fn kind_prefix(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "totp",
        other => other.word(),
    }
}
