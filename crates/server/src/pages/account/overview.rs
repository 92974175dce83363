//! The first section: where a person is signed in.

use askama::Template;
use sekisho_rules::time::Timestamp;

use super::AccountFrame;
use crate::pages::{Asset, Chrome};
use crate::text::Account;

/// The first section. Each form posts `csrf` and `session` (an id, or `others`) to `end_action`.
#[derive(Debug, Template)]
#[template(path = "account/overview.html")]
pub struct AccountPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where they are signed in, this browser first.
    pub places: Vec<SignedInPlace>,
    /// Where the forms are sent.
    pub end_action: String,
}

/// One place where a person is signed in.
#[derive(Clone, Debug)]
pub struct SignedInPlace {
    /// Whether this is the browser that looks at the page.
    pub here: bool,
    /// The session.
    pub id: String,
    /// What the browser calls itself.
    pub browser: Option<String>,
    /// What the system calls itself.
    pub system: Option<String>,
    /// The address it signed in from.
    pub address: String,
    /// When it signed in.
    pub first_seen: Instant,
    /// When it was last used, to the minute.
    pub last_seen: Instant,
    /// The names of the applications that were used there.
    pub apps: Vec<String>,
}

/// A time: for people without script in UTC, for the script in ISO 8601.
#[derive(Clone, Debug)]
pub struct Instant {
    /// `2026-11-21T12:00:00.000Z`.
    pub iso: String,
}

impl From<Timestamp> for Instant {
    fn from(time: Timestamp) -> Self {
        Self { iso: time.iso8601() }
    }
}

impl Instant {
    /// `2026-11-21 12:00 UTC`.
    pub(super) fn shown(&self) -> String {
        match self.iso.split_at_checked(16) {
            Some((minute, _)) => format!("{} UTC", minute.replace('T', " ")),
            None => self.iso.clone(),
        }
    }
}

/// What a person has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// One session was ended.
    Ended,
    /// All others were ended.
    OthersEnded,
    /// It had ended already.
    AlreadyEnded,
}

impl AccountNotice {
    /// Every notice.
    pub const ALL: [Self; 3] = [Self::Ended, Self::OthersEnded, Self::AlreadyEnded];

    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::OthersEnded => "others-ended",
            Self::AlreadyEnded => "already-ended",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    /// It in a sentence.
    pub fn said(self, text: &Account) -> &'static str {
        match self {
            Self::Ended => text.ended,
            Self::OthersEnded => text.others_ended,
            Self::AlreadyEnded => text.already_ended,
        }
    }
}

impl AccountPage {
    fn device(&self, place: &SignedInPlace) -> String {
        let text = &self.chrome.text.account;
        match (&place.browser, &place.system) {
            (Some(browser), Some(system)) => (text.browser_on_system)(browser, system),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => text.unknown_device.to_owned(),
        }
    }

    fn elsewhere(&self) -> bool {
        self.places.iter().any(|place| !place.here)
    }
}
