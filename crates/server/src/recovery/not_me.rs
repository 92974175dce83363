//! `/u/not-me`: what the link in the mail about a sign-in opens. One press ends that sign-in with everything that came of it, and leads
//! to a new password.

use crate::audit::Record;
use crate::end::{self, Ending};
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html, see_other};
use crate::http::visit::Visit;
use crate::pages::{Press, PressPage};
use crate::tickets;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::SessionId;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::{Errand, Ticket};
use sekisho_rules::user::User;
use sekisho_store::{audit, users};

/// Shows the button.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let (ticket, owner, _) = opened(&visit, handle).await?;
        let page = PressPage {
            chrome: visit.chrome(ticket.locales.as_deref()),
            press: Press::NotMe,
            about: owner.email,
            action: "/u/not-me".to_owned(),
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

async fn opened(visit: &Visit, handle: Option<&str>) -> Result<(Ticket, User, SessionId), Trouble> {
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let Errand::NotMe { user, session, .. } = &ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let owner = users::by_id(&visit.app.db, user).await?;
    match owner.filter(|owner| ticket.errand.fits(Some(owner), None)) {
        Some(owner) => {
            let session = session.clone();
            Ok((ticket, owner, session))
        }
        None => Err(PageRefusal::LinkDead.into()),
    }
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let (ticket, owner, session) = opened(visit, form.hint("ticket")).await?;
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let by = Ending::at(&visit.app, visit.moment.now);
    let event = Record::new("slo")
        .user(&owner.id)
        .session(&session)
        .detail("the owner says that this sign-in was not theirs")
        .at(visit);
    let ended = visit.app.db.tx(async move |tx| {
        let ended = end::place(tx, &by, &session).await?;
        if ended {
            audit::insert(tx, &event).await?;
        }
        Ok(ended)
    });
    ended.await?;
    let errand = Errand::ResetPassword {
        user: owner.id,
        epoch: owner.epoch,
    };
    let language = visit.text(ticket.locales.as_deref()).language;
    Ok(see_other(&tickets::link(visit, language, errand, None)?))
}
