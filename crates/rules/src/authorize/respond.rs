//! How an answer leaves: always through a proven redirect URI, so that no error reaches an unproven one.

use super::trust::{ResponseMode, Trusted};
use crate::refusal::Refusal;

/// An answer to the client, ready to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// Send the browser here.
    Redirect(String),
    /// A page whose form posts these fields to `action`.
    FormPost {
        /// The redirect URI.
        action: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
    /// A page that posts these fields as a message to windows of `origin` only.
    WebMessage {
        /// The one allowed origin.
        origin: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

impl Trusted {
    /// The answer that carries a code (RFC 6749 section 4.1.2).
    pub fn code(&self, code: &str) -> Response {
        self.respond(vec![("code", code.to_owned())])
    }

    /// The same with a `session_state` (Session Management 1.0 section 2).
    pub fn code_in_session(&self, code: &str, session_state: String) -> Response {
        self.respond(vec![("code", code.to_owned()), ("session_state", session_state)])
    }

    /// The origin the answer goes to; `None` for a scheme of an application's own.
    pub fn origin(&self) -> Option<String> {
        self.redirect.origin()
    }

    /// The answer that carries an error (RFC 6749 section 4.1.2.1). `code` and `description` come from the door, which knows the wire.
    pub fn error(&self, code: &str, description: &str) -> Response {
        self.respond(vec![
            ("error", code.to_owned()),
            ("error_description", description.to_owned()),
        ])
    }

    /// The answer to a refusal in its standard words.
    pub fn refuse(&self, refusal: &Refusal) -> Response {
        self.error(refusal.reason.code(), &refusal.reason.to_string())
    }

    /// `state` is echoed byte for byte when it was sent, and never added when it was not.
    fn respond(&self, mut fields: Vec<(&'static str, String)>) -> Response {
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        match (self.mode, self.redirect.origin()) {
            (ResponseMode::Query, _) => Response::Redirect(self.redirect.with_query(&pairs)),
            (ResponseMode::Fragment, _) => Response::Redirect(self.redirect.with_fragment(&pairs)),
            (ResponseMode::WebMessage, Some(origin)) => Response::WebMessage { origin, fields },
            (ResponseMode::FormPost | ResponseMode::WebMessage, _) => Response::FormPost {
                action: self.redirect.as_str().to_owned(),
                fields,
            },
        }
    }
}
