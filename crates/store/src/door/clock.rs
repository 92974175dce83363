//! The clock this node stamps tokens and revocations with, judged: against the database server's clock, which is every node's
//! common one, and against itself, for it must not go backwards. Who mints or revokes asks first
//! (`docs/revocation.md`, the write rules).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sekisho_rules::time::Timestamp;

use super::Fault;

/// What is known of this node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// How far the database server's clock is ahead of this node's, in milliseconds; 0 where the database has no clock of its own.
    pub offset: i64,
    /// Whether tokens and revocations may be stamped with it.
    pub trust: Trust,
}

/// Whether a clock may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It may.
    Trusted,
    /// It is further from the database server's clock than [`OFFSET_LIMIT`].
    Off,
    /// It was set back. It is good again when it has reached the time it once showed.
    WentBack,
}

impl Clock {
    /// [`Fault::Unavailable`] when it may not be used.
    pub fn check(self) -> Result<(), Fault> {
        match self.trust {
            Trust::Trusted => Ok(()),
            why => Err(Fault::unavailable(format!(
                "this node neither mints nor revokes: {why}"
            ))),
        }
    }
}

impl std::fmt::Display for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Trusted => "the clock is right",
            Self::Off => "the clock differs from the database server's",
            Self::WentBack => "the clock was set back",
        })
    }
}

/// How far a node's clock may be from the database server's, in milliseconds. Two nodes then differ by a second at most, which is
/// what the `nbf` of a client's or the issuer's record allows for (`rules::ending`).
pub const OFFSET_LIMIT: i64 = 500;

/// How far the clock may go back without being noticed, in milliseconds.
const BACK_LIMIT: i64 = 500;

/// How long a measurement counts.
const FRESH: Duration = Duration::from_secs(10);

/// Since a measurement the clock may have moved against the machine's own seconds by this much before it is measured again, in
/// milliseconds.
const DRIFT_LIMIT: i64 = 100;

/// The system clock.
pub(super) fn now() -> Timestamp {
    Reading::take().wall()
}

/// Both clocks of the machine, read together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The one that can be set; unix milliseconds.
    wall: i64,
    /// The one that only goes on.
    steady: Instant,
}

impl Reading {
    pub(super) fn take() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the edge: the clock is what is judged here"
        )]
        let (wall, steady) = (SystemTime::now(), Instant::now());
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self {
            wall: i64::try_from(wall).unwrap_or(i64::MAX),
            steady,
        }
    }

    fn wall(self) -> Timestamp {
        Timestamp::from_millis(self.wall)
    }

    /// By how much the wall clock moved more than time passed.
    fn drift_since(self, earlier: Self) -> i64 {
        let passed = self.steady.saturating_duration_since(earlier.steady).as_millis();
        self.wall - earlier.wall - i64::try_from(passed).unwrap_or(i64::MAX)
    }
}

/// One comparison with the database server's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// The server's clock less this node's.
    offset: i64,
    /// How wrong that can be: half of what the question took.
    doubt: i64,
    at: Reading,
}

impl Measured {
    /// From the time the server answered, asked after `before` and answered before `after`.
    pub(super) fn new(server: i64, before: Reading, after: Reading) -> Self {
        let took = after.steady.saturating_duration_since(before.steady).as_millis();
        let half = i64::try_from(took / 2).unwrap_or(i64::MAX);
        Self {
            offset: server.saturating_sub(before.wall.saturating_add(half)),
            doubt: half,
            at: after,
        }
    }

    /// The one that can be less wrong.
    pub(super) fn better(self, other: Self) -> Self {
        if other.doubt < self.doubt { other } else { self }
    }
}

/// Remembers what was seen of the clock.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    highest: i64,
    measured: Option<Measured>,
}

/// What the watch says.
pub(super) enum Verdict {
    Known(Clock),
    /// The database server must be asked again.
    Measure,
}

impl Watch {
    pub(super) fn note(&self, measured: Measured) {
        self.lock().measured = Some(measured);
    }

    /// Judges the clock of a node whose database has none of its own.
    pub(super) fn judge_alone(&self, now: Reading) -> Clock {
        let went_back = self.went_back(now);
        Clock {
            offset: 0,
            trust: if went_back {
                Trust::WentBack
            } else {
                Trust::Trusted
            },
        }
    }

    /// Judges the clock of one node of many.
    pub(super) fn judge(&self, now: Reading) -> Verdict {
        let went_back = self.went_back(now);
        let Some(measured) = self.lock().measured else {
            return Verdict::Measure;
        };
        let age = now.steady.saturating_duration_since(measured.at.steady);
        if age >= FRESH || now.drift_since(measured.at).abs() > DRIFT_LIMIT {
            return Verdict::Measure;
        }
        let off = measured.offset.saturating_abs() > OFFSET_LIMIT.saturating_add(measured.doubt);
        let trust = match (off, went_back) {
            (true, _) => Trust::Off,
            (false, true) => Trust::WentBack,
            (false, false) => Trust::Trusted,
        };
        Verdict::Known(Clock {
            offset: measured.offset,
            trust,
        })
    }

    fn went_back(&self, now: Reading) -> bool {
        let mut seen = self.lock();
        let back = now.wall.saturating_add(BACK_LIMIT) < seen.highest;
        seen.highest = seen.highest.max(now.wall);
        back
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Measured, Reading, Trust, Verdict, Watch};
    use std::time::Duration;

    /// A reading `steady` milliseconds after the first, by a wall clock that shows `wall`.
    fn at(first: Reading, steady: u64, wall: i64) -> Reading {
        Reading {
            wall,
            steady: first.steady + Duration::from_millis(steady),
        }
    }

    fn judged(watch: &Watch, now: Reading) -> Option<Clock> {
        match watch.judge(now) {
            Verdict::Known(clock) => Some(clock),
            Verdict::Measure => None,
        }
    }

    #[test]
    fn a_clock_set_back_is_not_trusted_until_it_is_there_again() {
        let (watch, first) = (Watch::default(), Reading::take());
        let trust = |steady, wall| watch.judge_alone(at(first, steady, wall)).trust;
        assert_eq!(trust(0, 100_000), Trust::Trusted);
        assert_eq!(trust(10, 99_600), Trust::Trusted);
        assert_eq!(trust(20, 99_499), Trust::WentBack);
        // Small steps add up.
        assert_eq!(trust(30, 99_200), Trust::WentBack);
        assert_eq!(trust(900, 99_500), Trust::Trusted);
    }

    #[test]
    fn an_offset_counts_only_beyond_what_the_measurement_can_be_wrong() {
        let first = Reading::take();
        for (server, took, trust) in [
            (1_000_500, 0, Trust::Trusted),
            (1_000_501, 0, Trust::Off),
            (999_499, 0, Trust::Off),
            (1_000_700, 200, Trust::Trusted),
            (1_000_701, 200, Trust::Off),
            (1_000_100, 200, Trust::Trusted),
        ] {
            let watch = Watch::default();
            let (before, after) = (at(first, 0, 1_000_000), at(first, took, 1_000_000 + took as i64));
            watch.note(Measured::new(server, before, after));
            let clock = judged(&watch, after).unwrap();
            assert_eq!(clock.trust, trust, "{server} {took}");
            assert_eq!(clock.offset, server - 1_000_000 - took as i64 / 2);
        }
    }

    #[test]
    fn a_measurement_counts_for_ten_seconds_and_as_long_as_the_clock_runs_evenly() {
        let (watch, first) = (Watch::default(), Reading::take());
        assert!(judged(&watch, at(first, 0, 50_000)).is_none());
        watch.note(Measured::new(50_000, at(first, 0, 50_000), at(first, 0, 50_000)));
        assert!(judged(&watch, at(first, 9_999, 59_999)).is_some());
        assert!(judged(&watch, at(first, 10_000, 60_000)).is_none());
        // Set, in either direction.
        assert!(judged(&watch, at(first, 1_000, 51_101)).is_none());
        assert!(judged(&watch, at(first, 1_000, 50_899)).is_none());
        assert!(judged(&watch, at(first, 1_000, 51_100)).is_some());
    }
}
