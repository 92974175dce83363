//! The tokens whose signature was found good, so that one that comes again costs no second look. Owns where they lie and
//! which one goes when there is no room; what must be asked on every hit (expiry, revocation, the age of the keys) is
//! `verifier`'s. Reads take no lock.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwapOption, Guard};
use foldhash::fast::RandomState;

use crate::claims::Claims;
use crate::record::{HashKey, HashedSubject};

/// How many verified tokens a verifier remembers, and in how many bytes; about 1.4 KB for each with its claims.
///
/// Memory for the tokens is taken as they come; the empty slots cost 16 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remember {
    entries: usize,
    bytes: usize,
}

impl Default for Remember {
    /// 16,384 tokens in 32 MiB.
    fn default() -> Self {
        Self {
            entries: 16_384,
            bytes: 32 << 20,
        }
    }
}

impl Remember {
    /// Nothing: every token's signature is looked at every time.
    pub const fn nothing() -> Self {
        Self { entries: 0, bytes: 0 }
    }

    /// Sets the most tokens, rounded up to a multiple of eight.
    #[must_use]
    pub const fn entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets the most bytes of tokens and claims together.
    #[must_use]
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

/// A token that held when it was first seen.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) token: Box<str>,
    pub(crate) claims: Arc<Claims>,
    /// Which of the policy's issuers.
    pub(crate) issuer: usize,
    /// The generation of that issuer's keys whose one signed it.
    pub(crate) keys: u64,
    /// What its issuer's records may name, where that is listened to.
    pub(crate) heard: Option<Heard>,
    /// Whether it was met since somebody last looked for a place.
    used: AtomicBool,
}

/// What is compared with an issuer's records.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) hash: HashKey,
    pub(crate) subject: HashedSubject,
    /// [`Revocations::era`](crate::Revocations) at the time.
    pub(crate) era: u64,
    /// The last generation of records none of which hits.
    pub(crate) clean: AtomicU64,
}

impl Entry {
    pub(crate) fn new(
        token: &str,
        claims: Arc<Claims>,
        issuer: usize,
        keys: u64,
        heard: Option<Heard>,
    ) -> Self {
        Self {
            token: token.into(),
            claims,
            issuer,
            keys,
            heard,
            used: AtomicBool::new(false),
        }
    }

    /// About; what the allocator adds is not in it.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.token.len() + self.claims.bytes()
    }
}

/// Places that a token may lie in: its set's.
const WAYS: usize = 8;

/// How many places are looked at to make room for one more in bytes, before the new token is not remembered instead.
const PATIENCE: usize = 256;

/// The cache: sets of eight places, in each of which the first that was not met lately makes room.
pub(crate) struct Remembered {
    /// Secret, so that nobody can choose tokens that fight for one set.
    seed: RandomState,
    limits: Remember,
    /// Made with the first token: many a verifier never sees one.
    shelf: OnceLock<Shelf>,
    bytes: AtomicUsize,
    entries: AtomicUsize,
    hand: AtomicUsize,
}

struct Shelf {
    /// The hash of what lies in the place of the same number; 0 when nothing does. A hint only: what is found is compared
    /// whole.
    tags: Box<[AtomicU64]>,
    places: Box<[ArcSwapOption<Entry>]>,
}

impl Shelf {
    fn new(places: usize) -> Self {
        Self {
            tags: (0..places).map(|_| AtomicU64::new(0)).collect(),
            places: (0..places).map(|_| ArcSwapOption::empty()).collect(),
        }
    }

    /// The place for a token in the set that begins at `first`.
    fn way(&self, tag: u64, first: usize) -> usize {
        let tags = &self.tags[first..first + WAYS];
        let of = |wanted| tags.iter().position(|tag| tag.load(Ordering::Relaxed) == wanted);
        let way = of(tag).or_else(|| of(0)).unwrap_or_else(|| {
            // Everybody has a second chance; the search begins anywhere.
            let start = tag as usize;
            let mut ways = (0..WAYS).map(|way| (start + way) % WAYS);
            let unused = |way: &usize| !self.was_used(first + way);
            ways.find(unused).unwrap_or(start % WAYS)
        });
        first + way
    }

    /// Whether it was met since it was last asked.
    fn was_used(&self, place: usize) -> bool {
        let entry = self.places[place].load();
        entry
            .as_ref()
            .is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed))
    }

    /// Empties a place.
    fn take(&self, place: usize) -> Option<Arc<Entry>> {
        let old = self.places[place].swap(None);
        self.tags[place].store(0, Ordering::Relaxed);
        old
    }
}

impl Remembered {
    pub(crate) fn new(limits: Remember) -> Self {
        Self {
            seed: RandomState::default(),
            limits,
            shelf: OnceLock::new(),
            bytes: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// The entry of exactly this token.
    pub(crate) fn find(&self, token: &str) -> Option<Guard<Option<Arc<Entry>>>> {
        let shelf = self.shelf.get()?;
        let (tag, first) = self.tag(token, shelf);
        let tags = shelf.tags.get(first..first + WAYS)?;
        for (way, found) in tags.iter().enumerate() {
            if found.load(Ordering::Relaxed) != tag {
                continue;
            }
            let place = shelf.places.get(first + way)?.load();
            match &*place {
                Some(entry) if *entry.token == *token => {
                    // Written only when it changes, or every core would take the line from the others.
                    if !entry.used.load(Ordering::Relaxed) {
                        entry.used.store(true, Ordering::Relaxed);
                    }
                    return Some(place);
                }
                _ => {}
            }
        }
        None
    }

    /// Puts a token in, in the place of itself, of nothing, or of one that was not met lately.
    pub(crate) fn insert(&self, entry: Entry) {
        let bytes = entry.bytes();
        if self.limits.entries == 0 || bytes > self.limits.bytes {
            return;
        }
        let places = || self.limits.entries.next_multiple_of(WAYS);
        let shelf = self.shelf.get_or_init(|| Shelf::new(places()));
        if !self.make_room(shelf, bytes) {
            return;
        }
        let (tag, first) = self.tag(&entry.token, shelf);
        let place = shelf.way(tag, first);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.entries.fetch_add(1, Ordering::Relaxed);
        let old = shelf.places[place].swap(Some(Arc::new(entry)));
        self.left(old.as_deref());
        shelf.tags[place].store(tag, Ordering::Relaxed);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        if let Some(shelf) = self.shelf.get() {
            for place in 0..shelf.places.len() {
                self.left(shelf.take(place).as_deref());
            }
        }
    }

    /// Tokens remembered now, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (
            self.entries.load(Ordering::Relaxed),
            self.bytes.load(Ordering::Relaxed),
        )
    }

    fn left(&self, old: Option<&Entry>) {
        if let Some(old) = old {
            self.bytes.fetch_sub(old.bytes(), Ordering::Relaxed);
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The hash of a token and the first place of its set.
    ///
    /// Its end is hashed, which is signature: as good as random, and different for every token that was verified. Whoever
    /// sends others with the same end finds them compared whole and not the same.
    fn tag(&self, token: &str, shelf: &Shelf) -> (u64, usize) {
        let bytes = token.as_bytes();
        let end = &bytes[bytes.len().saturating_sub(48)..];
        let tag = self.seed.hash_one(end).max(1);
        let sets = (shelf.places.len() / WAYS) as u128;
        let set = (u128::from(tag) * sets) >> 64;
        (tag, set as usize * WAYS)
    }

    /// Frees bytes for one more, wherever they lie; whether there are enough.
    fn make_room(&self, shelf: &Shelf, bytes: usize) -> bool {
        let fits = || self.bytes.load(Ordering::Relaxed) + bytes <= self.limits.bytes;
        for _ in 0..PATIENCE {
            if fits() {
                return true;
            }
            let place = self.hand.fetch_add(1, Ordering::Relaxed) % shelf.places.len();
            if shelf.tags[place].load(Ordering::Relaxed) != 0 && !shelf.was_used(place) {
                self.left(shelf.take(place).as_deref());
            }
        }
        fits()
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (entries, bytes) = self.size();
        f.debug_struct("Remembered")
            .field("entries", &entries)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}
