//! What each mail says, from the words of the reader's language.

use super::Envelope;
use crate::pages::Letter;
use crate::text::{MailText, Text};

/// A mail with a link.
pub fn with_link(text: &'static Text, words: &MailText, tenant: &str, to: &str, link: &str) -> Envelope {
    let mut envelope = notice(text, words, tenant, to);
    envelope.letter.action = Some((words.action.to_owned(), link.to_owned()));
    envelope
}

/// A mail with a code to type.
pub fn with_code(text: &'static Text, words: &MailText, tenant: &str, to: &str, code: &str) -> Envelope {
    let mut envelope = notice(text, words, tenant, to);
    envelope.letter.code = Some(code.to_owned());
    envelope
}

/// A mail whose sentence is about something else than its reader's address. To whom it goes is filled in later.
pub fn about(text: &'static Text, words: &MailText, tenant: &str, about: &str, link: &str) -> Envelope {
    Envelope {
        to: String::new(),
        ..with_link(text, words, tenant, about, link)
    }
}

/// A mail that tells somebody about another address than the one it goes to.
pub fn to_another(text: &'static Text, words: &MailText, tenant: &str, to: &str, other: &str) -> Envelope {
    Envelope {
        to: to.to_owned(),
        ..notice(text, words, tenant, other)
    }
}

/// A mail that tells somebody what was done to their account: with when and where it was, and the address where they look after it.
pub fn told(text: &'static Text, words: &MailText, tenant: &str, to: &str, seen: Seen) -> Envelope {
    let mut envelope = notice(text, words, tenant, to);
    envelope.letter.facts = seen.facts;
    envelope.letter.place = seen
        .account
        .map(|link| (text.mail_frame.to_account.to_owned(), link));
    envelope
}

/// What somebody is told about the moment in which something was done.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When and where, a line each.
    pub facts: Vec<String>,
    /// The address of the account page; none for an account that is gone.
    pub account: Option<String>,
}

/// A mail that only tells.
pub fn notice(text: &'static Text, words: &MailText, tenant: &str, to: &str) -> Envelope {
    let body = (words.body)(to);
    Envelope {
        to: to.to_owned(),
        language: text.language,
        letter: Letter {
            subject: (words.subject)(tenant),
            preview: body.clone(),
            heading: words.heading.to_owned(),
            paragraphs: vec![body],
            facts: Vec::new(),
            action: None,
            code: None,
            small: vec![words.small.to_owned()],
            place: None,
        },
    }
}
