//! The tokens whose signature was found good, so that one that comes again costs no second look. Owns where they lie and
//! which one goes when there is no room; what must be asked on every hit (expiry, revocation, the age of the keys) is
//! `verifier`'s. Reads take no lock.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwapOption, Guard};
use foldhash::fast::RandomState;

use crate::claims::{Claims, Times};
use crate::record::{HashKey, HashedSubject};

/// How many verified tokens a verifier remembers, and in how many bytes; about 1.4 KB for each with its claims.
///
/// Memory for the tokens is taken as they come; the empty places of each cost 51 bytes.
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

    /// Sets the most tokens. Threads that find one each at the same moment may go beyond it by as many.
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

/// A token that held when it was first seen. What every hit asks lies together, before what few do.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) token: Box<str>,
    pub(crate) claims: Arc<Claims>,
    pub(crate) times: Times,
    /// The generation of its issuer's keys whose one signed it.
    pub(crate) keys: u64,
    /// [`Revocations::era`](crate::Revocations) at the time.
    pub(crate) era: u64,
    /// The last generation of records none of which hits.
    pub(crate) clean: AtomicU64,
    /// Which of the policy's issuers.
    pub(crate) issuer: usize,
    /// Whether it was met since somebody last looked for a place.
    used: AtomicBool,
    /// What its issuer's records may name, where that is listened to.
    pub(crate) heard: Option<Heard>,
}

/// What is compared with an issuer's records.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) hash: HashKey,
    pub(crate) subject: HashedSubject,
    pub(crate) era: u64,
    pub(crate) generation: u64,
}

impl Entry {
    pub(crate) fn new(
        token: &str,
        claims: &Arc<Claims>,
        issuer: usize,
        keys: u64,
        heard: Option<Heard>,
    ) -> Self {
        let (era, generation) = heard
            .as_ref()
            .map_or((0, 0), |heard| (heard.era, heard.generation));
        Self {
            token: token.into(),
            claims: Arc::clone(claims),
            times: Times::of(claims),
            keys,
            era,
            clean: AtomicU64::new(generation),
            issuer,
            used: AtomicBool::new(false),
            heard,
        }
    }

    /// About; what the allocator adds is not in it.
    fn bytes(&self) -> usize {
        taken(&self.token, &self.claims)
    }
}

fn taken(token: &str, claims: &Claims) -> usize {
    size_of::<Entry>() + token.len() + claims.bytes()
}

/// Places that a token may lie in: its set's.
const WAYS: usize = 5;

/// Places for each token that may be remembered.
const SPARE: usize = 4;

/// How many places are looked at to make room for one more in bytes, before the new token is not remembered instead.
const PATIENCE: usize = 256;

/// The cache: sets of five places, four times as many as there may be tokens, so that a set is as good as never full before the
/// cache is: a token without a place would pay its signature each time. While there is room a token is remembered when it is first seen; later only one that
/// comes again, in the place of one that was not met lately. So tokens that come once cost little and put nobody out.
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
    sets: Box<[Set]>,
}

/// A set, in one line of memory. The tags are hints: what is found is compared whole.
#[derive(Default)]
#[repr(align(64))]
struct Set {
    places: [ArcSwapOption<Entry>; WAYS],
    /// A part of the hash of what lies in each place; 0 when nothing does.
    tags: [AtomicU32; WAYS],
    /// That of the last newcomer to the full set: when it comes again, it gets a place.
    newcomer: AtomicU32,
}

impl Set {
    /// The way of a tag; of 0, a free one.
    fn way_of(&self, wanted: u32) -> Option<usize> {
        self.tags
            .iter()
            .position(|tag| tag.load(Ordering::Relaxed) == wanted)
    }

    /// Notes a newcomer; whether it is the one that was noted.
    fn note(&self, tag: u32) -> bool {
        self.newcomer.swap(tag, Ordering::Relaxed) == tag
    }

    /// The way for a token: its own, a free one, or that of one that was not met lately.
    fn way(&self, tag: u32) -> usize {
        self.way_of(tag).or_else(|| self.way_of(0)).unwrap_or_else(|| {
            // Everybody has a second chance; the search begins anywhere.
            let start = tag as usize % WAYS;
            let mut ways = (0..WAYS).map(|way| (start + way) % WAYS);
            ways.find(|way| !self.was_used(*way)).unwrap_or(start)
        })
    }

    /// Whether it was met since it was last asked.
    fn was_used(&self, way: usize) -> bool {
        let entry = self.places[way].load();
        entry
            .as_ref()
            .is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed))
    }

    /// Empties a place.
    fn take(&self, way: usize) -> Option<Arc<Entry>> {
        let old = self.places[way].swap(None);
        self.tags[way].store(0, Ordering::Relaxed);
        old
    }
}

impl Shelf {
    fn new(places: usize) -> Self {
        Self {
            sets: (0..places.div_ceil(WAYS)).map(|_| Set::default()).collect(),
        }
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
        let (tag, set) = self.set(token, shelf);
        for (place, found) in set.places.iter().zip(&set.tags) {
            if found.load(Ordering::Relaxed) != tag {
                continue;
            }
            let place = place.load();
            // The claims are looked at last and lie elsewhere: asked for now, they are near by then.
            let claims = place.as_ref().map(|entry| Arc::strong_count(&entry.claims));
            std::hint::black_box(claims);
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

    /// Puts a token in, if there is room, or it came before.
    pub(crate) fn offer(&self, token: &str, claims: &Claims, entry: impl FnOnce() -> Entry) {
        if self.limits.entries == 0 {
            return;
        }
        let shelf = self
            .shelf
            .get_or_init(|| Shelf::new(self.limits.entries.saturating_mul(SPARE)));
        let (tag, set) = self.set(token, shelf);
        let has_place = set.way_of(0).is_some() || set.way_of(tag).is_some();
        let bytes = || taken(token, claims);
        let invited = (has_place && self.fits(bytes())) || (set.note(tag) && self.make_room(shelf, bytes()));
        if !invited {
            return;
        }
        let way = set.way(tag);
        self.bytes.fetch_add(bytes(), Ordering::Relaxed);
        self.entries.fetch_add(1, Ordering::Relaxed);
        let old = set.places[way].swap(Some(Arc::new(entry())));
        self.left(old.as_deref());
        set.tags[way].store(tag, Ordering::Relaxed);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        if let Some(shelf) = self.shelf.get() {
            for set in &shelf.sets {
                for way in 0..WAYS {
                    self.left(set.take(way).as_deref());
                }
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

    /// The tag of a token, and its set.
    ///
    /// Its end is hashed, which is signature: as good as random, and different for every token that was verified. Whoever
    /// sends others with the same end finds them compared whole and not the same.
    fn set<'a>(&self, token: &str, shelf: &'a Shelf) -> (u32, &'a Set) {
        let bytes = token.as_bytes();
        let end = &bytes[bytes.len().saturating_sub(48)..];
        let hash = self.seed.hash_one(end);
        // The first bits choose the set, the last are the tag.
        let set = (u128::from(hash) * shelf.sets.len() as u128) >> 64;
        ((hash as u32).max(1), &shelf.sets[set as usize])
    }

    fn fits(&self, bytes: usize) -> bool {
        self.bytes.load(Ordering::Relaxed) + bytes <= self.limits.bytes
            && self.entries.load(Ordering::Relaxed) < self.limits.entries
    }

    /// Makes room for one more, wherever others lie; whether there is enough.
    fn make_room(&self, shelf: &Shelf, bytes: usize) -> bool {
        if bytes > self.limits.bytes {
            return false;
        }
        for _ in 0..PATIENCE {
            if self.fits(bytes) {
                return true;
            }
            let hand = self.hand.fetch_add(1, Ordering::Relaxed);
            let set = &shelf.sets[hand / WAYS % shelf.sets.len()];
            let way = hand % WAYS;
            if set.tags[way].load(Ordering::Relaxed) != 0 && !set.was_used(way) {
                self.left(set.take(way).as_deref());
            }
        }
        self.fits(bytes)
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
