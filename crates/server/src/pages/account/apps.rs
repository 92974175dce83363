//! The section of applications with access.

use askama::Template;

use super::{AccountFrame, Instant};
use crate::pages::consent::{api_words, identity_words};
use crate::pages::{Asset, Chrome, RequestedScope};
use crate::text::AccountApps;

/// Who has access. Each form posts `csrf` and `client` to `action`.
#[derive(Debug, Template)]
#[template(path = "account/apps.html")]
pub struct AccountAppsPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the forms are sent.
    pub action: String,
    /// Who.
    pub apps: Vec<AppAccess>,
}

/// An application with access.
#[derive(Clone, Debug)]
pub struct AppAccess {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it belongs to somebody else, so that the person was asked.
    pub foreign: bool,
    /// Since when.
    pub since: Instant,
    /// When it was last given a token.
    pub last_used: Option<Instant>,
    /// What it may do.
    pub scopes: Vec<AppScopes>,
}

/// What it may do in one place.
#[derive(Clone, Debug)]
pub struct AppScopes {
    /// The API; `None` for what is about the person.
    pub api: Option<String>,
    /// The scopes.
    pub scopes: Vec<RequestedScope>,
}

/// What a person has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppsNotice {
    /// An application lost its access.
    Ended,
    /// It had none any more.
    AlreadyEnded,
}

impl AppsNotice {
    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::AlreadyEnded => "already-ended",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ended, Self::AlreadyEnded]
            .into_iter()
            .find(|notice| notice.word() == word)
    }

    /// It in a sentence.
    pub fn said(self, text: &AccountApps) -> &'static str {
        match self {
            Self::Ended => text.ended,
            Self::AlreadyEnded => text.already_ended,
        }
    }
}

impl AccountAppsPage {
    fn words(&self, group: &AppScopes, scope: &RequestedScope) -> String {
        let text = &self.chrome.text.consent;
        match group.api {
            None => identity_words(text, scope),
            Some(_) => api_words(text, scope),
        }
    }
}
