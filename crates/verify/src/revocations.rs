//! `Revocations`: what a verifier knows of the issuer's revocation feed. Owns what a snapshot, a batch and a heartbeat do to
//! it, and how fresh it is; it reads no clock and no network. Whoever drives it (the `fetch` feature does) brings the
//! documents and the times.

mod counts;
mod freshness;
mod held;
mod table;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use counts::Counts;
pub use counts::FeedStats;
pub use freshness::{Freshness, OnStale, Say, State};
pub(crate) use held::Held;
use held::News;

use crate::feed::{Batch, Heartbeat, Snapshot};
use crate::record::{HashKey, HashedSubject, Kind, Record, Subject};

/// Everything that is revoked, as far as it is known here, and since when it is known. Share it between the verifiers of
/// a process and the one client that brings it the feed.
///
/// Asking whether a token is revoked takes no lock. Of two records of one kind and key one is kept, with the later `nbf`
/// and the later `exp`; so it does not matter in which order records come, or how often. A record leaves 60 s (the
/// greatest leeway) after its expiry and never before: no snapshot, not even of another feed, takes one away.
pub struct Revocations {
    bounds: Freshness,
    held: ArcSwap<Held>,
    /// Grows after records have become visible.
    generation: AtomicU64,
    /// Grows when everything that was verified before must be verified again.
    era: AtomicU64,
    /// Milliseconds; [`NEVER`] before the first snapshot.
    as_of: AtomicU64,
    /// The issuer's clock less ours, in milliseconds.
    offset: AtomicI64,
    distrusted: AtomicBool,
    /// Where the feed is; also what makes one writer wait for another.
    feed: Mutex<Option<Feed>>,
    counts: Counts,
}

const NEVER: u64 = u64::MAX;

#[derive(Debug)]
struct Feed {
    feed_id: String,
    seq: u64,
    jwks_etag: String,
}

/// How far a verifier has read: what it asks the feed to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Of which feed.
    pub feed_id: String,
    /// Up to which number.
    pub seq: u64,
}

/// What a document of the feed did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Records that were not known before.
    pub records: usize,
    /// Whether a signing key was among them: fetch the key set again.
    pub signing_keys: bool,
}

/// Why a document of the feed was not taken. Nothing of it was, nothing more is, and the knowledge is stale, until there is a
/// snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// There was no snapshot yet.
    #[error("there was no snapshot yet")]
    NoSnapshot,
    /// Since the last snapshot something did not fit, or was not understood ([`Revocations::distrust`]).
    #[error("the feed did not go on since the last snapshot as it should")]
    Distrusted,
    /// Of another feed: the issuer was restored.
    #[error("the feed is another one than before")]
    OtherFeed,
    /// Records in between are missing.
    #[error("records of the feed are missing")]
    Gap,
    /// It goes on from, or is as of, a number that was passed already.
    #[error("the feed goes backwards")]
    Backwards,
}

impl Default for Revocations {
    fn default() -> Self {
        Self::new(Freshness::default())
    }
}

impl Revocations {
    /// Knows nothing, and that it knows nothing: with it no token is accepted.
    pub fn new(bounds: Freshness) -> Self {
        Self {
            bounds,
            held: ArcSwap::from_pointee(Held::new(HashKey::new([0; 16]))),
            generation: AtomicU64::new(0),
            era: AtomicU64::new(0),
            as_of: AtomicU64::new(NEVER),
            offset: AtomicI64::new(0),
            distrusted: AtomicBool::new(false),
            feed: Mutex::new(None),
            counts: Counts::default(),
        }
    }

    /// The kind of a record that ends the token at `now` (Unix seconds), if there is one. Says nothing about how fresh
    /// the answer is; that is [`Revocations::freshness`]'s.
    pub fn ended(&self, token: &Subject<'_>, now: u64) -> Option<Kind> {
        let held = self.held.load();
        held.hit(&HashedSubject::new(held.hash(), token), now)
    }

    /// How old the knowledge is at `now` (our clock, Unix milliseconds).
    pub fn freshness(&self, now: u64) -> State {
        let as_of = self.as_of.load(Ordering::Acquire);
        if as_of == NEVER {
            return State::NeverLoaded;
        }
        let offset = self.offset.load(Ordering::Relaxed);
        // What is as of a time to come is not believed more than what is as old.
        let age = now.saturating_add_signed(offset).abs_diff(as_of);
        let doubtful =
            offset.unsigned_abs() > self.bounds.offset_limit || self.distrusted.load(Ordering::Relaxed);
        match age {
            age if age > self.bounds.max_stale => State::TooOld { age },
            age if age > self.bounds.fresh || doubtful => State::Stale { age },
            _ => State::Fresh,
        }
    }

    /// Whether a snapshot was ever applied, or one that was kept and is young enough.
    pub fn is_loaded(&self) -> bool {
        self.as_of.load(Ordering::Acquire) != NEVER
    }

    /// Takes a snapshot: what it holds is added, nothing is taken away, and the feed goes on from it. So a snapshot of
    /// another feed (the issuer was restored from a backup) leaves in force what the old one revoked.
    ///
    /// Only when its hash key is another one are the old records forgotten, since they cannot be compared any more; an
    /// issuer keeps its key, through a restore too.
    pub fn load(&self, snapshot: &Snapshot) -> Applied {
        let mut feed = self.feed();
        let applied = self.take(&mut feed, snapshot);
        self.as_of.store(snapshot.as_of, Ordering::Release);
        self.counts.snapshot(applied.records);
        applied
    }

    /// Takes back at `now` (our clock, Unix milliseconds) what [`Revocations::export`] gave to an earlier process.
    ///
    /// All its records count, and the feed goes on from it. But only if it is no older than `max_stale` does it stand for
    /// a snapshot; otherwise no token is accepted, under no policy, before the feed itself has been heard.
    pub fn restore(&self, kept: &Snapshot, now: u64) -> Applied {
        let mut feed = self.feed();
        let applied = self.take(&mut feed, kept);
        if now.abs_diff(kept.as_of) <= self.bounds.max_stale {
            self.as_of.store(kept.as_of, Ordering::Release);
        }
        applied
    }

    fn take(&self, feed: &mut Option<Feed>, snapshot: &Snapshot) -> Applied {
        let held = self.held.load_full();
        let rekeyed = feed.is_none() || *held.hash() != snapshot.hash_key;
        let mut next = match rekeyed {
            true => Held::new(snapshot.hash_key),
            false => Held::clone(&held),
        };
        next.reserve(&snapshot.records);
        let mut next = Some(next);
        let applied = add(&held, &mut next, &snapshot.records);
        self.publish(next, applied, rekeyed);
        if feed.as_ref().is_some_and(|feed| feed.feed_id != snapshot.feed_id) {
            self.counts.feeds();
        }
        *feed = Some(Feed {
            feed_id: snapshot.feed_id.clone(),
            seq: snapshot.seq,
            jwks_etag: snapshot.jwks_etag.clone(),
        });
        self.distrusted.store(false, Ordering::Relaxed);
        applied
    }

    /// Takes the records that come next.
    ///
    /// # Errors
    /// [`Unfit`]: fetch a snapshot.
    pub fn apply(&self, batch: &Batch) -> Result<Applied, Unfit> {
        let mut feed = self.feed();
        let feed = self.fit(&mut feed, &batch.feed_id, batch.prev)?;
        let mut next = None;
        let applied = add(&self.held.load_full(), &mut next, &batch.records);
        self.publish(next, applied, false);
        feed.seq = batch.seq;
        feed.jwks_etag.clone_from(&batch.jwks_etag);
        self.as_of.store(batch.as_of, Ordering::Release);
        self.counts.batch(applied.records);
        Ok(applied)
    }

    /// Takes the word that there is nothing new.
    ///
    /// # Errors
    /// [`Unfit`], when there is something that did not come: fetch a snapshot.
    pub fn beat(&self, heartbeat: &Heartbeat) -> Result<(), Unfit> {
        let mut feed = self.feed();
        let feed = self.fit(&mut feed, &heartbeat.feed_id, heartbeat.seq)?;
        feed.jwks_etag.clone_from(&heartbeat.jwks_etag);
        self.as_of.store(heartbeat.as_of, Ordering::Release);
        self.counts.heartbeat();
        Ok(())
    }

    /// Says that a message of the feed was not understood: what it revoked is not known here. From now on the knowledge
    /// is stale, and only a snapshot makes it fresh again.
    pub fn distrust(&self) {
        let _one_writer = self.feed();
        self.distrusted.store(true, Ordering::Relaxed);
        self.counts.distrust();
    }

    /// Sets what the issuer's clock is ahead of ours, in milliseconds, as the round trip of a request shows it. When an
    /// event came says nothing, since proxies hold events back.
    pub fn set_offset(&self, offset: i64) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    /// Gives back the memory of records that can hit no living token at `now` (our clock, Unix milliseconds). Call it
    /// every few seconds; it reads the whole table.
    ///
    /// Nothing goes before the issuer's clock too has passed its end, so that a clock of ours that is wrong for a moment
    /// forgets nothing.
    pub fn sweep(&self, now: u64) {
        let _one_writer = self.feed();
        if !self.is_loaded() {
            return;
        }
        let now = now.min(self.as_of.load(Ordering::Relaxed));
        if let Some(left) = self.held.load().swept(now / 1_000) {
            self.held.store(Arc::new(left));
        }
    }

    /// Where to go on; `None` before the first snapshot, kept ones included.
    pub fn position(&self) -> Option<Position> {
        self.feed().as_ref().map(|feed| Position {
            feed_id: feed.feed_id.clone(),
            seq: feed.seq,
        })
    }

    /// The entity tag of the issuer's key set, as the feed last said it.
    pub fn jwks_etag(&self) -> Option<String> {
        self.feed().as_ref().map(|feed| feed.jwks_etag.clone())
    }

    /// A number that grows with every record that was not known before: what was learned under an older one (an
    /// introspection, say) may have been revoked since.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Everything that is known, to be kept over a restart; [`Revocations::restore`] takes it back. `None` before the
    /// first snapshot.
    pub fn export(&self) -> Option<Snapshot> {
        let feed = self.feed();
        let held = self.held.load_full();
        feed.as_ref().filter(|_| self.is_loaded()).map(|feed| Snapshot {
            feed_id: feed.feed_id.clone(),
            seq: feed.seq,
            as_of: self.as_of.load(Ordering::Relaxed),
            hash_key: *held.hash(),
            jwks_etag: feed.jwks_etag.clone(),
            records: held.records().collect(),
        })
    }

    /// What happened so far.
    pub fn stats(&self) -> FeedStats {
        let held = self.held.load();
        self.counts.read(held.len(), held.bytes())
    }

    /// The tables of this moment.
    pub(crate) fn held(&self) -> arc_swap::Guard<Arc<Held>> {
        self.held.load()
    }

    /// A number that grows when all that was verified must be verified again: a signing key was revoked, or the records
    /// have another hash key.
    pub(crate) fn era(&self) -> u64 {
        self.era.load(Ordering::Acquire)
    }

    /// A writer that panicked left whole documents behind, or none.
    fn feed(&self) -> MutexGuard<'_, Option<Feed>> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fit<'a>(
        &self,
        feed: &'a mut Option<Feed>,
        feed_id: &str,
        follows: u64,
    ) -> Result<&'a mut Feed, Unfit> {
        let unfit = match feed {
            None => Unfit::NoSnapshot,
            Some(_) if self.distrusted.load(Ordering::Relaxed) => Unfit::Distrusted,
            Some(feed) if feed.feed_id != feed_id => Unfit::OtherFeed,
            Some(feed) if feed.seq < follows => Unfit::Gap,
            Some(feed) if feed.seq > follows => Unfit::Backwards,
            Some(feed) => return Ok(feed),
        };
        self.distrusted
            .store(unfit != Unfit::NoSnapshot, Ordering::Relaxed);
        self.counts.unfit();
        Err(unfit)
    }

    /// Makes everything visible before saying that something is new.
    fn publish(&self, next: Option<Held>, applied: Applied, rekeyed: bool) {
        if let Some(next) = next {
            self.held.store(Arc::new(next));
        }
        if applied.signing_keys || rekeyed {
            self.era.fetch_add(1, Ordering::Release);
        }
        if applied.records > 0 || rekeyed {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }
}

/// Prints how far it is, never the records.
impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("bounds", &self.bounds)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

fn add(held: &Held, next: &mut Option<Held>, records: &[Record]) -> Applied {
    let mut applied = Applied::default();
    for record in records {
        if held.insert(record, next) == News::New {
            applied.records += 1;
            applied.signing_keys |= record.kind == Kind::Key;
        }
    }
    applied
}
