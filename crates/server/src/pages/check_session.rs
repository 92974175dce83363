//! The page an application frames to learn whether the person at this browser has changed (Session Management 1.0). Nobody sees it.

use askama::Template;

use super::Asset;

/// Answers messages of the page around it.
#[derive(Debug, Template)]
#[template(path = "check_session.html")]
pub struct CheckSessionPage {
    /// The name of the readable cookie.
    pub cookie: String,
}
