//! The section of second factors.

use askama::Template;

use super::{AccountFrame, Instant};
use crate::pages::{Asset, Chrome};
use crate::text::Enrolment;

/// What a person has set up. Each form posts `csrf` and `do` (`remove` with `factor`, `codes`, `ask`) to `change_action`.
#[derive(Debug, Template)]
#[template(path = "account/factors.html")]
pub struct FactorsPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// What was set up, the oldest first; passkeys and recovery codes are not among it.
    pub factors: Vec<OwnFactor>,
    /// How many recovery codes are left, where some were made.
    pub codes_left: Option<i64>,
    /// Whether anything is asked for beside the password.
    pub has_any: bool,
    /// Whether browsers can be remembered.
    pub remembers: bool,
    /// Where the forms are sent.
    pub change_action: String,
    /// The page that sets an authenticator application up.
    pub add_totp_url: String,
    /// The page that sets codes by mail up, where they can be.
    pub add_email_url: Option<String>,
}

/// A factor as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnFactor {
    /// Its id.
    pub id: String,
    /// An authenticator application; else codes by mail.
    pub is_totp: bool,
    /// When it was set up.
    pub added: Instant,
    /// When it was last proven.
    pub last_used: Option<Instant>,
}

/// What a person has just done with their factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorNotice {
    /// One was set up.
    Added,
    /// One was taken away.
    Removed,
    /// It was not there any more.
    Gone,
    /// Browsers are no longer remembered.
    AskedAgain,
}

impl FactorNotice {
    /// Every notice.
    pub const ALL: [Self; 4] = [Self::Added, Self::Removed, Self::Gone, Self::AskedAgain];

    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Gone => "gone",
            Self::AskedAgain => "asked-again",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    /// It in a sentence.
    pub const fn said(self, text: &Enrolment) -> &'static str {
        match self {
            Self::Added => text.own_added,
            Self::Removed => text.own_removed,
            Self::Gone => text.own_gone,
            Self::AskedAgain => text.own_asked_again,
        }
    }
}

impl FactorsPage {
    /// How many recovery codes are left, in a sentence.
    fn left(&self) -> Option<String> {
        self.codes_left.map(self.chrome.text.enrolment.own_codes_left)
    }

    fn kind(&self, factor: &OwnFactor) -> &'static str {
        match factor.is_totp {
            true => self.chrome.text.enrolment.own_totp,
            false => self.chrome.text.enrolment.own_email,
        }
    }
}
