//! OpenID Connect Session Management 1.0, with `wire = standard` only (`docs/decisions/0016-session-management-on-the-standard-wire.md`).
//!
//! A readable cookie holds the browser's state, an answer to an application carries a hash of it, and a page of ours that the
//! application frames compares the two in the browser. Nothing of it is stored, and the state says nothing about anybody.

use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::{Trouble, html, with_cookie};
use crate::http::visit::Visit;
use crate::pages::CheckSessionPage;
use crate::respond::say;
use axum::http::{StatusCode, header};
use axum::response::Response;
use sekisho_rules::authorize::Trusted;
use sekisho_rules::id::hex;
use sekisho_rules::session_state::{browser_state, session_state};
use sekisho_rules::wire::Wire;

/// Answers an application with its code, and with what lets it notice that the person has changed.
pub(crate) fn answer(visit: &Visit, trusted: &Trusted, code: &str) -> Response {
    let state = match visit.app.config.wire {
        Wire::Standard => visit.cookie(Cookie::Session).map(|secret| browser_state(&secret)),
        Wire::Auth0 => None,
    };
    // An application of a scheme of its own has no origin, and no page that could frame ours.
    let (Some(state), Some(origin)) = (state, trusted.origin()) else {
        return say(visit, trusted, trusted.code(code));
    };
    let salt = hex(&visit.moment.bytes::<16>());
    let told = session_state(trusted.client.id.as_str(), &origin, &state, &salt);
    let response = say(visit, trusted, trusted.code_in_session(code, told));
    match visit.cookie(Cookie::BrowserState) {
        Some(there) if there == state => response,
        Some(_) | None => {
            let age = visit.app.config.session.absolute;
            let cookie = visit.app.cookies.set(Cookie::BrowserState, &state, Some(age));
            with_cookie(response, cookie)
        }
    }
}

/// Takes the browser's state away: nobody is signed in here any more.
pub(crate) fn forget(visit: &Visit, response: Response) -> Response {
    match visit.cookie(Cookie::BrowserState) {
        Some(_) => with_cookie(response, visit.app.cookies.clear(Cookie::BrowserState)),
        None => response,
    }
}

/// `GET /oidc/session`: the page an application frames (section 3.2). It is the same for everybody.
pub async fn check_session(visit: Visit) -> Response {
    if visit.app.config.wire != Wire::Standard {
        return Trouble::NotFound.page(&visit);
    }
    let page = CheckSessionPage {
        cookie: visit.app.cookies.name(Cookie::BrowserState).to_owned(),
    };
    let mut response = html(&page, StatusCode::OK);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, guard::framed_by_anybody());
    response
}
