//! The pages of a sign-in by mail: the one that takes a code, and the one that a link opens.

use askama::Template;

use super::{Asset, Chrome};

/// Enter a code. The forms post `state`, `csrf`, `email`, `step` and `code` to `action`. The page is the same whether or not there is an
/// account.
#[derive(Debug, Template)]
#[template(path = "mailed_code.html")]
pub struct MailedCodePage {
    /// The frame.
    pub chrome: Chrome,
    /// Where the forms are sent.
    pub action: String,
    /// The journey, sealed.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// To whom the code was sent.
    pub email: String,
    /// What says that a person asked for it, for who asks for another.
    pub person: String,
    /// Whether it was sent again.
    pub resent: Resent,
    /// What was wrong with the last attempt.
    pub problem: Option<MailedCodeProblem>,
    /// The mailbox of a development server.
    pub mailbox_url: Option<String>,
    /// The sign-in page.
    pub login_url: String,
}

/// Whether the page was reached by asking for another code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resent {
    /// It was.
    Yes,
    /// It was not.
    No,
}

/// Why a code was not accepted, or not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailedCodeProblem {
    /// No code.
    Missing,
    /// Not the code, or one that no longer works.
    Wrong,
    /// Too many attempts for now.
    TooManyAttempts,
    /// Too many mails for now.
    TooManyMails,
}

/// Sign in with one press, after a link from a mail was opened: a mail scanner that opens links presses nothing. The form posts `ticket`
/// to `action`.
#[derive(Debug, Template)]
#[template(path = "mailed_link.html")]
pub struct MailedLinkPage {
    /// The frame.
    pub chrome: Chrome,
    /// The name of the application it leads to.
    pub app: String,
    /// As whom.
    pub email: String,
    /// Where the form is sent.
    pub action: String,
    /// The ticket from the link.
    pub ticket: String,
}

impl MailedCodePage {
    /// What is wrong with the code itself; empty when nothing is.
    fn wrong(&self) -> &'static str {
        let text = &self.chrome.text.mailed_code;
        match self.problem {
            Some(MailedCodeProblem::Missing) => text.missing,
            Some(MailedCodeProblem::Wrong) => text.wrong,
            Some(MailedCodeProblem::TooManyAttempts | MailedCodeProblem::TooManyMails) | None => "",
        }
    }

    /// What is wrong beside that; empty when nothing is.
    fn alert(&self) -> &'static str {
        let text = self.chrome.text;
        match self.problem {
            Some(MailedCodeProblem::TooManyAttempts) => text.shell.too_many_attempts,
            Some(MailedCodeProblem::TooManyMails) => text.mailed_code.too_many_mails,
            Some(MailedCodeProblem::Missing | MailedCodeProblem::Wrong) | None => "",
        }
    }

    fn was_resent(&self) -> bool {
        self.resent == Resent::Yes && self.problem.is_none()
    }
}
