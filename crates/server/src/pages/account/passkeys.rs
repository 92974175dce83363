//! The section of passkeys: the list, and the page that adds one.

use askama::Template;
use sekisho_rules::login::passkey::NAME_CHARACTERS;

use super::{AccountFrame, Instant};
use crate::pages::{Asset, Chrome, PasskeyPrompt};
use crate::text;

/// The list. Each form posts `csrf`, `passkey` and `do` (`rename`, with `name`, or `remove`) to `change_action`.
#[derive(Debug, Template)]
#[template(path = "account/passkeys.html")]
pub struct PasskeysPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// The passkeys, the oldest first.
    pub passkeys: Vec<OwnPasskey>,
    /// Where the forms are sent.
    pub change_action: String,
    /// The page that adds one; `None` when there are as many as there may be, or can be none.
    pub add_url: Option<String>,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug)]
pub struct OwnPasskey {
    /// The credential id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub added: Instant,
    /// When it was last used.
    pub last_used: Option<Instant>,
}

/// What a person has just done with their passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyNotice {
    /// One was added.
    Added,
    /// One was renamed.
    Renamed,
    /// One was removed.
    Removed,
    /// It was not there any more.
    Gone,
    /// It stays: without it there would be no way in.
    LastWayIn,
}

impl PasskeyNotice {
    /// Every notice.
    pub const ALL: [Self; 5] = [
        Self::Added,
        Self::Renamed,
        Self::Removed,
        Self::Gone,
        Self::LastWayIn,
    ];

    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Renamed => "renamed",
            Self::Removed => "removed",
            Self::Gone => "gone",
            Self::LastWayIn => "last-way-in",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    /// Whether nothing was changed, so that there is something left to do.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::LastWayIn)
    }

    /// It in a sentence.
    pub fn said(self, text: &text::Passkeys) -> &'static str {
        match self {
            Self::Added => text.added,
            Self::Renamed => text.renamed,
            Self::Removed => text.removed,
            Self::Gone => text.gone,
            Self::LastWayIn => text.last_way_in,
        }
    }
}

/// The page that adds a passkey.
#[derive(Debug, Template)]
#[template(path = "account/passkey_add.html")]
pub struct AddPasskeyPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// What was wrong with the last attempt.
    pub problem: Option<AddPasskeyProblem>,
    /// What the browser is asked.
    pub prompt: PasskeyPrompt,
}

/// Why a new passkey was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddPasskeyProblem {
    /// It is not what was asked for.
    NotAccepted,
    /// The page was open for too long.
    Expired,
    /// It was added before.
    Known,
    /// There are as many as there may be.
    TooMany,
}

impl AddPasskeyProblem {
    /// It in a sentence.
    pub fn said(self, text: &text::Passkeys) -> &'static str {
        match self {
            Self::NotAccepted => text.not_accepted,
            Self::Expired => text.expired,
            Self::Known => text.known,
            Self::TooMany => text.too_many,
        }
    }
}

impl AddPasskeyPage {
    fn problem(&self) -> Option<&'static str> {
        self.problem
            .map(|problem| problem.said(&self.chrome.text.passkeys))
    }
}
