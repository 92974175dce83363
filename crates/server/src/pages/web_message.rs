//! The page that posts an answer to the window that opened or framed it (`response_mode=web_message`). The
//! answer rests in data attributes, which no policy has to allow; the script is ours.

use askama::Template;

use super::{Asset, Chrome};

/// Post the answer to the application's window.
#[derive(Debug, Template)]
#[template(path = "web_message.html")]
pub struct WebMessagePage {
    /// The frame.
    pub chrome: Chrome,
    /// The one origin that may receive the answer, serialised as in RFC 6454 section 6.2.
    pub target_origin: String,
    /// The answer's parameters as a JSON object.
    pub response: String,
}

impl WebMessagePage {
    /// Puts the answer's parameters into the page: every value is a string, as in a redirect.
    #[must_use]
    pub fn new(chrome: Chrome, target_origin: String, parameters: &[(String, String)]) -> Self {
        let object = parameters
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()));
        let response = serde_json::Value::Object(object.collect()).to_string();
        Self {
            chrome,
            target_origin,
            response,
        }
    }
}
