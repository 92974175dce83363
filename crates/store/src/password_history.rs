//! Hashes of passwords that people had before.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;

sql! {
    OF_USER = "SELECT hash FROM password_history WHERE user_id = $1 ORDER BY replaced_at DESC LIMIT 24";
    REMEMBER = "INSERT INTO password_history (user_id, replaced_at, hash) VALUES ($1, $2, $3) \
                ON CONFLICT (user_id, replaced_at) DO NOTHING";
    TRIM = "DELETE FROM password_history WHERE user_id = $1 AND replaced_at < \
            (SELECT MIN(kept.replaced_at) FROM (SELECT replaced_at FROM password_history WHERE user_id = $1 \
            ORDER BY replaced_at DESC LIMIT $2) AS kept)";
    FORGET = "DELETE FROM password_history WHERE user_id = $1";
}

/// The hashes a person had before the present one, newest first.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn of_user(db: &Db, id: &UserId) -> Result<Vec<String>, Fault> {
    let rows = db.all(sql::OF_USER, args![id.as_str()]).await?;
    rows.iter().map(|row| row.get("hash")).collect()
}

/// Keeps the hash of the password that was just replaced, if there was one, and forgets all but the newest `keep`.
pub(crate) async fn remember(
    tx: &mut Tx,
    id: &UserId,
    replaced: Option<&str>,
    keep: usize,
    now: Timestamp,
) -> Result<(), Fault> {
    if keep == 0 {
        return tx.run(sql::FORGET, args![id.as_str()]).await.map(drop);
    }
    if let Some(hash) = replaced {
        tx.run(sql::REMEMBER, args![id.as_str(), now.millis(), hash])
            .await?;
    }
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    tx.run(sql::TRIM, args![id.as_str(), keep]).await.map(drop)
}
