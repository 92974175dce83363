//! How records travel from the issuer to its verifiers: the three documents of the revocation feed and their JSON. Reading is
//! strict, because a record that was not understood is a token that was not refused.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::record::{HashKey, Key, Kind, Record};

/// The version of the feed spoken here.
pub const VERSION: u32 = 1;

/// The greatest sequence number and time: what every language's numbers hold exactly.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Everything that is revoked, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which feed: another one after a restore.
    pub feed_id: String,
    /// All records up to this number are in it.
    pub seq: u64,
    /// Everything committed before this time is in it; Unix milliseconds.
    pub as_of: u64,
    /// What record keys are made with.
    pub hash_key: HashKey,
    /// The entity tag of the issuer's key set.
    pub jwks_etag: String,
    /// The records, in no order.
    pub records: Vec<Record>,
}

/// The records after `prev` up to and including `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Which feed.
    pub feed_id: String,
    /// The number it goes on from; another one than the reader's own means a gap.
    pub prev: u64,
    /// The number of its last record.
    pub seq: u64,
    /// Everything committed before this time has been sent; Unix milliseconds.
    pub as_of: u64,
    /// The entity tag of the issuer's key set.
    pub jwks_etag: String,
    /// The records, in order.
    pub records: Vec<Record>,
}

/// Nothing new: the reader is fresh as of `as_of`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    v: u32,
    /// Which feed.
    pub feed_id: String,
    /// The number of the last record.
    pub seq: u64,
    /// Everything committed before this time has been sent; Unix milliseconds.
    pub as_of: u64,
    /// The entity tag of the issuer's key set.
    pub jwks_etag: String,
}

/// Why a document of the feed was not taken. The reader must fetch a snapshot or count as stale, never go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// Not the JSON that it should be.
    #[error("a document of the revocation feed is malformed")]
    Malformed,
    /// Another version than [`VERSION`].
    #[error("the revocation feed speaks another version")]
    Version,
    /// A kind of record that this version does not know.
    #[error("the revocation feed holds a kind of record that is not known here")]
    UnknownKind,
}

impl Snapshot {
    /// Reads the document.
    ///
    /// # Errors
    /// [`FeedError`] when any part of it is not understood.
    pub fn parse(json: &[u8]) -> Result<Self, FeedError> {
        #[derive(Deserialize)]
        struct Document {
            v: u32,
            feed_id: String,
            seq: u64,
            as_of: u64,
            hash_key: String,
            jwks_etag: String,
            records: Vec<Read>,
        }
        let document: Document = read(json)?;
        check(document.v, &[document.seq, document.as_of])?;
        Ok(Self {
            feed_id: document.feed_id,
            seq: document.seq,
            as_of: document.as_of,
            hash_key: HashKey::from_hex(&document.hash_key).ok_or(FeedError::Malformed)?,
            jwks_etag: document.jwks_etag,
            records: known(document.records)?,
        })
    }

    /// Writes the document.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            v: u32,
            feed_id: &'a str,
            seq: u64,
            as_of: u64,
            hash_key: String,
            jwks_etag: &'a str,
            records: &'a [Record],
        }
        write(&Document {
            v: VERSION,
            feed_id: &self.feed_id,
            seq: self.seq,
            as_of: self.as_of,
            hash_key: self.hash_key.to_hex(),
            jwks_etag: &self.jwks_etag,
            records: &self.records,
        })
    }
}

impl Batch {
    /// Reads the document.
    ///
    /// # Errors
    /// [`FeedError`] when any part of it is not understood, or it goes backwards.
    pub fn parse(json: &[u8]) -> Result<Self, FeedError> {
        #[derive(Deserialize)]
        struct Document {
            v: u32,
            feed_id: String,
            prev: u64,
            seq: u64,
            as_of: u64,
            jwks_etag: String,
            records: Vec<Read>,
        }
        let document: Document = read(json)?;
        check(document.v, &[document.seq, document.as_of])?;
        let records = known(document.records)?;
        let length = u64::try_from(records.len()).map_err(|_| FeedError::Malformed)?;
        // One number for each record: so a batch that lost one cannot look whole.
        if document.seq.checked_sub(document.prev) != Some(length) {
            return Err(FeedError::Malformed);
        }
        Ok(Self {
            feed_id: document.feed_id,
            prev: document.prev,
            seq: document.seq,
            as_of: document.as_of,
            jwks_etag: document.jwks_etag,
            records,
        })
    }

    /// Writes the document.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            v: u32,
            feed_id: &'a str,
            prev: u64,
            seq: u64,
            as_of: u64,
            jwks_etag: &'a str,
            records: &'a [Record],
        }
        write(&Document {
            v: VERSION,
            feed_id: &self.feed_id,
            prev: self.prev,
            seq: self.seq,
            as_of: self.as_of,
            jwks_etag: &self.jwks_etag,
            records: &self.records,
        })
    }
}

impl Heartbeat {
    /// A heartbeat of this version.
    pub fn new(feed_id: String, seq: u64, as_of: u64, jwks_etag: String) -> Self {
        Self {
            v: VERSION,
            feed_id,
            seq,
            as_of,
            jwks_etag,
        }
    }

    /// Reads the document.
    ///
    /// # Errors
    /// [`FeedError`] when any part of it is not understood.
    pub fn parse(json: &[u8]) -> Result<Self, FeedError> {
        let document: Self = read(json)?;
        check(document.v, &[document.seq, document.as_of])?;
        Ok(document)
    }

    /// Writes the document.
    pub fn to_json(&self) -> String {
        write(self)
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, FeedError> {
    serde_json::from_slice(json).map_err(|_| FeedError::Malformed)
}

/// Maps with text keys and numbers cannot fail to be written.
fn write(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

fn check(version: u32, numbers: &[u64]) -> Result<(), FeedError> {
    if version != VERSION {
        return Err(FeedError::Version);
    }
    match numbers.iter().all(|number| *number <= MAX_NUMBER) {
        true => Ok(()),
        false => Err(FeedError::Malformed),
    }
}

fn known(read: Vec<Read>) -> Result<Vec<Record>, FeedError> {
    read.into_iter()
        .map(|record| match record {
            Read::Known(record) => Ok(record),
            Read::Unknown => Err(FeedError::UnknownKind),
        })
        .collect()
}

/// `["S", "<key>", exp]`, with `nbf` as fourth where the kind has one.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(if self.kind.has_nbf() { 4 } else { 3 })?;
        tuple.serialize_element(&self.kind.letter())?;
        match self.kind {
            Kind::Issuer => tuple.serialize_element("")?,
            _ => tuple.serialize_element(&format_args!("{}", self.key))?,
        }
        tuple.serialize_element(&self.exp)?;
        if self.kind.has_nbf() {
            tuple.serialize_element(&self.nbf)?;
        }
        tuple.end()
    }
}

enum Read {
    Known(Record),
    Unknown,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ReadVisitor)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a revocation record")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Read, A::Error> {
        let short = || A::Error::custom("a record is too short");
        let letter: Cow<'_, str> = parts.next_element()?.ok_or_else(short)?;
        let Some(kind) = Kind::from_letter(&letter) else {
            while parts.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Read::Unknown);
        };
        let key: Cow<'_, str> = parts.next_element()?.ok_or_else(short)?;
        let exp: u64 = parts.next_element()?.ok_or_else(short)?;
        let nbf: Option<u64> = parts.next_element()?;
        let key = match kind {
            Kind::Issuer if key.is_empty() => Some(Key::NONE),
            Kind::Issuer => None,
            _ => Key::from_hex(&key),
        };
        let record = key.map(|key| Record::from_parts(kind, key, nbf.unwrap_or(0), exp));
        match record {
            Some(record)
                if nbf.is_some() == kind.has_nbf()
                    && record.is_well_formed()
                    && record.exp.max(record.nbf) <= MAX_NUMBER
                    && parts.next_element::<IgnoredAny>()?.is_none() =>
            {
                Ok(Read::Known(record))
            }
            _ => Err(A::Error::custom("a record is not well formed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, FeedError, Heartbeat, Snapshot};
    use crate::record::{HashKey, Record};

    const HASH: HashKey = HashKey::new([1; 16]);

    fn batch(prev: u64, seq: u64, records: Vec<Record>) -> Batch {
        Batch {
            feed_id: "fd_1".to_owned(),
            prev,
            seq,
            as_of: 1_000,
            jwks_etag: "e".to_owned(),
            records,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let records = vec![
            Record::session(&HASH, "s1", 10),
            Record::user(&HASH, "auth0|u", 9, 10),
            Record::issuer(9, 10),
        ];
        let one = batch(4, 7, records.clone());
        assert_eq!(Batch::parse(one.to_json().as_bytes()), Ok(one));
        let all = Snapshot {
            feed_id: "fd_1".to_owned(),
            seq: 7,
            as_of: 1_000,
            hash_key: HASH,
            jwks_etag: "e".to_owned(),
            records,
        };
        assert_eq!(Snapshot::parse(all.to_json().as_bytes()), Ok(all));
        let beat = Heartbeat::new("fd_1".to_owned(), 7, 1_000, "e".to_owned());
        assert_eq!(Heartbeat::parse(beat.to_json().as_bytes()), Ok(beat));
    }

    #[test]
    fn a_batch_must_hold_a_record_for_each_number() {
        let lost = batch(4, 6, vec![Record::session(&HASH, "s1", 10)]);
        assert_eq!(Batch::parse(lost.to_json().as_bytes()), Err(FeedError::Malformed));
        let backwards = batch(6, 4, Vec::new());
        assert_eq!(
            Batch::parse(backwards.to_json().as_bytes()),
            Err(FeedError::Malformed)
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let of = |records: &str| {
            format!(
                r#"{{"v":1,"feed_id":"f","prev":0,"seq":1,"as_of":1,"jwks_etag":"e","records":[{records}]}}"#
            )
        };
        let unknown = of(r#"["Z","0000000000000001",5,{"new":1}]"#);
        assert_eq!(Batch::parse(unknown.as_bytes()), Err(FeedError::UnknownKind));
        let newer = of(r#"["S","0000000000000001",5]"#).replace(r#""v":1"#, r#""v":2"#);
        assert_eq!(Batch::parse(newer.as_bytes()), Err(FeedError::Version));
        for wrong in [
            r#"["S","0000000000000001"]"#,
            r#"["S","0000000000000001",5,6]"#,
            r#"["U","0000000000000001",5]"#,
            r#"["U","0000000000000001",5,0]"#,
            r#"["I","0000000000000001",5,6]"#,
            r#"["S","000000000000000A",5]"#,
            r#"["S","",5]"#,
            r#"["S","0000000000000001",-5]"#,
            r#"["S","0000000000000001",9007199254740992]"#,
            r#"["I","",5,6,7]"#,
            r#""S""#,
        ] {
            assert_eq!(
                Batch::parse(of(wrong).as_bytes()),
                Err(FeedError::Malformed),
                "{wrong}"
            );
        }
    }
}
