//! Work that is tried again: when, and how often.

use crate::time::Timestamp;

/// How a sort of work is tried again after it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all.
    pub tries: i64,
    /// Seconds to the second try; three times as long before each later one.
    pub first: i64,
    /// Seconds that no pause exceeds.
    pub longest: i64,
}

/// What becomes of work that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Again(Timestamp),
    /// It was tried often enough.
    GiveUp,
}

impl RetryPolicy {
    /// Decides what follows the failure of try number `tries`.
    ///
    /// The pauses grow, so that somebody who is down for long is not called for nothing, and a part of each is left to `chance`, so that
    /// what failed together does not come back together.
    pub fn after(self, tries: i64, now: Timestamp, chance: u32) -> Next {
        if tries >= self.tries {
            return Next::GiveUp;
        }
        let times = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or(0);
        let pause = self
            .first
            .saturating_mul(3_i64.saturating_pow(times))
            .min(self.longest);
        let half = pause.saturating_mul(500).max(1);
        Next::Again(Timestamp::from_millis(
            now.millis()
                .saturating_add(half)
                .saturating_add(i64::from(chance) % half),
        ))
    }
}
