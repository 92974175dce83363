//! Codes of an authenticator application (RFC 6238): SHA-1, six digits, 30 seconds, one step of drift to each side, because that is
//! what every application understands.
//!
//! A set-up that is not confirmed yet is no row: its secret travels sealed in the form, bound to the person, their session and the
//! hour, so that pages that were only looked at leave nothing behind, and it opens nothing.

use super::{fresh_id, place, recovery_codes, told};
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::mail;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::{SessionId, UserId};
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::audit;
use sekisho_store::factors::{self, Factor};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

/// What an unconfirmed set-up is sealed for.
const LABEL: &str = "set-up of an authenticator";

/// Seconds in which a set-up is confirmed.
const SETUP_SECONDS: i64 = 1800;

/// Bytes of a secret (RFC 4226 section 4, requirement 6 recommends 160 bits).
const SECRET_BYTES: usize = 20;

/// A set-up that waits for its first code.
pub struct SetUp {
    /// The secret in base32, for who types it in.
    pub secret: String,
    /// The `otpauth:` address that the picture holds.
    pub uri: String,
    /// What the form sends back.
    pub sealed: String,
}

/// What a form carries for us.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// The id of the row to come: a form sent twice makes one factor.
    id: String,
    user: UserId,
    session: SessionId,
    secret: String,
    begun_at: Timestamp,
}

/// A new secret and how it is shown.
pub(super) struct Fresh {
    /// The secret.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// In base32.
    pub(super) secret: String,
    /// The `otpauth:` address.
    pub(super) uri: String,
}

impl Fresh {
    /// Makes one for this person.
    pub(super) fn make(visit: &Visit, user: &User) -> Result<Self, Refused> {
        let bytes = Zeroizing::new(visit.moment.bytes::<SECRET_BYTES>().to_vec());
        Ok(Self {
            secret: Secret::from(bytes.to_vec()).to_base32(),
            uri: address(visit, user, &bytes)?,
            bytes,
        })
    }
}

/// What came of the first code.
pub enum Confirmed {
    /// The factor stands. With the first one come recovery codes, which are shown once.
    Done(Vec<String>),
    /// The code is not right.
    Wrong(Box<SetUp>),
    /// The set-up is too old, somebody else's, or was finished before.
    Expired,
}

/// Begins a set-up.
///
/// # Errors
/// [`Refused::Internal`] when it cannot be sealed.
pub fn begin(visit: &Visit, user: &User, session: &Session) -> Result<SetUp, Refused> {
    let secret = Secret::from(visit.moment.bytes::<SECRET_BYTES>());
    let pending = Pending {
        id: fresh_id(visit, FactorKind::Totp),
        user: user.id.clone(),
        session: session.id.clone(),
        secret: secret.to_base32(),
        begun_at: visit.moment.now,
    };
    let plain = serde_json::to_vec(&pending).map_err(|_| Refused::Internal("a set-up cannot be written"))?;
    let plain = Zeroizing::new(plain);
    let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
    let sealed = sealed.map_err(|_| Refused::Internal("a set-up cannot be sealed"))?;
    shown(visit, user, &pending, sealed)
}

fn shown(visit: &Visit, user: &User, pending: &Pending, sealed: String) -> Result<SetUp, Refused> {
    let secret = Secret::try_from_base32(&pending.secret).map_err(|_| Refused::Internal("a secret"))?;
    Ok(SetUp {
        secret: pending.secret.clone(),
        uri: address(visit, user, secret.as_bytes())?,
        sealed,
    })
}

/// The `otpauth:` address of a secret.
fn address(visit: &Visit, user: &User, secret: &[u8]) -> Result<String, Refused> {
    let bad = |_| Refused::Internal("an authenticator cannot be named");
    let totp = authenticator(secret)
        .with_issuer(Some(named(&visit.app.config.name)))
        .with_account_name(named(user.shown()))
        .build()
        .map_err(bad)?;
    totp.to_url().map_err(bad)
}

/// The label of an `otpauth:` address is divided by a colon, so a name has none.
fn named(name: &str) -> String {
    name.replace(':', " ")
}

fn authenticator(secret: &[u8]) -> Builder {
    Builder::new().with_secret(Secret::from(secret.to_vec()))
}

/// The time step whose code was typed, if it is one of now, just before or just after.
pub fn step(secret: &[u8], typed: &str, now: Timestamp) -> Option<i64> {
    let digits = narrow(typed)?;
    let totp: Totp = authenticator(secret).build().ok()?;
    let now = u64::try_from(now.seconds()).ok()?;
    totp.check(&digits, now).and_then(|step| i64::try_from(step).ok())
}

/// Six digits, however they were typed: applications show them in groups, and Japanese keyboards type them full-width.
pub fn narrow(typed: &str) -> Option<String> {
    let mut digits = String::with_capacity(6);
    for character in typed.chars() {
        let digit = match character {
            '0'..='9' => character,
            '\u{ff10}'..='\u{ff19}' => {
                char::from_digit(u32::from(character).wrapping_sub(0xff10), 10).unwrap_or('0')
            }
            '-' => continue,
            blank if blank.is_whitespace() => continue,
            _ => return None,
        };
        digits.push(digit);
    }
    (digits.len() == 6).then_some(digits)
}

/// Opens a factor's secret. `None` for a row that has none or whose key is gone, which is logged.
pub fn secret(visit: &Visit, factor: &Factor) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = factor.sealed.as_deref()?;
    let opened = visit.app.sealer.open(&place(&factor.id), sealed);
    opened
        .inspect_err(|error| tracing::error!(%error, factor = factor.id, "a factor cannot be opened"))
        .ok()
}

/// Finishes a set-up with its first code. Call it only when `Session::freshness` said yes just now: the form may be older than another
/// factor.
///
/// # Errors
/// [`Refused`] when the database does not answer or something cannot be sealed.
pub async fn confirm(
    visit: &Visit,
    user: &User,
    session: &Session,
    sealed: &str,
    typed: &str,
) -> Result<Confirmed, Refused> {
    let plain = visit.app.sealer.open_transient(LABEL, sealed).ok();
    let pending: Option<Pending> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let now = visit.moment.now;
    let holds = |pending: &Pending| {
        pending.user == user.id
            && pending.session == session.id
            && now.millis_since(pending.begun_at) <= SETUP_SECONDS * 1000
    };
    let Some(pending) = pending.filter(holds) else {
        return Ok(Confirmed::Expired);
    };
    let secret = Secret::try_from_base32(&pending.secret).map_err(|_| Refused::Internal("a secret"))?;
    let Some(step) = step(secret.as_bytes(), typed, now) else {
        return shown(visit, user, &pending, sealed.to_owned())
            .map(|again| Confirmed::Wrong(Box::new(again)));
    };
    let row = visit.app.sealer.seal(&place(&pending.id), secret.as_bytes());
    let factor = Factor {
        id: pending.id,
        user_id: user.id.clone(),
        kind: FactorKind::Totp,
        name: String::new(),
        sealed: Some(row.map_err(|_| Refused::Internal("a factor cannot be sealed"))?),
        last_step: -1,
        created_at: now,
        confirmed_at: None,
        last_used_at: None,
    };
    let codes = recovery_codes::first(visit, user).await?;
    let event = Record::new("gd_enrollment_complete")
        .user(&user.id)
        .session(&session.id)
        .detail(FactorKind::Totp.word())
        .at(visit);
    let letter = told(visit, user, |text| &text.mails.factor_added)?;
    let (moment, fresh) = (visit.moment, codes.clone());
    let added = visit.app.db.tx(async move |tx| {
        if !factors::insert(tx, &factor).await? || !factors::confirm(tx, &factor.id, step, now).await? {
            return Ok(false);
        }
        if let Some(fresh) = &fresh {
            fresh.insert(tx).await?;
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await?;
        Ok(true)
    });
    if !added.await? {
        return Ok(Confirmed::Expired);
    }
    visit.app.jobs.ring();
    Ok(Confirmed::Done(
        codes.map(|codes| codes.shown()).unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, with six digits.
    #[test]
    fn rfc6238_appendix_b() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_millis(seconds * 1000);
            assert_eq!(step(secret, code, now), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn rfc6238_section_5_2_one_step_of_drift_and_no_more() {
        let secret = b"12345678901234567890";
        let at = |seconds| step(secret, "050471", Timestamp::from_millis(seconds * 1000));
        let own = 1_111_111_111 / 30;
        for seconds in [own * 30 - 30, own * 30 - 1, own * 30, own * 30 + 59] {
            assert_eq!(at(seconds), Some(own), "{seconds}");
        }
        for seconds in [0, own * 30 - 31, own * 30 + 60, own * 30 + 3600] {
            assert_eq!(at(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for typed in ["050471", "050 471", " 050-471 ", "０５０４７１"] {
            assert_eq!(narrow(typed).as_deref(), Some("050471"), "{typed}");
        }
        for typed in ["", "50471", "0504711", "05047l", "-50471", "٠٥٠٤٧١"] {
            assert_eq!(narrow(typed), None, "{typed}");
        }
    }
}
