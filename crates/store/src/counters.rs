//! Counters of attempts, one row for each key and shared by all nodes. What is counted, and how much is too much, is decided above.
//!
//! Three sorts share the table: windows (so many in each quarter of an hour), buckets that fill by themselves again (the generic cell
//! rate algorithm: `expires_at` is the time at which the bucket is full, so a row that tells nothing any more is one that is swept),
//! and strikes (so many in a row, then closed for a while).

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};
use sekisho_rules::login::attempts::{Bucket, Strikes, Struck};
use sekisho_rules::time::Timestamp;

sql! {
    COUNT = "INSERT INTO counters (key, window_start, amount, expires_at) VALUES ($1, $2, 1, $3) ON CONFLICT (key) DO UPDATE \
             SET amount = CASE WHEN counters.window_start = excluded.window_start THEN counters.amount + 1 ELSE 1 END, \
             window_start = excluded.window_start, expires_at = excluded.expires_at RETURNING amount";
    MARK = "INSERT INTO counters (key, window_start, amount, expires_at) VALUES ($1, $2, 1, $3) ON CONFLICT (key) DO UPDATE \
            SET window_start = excluded.window_start, expires_at = excluded.expires_at \
            WHERE counters.expires_at <= excluded.window_start RETURNING key";
    FORGET = "DELETE FROM counters WHERE key = $1";
    TAKE = "INSERT INTO counters (key, window_start, amount, expires_at, subject) VALUES ($1, $2, 1, $3, $4) \
            ON CONFLICT (key) DO UPDATE SET expires_at = CASE WHEN counters.expires_at > excluded.window_start \
            THEN counters.expires_at + $5 ELSE excluded.expires_at END WHERE counters.expires_at <= $6 RETURNING expires_at";
    GIVE_BACK = "UPDATE counters SET expires_at = expires_at - $2 WHERE key = $1";
    READ = "SELECT window_start, amount, expires_at FROM counters WHERE key = $1";
    STRIKE = "INSERT INTO counters (key, window_start, amount, expires_at, subject) VALUES ($1, $2, 1, $3, $4) \
              ON CONFLICT (key) DO UPDATE SET \
              amount = CASE WHEN counters.expires_at > excluded.window_start THEN counters.amount + 1 ELSE 1 END, \
              window_start = CASE WHEN counters.expires_at > excluded.window_start THEN counters.window_start \
              ELSE excluded.window_start END, \
              expires_at = CASE WHEN counters.expires_at <= excluded.window_start THEN excluded.expires_at \
              WHEN counters.amount + 1 < $5 THEN excluded.expires_at WHEN counters.amount + 1 = $5 THEN $6 \
              ELSE counters.expires_at END \
              WHERE counters.amount <= $5 OR counters.expires_at <= excluded.window_start RETURNING amount, window_start";
    UNSTRIKE = "UPDATE counters SET amount = amount - 1 WHERE key = $1 AND amount > 0";
    OPEN = "DELETE FROM counters WHERE key = $1 AND window_start = $2 RETURNING key";
    LIFT = "DELETE FROM counters WHERE subject = $1";
    SWEEP_COUNT = "SELECT COUNT(*) AS n FROM counters";
    SWEEP_SURPLUS = "DELETE FROM counters WHERE key IN (SELECT key FROM counters ORDER BY expires_at LIMIT 500)";
}

/// Counts one attempt in the window of `window` seconds that `now` lies in; answers how many there were in it, this one included.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn count(db: &Db, key: &str, window: i64, now: Timestamp) -> Result<i64, Fault> {
    let key = key.to_owned();
    let counted = db.tx(async move |tx| tally(tx, &key, window, now).await);
    counted.await
}

/// The same in a transaction.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn tally(tx: &mut Tx, key: &str, window: i64, now: Timestamp) -> Result<i64, Fault> {
    let length = window.saturating_mul(1000).max(1);
    let start = now.millis().div_euclid(length) * length;
    let row = tx.one(sql::COUNT, args![key, start, start + length]).await?;
    row.get("amount")
}

/// Sets a mark that lasts some seconds; `false`, and nothing changes, when it is set already.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn mark(tx: &mut Tx, key: &str, seconds: i64, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![key, now.millis(), now.plus_seconds(seconds).millis()];
    Ok(tx.opt(sql::MARK, arguments).await?.is_some())
}

/// Whether a mark is set.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn is_marked(db: &Db, key: &str, now: Timestamp) -> Result<bool, Fault> {
    match db.opt(sql::READ, args![key]).await? {
        Some(row) => Ok(row.get::<i64>("expires_at")? > now.millis()),
        None => Ok(false),
    }
}

/// Forgets what was counted under a key.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn forget(db: &Db, key: &str) -> Result<(), Fault> {
    db.run(sql::FORGET, args![key]).await.map(drop)
}

/// Takes one out of a bucket; `false`, and nothing changes, when it is empty.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn take(tx: &mut Tx, bucket: &Bucket, now: Timestamp) -> Result<bool, Fault> {
    let (now, each) = (now.millis(), bucket.refill);
    let room = now.saturating_add(each.saturating_mul(bucket.holds.saturating_sub(1)));
    let arguments = args![
        bucket.key.as_str(),
        now,
        now.saturating_add(each),
        bucket.subject.as_str(),
        each,
        room
    ];
    Ok(tx.opt(sql::TAKE, arguments).await?.is_some())
}

/// Puts one back into a bucket.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn give_back(tx: &mut Tx, bucket: &Bucket) -> Result<(), Fault> {
    let arguments = args![bucket.key.as_str(), bucket.refill];
    tx.run(sql::GIVE_BACK, arguments).await.map(drop)
}

/// How many are missing in a bucket.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn missing(db: &Db, bucket: &Bucket, now: Timestamp) -> Result<i64, Fault> {
    let Some(row) = db.opt(sql::READ, args![bucket.key.as_str()]).await? else {
        return Ok(0);
    };
    let full: i64 = row.get("expires_at")?;
    let each = bucket.refill.max(1);
    Ok(full
        .saturating_sub(now.millis())
        .max(0)
        .saturating_add(each - 1)
        .div_euclid(each))
}

/// Counts a strike, unless there were too many already.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn strike(tx: &mut Tx, strikes: &Strikes, now: Timestamp) -> Result<Struck, Fault> {
    let arguments = args![
        strikes.key.as_str(),
        now.millis(),
        now.plus_seconds(strikes.memory).millis(),
        strikes.subject.as_str(),
        strikes.limit,
        now.plus_seconds(strikes.closed).millis()
    ];
    let Some(row) = tx.opt(sql::STRIKE, arguments).await? else {
        return Ok(Struck::Closed);
    };
    let (amount, since): (i64, i64) = (row.get("amount")?, row.get("window_start")?);
    Ok(match amount > strikes.limit {
        true => Struck::ClosedNow { since },
        false => Struck::Counted(amount),
    })
}

/// How many strikes are held against somebody now.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn struck(db: &Db, strikes: &Strikes, now: Timestamp) -> Result<i64, Fault> {
    let Some(row) = db.opt(sql::READ, args![strikes.key.as_str()]).await? else {
        return Ok(0);
    };
    let (amount, ends): (i64, i64) = (row.get("amount")?, row.get("expires_at")?);
    Ok(if ends > now.millis() { amount } else { 0 })
}

/// Takes one strike back.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn unstrike(tx: &mut Tx, strikes: &Strikes) -> Result<(), Fault> {
    tx.run(sql::UNSTRIKE, args![strikes.key.as_str()]).await.map(drop)
}

/// Forgets what was counted under a key, in a transaction.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn clear(tx: &mut Tx, key: &str) -> Result<(), Fault> {
    tx.run(sql::FORGET, args![key]).await.map(drop)
}

/// Opens what was closed by the strikes that began then; `false` when it is open, or was closed again since.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn open(tx: &mut Tx, key: &str, since: i64) -> Result<bool, Fault> {
    Ok(tx.opt(sql::OPEN, args![key, since]).await?.is_some())
}

/// Forgets everything that was counted at one subject; answers how many counters that were.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn lift(tx: &mut Tx, subject: &str) -> Result<u64, Fault> {
    tx.run(sql::LIFT, args![subject]).await
}

/// Removes one batch of what is above `most` rows, those first that would go first; answers how many that were.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn trim(db: &Db, most: i64) -> Result<u64, Fault> {
    let row = db.one(sql::SWEEP_COUNT, args![]).await?;
    match row.get::<i64>("n")? > most {
        true => db.run(sql::SWEEP_SURPLUS, args![]).await,
        false => Ok(0),
    }
}
