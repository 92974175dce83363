//! Codes to the address of the account as a second factor. It is as safe as the mailbox, no safer: whoever reads the mail of somebody
//! who signed in with a code from that very mailbox has proven nothing more (`rules::factor`).

use super::{fresh_id, recovery_codes, told};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::http::reply::{Refused, Trouble};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail_code::{self, Outcome, Sent, Use};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::audit;
use sekisho_store::factors::{self, Factor};

/// What came of the first code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The factor stands. With the first one come recovery codes, which are shown once.
    Done(Vec<String>),
    /// The code is not right.
    Wrong,
    /// The code no longer works.
    Expired,
    /// There were too many tries.
    TooMany,
}

/// Mails a code to the address of the account.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn send(visit: &Visit, user: &User, locales: Option<&str>) -> Result<Sent, Trouble> {
    mail_code::send(visit, Use::SecondFactor, &user.email, user.id.as_str(), locales).await
}

/// Whether codes by mail can be set up: there is a proven address, and they are not set up yet.
pub fn can_be_added(held: &sekisho_rules::factor::Factors) -> bool {
    held.mailbox && !held.enrolled.contains(&FactorKind::Email)
}

/// Sets codes by mail up with the first one. Call it only when the session is fresh and [`can_be_added`] said yes.
///
/// # Errors
/// [`Refused`] when the database does not answer or a mail cannot be written.
pub async fn confirm(
    visit: &Visit,
    user: &User,
    session: &Session,
    typed: &str,
) -> Result<Confirmed, Refused> {
    let account = user.id.as_str();
    if attempts::admit(visit, account).await? == Admission::Closed {
        return Ok(Confirmed::TooMany);
    }
    match mail_code::check(visit, Use::SecondFactor, account, typed).await? {
        Outcome::Right => attempts::passed(visit, account).await?,
        Outcome::Wrong => return Ok(Confirmed::Wrong),
        Outcome::Gone => return Ok(Confirmed::Expired),
    }
    let now = visit.moment.now;
    let factor = Factor {
        id: fresh_id(visit, FactorKind::Email),
        user_id: user.id.clone(),
        kind: FactorKind::Email,
        name: String::new(),
        sealed: None,
        last_step: -1,
        created_at: now,
        confirmed_at: Some(now),
        last_used_at: None,
    };
    let codes = recovery_codes::first(visit, user).await?;
    let event = Record::new("gd_enrollment_complete")
        .user(&user.id)
        .session(&session.id)
        .detail(FactorKind::Email.word())
        .at(visit);
    let letter = told(visit, user, |text| &text.mails.factor_added)?;
    let (moment, fresh) = (visit.moment, codes.clone());
    let added = visit.app.db.tx(async move |tx| {
        factors::insert(tx, &factor).await?;
        if let Some(fresh) = &fresh {
            fresh.insert(tx).await?;
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await
    });
    added.await?;
    visit.app.jobs.ring();
    Ok(Confirmed::Done(
        codes.map(|codes| codes.shown()).unwrap_or_default(),
    ))
}
