//! Signing in elsewhere: the buttons, and the page that joins an identity to an account.

use askama::Template;

use super::{Asset, Chrome};
use crate::text::Upstream;

/// What the sign-in and sign-up pages show of other services.
#[derive(Clone, Debug, Default)]
pub struct SocialBlock {
    /// A button for each.
    pub buttons: Vec<SocialButton>,
    /// What came of the last try.
    pub trouble: Option<SocialTrouble>,
}

/// A button that leads to another service.
#[derive(Clone, Debug)]
pub struct SocialButton {
    /// The service's name.
    pub name: String,
    /// Where it leads.
    pub href: String,
}

impl SocialButton {
    /// Our own mark for it: the first letter of its name. Nobody's logo.
    pub(super) fn mark(&self) -> String {
        let first = self.name.chars().find(|character| character.is_alphanumeric());
        first
            .map(|character| character.to_uppercase().collect())
            .unwrap_or_default()
    }
}

/// What came of a sign-in elsewhere, when nobody is signed in by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocialTrouble {
    /// What.
    pub what: Setback,
    /// The service's name, when it is known.
    pub service: Option<String>,
}

/// Why a sign-in elsewhere signs nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// The person said no there.
    Denied,
    /// No answer, or that of a service that is broken.
    Down,
    /// An answer that is not believed.
    Failed,
    /// The connection is switched off.
    Closed,
    /// No account, and none is made.
    NoAccount,
    /// The account may not be signed in to.
    Blocked,
    /// Too many tries from this network.
    TooMany,
    /// The person proved nothing there just now, and has to.
    Stale,
}

impl Setback {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Denied,
        Self::Down,
        Self::Failed,
        Self::Closed,
        Self::NoAccount,
        Self::Blocked,
        Self::TooMany,
        Self::Stale,
    ];

    /// The word that stands for it in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Down => "down",
            Self::Failed => "failed",
            Self::Closed => "closed",
            Self::NoAccount => "no-account",
            Self::Blocked => "blocked",
            Self::TooMany => "too-many",
            Self::Stale => "stale",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setback| setback.word() == word)
    }
}

impl SocialTrouble {
    /// It in a sentence.
    pub(super) fn said(&self, text: &Upstream) -> String {
        let service = self.service.as_deref().unwrap_or(text.this_service);
        let sentence = match self.what {
            Setback::Denied => text.denied,
            Setback::Down => text.down,
            Setback::Failed => text.failed,
            Setback::Closed => text.closed,
            Setback::NoAccount => text.no_account,
            Setback::Blocked => text.blocked,
            Setback::TooMany => text.too_many,
            Setback::Stale => text.stale,
        };
        sentence(service)
    }
}

/// The account with the address of an identity: signed in to first, joined after.
#[derive(Debug, Template)]
#[template(path = "join.html")]
pub struct JoinPage {
    /// The frame.
    pub chrome: Chrome,
    /// The other service.
    pub service: String,
    /// Who it is there: a name, or the address.
    pub person: String,
    /// The address of the account here.
    pub email: String,
    /// What is asked.
    pub ask: JoinAsk,
}

/// What the page asks.
#[derive(Clone, Debug)]
pub enum JoinAsk {
    /// To sign in to the account. Both are links.
    Prove {
        /// To the sign-in.
        sign_in: String,
        /// To the sign-in, with the identity forgotten.
        back: String,
    },
    /// To join them. The form posts `state`, `csrf` and `decision` (`link` or `leave`) to `action`.
    Confirm {
        /// Where the form is sent.
        action: String,
        /// The journey, sealed.
        state: String,
        /// The form token.
        csrf: String,
    },
}

impl JoinPage {
    fn title(&self) -> String {
        match self.ask {
            JoinAsk::Prove { .. } => self.chrome.text.upstream.join_title.to_owned(),
            JoinAsk::Confirm { .. } => (self.chrome.text.upstream.confirm_title)(&self.service),
        }
    }
}
