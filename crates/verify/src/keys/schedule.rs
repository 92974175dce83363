//! When to fetch an issuer's keys: a state machine of numbers, without clock and without network. Owns the pauses, the
//! single flight and the ages; it holds no key. Every time is in Unix seconds and comes in as an argument.

/// The pauses and ages of a key set that is fetched.
///
/// | what | default | why |
/// |---|---|---|
/// | `max_age` | 600 s | a key that the issuer took away is dropped after this long, at the next use |
/// | `cooldown` | 30 s (and never less) | the least time between two fetches caused by unknown key ids: tokens made up by anybody must not become requests to the issuer |
/// | `max_stale` | 86,400 s | how long keys outlive an issuer that cannot be reached; by default as long as an access token lives by default, since after that no token could still be good |
///
/// Three more numbers are fixed: after a failed fetch the next waits 1 s, then 2, 4, 8, 16 and at most 30 s while there
/// is no key set at all, and `cooldown` when there is one; a fetch that never reported back is forgotten after 60 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTiming {
    pub(crate) max_age: u64,
    pub(crate) cooldown: u64,
    pub(crate) max_stale: u64,
}

impl Default for KeyTiming {
    fn default() -> Self {
        Self {
            max_age: 600,
            cooldown: Self::MIN_COOLDOWN,
            max_stale: 86_400,
        }
    }
}

impl KeyTiming {
    /// The shortest pause between two fetches caused by unknown key ids, in seconds.
    pub const MIN_COOLDOWN: u64 = 30;

    /// Sets the age in seconds after which keys are fetched again; at least the cooldown.
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age = seconds.max(self.cooldown);
        self
    }

    /// Sets the pause in seconds between fetches caused by unknown key ids; at least [`Self::MIN_COOLDOWN`].
    #[must_use]
    pub fn cooldown(mut self, seconds: u64) -> Self {
        self.cooldown = seconds.max(Self::MIN_COOLDOWN);
        self.max_age = self.max_age.max(self.cooldown);
        self
    }

    /// Sets how old in seconds keys may grow while the issuer cannot be reached.
    #[must_use]
    pub fn max_stale(mut self, seconds: u64) -> Self {
        self.max_stale = seconds;
        self
    }
}

/// Why somebody asks for a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A token named a key that is not in the set.
    UnknownKey,
    /// The set is in use; is it too old?
    Age,
    /// The issuer told, over a channel of its own, that there is another set.
    Told,
}

/// What the machine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Fetch now.
    Fetch,
    /// Somebody is fetching already.
    InFlight,
    /// Not before this many seconds have passed; the last fetch succeeded.
    Rest(u64),
    /// Not before this many seconds have passed; the last fetch failed.
    Broken(u64),
}

/// The state: when things last happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// When the fetch that brought the present set began.
    loaded_at: Option<u64>,
    /// When the running fetch began.
    in_flight: Option<u64>,
    /// When the last fetch caused by an unknown key began.
    missed_at: Option<u64>,
    /// The fetches that failed since the last success, and when the last of them began.
    failures: u32,
    failed_at: Option<u64>,
}

/// A fetch that has not reported back for this long in seconds is taken as lost (its task died).
const LOST_AFTER: u64 = 60;

impl Schedule {
    /// Whether there is a set that may still be trusted.
    pub(crate) fn usable(&self, timing: &KeyTiming, now: u64) -> bool {
        self.loaded_at
            .is_some_and(|at| now.saturating_sub(at) <= timing.max_stale)
    }

    /// Whether to fetch, and if not, why not.
    pub(crate) fn plan(&self, timing: &KeyTiming, cause: Cause, now: u64) -> Plan {
        if self
            .in_flight
            .is_some_and(|began| remaining(began, LOST_AFTER, now) > 0)
        {
            return Plan::InFlight;
        }
        // What the issuer tells is no guess of a stranger: whoever listens paces it.
        if cause == Cause::Told {
            return Plan::Fetch;
        }
        if let Some(failed_at) = self.failed_at {
            let wait = remaining(failed_at, self.back_off(timing, now), now);
            if wait > 0 {
                return Plan::Broken(wait);
            }
        }
        if !self.usable(timing, now) {
            return Plan::Fetch;
        }
        let (since, pause) = match cause {
            Cause::UnknownKey => (self.missed_at, timing.cooldown),
            Cause::Age | Cause::Told => (self.loaded_at, timing.max_age),
        };
        match since.map_or(0, |since| remaining(since, pause, now)) {
            0 => Plan::Fetch,
            wait => Plan::Rest(wait),
        }
    }

    /// The state after a fetch began. Only after [`Plan::Fetch`].
    pub(crate) fn begin(mut self, cause: Cause, now: u64) -> Self {
        self.in_flight = Some(now);
        if cause == Cause::UnknownKey && self.loaded_at.is_some() {
            self.missed_at = Some(now);
        }
        self
    }

    /// Whether the fetch that began at `began` is the one that is waited for; an older one reports too late, and what
    /// it brought may be older than what is there.
    pub(crate) fn expects(&self, began: u64) -> bool {
        self.in_flight == Some(began)
    }

    /// The state after the fetch that began at `began` brought a set.
    pub(crate) fn succeed(mut self, began: u64) -> Self {
        self.loaded_at = Some(began);
        (self.in_flight, self.failures, self.failed_at) = (None, 0, None);
        self
    }

    /// The state after the fetch that began at `began` brought nothing.
    pub(crate) fn fail(mut self, began: u64) -> Self {
        self.in_flight = None;
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(began);
        self
    }

    fn back_off(&self, timing: &KeyTiming, now: u64) -> u64 {
        if self.usable(timing, now) {
            timing.cooldown
        } else {
            (1_u64 << self.failures.saturating_sub(1).min(5)).min(30)
        }
    }
}

/// The seconds of `pause`, begun at `since`, that are left. A clock that was set back ends every pause: waiting for
/// it to catch up could take hours.
fn remaining(since: u64, pause: u64, now: u64) -> u64 {
    if now < since {
        0
    } else {
        since.saturating_add(pause).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: KeyTiming = KeyTiming {
        max_age: 600,
        cooldown: 30,
        max_stale: 86_400,
    };

    #[test]
    fn a_new_machine_fetches_once() {
        let s = Schedule::default();
        assert!(!s.usable(&T, 100));
        assert_eq!(s.plan(&T, Cause::UnknownKey, 100), Plan::Fetch);
        let s = s.begin(Cause::UnknownKey, 100);
        assert_eq!(s.plan(&T, Cause::UnknownKey, 100), Plan::InFlight);
        let s = s.succeed(100);
        assert!(s.usable(&T, 100));
        assert_eq!(s.plan(&T, Cause::Age, 101), Plan::Rest(599));
        // The first fetch was for want of any key; it does not count against the first rotation.
        assert_eq!(s.plan(&T, Cause::UnknownKey, 101), Plan::Fetch);
    }

    #[test]
    fn unknown_keys_rest_for_the_cooldown() {
        let s = Schedule::default()
            .succeed(100)
            .begin(Cause::UnknownKey, 200)
            .succeed(200);
        assert_eq!(s.plan(&T, Cause::UnknownKey, 201), Plan::Rest(29));
        assert_eq!(s.plan(&T, Cause::UnknownKey, 229), Plan::Rest(1));
        assert_eq!(s.plan(&T, Cause::UnknownKey, 230), Plan::Fetch);
        assert_eq!(s.plan(&T, Cause::Age, 799), Plan::Rest(1));
        assert_eq!(s.plan(&T, Cause::Age, 800), Plan::Fetch);
    }

    #[test]
    fn threat_31_stale_keys_survive_an_outage_but_not_for_ever() {
        let s = Schedule::default().succeed(100).begin(Cause::Age, 700).fail(700);
        assert!(s.usable(&T, 700));
        assert_eq!(s.plan(&T, Cause::Age, 701), Plan::Broken(29));
        assert_eq!(s.plan(&T, Cause::Age, 730), Plan::Fetch);
        assert!(s.usable(&T, 86_500));
        assert!(!s.usable(&T, 86_501));
    }

    #[test]
    fn without_any_key_failures_are_retried_soon_then_slower() {
        let mut s = Schedule::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            s = s.begin(Cause::UnknownKey, now).fail(now);
            let Plan::Broken(wait) = s.plan(&T, Cause::UnknownKey, now) else {
                panic!("must rest")
            };
            pauses.push(wait);
            now += wait;
            assert_eq!(s.plan(&T, Cause::UnknownKey, now), Plan::Fetch);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn what_the_issuer_tells_waits_for_nothing_but_the_running_fetch() {
        let s = Schedule::default().succeed(100);
        assert_eq!(s.plan(&T, Cause::Told, 100), Plan::Fetch);
        let s = s.begin(Cause::Told, 100);
        assert_eq!(s.plan(&T, Cause::Told, 101), Plan::InFlight);
        let s = s.fail(100);
        assert_eq!(s.plan(&T, Cause::Told, 101), Plan::Fetch);
        // It takes nothing from what unknown keys may cause.
        assert_eq!(s.succeed(101).plan(&T, Cause::UnknownKey, 102), Plan::Fetch);
    }

    #[test]
    fn a_fetch_that_died_is_forgotten() {
        let s = Schedule::default().begin(Cause::UnknownKey, 100);
        assert_eq!(s.plan(&T, Cause::UnknownKey, 159), Plan::InFlight);
        assert_eq!(s.plan(&T, Cause::UnknownKey, 160), Plan::Fetch);
    }

    #[test]
    fn a_clock_set_back_ends_pauses() {
        let s = Schedule::default().begin(Cause::Age, 10_000).fail(10_000);
        assert_eq!(s.plan(&T, Cause::UnknownKey, 9_000), Plan::Fetch);
    }

    proptest! {
        /// Whatever anybody sends, and however the issuer answers: fetches are bounded.
        #[test]
        fn threat_25_law_fetches_are_bounded(
            steps in proptest::collection::vec((0_u64..20, any::<bool>(), any::<bool>()), 1..400),
        ) {
            let mut s = Schedule::default().succeed(0);
            let (mut now, mut fetches) = (0, 0_u64);
            for (pass, unknown, good) in steps {
                now += pass;
                let cause = if unknown { Cause::UnknownKey } else { Cause::Age };
                if s.plan(&T, cause, now) == Plan::Fetch {
                    fetches += 1;
                    s = s.begin(cause, now);
                    prop_assert_eq!(s.plan(&T, cause, now), Plan::InFlight);
                    s = if good { s.succeed(now) } else { s.fail(now) };
                }
            }
            // One for each cooldown, one for each age, and the first of each.
            prop_assert!(fetches <= now / 30 + now / 600 + 2, "{fetches} fetches in {now} s");
        }
    }
}
