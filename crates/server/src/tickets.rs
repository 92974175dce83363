//! The links in mails: tickets, sealed for this deployment. Every link is built from the configured issuer, never from a request's
//! headers (threat 13).

use crate::app::App;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::text::Language;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::{Errand, Ticket};

/// What a ticket is sealed for.
const LABEL: &str = "link in a mail";

/// The longest sealed journey that a link carries, in bytes: some mail programs break longer links.
const LONGEST_JOURNEY: usize = 1200;

/// Makes the link for an errand. `language` is that of the mail, and of the page the link opens; `journey` is the sealed sign-in to go
/// on with.
///
/// # Errors
/// [`Trouble::Internal`] when sealing fails.
pub fn link(
    visit: &Visit,
    language: Language,
    errand: Errand,
    journey: Option<&str>,
) -> Result<String, Trouble> {
    let path = match &errand {
        Errand::SignUp { .. } | Errand::ResetPassword { .. } => "u/password",
        Errand::SignIn { .. } => "u/link",
        Errand::VerifyEmail { .. } | Errand::ChangeEmail { .. } => "u/prove",
        Errand::Unblock { .. } => "u/unblock",
        Errand::NotMe { .. } => "u/not-me",
    };
    let ticket = Ticket {
        errand,
        issued_at: visit.moment.now,
        locales: Some(language.tag().to_owned()),
        journey: journey
            .filter(|journey| !journey.is_empty() && journey.len() <= LONGEST_JOURNEY)
            .map(str::to_owned),
    };
    let plain = serde_json::to_vec(&ticket).map_err(|_| Trouble::Internal("a ticket cannot be written"))?;
    let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
    let sealed = sealed.map_err(|_| Trouble::Internal("a ticket cannot be sealed"))?;
    Ok(format!("{}?ticket={sealed}", visit.app.config.issuer.link(path)))
}

/// Opens a link's ticket.
///
/// # Errors
/// [`PageRefusal::LinkDead`] when it is not ours, cut off, or too old.
pub fn open(app: &App, handle: Option<&str>, visit: &Visit) -> Result<Ticket, PageRefusal> {
    let plain = handle.and_then(|handle| app.sealer.open_transient(LABEL, handle).ok());
    let ticket: Option<Ticket> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    ticket
        .filter(|ticket| ticket.is_young(visit.moment.now))
        .ok_or(PageRefusal::LinkDead)
}
