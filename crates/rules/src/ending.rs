//! What ending something means for tokens that are already out: from when on they are void, and how long that must be told. All times
//! are unix seconds. Which records are written is `server/end`'s; here is the arithmetic, whose laws are the promise.

/// Verifiers take a token this long after its `exp` at most, and keep a record as long.
pub const LEEWAY_SECONDS: i64 = 60;

/// How far the `nbf` of what has no list of rows lies ahead: a token may be signed for two seconds after its `iat`, and the clocks of
/// two nodes may differ by one.
pub const AHEAD_SECONDS: i64 = 3;

/// How long a node may go on signing with a key that was revoked, until it has seen it.
pub const KEY_NOTICED_SECONDS: i64 = 60;

/// The times of the JWTs that were minted on a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minted {
    /// The greatest `iat`; 0 when there was none.
    pub last_iat: i64,
    /// The greatest `exp`; 0 when there was none.
    pub last_exp: i64,
}

impl Minted {
    /// Both greatest values of two rows.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            last_iat: self.last_iat.max(other.last_iat),
            last_exp: self.last_exp.max(other.last_exp),
        }
    }

    /// Decides until when it must be told that the row has ended; `None` when no token of it can still be taken by anybody.
    pub fn told_until(self, now: i64) -> Option<i64> {
        (self.last_exp + LEEWAY_SECONDS > now).then_some(self.last_exp)
    }
}

/// From when on tokens are good again, and until when that must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voided {
    /// Tokens with an earlier `iat` are void.
    pub nbf: i64,
    /// When the last of them expires; `None` when none can still be taken by anybody.
    pub until: Option<i64>,
}

/// Decides what ending a user means. `minted` are the times of every row they held, and `now` was read after those rows were locked:
/// `nbf` lies after every token of them, and no further than it must, so that they can sign in again within a second.
pub fn user(minted: Minted, now: i64) -> Voided {
    Voided {
        nbf: now.max(minted.last_iat) + 1,
        until: minted.told_until(now),
    }
}

/// Decides what ending a client or everything means, of which there is no list of rows. `longest` is the highest token lifetime that
/// was ever configured.
pub fn without_rows(longest: i64, now: i64) -> Voided {
    let nbf = now + AHEAD_SECONDS;
    Voided {
        nbf,
        until: Some(nbf + longest),
    }
}

/// Decides until when the end of a client's own grant must be told: it writes no row, and its `gid` is never given again.
pub fn client_grant(longest: i64, now: i64) -> i64 {
    now + AHEAD_SECONDS + longest
}

/// Decides until when the end of a signing key must be told.
pub fn signing_key(longest: i64, now: i64) -> i64 {
    now + KEY_NOTICED_SECONDS + longest
}
