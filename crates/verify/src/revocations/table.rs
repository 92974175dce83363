//! A table of record keys: 64 shards of open addressing in atomic slots. Readers take no lock and never wait; the one
//! writer fills free slots in place and, when a shard is full or has died out, puts another in its place. Which kinds of
//! records there are is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::record::Key;

/// What is kept of a record beside its key, in Unix seconds. Both only ever grow: two records of one key are one record
/// with the later of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Until {
    /// Tokens issued before it are hit; 0 where the kind has none.
    pub(super) nbf: u32,
    /// When the longest-lived token that can be hit expires; 0 is no record.
    pub(super) exp: u32,
}

impl Until {
    /// Seconds beyond the year 2106 count as its last one: no token that is about today reaches it.
    pub(super) fn new(nbf: u64, exp: u64) -> Self {
        let short = |seconds| u32::try_from(seconds).unwrap_or(u32::MAX);
        Self {
            nbf: short(nbf),
            exp: short(exp).max(1),
        }
    }

    fn later(self, other: Self) -> Self {
        Self {
            nbf: self.nbf.max(other.nbf),
            exp: self.exp.max(other.exp),
        }
    }
}

/// The half of a slot that is not the key.
pub(super) trait Cell: Default {
    fn get(&self) -> Until;
    fn set(&self, until: Until);
}

/// For kinds that hit every token of theirs: the expiry alone.
impl Cell for AtomicU32 {
    fn get(&self) -> Until {
        Until {
            nbf: 0,
            exp: self.load(Ordering::Acquire),
        }
    }

    fn set(&self, until: Until) {
        self.store(until.exp, Ordering::Release);
    }
}

/// For kinds with `nbf`: both in one word, so that nobody sees one without the other.
impl Cell for AtomicU64 {
    fn get(&self) -> Until {
        let word = self.load(Ordering::Acquire);
        let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
        Until {
            nbf: u32::from_be_bytes([a, b, c, d]),
            exp: u32::from_be_bytes([e, f, g, h]),
        }
    }

    fn set(&self, until: Until) {
        let word = u64::from(until.nbf) << 32 | u64::from(until.exp);
        self.store(word, Ordering::Release);
    }
}

/// A power of two, for the shard is the first bits of a key. A batch that fills one copies that one only; and so few that
/// where they lie stays near.
const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 6;

/// A shard is made a quarter larger when two of three slots are taken: between 18 and 23 bytes for a record without `nbf`,
/// and at most five slots looked at, in the mean, for a key that is not there.
const FULL: (usize, usize) = (2, 3);
const SMALLEST: usize = 8;

/// Cloning shares the shards.
#[derive(Debug)]
pub(super) struct Table<C> {
    shards: Box<[Shard<C>]>,
    /// The record of key 0, which in a slot means that it is free.
    zero: Arc<C>,
}

/// Cloning shares the slots. Keys lie apart from the rest, since a key that is not there is looked for among them only.
#[derive(Debug)]
struct Shard<C> {
    keys: Arc<[AtomicU64]>,
    cells: Arc<[C]>,
    /// Slots taken. Only the writer asks, and it goes on with one clone.
    taken: AtomicU32,
}

impl<C> Clone for Shard<C> {
    fn clone(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            cells: Arc::clone(&self.cells),
            taken: AtomicU32::new(self.taken.load(Ordering::Relaxed)),
        }
    }
}

/// A search that has begun.
#[derive(Debug)]
pub(super) struct Search<'a, C> {
    shard: &'a Shard<C>,
    /// The record of key 0, when that is the key.
    zero: Option<&'a C>,
    /// 0 when there is no key, or it is 0.
    number: u64,
    at: usize,
    found: u64,
}

impl<C: Cell> Search<'_, C> {
    /// The record of the key.
    #[inline]
    pub(super) fn end(self) -> Option<Until> {
        let until = match (self.number, self.found) {
            (0, _) => self.zero?.get(),
            (_, 0) => return None,
            (number, found) if number == found => self.shard.cells[self.at].get(),
            (number, _) => match self.shard.slot_from(self.at, number)? {
                (at, true) => self.shard.cells[at].get(),
                (_, false) => return None,
            },
        };
        (until.exp > 0).then_some(until)
    }
}

/// What an insertion found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It is in, and says something new.
    Found,
    /// As much was known already.
    Known,
    /// The shard must grow first ([`Table::grow`]).
    Full,
}

impl<C> Clone for Table<C> {
    fn clone(&self) -> Self {
        Self {
            shards: self.shards.clone(),
            zero: Arc::clone(&self.zero),
        }
    }
}

impl<C: Cell> Default for Table<C> {
    fn default() -> Self {
        let empty = Shard::with_slots(0);
        Self {
            shards: vec![empty; SHARDS].into(),
            zero: Arc::default(),
        }
    }
}

impl<C: Cell> Table<C> {
    /// Begins to look for a key, if there is one: reads its first slot. Begun together, several searches wait for memory
    /// once.
    #[inline]
    pub(super) fn begin(&self, key: Option<Key>) -> Search<'_, C> {
        let number = key.map_or(0, Key::number);
        let (shard, rest) = spread(number);
        let shard = &self.shards[shard];
        let at = shard.at(rest);
        Search {
            shard,
            zero: key.filter(|key| key.number() == 0).map(|_| &*self.zero),
            number,
            at,
            found: shard.keys.get(at).map_or(0, |slot| slot.load(Ordering::Acquire)),
        }
    }

    /// Puts a record in, or lengthens the one that is there.
    pub(super) fn insert(&self, key: Key, until: Until) -> Room {
        let number = key.number();
        if number == 0 {
            return lengthen(&*self.zero, until);
        }
        let (shard, rest) = spread(number);
        self.shards[shard].insert(number, rest, until)
    }

    /// Gives the key's shard more slots, in this clone of the table.
    pub(super) fn grow(&mut self, key: Key) {
        let (shard, _) = spread(key.number());
        let old = &self.shards[shard];
        let slots = (old.keys.len() * 5 / 4).max(old.keys.len() + SMALLEST);
        self.shards[shard] = old.copy(slots, |_| true);
    }

    /// Makes room for so many more, spread evenly.
    pub(super) fn reserve(&mut self, more: usize) {
        // A few more than the mean of a shard, since none gets exactly it.
        let each = more.div_ceil(SHARDS);
        let each = each + each / 16;
        if each < SMALLEST {
            return;
        }
        for shard in &mut self.shards {
            let wanted = slots_for(shard.taken() + each);
            if wanted > shard.keys.len() {
                *shard = shard.copy(wanted, |_| true);
            }
        }
    }

    /// A table without the records that expired before `dead` (Unix seconds); `None` when there are too few to be worth
    /// a copy.
    pub(super) fn without(&self, dead: u32) -> Option<Self> {
        let alive = |until: Until| until.exp >= dead;
        let mut next = None;
        for (at, shard) in self.shards.iter().enumerate() {
            let gone = shard.iter().filter(|(_, until)| !alive(*until)).count();
            if gone > 0 && gone * 16 >= shard.taken() {
                let left = shard.taken() - gone;
                next.get_or_insert_with(|| self.clone()).shards[at] =
                    shard.copy(slots_for(left + left / 16), alive);
            }
        }
        if self.zero.get().exp > 0 && !alive(self.zero.get()) {
            next.get_or_insert_with(|| self.clone()).zero = Arc::default();
        }
        next
    }

    /// Every record, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Until)> {
        let zero = Some((0, self.zero.get())).filter(|(_, until)| until.exp > 0);
        self.shards
            .iter()
            .flat_map(|shard| shard.iter())
            .chain(zero)
            .map(|(number, until)| (Key::new(number), until))
    }

    /// How many records there are; those that expired and were not cleared away yet count.
    pub(super) fn len(&self) -> usize {
        let zero = usize::from(self.zero.get().exp > 0);
        self.shards.iter().map(|shard| shard.taken()).sum::<usize>() + zero
    }

    /// Bytes of its slots.
    pub(super) fn bytes(&self) -> usize {
        let slot = size_of::<AtomicU64>() + size_of::<C>();
        self.shards.iter().map(|shard| shard.keys.len() * slot).sum()
    }
}

impl<C: Cell> Shard<C> {
    fn with_slots(slots: usize) -> Self {
        Self {
            keys: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            cells: (0..slots).map(|_| C::default()).collect(),
            taken: AtomicU32::new(0),
        }
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed) as usize
    }

    /// The slot where a search begins.
    fn at(&self, rest: u64) -> usize {
        ((u128::from(rest) * self.keys.len() as u128) >> 64) as usize
    }

    /// The slot of the key, or the free one where it would be. There always is a free one, or no slot at all.
    fn slot_from(&self, mut at: usize, number: u64) -> Option<(usize, bool)> {
        loop {
            match self.keys.get(at)?.load(Ordering::Acquire) {
                0 => return Some((at, false)),
                found if found == number => return Some((at, true)),
                _ => at += 1,
            }
            if at == self.keys.len() {
                at = 0;
            }
        }
    }

    fn insert(&self, number: u64, rest: u64, until: Until) -> Room {
        match self.slot_from(self.at(rest), number) {
            Some((at, true)) => lengthen(&self.cells[at], until),
            Some((at, false)) if (self.taken() + 1) * FULL.1 <= self.keys.len() * FULL.0 => {
                // The key last: who sees it sees the rest.
                self.cells[at].set(until);
                self.keys[at].store(number, Ordering::Release);
                self.taken.fetch_add(1, Ordering::Relaxed);
                Room::Found
            }
            _ => Room::Full,
        }
    }

    /// A shard with what is to be kept of this one.
    fn copy(&self, slots: usize, keep: impl Fn(Until) -> bool) -> Self {
        let next = Self::with_slots(slots);
        for (number, until) in self.iter().filter(|(_, until)| keep(*until)) {
            // It fits: the callers count.
            next.insert(number, spread(number).1, until);
        }
        next
    }

    fn iter(&self) -> impl Iterator<Item = (u64, Until)> {
        let keys = self.keys.iter().map(|key| key.load(Ordering::Acquire));
        keys.zip(&*self.cells)
            .filter(|(number, _)| *number != 0)
            .map(|(number, cell)| (number, cell.get()))
    }
}

/// Makes a record the later of itself and another.
pub(super) fn lengthen(cell: &impl Cell, until: Until) -> Room {
    let held = cell.get();
    match held.later(until) {
        same if same == held => Room::Known,
        later => {
            cell.set(later);
            Room::Found
        }
    }
}

/// The slots that so many records need.
fn slots_for(records: usize) -> usize {
    match records {
        0 => 0,
        _ => (records * FULL.1).div_ceil(FULL.0).max(SMALLEST),
    }
}

/// A key's shard, and the bits that choose its slot. Keys are keyed hashes already; the multiplication (by the golden
/// ratio) is for tables whose keys are not.
fn spread(number: u64) -> (usize, u64) {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed >> (64 - SHARD_BITS)) as usize, mixed << SHARD_BITS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU32, AtomicU64};

    use proptest::prelude::*;

    use super::{Cell, Room, Table, Until};
    use crate::record::Key;

    /// Puts it in as the writer does; says whether the table was replaced.
    fn put<C: Cell>(table: &mut Table<C>, key: u64, until: Until) {
        if table.insert(Key::new(key), until) == Room::Full {
            table.grow(Key::new(key));
            assert_ne!(table.insert(Key::new(key), until), Room::Full);
        }
    }

    fn find<C: Cell>(table: &Table<C>, key: u64) -> Option<Until> {
        table.begin(Some(Key::new(key))).end()
    }

    fn all<C: Cell>(table: &Table<C>) -> BTreeMap<u64, (u32, u32)> {
        table
            .iter()
            .map(|(key, until)| (key.number(), (until.nbf, until.exp)))
            .collect()
    }

    proptest! {
        #[test]
        fn law_a_table_is_a_map_of_maxima(
            steps in prop::collection::vec((prop_oneof![0_u64..40, any::<u64>()], 1_u32..50, 1_u32..50), 0..600),
            reserve in 0_usize..5_000,
            dead in 0_u32..60,
        ) {
            let mut table = Table::<AtomicU64>::default();
            table.reserve(reserve);
            let mut model = BTreeMap::<u64, (u32, u32)>::new();
            for (key, nbf, exp) in steps {
                put(&mut table, key, Until { nbf, exp });
                let held = model.entry(key).or_default();
                *held = (held.0.max(nbf), held.1.max(exp));
            }
            prop_assert_eq!(all(&table), model.clone());
            prop_assert_eq!(table.len(), model.len());
            for (key, (nbf, exp)) in &model {
                prop_assert_eq!(find(&table, *key), Some(Until { nbf: *nbf, exp: *exp }));
                prop_assert!(model.contains_key(&!*key) || find(&table, !*key).is_none());
            }
            // A swept table has every record that lives; what died may linger, if it is little.
            let swept = table.without(dead).unwrap_or_else(|| table.clone());
            for (key, held) in &model {
                prop_assert!(held.1 < dead || find(&swept, *key).is_some());
            }
            prop_assert!(swept.len() <= table.len());
            let lingering = all(&swept).values().filter(|held| held.1 < dead).count();
            prop_assert!(lingering * 16 <= table.len());
        }
    }

    #[test]
    fn slots_are_few() {
        let mut table = Table::<AtomicU32>::default();
        let mut key = 1_u64;
        for _ in 0..100_000 {
            key = key.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            put(&mut table, key, Until { nbf: 0, exp: 9 });
        }
        assert_eq!(table.len(), 100_000);
        assert!(table.bytes() <= 2_100_000, "{}", table.bytes());
        let swept = table.without(10).expect("all are dead");
        assert_eq!((swept.len(), swept.bytes()), (0, 0));
    }

    #[test]
    fn readers_see_whole_records_while_the_writer_writes() {
        let table = Table::<AtomicU64>::default();
        let mut table = table.clone();
        table.reserve(16_384);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for round in 0..200_000_u64 {
                        if let Some(until) = find(&table, round % 4_000) {
                            assert_eq!(until.nbf, until.exp);
                        }
                    }
                });
            }
            for round in 1..50_u32 {
                for key in 0..4_000 {
                    let until = Until {
                        nbf: round,
                        exp: round,
                    };
                    assert_eq!(table.insert(Key::new(key), until), Room::Found);
                }
            }
        });
    }
}
