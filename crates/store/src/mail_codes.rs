//! One-time codes sent by mail: at most one row for each purpose and person.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args, column};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;

sql! {
    PUT = "INSERT INTO mail_codes (key, id, digest, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE \
           SET id = excluded.id, digest = excluded.digest, expires_at = excluded.expires_at, tries = 0";
    // Counted before it is compared, so that a hundred guesses at once are a hundred guesses.
    TRY = "UPDATE mail_codes SET tries = tries + 1 WHERE key = $1 AND tries < $2 AND expires_at > $3 RETURNING id, digest";
    USE_UP = "DELETE FROM mail_codes WHERE key = $1 AND id = $2 RETURNING id";
}

/// A code as it is kept.
#[derive(Clone, Debug)]
pub struct MailCode {
    /// What it is for and of whom, as a digest.
    pub key: String,
    /// This code among those that have the same key one after the other.
    pub id: String,
    /// The keyed digest of the code.
    pub digest: SecretHash,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Keeps a code in the place of an older one of the same key.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn put(tx: &mut Tx, code: &MailCode) -> Result<(), Fault> {
    let arguments = args![
        code.key.as_str(),
        code.id.as_str(),
        code.digest.bytes().to_vec(),
        code.expires_at.millis(),
    ];
    tx.run(sql::PUT, arguments).await.map(drop)
}

/// Counts one try at the code of this key and answers its id and digest; `None` when there is none, it is too old, or it was tried
/// `most` times.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no code.
pub async fn tried(
    db: &Db,
    key: &str,
    most: i64,
    now: Timestamp,
) -> Result<Option<(String, SecretHash)>, Fault> {
    let key = key.to_owned();
    db.tx(async move |tx| {
        let row = tx.opt(sql::TRY, args![key.as_str(), most, now.millis()]).await?;
        row.map(|row| Ok((row.get("id")?, column::hash(&row, "digest")?)))
            .transpose()
    })
    .await
}

/// Uses a code up; `false` when somebody was first or a newer one took its place.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn use_up(db: &Db, key: &str, id: &str) -> Result<bool, Fault> {
    let (key, id) = (key.to_owned(), id.to_owned());
    db.tx(async move |tx| {
        let used = tx.opt(sql::USE_UP, args![key.as_str(), id.as_str()]).await?;
        Ok(used.is_some())
    })
    .await
}
