//! What a link from a mail opens, and the page that asks for one: a new password, a proven address.

pub mod ask;
pub mod mailbox;
pub mod not_me;
pub mod password;
pub mod prove;
pub mod unblock;

use crate::http::reply::{html, see_other};
use crate::http::visit::Visit;
use crate::pages::{Done, DonePage};
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::ticket::Ticket;

/// Goes on with the sign-in the person was in the middle of, if it began in this browser; else says what was done.
fn go_on(visit: &Visit, ticket: &Ticket, done: Done) -> Response {
    use crate::journey::{Journey, Purpose};
    let journey = ticket.journey.as_deref();
    if let Some(handle) = journey
        && Journey::open(visit, Purpose::SignIn, Some(handle)).is_ok()
    {
        return see_other(&visit.link("/authorize/resume", handle));
    }
    let page = DonePage {
        chrome: visit.bare_chrome(ticket.locales.as_deref()),
        done,
        account_url: "/account".to_owned(),
    };
    html(&page, StatusCode::OK)
}
