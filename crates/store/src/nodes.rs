//! Nodes that run on this database, and what each knows of the verifiers that listen to it.

use crate::statements::sql;
use crate::{Db, Fault, args, column};
use sekisho_rules::time::Timestamp;

sql! {
    SEEN = "INSERT INTO nodes (id, started_at, seen_at, streams) VALUES ($1, $2, $2, $3) \
            ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, streams = excluded.streams";
    LIVE = "SELECT id, started_at, seen_at, streams FROM nodes WHERE seen_at >= $1 ORDER BY seen_at DESC, id LIMIT 100";
    GONE = "DELETE FROM nodes WHERE id = $1";
    FORGET = "DELETE FROM nodes WHERE id IN (SELECT id FROM nodes WHERE seen_at < $1 LIMIT 500)";
}

/// A node as it last said of itself.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its id, new at every start of the program.
    pub id: String,
    /// When it first said so.
    pub started_at: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
    /// What it knows of its verifiers, in its own words (JSON).
    pub streams: String,
}

/// Says that a node runs, and what it knows of its verifiers.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn seen(db: &Db, id: &str, streams: &str, now: Timestamp) -> Result<(), Fault> {
    db.run(sql::SEEN, args![id, now.millis(), streams])
        .await
        .map(drop)
}

/// Nodes that were seen since a time, the latest 100.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn live(db: &Db, since: Timestamp) -> Result<Vec<Node>, Fault> {
    let rows = db.all(sql::LIVE, args![since.millis()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Node {
                id: row.get("id")?,
                started_at: column::time(row, "started_at")?,
                seen_at: column::time(row, "seen_at")?,
                streams: row.get("streams")?,
            })
        })
        .collect()
}

/// Says that a node stops.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn gone(db: &Db, id: &str) -> Result<(), Fault> {
    db.run(sql::GONE, args![id]).await.map(drop)
}

/// Forgets up to 500 nodes that were not seen since a time; answers how many.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn forget(db: &Db, before: Timestamp) -> Result<u64, Fault> {
    db.run(sql::FORGET, args![before.millis()]).await
}
