//! The section of the e-mail address.

use askama::Template;

use super::AccountFrame;
use crate::pages::fields::{Errors, Field, FieldError};
use crate::pages::{Asset, Chrome};

/// Another address. The form posts `csrf` and `email` to `action`.
#[derive(Debug, Template)]
#[template(path = "account/email.html")]
pub struct AccountEmailPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the form is sent.
    pub action: String,
    /// What was entered before.
    pub typed: String,
    /// What was wrong with the last attempt.
    pub problem: Option<EmailProblem>,
    /// The mailbox of a development server, once a mail was sent.
    pub mailbox_url: Option<String>,
}

/// Why no mail was sent to another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailProblem {
    /// Nothing was entered.
    Missing,
    /// Not an e-mail address.
    Malformed,
    /// It is the present one.
    Same,
    /// Too many mails for now.
    TooMany,
}

impl AccountEmailPage {
    fn errors(&self) -> Errors {
        let text = self.chrome.text;
        let said = |problem: EmailProblem| {
            let (field, message) = match problem {
                EmailProblem::Missing => (Some(Field::Email), text.shell.email_missing),
                EmailProblem::Malformed => (Some(Field::Email), text.shell.email_malformed),
                EmailProblem::Same => (Some(Field::Email), text.account_email.same),
                EmailProblem::TooMany => (None, text.account_email.too_many),
            };
            FieldError {
                field,
                message: message.into(),
            }
        };
        Errors(self.problem.into_iter().map(said).collect())
    }
}
