//! How long to wait before trying again: longer after each failure, and by chance, so that a thousand verifiers that lost the
//! same issuer do not come back in the same moment. Chance comes in as an argument.

use std::time::Duration;

/// Grows with failures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pause {
    failures: u32,
    first: Duration,
    longest: Duration,
}

impl Pause {
    /// Between connections to the feed: a lost stream is tried again at once, since every second of it is a second of age.
    pub(crate) const fn of_feed() -> Self {
        Self {
            failures: 0,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
        }
    }

    /// The pause after one more failure: between half of `first * 2^failures` and all of it, at most `longest`. `chance` is any number.
    pub(crate) fn after_failure(&mut self, chance: u64) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let whole = doubled.min(self.longest);
        whole / 2 + share(whole / 2, chance)
    }

    /// It worked: the next failure is a first one.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A part of `whole`, chosen by chance.
pub(crate) fn share(whole: Duration, chance: u64) -> Duration {
    let per_mille = u32::try_from(chance % 1_001).unwrap_or(0);
    whole * per_mille / 1_000
}

#[cfg(test)]
mod tests {
    use super::{Pause, share};
    use std::time::Duration;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again() {
        let mut pause = Pause::of_feed();
        let millis: Vec<_> = (0..8).map(|_| pause.after_failure(1_000).as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        pause.reset();
        assert_eq!(pause.after_failure(0), Duration::from_millis(50));
    }

    #[test]
    fn chance_takes_at_most_half_away() {
        for chance in 0..3_000 {
            let mut pause = Pause::of_feed();
            let first = pause.after_failure(chance).as_millis();
            assert!((50..=100).contains(&first), "{first}");
        }
        assert_eq!(share(Duration::from_secs(1), 500), Duration::from_millis(500));
    }

    #[test]
    fn very_many_failures_do_not_overflow() {
        let mut pause = Pause::of_feed();
        for _ in 0..100_000 {
            assert!(pause.after_failure(u64::MAX) <= Duration::from_secs(5));
        }
    }
}
