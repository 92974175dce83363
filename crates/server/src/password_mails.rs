//! Mails that ask somebody to choose a password: a forgotten one, or that of a new account. Pages and endpoints meet here; the work, the
//! limits and the answer are the same whether or not there is an account (threat 24).

use crate::audit::Record;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail::letters;
use crate::text::Text;
use crate::{throttle, tickets};
use sekisho_rules::identity::Email;
use sekisho_rules::ticket::Errand;
use sekisho_store::{audit, users};

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whoever reads the mail of this address can go on, if anybody may.
    Written,
    /// Too many mails were asked for from this network address.
    TooMany,
}

/// Writes how to choose a new password to who has an account.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn reset(
    visit: &Visit,
    email: &Email,
    text: &'static Text,
    journey: Option<&str>,
) -> Result<Asked, Trouble> {
    if !throttle::allow(visit, throttle::MAILS_FROM_NETWORK, &visit.network()).await? {
        return Ok(Asked::TooMany);
    }
    // Beyond this limit nothing is sent and the answer is the same: it must not tell how often somebody asked before.
    let may_write = throttle::allow(visit, throttle::MAILS_TO_ADDRESS, &email.folded).await?;
    let user = users::by_email(&visit.app.db, &email.folded).await?;
    let event = Record::new("scpr");
    let event = user
        .iter()
        .fold(event, |event, user| event.user(&user.id))
        .at(visit);
    let job = match user.filter(|user| may_write && !user.blocked) {
        None => None,
        Some(user) => {
            let errand = Errand::ResetPassword {
                user: user.id,
                epoch: user.epoch,
            };
            let link = tickets::link(visit, text.language, errand, journey)?;
            let tenant = &visit.app.config.name;
            let envelope = letters::with_link(text, &text.mails.reset, tenant, &user.email, &link);
            Some(mail::draft(&visit.app, &envelope, visit.moment)?)
        }
    };
    let moment = visit.moment;
    let written = visit.app.db.tx(async move |tx| {
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await
    });
    written.await?;
    visit.app.jobs.ring();
    Ok(Asked::Written)
}

/// Writes how to make an account, or that there is one.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn join(
    visit: &Visit,
    email: &Email,
    text: &'static Text,
    journey: Option<&str>,
) -> Result<Asked, Trouble> {
    if !throttle::allow(visit, throttle::MAILS_FROM_NETWORK, &visit.network()).await? {
        return Ok(Asked::TooMany);
    }
    let may_write = throttle::allow(visit, throttle::MAILS_TO_ADDRESS, &email.folded).await?;
    let known = users::by_email(&visit.app.db, &email.folded).await?;
    let errand = match &known {
        Some(user) => Errand::ResetPassword {
            user: user.id.clone(),
            epoch: user.epoch,
        },
        None => Errand::SignUp { email: email.clone() },
    };
    // Who has an account may not be who asks for one.
    let text = known.as_ref().map_or(text, |user| match user.locale {
        Some(_) => visit.text_for(user),
        None => text,
    });
    let words = match &known {
        Some(_) => &text.mails.joined_already,
        None => &text.mails.join,
    };
    let link = tickets::link(visit, text.language, errand, journey)?;
    let envelope = letters::with_link(text, words, &visit.app.config.name, &email.display, &link);
    let job = mail::draft(&visit.app, &envelope, visit.moment)?;
    let blocked = known.is_some_and(|user| user.blocked);
    let job = (may_write && !blocked).then_some(job);
    let moment = visit.moment;
    let written = visit
        .app
        .db
        .tx(async move |tx| mail::enqueue(tx, job.as_ref(), moment).await);
    written.await?;
    visit.app.jobs.ring();
    Ok(Asked::Written)
}
