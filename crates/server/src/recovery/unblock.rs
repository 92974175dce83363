//! `/u/unblock`: what the link in the mail about blocked sign-ins opens. Only the button opens the way again, and once.

use super::go_on;
use crate::audit::Record;
use crate::failures;
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::pages::{Done, Press, PressPage};
use crate::tickets;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::{Errand, Ticket};
use sekisho_rules::user::User;
use sekisho_store::{audit, counters};

/// Shows the button.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let (ticket, network, _) = opened(&visit, handle).await?;
        let page = PressPage {
            chrome: visit.chrome(ticket.locales.as_deref()),
            press: Press::Unblock,
            about: network,
            action: "/u/unblock".to_owned(),
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

/// The ticket, the network it is about, and whose account it is.
async fn opened(visit: &Visit, handle: Option<&str>) -> Result<(Ticket, String, User), Trouble> {
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let Errand::Unblock { account, network, .. } = &ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let owner = failures::owner(&visit.app, account).await?;
    match owner.filter(|owner| ticket.errand.fits(Some(owner), None)) {
        Some(owner) => {
            let network = network.clone();
            Ok((ticket, network, owner))
        }
        None => Err(PageRefusal::LinkDead.into()),
    }
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let (ticket, network, owner) = opened(visit, form.hint("ticket")).await?;
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let Errand::Unblock { account, since, .. } = &ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let limits = visit.app.config.attacks.limits;
    let Some(pair) = limits.pair(account, &network) else {
        return Err(PageRefusal::LinkDead.into());
    };
    let event = Record::new("sui").user(&owner.id);
    let event = event
        .detail(format!("sign-ins from {network} opened again"))
        .at(visit);
    let since = *since;
    let opened = visit.app.db.tx(async move |tx| {
        let opened = counters::open(tx, &pair.key, since).await?;
        if opened {
            audit::insert(tx, &event).await?;
        }
        Ok(opened)
    });
    match opened.await? {
        true => Ok(go_on(visit, &ticket, Done::Unblocked)),
        false => Err(PageRefusal::LinkDead.into()),
    }
}
