//! The page that carries an answer to the application as a form (OAuth 2.0 Form Post Response Mode, section 2).
//! A script sends it at once; without script there is a button.

use askama::Template;

use super::{Asset, Chrome, link};

/// Send the answer as a form.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage {
    /// The frame.
    pub chrome: Chrome,
    /// The application's name.
    pub app: String,
    /// The verified redirect URI.
    pub action: String,
    /// The answer's parameters, in order, exactly as the application must receive them.
    pub parameters: Vec<(String, String)>,
}
