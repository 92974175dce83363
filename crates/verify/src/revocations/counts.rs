//! What a verifier counts of its feed, for the metrics of the program around it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened since the start, and what is held now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedStats {
    /// Snapshots taken.
    pub snapshots: u64,
    /// Batches taken.
    pub batches: u64,
    /// Heartbeats taken.
    pub heartbeats: u64,
    /// Records that were new when they came.
    pub applied: u64,
    /// Batches and heartbeats that were not taken because they did not follow: gaps, other feeds, repetitions.
    pub unfit: u64,
    /// Messages that were not understood.
    pub not_understood: u64,
    /// Snapshots that were of another feed than what came before.
    pub other_feeds: u64,
    /// Records held now.
    pub records: usize,
    /// Bytes that they take.
    pub bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    snapshots: AtomicU64,
    batches: AtomicU64,
    heartbeats: AtomicU64,
    applied: AtomicU64,
    unfit: AtomicU64,
    not_understood: AtomicU64,
    other_feeds: AtomicU64,
}

impl Counts {
    pub(super) fn snapshot(&self, records: usize) {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
        self.applied.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(super) fn batch(&self, records: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.applied.fetch_add(records as u64, Ordering::Relaxed);
    }

    pub(super) fn heartbeat(&self) {
        self.heartbeats.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unfit(&self) {
        self.unfit.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn distrust(&self) {
        self.not_understood.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn feeds(&self) {
        self.other_feeds.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, records: usize, bytes: usize) -> FeedStats {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        FeedStats {
            snapshots: of(&self.snapshots),
            batches: of(&self.batches),
            heartbeats: of(&self.heartbeats),
            applied: of(&self.applied),
            unfit: of(&self.unfit),
            not_understood: of(&self.not_understood),
            other_feeds: of(&self.other_feeds),
            records,
            bytes,
        }
    }
}
