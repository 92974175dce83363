//! Counters of attempts, one row for each key and shared by all nodes. What is counted, and how much is too much, is decided above.

use crate::statements::sql;
use crate::{Db, Fault, args};
use sekisho_rules::time::Timestamp;

sql! {
    COUNT = "INSERT INTO counters (key, window_start, amount, expires_at) VALUES ($1, $2, 1, $3) ON CONFLICT (key) DO UPDATE \
             SET amount = CASE WHEN counters.window_start = excluded.window_start THEN counters.amount + 1 ELSE 1 END, \
             window_start = excluded.window_start, expires_at = excluded.expires_at RETURNING amount";
    FORGET = "DELETE FROM counters WHERE key = $1";
}

/// Counts one attempt in the window of `window` seconds that `now` lies in; answers how many there were in it, this one included.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn count(db: &Db, key: &str, window: i64, now: Timestamp) -> Result<i64, Fault> {
    let length = window.saturating_mul(1000).max(1);
    let start = now.millis().div_euclid(length) * length;
    let key = key.to_owned();
    let counted = db.tx(async move |tx| {
        let row = tx
            .one(sql::COUNT, args![key.as_str(), start, start + length])
            .await?;
        row.get("amount")
    });
    counted.await
}

/// Forgets what was counted under a key.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn forget(db: &Db, key: &str) -> Result<(), Fault> {
    db.run(sql::FORGET, args![key]).await.map(drop)
}
