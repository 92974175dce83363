//! `/u/prove`: what the link that proves an address opens. Only the button proves it: mail scanners open links, and press nothing.

use super::go_on;
use crate::audit::Record;
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::pages::{Done, ProvePage};
use crate::tickets;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::UserId;
use sekisho_rules::identity::Email;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::{Errand, Ticket};
use sekisho_rules::user::User;
use sekisho_store::{audit, users};

/// Shows the button.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let (ticket, user, _) = opened(&visit, handle).await?;
        let page = ProvePage {
            chrome: visit.chrome(ticket.locales.as_deref()),
            email: user.email,
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

async fn opened(visit: &Visit, handle: Option<&str>) -> Result<(Ticket, User, String), Trouble> {
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let Errand::VerifyEmail { user, folded } = &ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let (user, folded): (UserId, String) = (user.clone(), folded.clone());
    let account = users::by_id(&visit.app.db, &user).await?;
    let now = account
        .as_ref()
        .and_then(|account| Some(Email::parse(&account.email).ok()?.folded));
    match account {
        Some(account) if ticket.errand.fits(Some(&account), now.as_deref()) => Ok((ticket, account, folded)),
        _ => Err(PageRefusal::LinkDead.into()),
    }
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let (ticket, user, folded) = opened(visit, form.hint("ticket")).await?;
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
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
        true => Ok(go_on(visit, &ticket, Done::Proven)),
        false => Err(PageRefusal::LinkDead.into()),
    }
}
