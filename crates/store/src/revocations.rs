//! The revocation feed's rows: records in the order of their commits, the head that counts them, and the feed's identity. Which
//! records are written is the server's to say, and that they are the last thing a transaction writes is the door's doing; how
//! a record is made and what it hits is `sekisho_verify`'s.

use crate::statements::sql;
use crate::{Arg, Db, Fault, Row, Tx, args, column};
use sekisho_rules::time::Timestamp;
use sekisho_verify::record::{Key, Kind, Record};

sql! {
    HEAD = "SELECT feed_id, head, kept_from, changes FROM feed WHERE id = 1";
    IDENTITY = "SELECT feed_id, hash_key FROM feed WHERE id = 1";
    BEGIN = "UPDATE feed SET feed_id = $1, hash_key = $2 WHERE id = 1 AND hash_key IS NULL";
    RESEAL = "UPDATE feed SET hash_key = $2 WHERE id = 1 AND hash_key = $1 RETURNING id";
    RESTORED = "UPDATE feed SET feed_id = $1 WHERE id = 1";
    ADVANCE = "UPDATE feed SET head = head + $1, changes = changes + $2 WHERE id = 1 RETURNING head";
    ADD = "INSERT INTO revocations (at, seq, kind, key, nbf, exp) VALUES ($1, $2, $3, $4, $5, $6)";
    ADD_EIGHT = "INSERT INTO revocations (at, seq, kind, key, nbf, exp) VALUES ($1, $2, $3, $4, $5, $6), ($1, $7, $8, $9, $10, $11), \
                 ($1, $12, $13, $14, $15, $16), ($1, $17, $18, $19, $20, $21), ($1, $22, $23, $24, $25, $26), \
                 ($1, $27, $28, $29, $30, $31), ($1, $32, $33, $34, $35, $36), ($1, $37, $38, $39, $40, $41)";
    PAGE = "SELECT seq, kind, key, nbf, exp FROM revocations WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3";
    LISTED = "SELECT seq, kind, key, nbf, exp, at FROM revocations WHERE seq > $1 ORDER BY seq LIMIT $2";
    SWEEP_OVER = "DELETE FROM revocations WHERE seq IN \
                  (SELECT seq FROM revocations WHERE exp < $1 AND at < $2 ORDER BY exp LIMIT 500) RETURNING seq";
    KEPT_FROM = "UPDATE feed SET kept_from = $1 WHERE id = 1 AND kept_from < $1";
}

/// How long a record is kept after its `exp`, in seconds: longer than any verifier needs it, so that one with a slow clock still
/// gets it in a snapshot.
pub const KEPT_SECONDS: i64 = 600;

/// Where the feed stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which feed: another one after a restore. Empty before the first start.
    pub feed_id: String,
    /// The number of the last committed record.
    pub seq: u64,
    /// Counts edits of what nodes keep in memory: clients, APIs, keys.
    pub changes: u64,
    /// Records up to this number may have been swept; a reader that has less needs a snapshot.
    pub kept_from: u64,
}

/// Reads where the feed stands. Everything committed before the call is counted in it.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn head(db: &Db) -> Result<Head, Fault> {
    let row = db.one(sql::HEAD, args![]).await?;
    Ok(Head {
        feed_id: row.get("feed_id")?,
        seq: number(&row, "head")?,
        changes: number(&row, "changes")?,
        kept_from: number(&row, "kept_from")?,
    })
}

/// What makes this feed this feed.
#[derive(Clone)]
pub struct Identity {
    /// Its name, which changes with a restore.
    pub feed_id: String,
    /// The sealed key of its record hash, which does not.
    pub sealed_hash_key: Vec<u8>,
}

/// The feed's identity: what is stored, or, at the first start, what is given. Nodes that start at once agree.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn open(db: &Db, first: Identity) -> Result<Identity, Fault> {
    if let Some(known) = identity(db).await? {
        return Ok(known);
    }
    db.run(sql::BEGIN, args![first.feed_id, first.sealed_hash_key])
        .await?;
    identity(db)
        .await?
        .ok_or_else(|| Fault::corrupt("feed", "no identity"))
}

/// The feed's identity; `None` before the first start.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn identity(db: &Db) -> Result<Option<Identity>, Fault> {
    let row = db.one(sql::IDENTITY, args![]).await?;
    let feed_id = row.get("feed_id")?;
    Ok(row
        .get::<Option<Vec<u8>>>("hash_key")?
        .map(|sealed_hash_key| Identity {
            feed_id,
            sealed_hash_key,
        }))
}

/// Replaces the sealed form of the hash key when the key-encryption key changes. `false` when it is another one by now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    Ok(tx.opt(sql::RESEAL, args![old, new]).await?.is_some())
}

/// Gives the feed another name, because the database is older than what verifiers have seen: whatever they know stays good, and
/// they read a snapshot. Records and hash key stay. The issuer's epoch and its record belong in the same transaction
/// ([`crate::issuer::raise`], [`Tx::record`]).
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn restored(tx: &mut Tx, feed_id: &str) -> Result<(), Fault> {
    tx.run(sql::RESTORED, args![feed_id]).await?;
    tx.changed();
    Ok(())
}

/// What follows a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The records that follow, each one's number one more than the one's before; none when the reader has them all.
    Records(Head, Vec<Record>),
    /// Some of what followed has been swept: the reader needs a snapshot.
    Gap(Head),
    /// The feed is not that far: a reader has seen records that this database has not. The feed of a restored database says this.
    Ahead(Head),
}

/// Up to `limit` records after `seq`, at most [`crate::door::SCAN_ROWS`]. Whether `seq` is a number of this feed is the caller's to
/// compare, by [`Head::feed_id`].
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no record.
pub async fn after(db: &Db, seq: u64, limit: usize) -> Result<After, Fault> {
    // What the head counts is committed, so a later statement sees every one of its records.
    let head = head(db).await?;
    if seq > head.seq {
        return Ok(After::Ahead(head));
    }
    if seq == head.seq {
        return Ok(After::Records(head, Vec::new()));
    }
    let found = page(db, seq, head.seq, limit.min(crate::door::SCAN_ROWS)).await?;
    let whole = !found.is_empty() && found.iter().zip(seq + 1..).all(|((at, _), wanted)| *at == wanted);
    Ok(match whole {
        true => After::Records(head, found.into_iter().map(|(_, record)| record).collect()),
        false => After::Gap(head),
    })
}

/// Every record that is kept, up to the head that comes with them.
///
/// # Errors
/// [`Fault`] when the database does not answer, a row fits no record, or the database became another one meanwhile.
pub async fn snapshot(db: &Db) -> Result<(Head, Vec<Record>), Fault> {
    // Records never change and their numbers are not given again, so pages up to a head read first are one consistent
    // read without a transaction that stays open; only the swept can be missing, and those are over.
    let first = head(db).await?;
    let (mut records, mut last) = (Vec::new(), 0);
    while last < first.seq {
        let found = page(db, last, first.seq, crate::door::SCAN_ROWS).await?;
        let Some((at, _)) = found.last() else { break };
        last = *at;
        records.extend(found.into_iter().map(|(_, record)| record));
    }
    // A fail-over in between may have put an older copy in its place.
    let then = head(db).await?;
    if then.feed_id != first.feed_id || then.seq < first.seq {
        return Err(Fault::unavailable(
            "the feed became another one while it was read",
        ));
    }
    Ok((first, records))
}

async fn page(db: &Db, after: u64, last: u64, limit: usize) -> Result<Vec<(u64, Record)>, Fault> {
    let limit = i64::try_from(limit).map_err(|_| Fault::bug("a limit out of range"))?;
    let arguments = args![to_row(after)?, to_row(last)?, limit];
    let rows = if limit <= crate::door::ALL_ROWS as i64 {
        db.all(sql::PAGE, arguments).await?
    } else {
        db.scan(sql::PAGE, arguments).await?
    };
    rows.iter()
        .map(|row| Ok((number(row, "seq")?, record(row)?)))
        .collect()
}

/// A record and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub seq: u64,
    /// When it was written, by the database's node.
    pub at: Timestamp,
    /// What it says.
    pub record: Record,
}

/// Up to `limit` records (at most 100) after a number, for people who look at them. What was swept is not in it.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no record.
pub async fn listed(db: &Db, after: u64, limit: i64) -> Result<Vec<Listed>, Fault> {
    let rows = db
        .all(sql::LISTED, args![to_row(after)?, limit.clamp(1, 100)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                seq: number(row, "seq")?,
                at: column::time(row, "at")?,
                record: record(row)?,
            })
        })
        .collect()
}

fn record(row: &Row) -> Result<Record, Fault> {
    let record = Record::from_parts(
        column::word(row, "kind", Kind::from_letter)?,
        column::word(row, "key", Key::from_hex)?,
        number(row, "nbf")?,
        number(row, "exp")?,
    );
    match record.is_well_formed() {
        true => Ok(record),
        false => Err(Fault::corrupt("revocations", "a record that is not well formed")),
    }
}

/// Writes what a transaction has queued; the door calls it when everything else of the transaction is written.
pub(crate) async fn write_last(
    tx: &mut Tx,
    records: &[Record],
    changes: i64,
    at: Timestamp,
) -> Result<(), Fault> {
    let count = i64::try_from(records.len()).map_err(|_| Fault::bug("too many records"))?;
    let head: i64 = tx.one(sql::ADVANCE, args![count, changes]).await?.get("head")?;
    let mut seq = head - count;
    let mut rows = Vec::with_capacity(records.len());
    for record in records {
        if !record.is_well_formed() {
            return Err(Fault::bug("a revocation record is not well formed"));
        }
        seq += 1;
        rows.push([
            Arg::from(seq),
            Arg::from(record.kind.letter().to_string()),
            Arg::from(record.key.to_string()),
            Arg::from(to_row(record.nbf)?),
            Arg::from(to_row(record.exp)?),
        ]);
    }
    let (eights, ones) = rows.as_chunks::<8>();
    for (statement, rows) in eights
        .iter()
        .map(|eight| (sql::ADD_EIGHT, eight.as_slice()))
        .chain(ones.chunks(1).map(|one| (sql::ADD, one)))
    {
        let mut arguments = vec![Arg::from(at.millis())];
        arguments.extend(rows.iter().flatten().cloned());
        tx.run(statement, &arguments).await?;
    }
    Ok(())
}

/// Removes up to 500 records that are over and have been there for a while; answers how many. Call again until it answers 0.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<u64, Fault> {
    let before = now.plus_seconds(-KEPT_SECONDS);
    db.tx(async move |tx: &mut Tx| {
        // Not by `exp` alone: a record that was over when it was written must still reach those who follow.
        let swept = tx
            .all(sql::SWEEP_OVER, args![before.seconds(), before.millis()])
            .await?;
        let mut last = 0;
        for row in &swept {
            last = last.max(row.get::<i64>("seq")?);
        }
        if last > 0 {
            tx.run(sql::KEPT_FROM, args![last]).await?;
        }
        Ok(swept.len() as u64)
    })
    .await
}

fn number(row: &Row, column: &str) -> Result<u64, Fault> {
    u64::try_from(row.get::<i64>(column)?).map_err(|_| Fault::corrupt(column, "negative"))
}

fn to_row(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::bug("a number of the feed is out of range"))
}
