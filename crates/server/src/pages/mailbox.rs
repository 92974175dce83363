//! The mailbox of a development server.

use askama::Template;

use super::{Asset, Chrome};

/// The latest mails, newest first.
#[derive(Debug, Template)]
#[template(path = "mailbox.html")]
pub struct MailboxPage {
    /// The frame.
    pub chrome: Chrome,
    /// The mails.
    pub mails: Vec<MailboxMail>,
}

/// One mail in the list.
#[derive(Clone, Debug)]
pub struct MailboxMail {
    /// Where it is shown as HTML.
    pub href: String,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text part.
    pub text: String,
}

impl MailboxMail {
    /// The text part, line by line, with the addresses in it as links.
    fn lines(&self) -> impl Iterator<Item = (&str, bool)> {
        self.text
            .lines()
            .map(|line| (line, line.starts_with("http://") || line.starts_with("https://")))
    }
}
