//! Server-sent events (WHATWG HTML section 9.2): how what the hub says is written to a stream. Every text is made once
//! and shared by all streams.

use axum::body::Bytes;
use sekisho_verify::feed::{Batch, Heartbeat};
use sekisho_verify::record::Record;
use std::sync::Arc;

/// What the hub says to every stream.
#[derive(Clone)]
pub(super) enum Event {
    /// New records.
    Records(Arc<Records>),
    /// Nothing new, as of a moment ago.
    Heartbeat(Bytes),
    /// Not for the reader: look at the clock. Comes even when the database is silent.
    Tick,
    /// The reader cannot go on from where it is.
    Snapshot(Why),
}

/// A batch, as it is sent and as it is compared with the stream's own token.
pub(super) struct Records {
    pub(super) text: Bytes,
    pub(super) records: Vec<Record>,
}

/// Why a reader needs a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is another feed: a restored one.
    FeedId,
    /// What it misses is no longer held.
    Gap,
    /// It has read more than there is.
    Ahead,
    /// It reads more slowly than records come.
    Slow,
}

impl Why {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::FeedId => "feed_id",
            Self::Gap => "gap",
            Self::Ahead => "ahead",
            Self::Slow => "slow",
        }
    }
}

impl Records {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            text: event("records", Some(batch.seq), &batch.to_json()),
            records: batch.records,
        }
    }
}

/// `event: heartbeat`.
pub(super) fn heartbeat(beat: &Heartbeat) -> Bytes {
    event("heartbeat", None, &beat.to_json())
}

/// `event: snapshot`: take one and connect again.
pub(super) fn snapshot(why: Why) -> Bytes {
    event("snapshot", None, &format!("{{\"reason\":\"{}\"}}", why.word()))
}

/// `event: reauth`: get another token and connect again.
pub(super) fn reauth() -> Bytes {
    event("reauth", None, "{}")
}

/// `data` is one line: JSON escapes line breaks.
fn event(name: &str, id: Option<u64>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::{Records, Why, heartbeat, reauth, snapshot};
    use sekisho_verify::feed::{Batch, Heartbeat};
    use sekisho_verify::record::{HashKey, Record};

    #[test]
    fn events_are_written_as_the_standard_says() {
        let batch = Batch {
            feed_id: "fd_1".into(),
            prev: 1,
            seq: 2,
            as_of: 9,
            jwks_etag: "e".into(),
            records: vec![Record::session(&HashKey::new([0; 16]), "s", 5)],
        };
        let json = batch.to_json();
        assert_eq!(
            Records::new(batch).text,
            format!("event: records\nid: 2\ndata: {json}\n\n")
        );
        let beat = Heartbeat::new("fd_1".into(), 2, 9, "e".into());
        assert_eq!(
            heartbeat(&beat),
            format!("event: heartbeat\ndata: {}\n\n", beat.to_json())
        );
        assert_eq!(
            snapshot(Why::Slow),
            "event: snapshot\ndata: {\"reason\":\"slow\"}\n\n"
        );
        assert_eq!(reauth(), "event: reauth\ndata: {}\n\n");
    }
}
