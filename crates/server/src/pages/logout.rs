//! Signing out: the page that asks, and the page that says it is done.

use askama::Template;

use super::{Asset, Chrome, link};

/// Ask before signing out. The form posts `state` and `csrf` to `action`.
#[derive(Debug, Template)]
#[template(path = "logout_confirm.html")]
pub struct LogoutConfirmPage {
    /// The frame.
    pub chrome: Chrome,
    /// The signed-in person's e-mail address or name.
    pub account: String,
    /// Where the form is sent.
    pub action: String,
    /// The request to sign out, sealed.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// Where to go when the person would rather stay, if there is such a place.
    pub stay_url: Option<String>,
}

/// Seconds until the page goes on although a frame has not loaded. The script of the page has the same number.
const PATIENCE: u8 = 4;

/// Signed out. With frames, pages of the applications are loaded unseen, each of which ends its own session.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// The frame.
    pub chrome: Chrome,
    /// The way back to the application, if it is known and allowed.
    pub back: Option<ReturnLink>,
    /// The addresses of the applications' pages (OpenID Connect Front-Channel Logout 1.0 section 3).
    pub frames: Vec<String>,
    /// Where the browser goes by itself when the frames have loaded, or have had their time.
    pub onward: Option<String>,
}

/// A way back to an application.
#[derive(Clone, Debug)]
pub struct ReturnLink {
    /// The application's name.
    pub app: String,
    /// A registered address of it.
    pub href: String,
}
