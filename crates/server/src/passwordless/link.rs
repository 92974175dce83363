//! `/u/link`: what a link that signs in opens. Only the button signs in: mail scanners open links, and press nothing.

use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::mailed_login::{self, Entered};
use crate::pages::MailedLinkPage;
use crate::tickets;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::authorize::{self, Trusted};
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::Errand;
use sekisho_store::clients;

/// Shows the button.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let opened = opened(&visit, handle).await?;
        let page = MailedLinkPage {
            chrome: visit.chrome(opened.locales.as_deref()),
            app: opened.trusted.client.name,
            email: opened.email.display,
            action: "/u/link".to_owned(),
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

struct Opened {
    email: Email,
    code: String,
    request: Parameters,
    trusted: Trusted,
    locales: Option<String>,
}

async fn opened(visit: &Visit, handle: Option<&str>) -> Result<Opened, Trouble> {
    if !mailed_login::is_open(visit) {
        return Err(Trouble::NotFound);
    }
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let Errand::SignIn { email, code, request } = ticket.errand else {
        return Err(PageRefusal::LinkDead.into());
    };
    let client = clients::by_id(&visit.app.db, authorize::client_id(&request)?).await?;
    let trusted = authorize::trust(&request, client)?;
    Ok(Opened {
        email,
        code,
        request,
        trusted,
        locales: ticket.locales,
    })
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let opened = opened(visit, form.hint("ticket")).await?;
    // Whoever holds a link may use it, but not through the browser of somebody else, who would be signed in as them.
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let client = &opened.trusted.client.id;
    let Entered::As(user) = mailed_login::enter(visit, client, &opened.email, &opened.code).await? else {
        return Err(PageRefusal::LinkDead.into());
    };
    let Some(cookies) = establish(visit, &user, Proof::MailCode).await? else {
        return Err(PageRefusal::LinkDead.into());
    };
    // The request begins anew with the session there is now: it says what else is due, a second factor or a consent.
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(opened.request.pairs());
    let to = format!("/authorize?{}", query.finish());
    Ok(with_cookies(see_other(&to), cookies))
}
