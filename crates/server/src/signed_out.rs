//! The page that says that somebody is signed out, with the applications' own pages in frames when they have such
//! (OpenID Connect Front-Channel Logout 1.0 section 3), and the cookies that go.

use crate::app::App;
use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::{html, with_cookie};
use crate::http::visit::Visit;
use crate::pages::{Chrome, ReturnLink, SignedOutPage};
use crate::session_management;
use axum::http::{StatusCode, header};
use axum::response::Response;
use sekisho_rules::client::origin_of;
use sekisho_rules::id::SessionId;
use sekisho_rules::logout::frame;
use sekisho_store::{Fault, session_clients};
use std::collections::BTreeSet;

/// The pages to be loaded when this session ends at this browser.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub(crate) async fn frames(app: &App, session: &SessionId) -> Result<Vec<String>, Fault> {
    let settings = session_clients::framed(&app.db, session).await?;
    let issuer = app.config.issuer.as_str();
    Ok(settings
        .iter()
        .filter_map(|notices| frame(notices, issuer, session))
        .collect())
}

/// Where a person may go from here.
pub(crate) enum Way {
    /// By themselves, if there is a place.
    Back(Option<ReturnLink>),
    /// On, when the frames have loaded.
    Onward(String),
}

/// Says that somebody is signed out.
pub(crate) fn say(visit: &Visit, chrome: Chrome, frames: Vec<String>, way: Way) -> Response {
    let origins: BTreeSet<String> = frames.iter().filter_map(|url| origin_of(url)).collect();
    let origins: Vec<String> = origins.into_iter().collect();
    let (back, onward) = match way {
        Way::Back(back) => (back, None),
        Way::Onward(to) => (None, Some(to)),
    };
    let page = SignedOutPage {
        chrome,
        back,
        frames,
        onward,
    };
    let mut response = html(&page, StatusCode::OK);
    if !origins.is_empty()
        && let Some(policy) = guard::framing(&origins)
    {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    cleared(visit, response)
}

/// Takes the cookies of a session from this browser.
pub(crate) fn cleared(visit: &Visit, response: Response) -> Response {
    let response = with_cookie(response, visit.app.cookies.clear(Cookie::Session));
    session_management::forget(visit, response)
}
