//! The way out at an application's host: the session ends for every application, and the browser goes on to the issuer's own page.

use super::at_application;
use super::holder::Pass;
use crate::audit::Record;
use crate::end::{self, Ending};
use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::{Trouble, see_other, with_cookie};
use crate::http::visit::Visit;
use axum::response::Response;
use sekisho_store::audit;

/// `/.sekisho/logout`. A page of another site can neither load it nor link to it (threat 35).
pub async fn leave(visit: Visit) -> Response {
    left(&visit).await.unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn left(visit: &Visit) -> Result<Response, Trouble> {
    let known = at_application(visit).await?;
    let site = visit.header("sec-fetch-site");
    let own = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    if !own || !guard::is_navigation(&visit.headers) {
        return Err(Trouble::Forbidden);
    }
    if let Some(pass) = Pass::read(visit, &known) {
        visit.app.gateway.forget(&pass.gid);
        let by = Ending::at(&visit.app, visit.moment.now);
        let event = Record::new("slo")
            .session(&pass.sid)
            .client(&pass.client)
            .at(visit);
        let ended = visit.app.db.tx(async move |tx| {
            end::session(tx, &by, &pass.sid).await?;
            audit::insert(tx, &event).await
        });
        ended.await?;
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", known.app.client_id.as_str());
    let to = visit
        .app
        .config
        .issuer
        .link(&format!("v2/logout?{}", query.finish()));
    Ok(with_cookie(see_other(&to), known.cookies.clear(Cookie::Gateway)))
}
