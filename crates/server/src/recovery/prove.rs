//! `/u/prove`: what the link that proves an address opens: that of a new account, or another one for an account. Only the button proves
//! it: mail scanners open links, and press nothing.

use super::go_on;
use crate::audit::Record;
use crate::end::{self, Ending};
use crate::establish::Successor;
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::notices;
use crate::pages::{Done, ProvePage};
use crate::signed_in::browser;
use crate::text::Text;
use crate::tickets;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::session::Session;
use sekisho_rules::ticket::{Errand, Ticket};
use sekisho_rules::user::User;
use sekisho_store::{audit, users};

/// Shows the button.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let (ticket, user) = opened(&visit, handle).await?;
        let page = ProvePage {
            chrome: visit.chrome(ticket.locales.as_deref()),
            email: match &ticket.errand {
                Errand::ChangeEmail { email, .. } => email.display.clone(),
                _ => user.email,
            },
            action: "/u/prove".to_owned(),
            ticket: handle.unwrap_or_default().to_owned(),
        };
        Ok(html(&page, StatusCode::OK))
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the press.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    taken(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn opened(visit: &Visit, handle: Option<&str>) -> Result<(Ticket, User), Trouble> {
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let (Errand::VerifyEmail { user, .. } | Errand::ChangeEmail { user, .. }) = &ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let account = users::by_id(&visit.app.db, user).await?;
    let now = account
        .as_ref()
        .and_then(|account| Some(Email::parse(&account.email).ok()?.folded));
    match account {
        Some(account) if ticket.errand.fits(Some(&account), now.as_deref()) => Ok((ticket, account)),
        _ => Err(PageRefusal::LinkDead.into()),
    }
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let (ticket, user) = opened(visit, form.hint("ticket")).await?;
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let here = browser(visit).await?.signed_in;
    let here = here.and_then(|(session, holder)| (holder.id == user.id).then_some(session));
    match &ticket.errand {
        Errand::ChangeEmail { email, .. } => change(visit, &ticket, user, (email, here)).await,
        Errand::VerifyEmail { folded, .. } if here.is_some() => {
            verify(visit, &ticket, user, folded.clone()).await
        }
        // Whoever reads the mail is not signed in here as who made the account, and may be somebody else: then they choose a password,
        // and everything from before ends (threat 39).
        _ => {
            let errand = Errand::ResetPassword {
                user: user.id,
                epoch: user.epoch,
            };
            Ok(see_other(&tickets::link(
                visit,
                visit.text(ticket.locales.as_deref()).language,
                errand,
                ticket.journey.as_deref(),
            )?))
        }
    }
}

async fn verify(visit: &Visit, ticket: &Ticket, user: User, folded: String) -> Result<Response, Trouble> {
    let event = Record::new("sv").user(&user.id).at(visit);
    let now = visit.moment.now;
    let proven = visit.app.db.tx(async move |tx| {
        let proven = users::verify_email(tx, &user.id, &folded, now).await?;
        if proven {
            audit::insert(tx, &event).await?;
        }
        Ok(proven)
    });
    match proven.await? {
        true => Ok(go_on(visit, ticket, Done::Proven)),
        false => Err(PageRefusal::LinkDead.into()),
    }
}

/// Gives the account its new address, ends everything it holds but the session that pressed, and tells both addresses.
async fn change(
    visit: &Visit,
    ticket: &Ticket,
    user: User,
    press: (&Email, Option<Session>),
) -> Result<Response, Trouble> {
    let (email, here) = press;
    let moment = visit.moment;
    let moved = User {
        email: email.display.clone(),
        ..user.clone()
    };
    let to_new = notices::draft(visit, &moved, |text| &text.mails.email_is_yours)?;
    let words = |text: &'static Text| &text.mails.email_changed;
    let to_old = match user.email_verified {
        true => notices::last(visit, &user, words, Some(&email.display))?,
        false => None,
    };
    let event = Record::new("sce")
        .user(&user.id)
        .detail("by a link mailed to the new address")
        .at(visit);
    let next = here.map(|session| Successor::of(visit, &session));
    let by = Ending::at(&visit.app, moment.now);
    let (successor, email) = (next.clone(), email.clone());
    let changed = visit.app.db.tx(async move |tx| {
        if !users::change_email(tx, &user.id, user.epoch, &email, moment.now).await? {
            return Ok(false);
        }
        end::user(tx, &by, &user.id).await?;
        if let Some(successor) = &successor {
            successor.insert(tx).await?;
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, to_new.as_ref(), moment).await?;
        mail::enqueue(tx, to_old.as_ref(), moment).await?;
        Ok(true)
    });
    if !changed.await? {
        return Err(PageRefusal::LinkDead.into());
    }
    visit.app.jobs.ring();
    let cookies = next.map(Successor::cookies).unwrap_or_default();
    Ok(with_cookies(go_on(visit, ticket, Done::Proven), cookies))
}
