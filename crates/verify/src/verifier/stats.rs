//! What a verifier counts about revocation and its cache, for the metrics of the program around it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::record::Kind;

/// What happened since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens accepted on knowledge of revocations that was stale (older than two seconds).
    pub accepted_stale: u64,
    /// Good tokens not accepted because that knowledge was missing or too old.
    pub unavailable: u64,
    /// Good tokens that the issuer must be asked about for the same reason.
    pub ask_issuer: u64,
    /// Tokens whose signature was known to be good.
    pub recalled: u64,
    /// Tokens remembered now.
    pub remembered: usize,
    /// About how many bytes they and their claims take.
    pub remembered_bytes: usize,
    revoked: [u64; Kind::ALL.len()],
}

impl Stats {
    /// Tokens refused because of a record of this kind.
    pub fn revoked(&self, kind: Kind) -> u64 {
        self.revoked[kind as usize]
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted_stale: Count,
    pub(super) unavailable: Count,
    pub(super) ask_issuer: Count,
    revoked: [Count; Kind::ALL.len()],
    recalled: [Stripe; STRIPES],
}

/// For what happens all the time: each thread has its own line, or shares it with few others.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(Count);

const STRIPES: usize = 16;

thread_local! {
    static STRIPE: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

/// For what is rare: threads that count the same thing at once wait for each other's cache line.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(super) fn revoked(&self, kind: Kind) {
        self.revoked[kind as usize].one();
    }

    pub(super) fn recalled(&self) {
        STRIPE.with(|stripe| self.recalled[*stripe].0.one());
    }

    pub(super) fn read(&self, (remembered, remembered_bytes): (usize, usize)) -> Stats {
        Stats {
            recalled: self.recalled.iter().map(|stripe| stripe.0.read()).sum(),
            remembered,
            remembered_bytes,
            accepted_stale: self.accepted_stale.read(),
            unavailable: self.unavailable.read(),
            ask_issuer: self.ask_issuer.read(),
            revoked: std::array::from_fn(|kind| self.revoked[kind].read()),
        }
    }
}
