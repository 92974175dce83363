//! How old a verifier's knowledge is, and what it may still say with it: arithmetic on times that come in as arguments.

use std::time::Duration;

/// The bounds of a verifier's knowledge.
///
/// | what | default | meaning |
/// |---|---|---|
/// | `fresh` | 2 s | up to this age nothing is remarkable: heartbeats come every half second |
/// | `max_stale` | 30 s | up to this age tokens are accepted and counted; beyond it the route's [`OnStale`] decides |
/// | `offset_limit` | 60 s | a clock that differs more from the issuer's is never fresh |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// In milliseconds, as all times here.
    pub(super) fresh: u64,
    pub(super) max_stale: u64,
    pub(super) offset_limit: u64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            fresh: 2_000,
            max_stale: 30_000,
            offset_limit: 60_000,
        }
    }
}

impl Freshness {
    /// Sets the age up to which knowledge is fresh.
    #[must_use]
    pub fn fresh(mut self, age: Duration) -> Self {
        self.fresh = milliseconds(age);
        self
    }

    /// Sets the age up to which knowledge is used whatever the route says.
    #[must_use]
    pub fn max_stale(mut self, age: Duration) -> Self {
        self.max_stale = milliseconds(age);
        self
    }

    /// Sets by how much the clock may differ from the issuer's.
    #[must_use]
    pub fn offset_limit(mut self, offset: Duration) -> Self {
        self.offset_limit = milliseconds(offset);
        self
    }

    /// The age up to which knowledge is used whatever the route says.
    pub fn longest(&self) -> Duration {
        Duration::from_millis(self.max_stale)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How old a verifier's knowledge is. Ages are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is none: no snapshot was ever applied.
    NeverLoaded,
    /// Everything that was revoked up to two seconds ago is known.
    Fresh,
    /// Older, but within bounds; or the clock is too far from the issuer's, or a message of the feed was not understood.
    Stale {
        /// The time since everything was known.
        age: u64,
    },
    /// Beyond every bound.
    TooOld {
        /// The time since everything was known.
        age: u64,
    },
}

impl State {
    /// The name for logs and metrics, never changed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NeverLoaded => "never_loaded",
            Self::Fresh => "fresh",
            Self::Stale { .. } => "stale",
            Self::TooOld { .. } => "too_old",
        }
    }
}

/// What becomes of a good token when the verifier's knowledge is too old to say that it was not revoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnStale {
    /// It is not accepted: 503 with `Retry-After`. The issuer's outage becomes the API's, and nothing revoked gets in.
    #[default]
    Closed,
    /// The issuer is asked about this one token (RFC 7662).
    Introspect,
    /// It is accepted until it expires, as everywhere that nothing listens. A verifier that has never loaded accepts
    /// nothing even so.
    UntilExp,
}

/// What a verifier may say about a token that no record it knows of hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// Accept it.
    Accept,
    /// Accept it, and count that it was on old knowledge.
    AcceptStale,
    /// Ask the issuer.
    Ask,
    /// Nothing: the knowledge is missing or too old.
    Nothing,
}

impl OnStale {
    /// What may be said in this state.
    pub const fn say(self, state: State) -> Say {
        match (state, self) {
            (State::Fresh, _) => Say::Accept,
            (State::Stale { .. }, _) | (State::TooOld { .. }, Self::UntilExp) => Say::AcceptStale,
            (State::TooOld { .. } | State::NeverLoaded, Self::Introspect) => Say::Ask,
            (State::TooOld { .. }, Self::Closed) | (State::NeverLoaded, Self::Closed | Self::UntilExp) => {
                Say::Nothing
            }
        }
    }
}
