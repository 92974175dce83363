//! Proving a factor with what was typed. Every try is counted before it is looked at (threat 10).

use super::{recovery_codes, told, totp};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail_code::{self, Outcome, Use};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::ClientId;
use sekisho_rules::recovery_code::RecoveryCode;
use sekisho_rules::user::User;
use sekisho_store::audit;
use sekisho_store::factors::{self, Factor};

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is right, and used up. With a recovery code comes how many are left.
    Right(Option<i64>),
    /// It is not right, or was used before.
    Wrong,
    /// There is no code to compare with any more: too old, or too many wrong ones were typed.
    Expired,
    /// There were too many tries.
    TooMany,
}

/// Tries to prove a factor of this person to an application. Passkeys are proven elsewhere: nothing that is typed is one.
///
/// # Errors
/// [`Refused`] when the database does not answer.
pub async fn prove(
    visit: &Visit,
    (client, user): (&ClientId, &User),
    kind: FactorKind,
    typed: &str,
) -> Result<Tried, Refused> {
    let account = user.id.as_str();
    if attempts::admit(visit, account).await? == Admission::Closed {
        let event = Record::new("gd_otp_rate_limit_exceed")
            .user(&user.id)
            .client(client);
        let event = event.detail(kind.word()).at(visit);
        visit.app.failures.note_seldom(&visit.app, event, account);
        return Ok(Tried::TooMany);
    }
    let all = factors::of_user(&visit.app.db, &user.id).await?;
    let confirmed = |factor: &&Factor| factor.kind == kind && factor.confirmed_at.is_some();
    let own: Vec<&Factor> = all.iter().filter(confirmed).collect();
    let tried = match kind {
        FactorKind::Totp => by_totp(visit, &own, typed).await?,
        FactorKind::RecoveryCode => by_recovery_code(visit, user, &own, typed).await?,
        FactorKind::Email => by_mail(visit, user, &own, typed).await?,
        FactorKind::Passkey => Tried::Wrong,
    };
    match tried {
        Tried::Right(_) => attempts::passed(visit, account).await?,
        _ => {
            let what = match kind {
                FactorKind::RecoveryCode => "gd_recovery_failed",
                FactorKind::Totp | FactorKind::Email | FactorKind::Passkey => "gd_auth_failed",
            };
            let event = Record::new(what)
                .user(&user.id)
                .client(client)
                .detail(kind.word());
            visit.app.failures.note(&visit.app, event.at(visit), None);
        }
    }
    Ok(tried)
}

async fn by_totp(visit: &Visit, own: &[&Factor], typed: &str) -> Result<Tried, Refused> {
    let now = visit.moment.now;
    for factor in own {
        let Some(step) = totp::secret(visit, factor).and_then(|secret| totp::step(&secret, typed, now))
        else {
            continue;
        };
        let id = factor.id.clone();
        let won = visit
            .app
            .db
            .tx(async move |tx| factors::prove(tx, &id, step, now).await);
        if won.await? {
            return Ok(Tried::Right(None));
        }
    }
    Ok(Tried::Wrong)
}

/// A code from a mail. Who has set none up is asked for one when their login looks wrong, and then there is no row.
async fn by_mail(visit: &Visit, user: &User, own: &[&Factor], typed: &str) -> Result<Tried, Refused> {
    match mail_code::check(visit, Use::SecondFactor, user.id.as_str(), typed).await? {
        Outcome::Right => {}
        Outcome::Wrong => return Ok(Tried::Wrong),
        Outcome::Gone => return Ok(Tried::Expired),
    }
    let (ids, now): (Vec<String>, _) = (
        own.iter().map(|factor| factor.id.clone()).collect(),
        visit.moment.now,
    );
    let noted = visit.app.db.tx(async move |tx| {
        for id in &ids {
            factors::prove(tx, id, -1, now).await?;
        }
        Ok(())
    });
    noted.await?;
    Ok(Tried::Right(None))
}

async fn by_recovery_code(
    visit: &Visit,
    user: &User,
    own: &[&Factor],
    typed: &str,
) -> Result<Tried, Refused> {
    let Some(code) = RecoveryCode::parse(typed) else {
        return Ok(Tried::Wrong);
    };
    let (moment, hash) = (visit.moment, code.hash());
    for factor in own {
        let id = factor.id.clone();
        let event = Record::new("gd_recovery_succeed").user(&user.id).at(visit);
        let letter = told(visit, user, |text| &text.mails.recovery_code_used)?;
        let won = visit.app.db.tx(async move |tx| {
            if !factors::use_code(tx, &id, hash.bytes(), moment.now).await? {
                return Ok(false);
            }
            factors::prove(tx, &id, -1, moment.now).await?;
            audit::insert(tx, &event).await?;
            mail::enqueue(tx, letter.as_ref(), moment).await?;
            Ok(true)
        });
        if won.await? {
            visit.app.jobs.ring();
            let left = recovery_codes::left(visit, user).await?;
            return Ok(Tried::Right(Some(left)));
        }
    }
    Ok(Tried::Wrong)
}
