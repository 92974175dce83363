//! How long ago the database was read: what lets this node speak for it. Measured by the machine's running time and by its
//! clock, whichever is longer, because a machine that slept does not know it by the first, and a clock that was set back
//! does not by the second.

use std::time::{Duration, Instant};

use sekisho_rules::time::Timestamp;
use tokio::sync::watch;

use crate::app::Clock;

/// When a reading began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    pub(super) at: Timestamp,
    running: Instant,
    /// How often the store's bell had rung before.
    rings: u64,
    /// A clock that is moved by hand says nothing of an age.
    by_hand: bool,
}

impl Began {
    /// Now.
    pub(super) fn now(clock: &Clock, rings: u64) -> Self {
        Self {
            rings,
            at: clock.now(),
            running: running(),
            by_hand: matches!(clock, Clock::Manual(_)),
        }
    }

    /// Milliseconds since.
    pub(super) fn age(self, now: Timestamp) -> u64 {
        let by_clock = match self.by_hand {
            true => 0,
            false => now.millis_since(self.at).unsigned_abs(),
        };
        let by_running = running().saturating_duration_since(self.running).as_millis();
        by_clock.max(u64::try_from(by_running).unwrap_or(u64::MAX))
    }

    /// Unix milliseconds.
    pub(super) fn millis(self) -> u64 {
        u64::try_from(self.at.millis()).unwrap_or(0)
    }
}

/// The machine's running time: for ages and pauses, never for what goes into a document.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: how old a reading is, is no fact of a request"
)]
pub(super) fn running() -> Instant {
    Instant::now()
}

/// The last reading that succeeded.
pub(super) struct Pulse(watch::Sender<Option<Began>>);

impl Default for Pulse {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl Pulse {
    /// A reading that began then has succeeded.
    pub(super) fn beat(&self, began: Began) {
        self.0.send_replace(Some(began));
    }

    /// Whether there was one.
    pub(super) fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits for one.
    pub(super) async fn begun(&self) {
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// Milliseconds since it began.
    pub(super) fn age(&self, now: Timestamp) -> Option<u64> {
        let began = *self.0.borrow();
        began.map(|began| began.age(now))
    }

    /// Whether it began less than this ago.
    pub(super) fn is_younger(&self, limit: Duration, now: Timestamp) -> bool {
        self.age(now)
            .is_some_and(|age| u128::from(age) < limit.as_millis())
    }

    /// The same, and that the bell has not rung since: nothing was committed here meanwhile that it could have missed.
    pub(super) fn covers(&self, limit: Duration, now: Timestamp, rings: u64) -> bool {
        let began = *self.0.borrow();
        began.is_some_and(|began| began.rings == rings && u128::from(began.age(now)) < limit.as_millis())
    }

    /// Waits for a reading that begins after now; `false` when none came in time.
    pub(super) async fn next(&self, limit: Duration) -> bool {
        let asked = running();
        let mut readings = self.0.subscribe();
        let later = readings.wait_for(|began| began.is_some_and(|began| began.running > asked));
        matches!(tokio::time::timeout(limit, later).await, Ok(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Began, Pulse, running};
    use crate::app::Clock;
    use sekisho_rules::time::Timestamp;
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;
    use std::time::Duration;

    #[test]
    fn a_clock_that_moves_makes_a_reading_old_in_both_directions() {
        let at = |millis| Timestamp::from_millis(millis);
        let pulse = Pulse::default();
        let minute = Duration::from_secs(60);
        assert!(!pulse.is_younger(minute, at(1_000_000)), "never read");
        pulse.beat(Began {
            at: at(1_000_000),
            running: running(),
            rings: 0,
            by_hand: false,
        });
        for (now, young) in [
            (1_000_000, true),
            (1_059_999, true),
            (1_060_000, false),
            (940_000, false),
        ] {
            assert_eq!(pulse.is_younger(minute, at(now)), young, "{now}");
        }
        assert!(!pulse.is_younger(Duration::ZERO, at(1_000_000)));
    }

    #[test]
    fn a_ring_ends_what_a_reading_covers() {
        let clock = Clock::Manual(Arc::new(AtomicI64::new(0)));
        let (pulse, minute) = (Pulse::default(), Duration::from_secs(60));
        pulse.beat(Began::now(&clock, 7));
        assert!(pulse.covers(minute, clock.now(), 7) && !pulse.covers(minute, clock.now(), 8));
        assert!(!pulse.covers(Duration::ZERO, clock.now(), 7));
    }

    #[tokio::test]
    async fn a_reading_that_had_begun_before_is_not_the_next() {
        let clock = Clock::Manual(Arc::new(AtomicI64::new(0)));
        let pulse = Pulse::default();
        let before = Began::now(&clock, 0);
        assert!(!pulse.next(Duration::ZERO).await);
        pulse.beat(before);
        let (next, ()) = tokio::join!(pulse.next(Duration::from_secs(60)), async {
            pulse.beat(before);
            tokio::task::yield_now().await;
            pulse.beat(Began::now(&clock, 0));
        });
        assert!(next);
    }
}
