//! Mails, as HTML and as text. One design for all of them: a heading, a few paragraphs, when and where it happened, at most one button or
//! one code, what to do when it was not you, and where.

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::text::{Language, MailFrame};

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The subject.
    pub subject: String,
    /// What a list of mails shows beside the subject.
    pub preview: String,
    /// The heading.
    pub heading: String,
    /// The paragraphs before the button or code.
    pub paragraphs: Vec<String>,
    /// When and where it happened, a line each.
    #[serde(default)]
    pub facts: Vec<String>,
    /// The button: its label and where it leads.
    pub action: Option<(String, String)>,
    /// A code to type.
    pub code: Option<String>,
    /// Smaller print after it.
    pub small: Vec<String>,
    /// Where to look after it, when there is something to do: the label, and where it leads.
    #[serde(default)]
    pub place: Option<(String, String)>,
}

/// The HTML part.
#[derive(Debug, Template)]
#[template(path = "mail/letter.html")]
pub struct LetterHtml<'a> {
    tenant: &'a str,
    language: Language,
    letter: &'a Letter,
}

/// The text part.
#[derive(Debug, Template)]
#[template(path = "mail/letter.txt", escape = "none")]
pub struct LetterText<'a> {
    tenant: &'a str,
    letter: &'a Letter,
}

impl<'a> LetterHtml<'a> {
    /// Of a letter from this tenant.
    pub fn new(tenant: &'a str, language: Language, letter: &'a Letter) -> Self {
        Self {
            tenant,
            language,
            letter,
        }
    }

    fn frame(&self) -> &'static MailFrame {
        &self.language.text().mail_frame
    }
}

impl<'a> LetterText<'a> {
    /// Of a letter from this tenant.
    pub fn new(tenant: &'a str, letter: &'a Letter) -> Self {
        Self { tenant, letter }
    }
}
