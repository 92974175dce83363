//! `/mfa/authenticators`: what a person has set up, and removing it.

use super::caller::{self, Caller};
use super::said;
use crate::factors;
use crate::http::reply::{Refused, Trouble, requirement_type};
use crate::http::visit::Visit;
use crate::passkeys::Removed;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::mfa_api::Action;
use sekisho_rules::mfa_token::Owed;
use sekisho_rules::refusal::Reason;
use sekisho_store::{factors as rows, passkeys};
use serde_json::{Value, json};

/// How the mailbox is named for who set up nothing and is asked all the same, because a login looks wrong.
const MAILBOX: &str = "email|dev_address";

/// What the id of a passkey begins with.
const PASSKEY: &str = "webauthn-roaming|dev_";

/// `GET /mfa/authenticators`: a list without an envelope, as clients expect.
pub async fn list(visit: Visit) -> Response {
    let caller = match caller::admit(&visit, Action::List).await {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    match shown(&visit, &caller).await {
        Ok(body) => said(body),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn shown(visit: &Visit, caller: &Caller) -> Result<Value, Refused> {
    let (db, user) = (&visit.app.db, &caller.user);
    let mut list = Vec::new();
    for factor in rows::of_user(db, &user.id).await? {
        if factor.confirmed_at.is_some() {
            let name = match factor.kind {
                FactorKind::Email => masked(&user.email),
                _ => factor.name,
            };
            list.push(authenticator(&factor.id, factor.kind, &name));
        }
    }
    for passkey in passkeys::of_user(db, &user.id).await? {
        let id = format!("{PASSKEY}{}", passkey.id);
        list.push(authenticator(&id, FactorKind::Passkey, &passkey.name));
    }
    let asked_by_mail = caller
        .owing
        .as_ref()
        .is_some_and(|token| matches!(&token.owed, Owed::Proof(due) if due.contains(&FactorKind::Email)));
    if asked_by_mail && !caller.held.enrolled.contains(&FactorKind::Email) {
        list.push(authenticator(MAILBOX, FactorKind::Email, &masked(&user.email)));
    }
    Ok(Value::Array(list))
}

/// One of them. Clients drop an entry without `type`, and one of them fails on a list of channels.
fn authenticator(id: &str, kind: FactorKind, name: &str) -> Value {
    let authenticator_type = match kind {
        FactorKind::Email => "oob",
        kind => requirement_type(kind),
    };
    let mut one = json!({
        "id": id,
        "authenticator_type": authenticator_type,
        "active": true,
        "type": requirement_type(kind),
    });
    if kind == FactorKind::Email {
        one["oob_channel"] = "email".into();
    }
    if !name.is_empty() {
        one["name"] = name.into();
    }
    one
}

/// An address by which its owner knows it and nobody else learns it.
fn masked(address: &str) -> String {
    let stars = |part: &str| match part.chars().next() {
        Some(first) => format!("{first}***"),
        None => String::new(),
    };
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", stars(local), stars(domain)),
        None => stars(address),
    }
}

/// `DELETE /mfa/authenticators/{id}`.
pub async fn remove(visit: Visit, Path(id): Path<String>) -> Response {
    let caller = match caller::admit(&visit, Action::Remove).await {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    match take_away(&visit, &caller, &id).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn take_away(visit: &Visit, caller: &Caller, id: &str) -> Result<(), Refused> {
    let user = &caller.user;
    if let Some(passkey) = id.strip_prefix(PASSKEY) {
        return match crate::passkeys::remove(visit, user, passkey).await {
            Ok(Removed::Gone) => Ok(()),
            Ok(Removed::Unknown) => Err(Reason::UnknownAuthenticator.into()),
            Ok(Removed::LastWayIn) => Err(Reason::LastWayIn.into()),
            Err(Trouble::Store(fault)) => Err(fault.into()),
            Err(_) => Err(Refused::Internal("a passkey cannot be removed")),
        };
    }
    match factors::remove(visit, user, None, id).await? {
        true => Ok(()),
        false => Err(Reason::UnknownAuthenticator.into()),
    }
}
