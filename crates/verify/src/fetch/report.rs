//! What the feed client tells the program it is part of: counts, events and the last error. It decides nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;

use super::error::FeedClientError;

/// Something that happened to the feed: for metrics and logs. It comes from the task that reads the feed, so whoever takes it
/// must not block.
#[derive(Debug)]
#[non_exhaustive]
pub enum FeedEvent<'a> {
    /// A snapshot was applied.
    Loaded {
        /// Why it was fetched.
        cause: SnapshotCause,
        /// How many records it held.
        records: usize,
    },
    /// A connection to the feed stands.
    Connected(Way),
    /// Records were applied.
    Applied {
        /// How many.
        records: usize,
        /// How long ago the issuer knew all of them, in milliseconds by the measured offset; `None` before it was measured.
        age: Option<u64>,
    },
    /// The connection was lost, or something else failed; it is tried again.
    Failed(&'a Arc<FeedClientError>),
    /// The state file was not used.
    StateIgnored(StateFault),
}

/// How the feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a stream of events.
    Stream,
    /// By long polls, because streams do not get through.
    Poll,
}

/// Why a snapshot was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotCause {
    /// There was none yet.
    First,
    /// The issuer asked for it.
    Asked,
    /// The issuer cannot go on from our position: too old, or of another feed.
    Position,
    /// An event of another feed: the issuer was restored from a backup.
    OtherFeed,
    /// An event that does not follow the one before.
    Gap,
    /// An event that is malformed, of an unknown name, or with a kind of record that is not known here.
    NotUnderstood,
}

/// Why a state file was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateFault {
    /// It cannot be read, or others may write or read it.
    Unreadable,
    /// It is not what was written: cut short, or of another version.
    Corrupt,
    /// It is of another issuer.
    OtherIssuer,
    /// It is older than stale revocations may be: its records count, but nothing is accepted on its word.
    TooOld,
    /// It could not be written.
    Unwritable,
}

/// How often things happened to the feed since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedCounts {
    /// Snapshots applied.
    pub snapshots: u64,
    /// Those of them that a gap, another feed or something not understood made necessary.
    pub surprises: u64,
    /// Connections that stood.
    pub connections: u64,
    /// Records applied from batches.
    pub records: u64,
    /// Failures of any request or stream.
    pub failures: u64,
    /// Streams that stood still.
    pub stalls: u64,
    /// State files that were not used.
    pub states_ignored: u64,
    /// Tokens accepted though the feed was not fresh.
    pub stale_accepts: u64,
    /// Tokens that the issuer was asked about.
    pub introspections: u64,
}

/// Where they are counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) snapshots: AtomicU64,
    pub(super) surprises: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) stalls: AtomicU64,
    pub(super) states_ignored: AtomicU64,
    pub(super) stale_accepts: AtomicU64,
    pub(super) introspections: AtomicU64,
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

/// Who is told.
pub(super) type Hook = Arc<dyn Fn(&FeedEvent<'_>) + Send + Sync>;

/// Counts, tells, and remembers the last error.
#[derive(Default)]
pub(super) struct Report {
    pub(super) counters: Counters,
    pub(super) hook: Option<Hook>,
    last_error: ArcSwapOption<FeedClientError>,
}

impl Report {
    pub(super) fn to(hook: Option<Hook>) -> Self {
        Self {
            hook,
            ..Self::default()
        }
    }

    pub(super) fn tell(&self, event: &FeedEvent<'_>) {
        let counters = &self.counters;
        match event {
            FeedEvent::Loaded { cause, .. } => {
                add(&counters.snapshots, 1);
                let surprise = matches!(
                    cause,
                    SnapshotCause::OtherFeed | SnapshotCause::Gap | SnapshotCause::NotUnderstood
                );
                add(&counters.surprises, u64::from(surprise));
            }
            FeedEvent::Connected(_) => {
                add(&counters.connections, 1);
                self.last_error.store(None);
            }
            FeedEvent::Applied { records, .. } => {
                add(&counters.records, u64::try_from(*records).unwrap_or(u64::MAX));
            }
            FeedEvent::Failed(_) => add(&counters.failures, 1),
            FeedEvent::StateIgnored(_) => add(&counters.states_ignored, 1),
        }
        if let Some(hook) = &self.hook {
            // A hook that panics must not take the reading of the feed with it.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(event)));
        }
    }

    pub(super) fn fail(&self, error: FeedClientError) {
        let error = Arc::new(error);
        self.last_error.store(Some(Arc::clone(&error)));
        self.tell(&FeedEvent::Failed(&error));
    }

    pub(super) fn last_error(&self) -> Option<Arc<FeedClientError>> {
        self.last_error.load_full()
    }

    pub(super) fn counts(&self) -> FeedCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        FeedCounts {
            snapshots: read(&counters.snapshots),
            surprises: read(&counters.surprises),
            connections: read(&counters.connections),
            records: read(&counters.records),
            failures: read(&counters.failures),
            stalls: read(&counters.stalls),
            states_ignored: read(&counters.states_ignored),
            stale_accepts: read(&counters.stale_accepts),
            introspections: read(&counters.introspections),
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
