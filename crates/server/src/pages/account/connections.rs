//! The section of accounts at other services.

use askama::Template;

use super::{AccountFrame, Instant};
use crate::pages::{Asset, Chrome};
use crate::text::Upstream;

/// Linked accounts. The forms post `csrf` and `link` (a connection) or `unlink` (an identity) to `change_action`.
#[derive(Debug, Template)]
#[template(path = "account/connections.html")]
pub struct ConnectionsPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// What is linked.
    pub linked: Vec<LinkedIdentity>,
    /// What can be.
    pub linkable: Vec<LinkableService>,
    /// Where the forms are sent.
    pub change_action: String,
}

/// An account elsewhere that opens this one.
#[derive(Clone, Debug)]
pub struct LinkedIdentity {
    /// The service.
    pub service: String,
    /// Who it is there.
    pub person: Option<String>,
    /// What the form names it by.
    pub row: String,
    /// When it was linked.
    pub linked: Instant,
    /// When it last opened the account.
    pub last_used: Option<Instant>,
    /// Whether its connection is in use.
    pub in_use: bool,
    /// Whether something else opens the account.
    pub may_go: bool,
}

/// A service that can be linked.
#[derive(Clone, Debug)]
pub struct LinkableService {
    /// Its name.
    pub name: String,
    /// What the form names it by.
    pub connection: String,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionsNotice {
    /// It opens this account.
    Linked,
    /// It no longer does.
    Unlinked,
    /// It opens another account.
    Elsewhere,
    /// Nothing came of it.
    NotLinked,
    /// It is the last way in.
    LastWay,
    /// It was not linked.
    WasGone,
}

impl ConnectionsNotice {
    /// Every notice.
    pub const ALL: [Self; 6] = [
        Self::Linked,
        Self::Unlinked,
        Self::Elsewhere,
        Self::NotLinked,
        Self::LastWay,
        Self::WasGone,
    ];

    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Elsewhere => "elsewhere",
            Self::NotLinked => "not-linked",
            Self::LastWay => "last-way",
            Self::WasGone => "was-gone",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    /// Whether nothing was changed, so that there is something left to do.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Elsewhere | Self::NotLinked | Self::LastWay)
    }

    /// It in a sentence.
    pub fn said(self, text: &Upstream) -> &'static str {
        match self {
            Self::Linked => text.linked,
            Self::Unlinked => text.unlinked,
            Self::Elsewhere => text.elsewhere,
            Self::NotLinked => text.not_linked,
            Self::LastWay => text.last_way,
            Self::WasGone => text.was_gone,
        }
    }
}
