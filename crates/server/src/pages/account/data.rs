//! The section of what is stored, and the pages of its end.

use askama::Template;

use super::AccountFrame;
use crate::pages::{Asset, Chrome};

/// What is stored about a person. The form posts `csrf` to `download_action`.
#[derive(Debug, Template)]
#[template(path = "account/data.html")]
pub struct AccountDataPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the form is sent.
    pub download_action: String,
    /// The page that asks before the end.
    pub delete_url: String,
}

/// Asks before an account is deleted. The form posts `csrf` and `confirm`, the address typed anew, to `action`.
#[derive(Debug, Template)]
#[template(path = "account/delete.html")]
pub struct AccountDeletePage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the form is sent.
    pub action: String,
    /// Where to think again.
    pub back_url: String,
    /// What was wrong with the last attempt.
    pub wrong: Option<&'static str>,
}

/// The account is gone.
#[derive(Debug, Template)]
#[template(path = "account/deleted.html")]
pub struct AccountDeletedPage {
    /// The frame.
    pub chrome: Chrome,
    /// The address of the account that was.
    pub email: String,
}
