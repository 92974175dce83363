//! The landing page at `/`, for whoever types the issuer's address into a browser.

use askama::Template;

use super::{Asset, Chrome};

/// Say what this place is.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// The frame.
    pub chrome: Chrome,
    /// The issuer, with its trailing slash.
    pub issuer: String,
}
