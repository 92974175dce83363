//! Set-ups that a program begins in one call and ends in another: what waits in between is rows that are not confirmed and open nothing.
//! A new one takes the place of what waited before.

use super::{Tried, id_word, place, recovery_codes, told, totp};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail_code::{self, Outcome, Use};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::hex;
use sekisho_rules::mfa_token::LIFETIME_SECONDS;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::user::User;
use sekisho_store::audit;
use sekisho_store::factors::{self, Factor};

/// What the person is shown, once.
pub struct Begun {
    /// The secret in base32, and the `otpauth:` address for the picture.
    pub authenticator: Option<(String, String)>,
    /// Recovery codes that hold from the moment the set-up is finished; none when there are some already.
    pub recovery_codes: Vec<String>,
}

/// Begins to set up an authenticator application, for the holder of the token or grant that `of` names. Call it only when the rules said that this person may.
///
/// # Errors
/// [`Refused`] when the database does not answer or something cannot be sealed.
pub async fn authenticator(visit: &Visit, user: &User, of: &str) -> Result<Begun, Refused> {
    let fresh = totp::Fresh::make(visit, user)?;
    let id = begun_id(visit, FactorKind::Totp, of);
    let sealed = visit.app.sealer.seal(&place(&id), &fresh.bytes);
    let sealed = sealed.map_err(|_| Refused::Internal("a factor cannot be sealed"))?;
    let row = waiting(visit, user, (id, FactorKind::Totp), Some(sealed));
    let recovery_codes = begin(visit, user, Some(row)).await?;
    Ok(Begun {
        authenticator: Some((fresh.secret, fresh.uri)),
        recovery_codes,
    })
}

/// Begins to set up codes to the address of the account, for the same. The first of them is mailed by the caller.
///
/// # Errors
/// [`Refused`] when the database does not answer.
pub async fn mailbox(visit: &Visit, user: &User, of: &str) -> Result<Begun, Refused> {
    let id = begun_id(visit, FactorKind::Email, of);
    let row = waiting(visit, user, (id, FactorKind::Email), None);
    Ok(Begun {
        authenticator: None,
        recovery_codes: begin(visit, user, Some(row)).await?,
    })
}

/// The id of what waits says by whose token it was begun: another login of the same account must not have this one confirm recovery
/// codes that it was shown.
fn begun_id(visit: &Visit, kind: FactorKind, of: &str) -> String {
    format!("{}{}", begun_by(kind, of), hex(&visit.moment.bytes::<4>()))
}

fn begun_by(kind: FactorKind, of: &str) -> String {
    let mark = hex(&SecretHash::of(of).bytes()[..4]);
    format!("{}|dev_{mark}", id_word(kind))
}

fn waiting(visit: &Visit, user: &User, what: (String, FactorKind), sealed: Option<Vec<u8>>) -> Factor {
    let (id, kind) = what;
    Factor {
        id,
        user_id: user.id.clone(),
        kind,
        name: String::new(),
        sealed,
        last_step: -1,
        created_at: visit.moment.now,
        confirmed_at: None,
        last_used_at: None,
    }
}

async fn begin(visit: &Visit, user: &User, row: Option<Factor>) -> Result<Vec<String>, Refused> {
    let codes = recovery_codes::first(visit, user).await?;
    let shown = codes.as_ref().map(recovery_codes::Fresh::shown);
    let user = user.id.clone();
    let event = Record::new("gd_start_enroll").user(&user).at(visit);
    let begun = visit.app.db.tx(async move |tx| {
        factors::forget_begun(tx, &user).await?;
        if let Some(row) = &row {
            factors::insert(tx, row).await?;
        }
        if let Some(codes) = &codes {
            codes.insert_waiting(tx).await?;
        }
        audit::insert(tx, &event).await
    });
    begun.await?;
    Ok(shown.unwrap_or_default())
}

/// Finishes what waits of this kind and was begun by the same token, with the first code. Counted as every try is.
///
/// # Errors
/// [`Refused`] when the database does not answer or the mail cannot be written.
pub async fn confirm(
    visit: &Visit,
    user: &User,
    (kind, of): (FactorKind, &str),
    typed: &str,
) -> Result<Tried, Refused> {
    let account = user.id.as_str();
    if attempts::admit(visit, account).await? == Admission::Closed {
        return Ok(Tried::TooMany);
    }
    let now = visit.moment.now;
    let waits = |factor: &Factor| {
        factor.kind == kind
            && factor.confirmed_at.is_none()
            && factor.id.starts_with(&begun_by(kind, of))
            && now.millis_since(factor.created_at) < LIFETIME_SECONDS * 1000
    };
    let all = factors::of_user(&visit.app.db, &user.id).await?;
    let Some(factor) = all.into_iter().find(waits) else {
        return Ok(Tried::Expired);
    };
    let step = match kind {
        FactorKind::Totp => totp::secret(visit, &factor).and_then(|secret| totp::step(&secret, typed, now)),
        FactorKind::Email => match mail_code::check(visit, Use::SecondFactor, account, typed).await? {
            Outcome::Right => Some(-1),
            Outcome::Wrong => None,
            Outcome::Gone => return Ok(Tried::Expired),
        },
        FactorKind::Passkey | FactorKind::RecoveryCode => None,
    };
    let Some(step) = step else {
        return Ok(Tried::Wrong);
    };
    let event = Record::new("gd_enrollment_complete")
        .user(&user.id)
        .detail(kind.word())
        .at(visit);
    let letter = told(visit, user, |text| &text.mails.factor_added)?;
    let (moment, owner) = (visit.moment, user.id.clone());
    let confirmed = visit.app.db.tx(async move |tx| {
        if !factors::confirm(tx, &factor.id, step, now).await? {
            return Ok(false);
        }
        factors::confirm_codes(tx, &owner, now).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await?;
        Ok(true)
    });
    if !confirmed.await? {
        return Ok(Tried::Wrong);
    }
    attempts::passed(visit, account).await?;
    visit.app.jobs.ring();
    Ok(Tried::Right(None))
}
