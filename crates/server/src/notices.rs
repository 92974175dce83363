//! Mails that tell people what was done to their account. They may not have asked for it themselves, and whoever did may read another
//! language, so these go in the language they chose in their profile; only where they chose none, in the one of this visit. A mail that
//! somebody asks for on a page, a link or a code, goes in the language of that page.

use crate::device::Device;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::{Draft, mail};
use crate::mail::letters::{self, Seen};
use crate::text::{MailText, Text};
use jiff::tz::TimeZone;
use sekisho_rules::user::User;

/// The mail that tells somebody that something about their account was changed; `words` picks it. None where no mail can be sent or there
/// is no address.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written.
pub fn draft(
    visit: &Visit,
    user: &User,
    words: fn(&'static Text) -> &'static MailText,
) -> Result<Option<Draft>, Trouble> {
    about(visit, user, words, None)
}

/// The same where the mail's sentence is about something else than the reader's address.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written.
pub fn about(
    visit: &Visit,
    user: &User,
    words: fn(&'static Text) -> &'static MailText,
    subject: Option<&str>,
) -> Result<Option<Draft>, Trouble> {
    let account = Some(visit.app.config.issuer.link("account"));
    written(visit, user, words, subject, account)
}

/// The last mail about an account: there is no account page any more.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written.
pub fn last(
    visit: &Visit,
    user: &User,
    words: fn(&'static Text) -> &'static MailText,
    subject: Option<&str>,
) -> Result<Option<Draft>, Trouble> {
    written(visit, user, words, subject, None)
}

fn written(
    visit: &Visit,
    user: &User,
    words: fn(&'static Text) -> &'static MailText,
    subject: Option<&str>,
    account: Option<String>,
) -> Result<Option<Draft>, Trouble> {
    let Some(address) = user.address().filter(|_| visit.app.post.is_open()) else {
        return Ok(None);
    };
    let text = visit.text_for(user);
    let seen = Seen {
        facts: facts(visit, text, None),
        account,
    };
    let tenant = &visit.app.config.name;
    let mut envelope = letters::told(text, words(text), tenant, subject.unwrap_or(address), seen);
    address.clone_into(&mut envelope.to);
    mail::draft(&visit.app, &envelope, visit.moment).map(Some)
}

/// By which device, where and when: a line each. `country` is known only where the operator has a file of places.
pub fn facts(visit: &Visit, text: &Text, country: Option<&str>) -> Vec<String> {
    let words = &text.attacks;
    let from = visit.birthplace();
    let device = Device::of(&from.user_agent);
    let device = match (device.browser, device.system) {
        (Some(browser), Some(system)) => (words.device_on)(&browser, &system),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => words.unknown_device.to_owned(),
    };
    let now = jiff::Timestamp::from_millisecond(visit.moment.now.millis()).unwrap_or_default();
    let now = now.to_zoned(TimeZone::UTC);
    vec![
        (words.device)(&device),
        (words.place)(&from.ip, country),
        (words.time)(&now.strftime(text.mail_frame.moment).to_string()),
    ]
}
