//! Second factors of people: listed, and taken away all at once for who has lost them.

use sekisho_rules::factor::FactorKind;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::{audit, browsers, factors, passkeys};

use super::{Actor, Refused, users};
use crate::app::App;
use crate::http::moment::Moment;
use crate::jobs::{Draft, mail};
use crate::mail::letters;
use crate::text;

/// Something a person has set up.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id, as the MFA API names it.
    pub id: String,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it; empty for most.
    pub name: String,
    /// When it was set up.
    pub since: Timestamp,
    /// When it was last proven.
    pub last_used: Option<Timestamp>,
    /// How many codes are left, of a list of codes.
    pub codes_left: Option<i64>,
}

/// Everything a person has set up, passkeys and recovery codes among it. Set-ups that were never finished are not.
///
/// # Errors
/// When the database does not answer.
pub async fn list(app: &App, user: &User) -> Result<Vec<Held>, Refused> {
    let mut held = Vec::new();
    for passkey in passkeys::of_user(&app.db, &user.id).await? {
        held.push(Held {
            id: format!("webauthn-roaming|dev_{}", passkey.id),
            kind: FactorKind::Passkey,
            name: passkey.name,
            since: passkey.created_at,
            last_used: passkey.last_used_at,
            codes_left: None,
        });
    }
    for factor in factors::of_user(&app.db, &user.id).await? {
        let Some(since) = factor.confirmed_at else {
            continue;
        };
        let codes_left = match factor.kind {
            FactorKind::RecoveryCode => Some(factors::codes_left(&app.db, &factor.id).await?),
            _ => None,
        };
        held.push(Held {
            id: factor.id,
            kind: factor.kind,
            name: factor.name,
            since,
            last_used: factor.last_used_at,
            codes_left,
        });
    }
    Ok(held)
}

/// Takes everything away that a person has set up, also what they only began to, and has every browser ask again. Sessions go on: they
/// did prove what they proved. The owner is told by mail. Answers what was taken.
///
/// # Errors
/// When the database does not answer, or the mail cannot be written.
pub async fn reset(app: &App, actor: Actor, user: &User) -> Result<Vec<Held>, Refused> {
    let held = list(app, user).await?;
    let moment = Moment { now: app.clock.now() };
    let mut kinds: Vec<&str> = held.iter().map(|one| one.kind.word()).collect();
    kinds.dedup();
    let what = match kinds.is_empty() {
        true => "second factors reset: there were none".to_owned(),
        false => format!("second factors reset: {}", kinds.join(", ")),
    };
    let event = users::about(actor.did(moment, what), &user.id);
    let letter = match held.is_empty() {
        true => None,
        false => letter(app, user, moment)?,
    };
    let id = user.id.clone();
    let written = app.db.tx(async move |tx| {
        passkeys::hold(tx, &id).await?;
        factors::forget_all(tx, &id).await?;
        browsers::ask_again(tx, &id).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await
    });
    written.await?;
    app.jobs.ring();
    Ok(held)
}

/// The mail that tells the owner, where there is an address and mail can be sent.
fn letter(app: &App, user: &User, moment: Moment) -> Result<Option<Draft>, Refused> {
    let Some(address) = user.address().filter(|_| app.post.is_open()) else {
        return Ok(None);
    };
    let text = text::pick(user.locale.as_deref(), None);
    let letter = letters::notice(text, &text.mails.factors_reset, &app.config.name, address);
    let draft = mail::draft(app, &letter, moment);
    draft
        .map(Some)
        .map_err(|_| Refused::Internal("the mail to the owner cannot be written".to_owned()))
}
