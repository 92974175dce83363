//! How far each verifier has come: who listens at this node, what they say they have applied, and what nodes tell each
//! other about it. Counts only; nothing here decides what a token is worth.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How long other nodes are told of an acknowledgement whose stream is theirs.
const TOLD: Duration = Duration::from_secs(10);
/// The most of those at once; what is beyond is left out, so that counts are low rather than memory high.
const MOST_ELSEWHERE: usize = 5000;
/// The most different numbers in a report; beyond, the lower ones count as the lowest.
const MOST_NUMBERS: usize = 64;

/// One verifier: its client, and the name it gave itself or its token's `jti`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Who(String);

impl Who {
    /// A short digest of both, so that no client can speak for another's verifier.
    pub(super) fn new(client: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(client)
            .chain_update([0])
            .chain_update(name)
            .finalize();
        Self(sekisho_rules::id::hex(&digest[..8]))
    }
}

/// How many verifiers listen, and how many of them have applied a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Verifiers with a stream.
    pub connected: u64,
    /// Those of them that said they have applied it.
    pub applied: u64,
}

impl Applied {
    /// Whether everybody who listens has applied it.
    pub fn is_everybody(&self) -> bool {
        self.applied >= self.connected
    }

    /// Both counts of two nodes.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            connected: self.connected + other.connected,
            applied: self.applied + other.applied,
        }
    }
}

/// What a node tells the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    /// Verifiers with a stream here.
    connected: u64,
    /// How many of them have applied everything up to which number; highest first.
    applied: Vec<(u64, u64)>,
    /// Acknowledgements that came here from verifiers without a stream here.
    elsewhere: BTreeMap<Who, u64>,
}

impl Report {
    /// How many have applied this number.
    pub(super) fn count(&self, seq: u64) -> Applied {
        let applied = self.applied.iter().filter(|(number, _)| *number >= seq);
        Applied {
            connected: self.connected,
            applied: applied.map(|(_, verifiers)| verifiers).sum(),
        }
    }
}

/// What this node knows of its verifiers.
#[derive(Clone, Default)]
pub(super) struct Acks(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    here: HashMap<Who, Here>,
    elsewhere: HashMap<Who, Elsewhere>,
    received: u64,
}

struct Here {
    streams: usize,
    applied: u64,
}

struct Elsewhere {
    applied: u64,
    at: Instant,
}

/// A stream of a verifier; it counts as connected until this is dropped.
pub(super) struct Presence {
    acks: Acks,
    who: Who,
}

impl Acks {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream begins. Who asks for what comes after a number has applied that number.
    pub(super) fn join(&self, who: Who, after: u64) -> Presence {
        let mut table = self.lock();
        let earlier = table.elsewhere.remove(&who).map_or(0, |told| told.applied);
        let here = table.here.entry(who.clone()).or_insert(Here {
            streams: 0,
            applied: 0,
        });
        here.streams += 1;
        // A verifier that starts again may have come less far than it had.
        here.applied = after.max(if here.streams > 1 { here.applied } else { earlier });
        drop(table);
        Presence {
            acks: self.clone(),
            who,
        }
    }

    /// A verifier says that it has applied everything up to `seq`.
    pub(super) fn receive(&self, who: Who, seq: u64, now: Instant) {
        let mut table = self.lock();
        table.received += 1;
        match table.here.get_mut(&who) {
            Some(here) => here.applied = here.applied.max(seq),
            None => {
                let room = table.elsewhere.len() < MOST_ELSEWHERE;
                let told = table.elsewhere.get_mut(&who);
                match told {
                    Some(told) => {
                        told.applied = told.applied.max(seq);
                        told.at = now;
                    }
                    None if room => {
                        table.elsewhere.insert(
                            who,
                            Elsewhere {
                                applied: seq,
                                at: now,
                            },
                        );
                    }
                    None => {}
                }
            }
        }
    }

    /// Takes over what another node was told about verifiers whose stream is here.
    pub(super) fn learn(&self, other: &Report) {
        let mut table = self.lock();
        for (who, seq) in &other.elsewhere {
            if let Some(here) = table.here.get_mut(who) {
                here.applied = here.applied.max(*seq);
            }
        }
    }

    /// Forgets what was applied of a feed that is no more.
    pub(super) fn reset(&self) {
        let mut table = self.lock();
        table.elsewhere.clear();
        for here in table.here.values_mut() {
            here.applied = 0;
        }
    }

    /// How many of the verifiers here have applied this number.
    pub(super) fn count(&self, seq: u64) -> Applied {
        let table = self.lock();
        let applied = table.here.values().filter(|here| here.applied >= seq);
        Applied {
            connected: table.here.len() as u64,
            applied: applied.count() as u64,
        }
    }

    /// Acknowledgements received since the start.
    pub(super) fn received(&self) -> u64 {
        self.lock().received
    }

    /// What to tell the other nodes.
    pub(super) fn report(&self, now: Instant) -> Report {
        let mut table = self.lock();
        table
            .elsewhere
            .retain(|_, told| now.saturating_duration_since(told.at) < TOLD);
        let mut counts = BTreeMap::new();
        for here in table.here.values() {
            *counts.entry(here.applied).or_insert(0) += 1;
        }
        let mut applied: Vec<(u64, u64)> = counts.into_iter().rev().collect();
        if let Some(lowest) = applied.last().map(|(number, _)| *number)
            && applied.len() > MOST_NUMBERS
        {
            let rest = applied.split_off(MOST_NUMBERS - 1);
            applied.push((lowest, rest.iter().map(|(_, verifiers)| verifiers).sum()));
        }
        let told = table.elsewhere.iter();
        Report {
            connected: table.here.len() as u64,
            applied,
            elsewhere: told.map(|(who, told)| (who.clone(), told.applied)).collect(),
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut table = self.acks.lock();
        if let Some(here) = table.here.get_mut(&self.who) {
            here.streams -= 1;
            if here.streams == 0 {
                table.here.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Acks, Applied, MOST_NUMBERS, Report, TOLD, Who};
    use std::time::Instant;

    #[expect(clippy::disallowed_methods, reason = "a moment to count from")]
    fn now() -> Instant {
        Instant::now()
    }

    const fn of(connected: u64, applied: u64) -> Applied {
        Applied { connected, applied }
    }

    #[test]
    fn who_listens_counts_until_the_stream_ends() {
        let acks = Acks::default();
        let a = acks.join(Who::new("c", "a"), 5);
        let b = acks.join(Who::new("c", "b"), 3);
        assert_eq!(acks.count(4), of(2, 1));
        acks.receive(Who::new("c", "b"), 4, now());
        acks.receive(Who::new("other", "b"), 9, now());
        assert_eq!(acks.count(4), of(2, 2));
        assert_eq!(acks.count(6), of(2, 0), "another client's b is not this b");
        let again = acks.join(Who::new("c", "a"), 5);
        drop(a);
        assert_eq!(acks.count(5), of(2, 1));
        drop((again, b));
        assert_eq!(acks.count(0), of(0, 0));
        assert_eq!(acks.received(), 2);
    }

    #[test]
    fn an_acknowledgement_that_came_to_another_node_is_merged() {
        let (here, there) = (Acks::default(), Acks::default());
        let _stream = here.join(Who::new("c", "a"), 1);
        there.receive(Who::new("c", "a"), 7, now());
        let report = there.report(now());
        assert_eq!(report.count(7), of(0, 0), "it listens elsewhere");
        here.learn(&report);
        assert_eq!(here.count(7), of(1, 1));
        assert_eq!(here.report(now()).count(7), of(1, 1));
        assert_eq!(there.report(now() + TOLD), Report::default(), "told long enough");
    }

    #[test]
    fn a_report_is_small_and_never_says_too_much() {
        let acks = Acks::default();
        let streams: Vec<_> = (0..1000)
            .map(|i| acks.join(Who::new("c", &i.to_string()), i))
            .collect();
        let report = acks.report(now());
        assert_eq!(report.applied.len(), MOST_NUMBERS);
        for seq in 0..1000 {
            let (said, is) = (report.count(seq), acks.count(seq));
            assert!(
                said.applied <= is.applied && said.connected == is.connected,
                "{seq}"
            );
        }
        assert_eq!(report.count(999), of(1000, 1));
        assert_eq!(report.count(0), of(1000, 1000));
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        drop(streams);
    }
}
