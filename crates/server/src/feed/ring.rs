//! The newest records this node has read, for readers that come back after a short absence. It reads no database and
//! sends nothing.

use std::collections::VecDeque;

use sekisho_verify::record::Record;

/// How many records a reader may have missed and still go on without a snapshot.
pub(super) const KEPT: usize = 4096;

/// Records without a gap, each with one number; the newest `limit` of them.
pub(super) struct Ring {
    limit: usize,
    /// The number before the oldest record that is held: who has read up to here can go on.
    floor: u64,
    records: VecDeque<Record>,
}

/// Why a reader cannot go on from where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// What comes next is no longer held.
    Gap,
    /// It has read more than there is.
    Ahead,
}

impl Ring {
    /// An empty one: the next record has the number after `seq`.
    pub(super) fn starting_at(seq: u64, limit: usize) -> Self {
        Self {
            limit,
            floor: seq,
            records: VecDeque::new(),
        }
    }

    /// The number of the newest record.
    pub(super) fn head(&self) -> u64 {
        self.floor + self.records.len() as u64
    }

    /// Adds the records that follow the newest.
    pub(super) fn push(&mut self, records: &[Record]) {
        self.records.extend(records);
        let surplus = self.records.len().saturating_sub(self.limit);
        self.records.drain(..surplus);
        self.floor += surplus as u64;
    }

    /// Everything after this number, oldest first.
    pub(super) fn after(&self, seq: u64) -> Result<Vec<Record>, Missing> {
        let Some(read) = seq.checked_sub(self.floor) else {
            return Err(Missing::Gap);
        };
        match usize::try_from(read) {
            Ok(read) if read <= self.records.len() => Ok(self.records.range(read..).copied().collect()),
            _ => Err(Missing::Ahead),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Missing, Ring};
    use sekisho_verify::record::{Key, Kind, Record};

    fn records(numbers: std::ops::RangeInclusive<u64>) -> Vec<Record> {
        numbers
            .map(|number| Record::from_parts(Kind::Session, Key::new(number), 0, 10))
            .collect()
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let mut ring = Ring::starting_at(7, 100);
        assert_eq!(ring.after(7), Ok(vec![]));
        ring.push(&records(8..=10));
        assert_eq!(ring.head(), 10);
        for seq in 7..=10 {
            assert_eq!(ring.after(seq), Ok(records(seq + 1..=10)), "{seq}");
        }
        assert_eq!(ring.after(6), Err(Missing::Gap));
        assert_eq!(ring.after(11), Err(Missing::Ahead));
        assert_eq!(ring.after(u64::MAX), Err(Missing::Ahead));
    }

    #[test]
    fn it_never_holds_more_than_its_limit() {
        let mut ring = Ring::starting_at(0, 3);
        ring.push(&records(1..=2));
        ring.push(&records(3..=9));
        assert_eq!(ring.after(6), Ok(records(7..=9)));
        assert_eq!(ring.after(5), Err(Missing::Gap));
        assert_eq!(ring.head(), 9);
    }
}
