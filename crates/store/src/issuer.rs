//! The issuer's one row: its epoch and `nbf`, which end everything at once.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};

sql! {
    GET = "SELECT epoch, nbf, max_lifetime FROM issuer WHERE id = 1";
    RAISE = "UPDATE issuer SET epoch = epoch + 1, nbf = CASE WHEN nbf < $1 THEN $1 ELSE nbf END WHERE id = 1";
    // A write, not a reading: whoever lengthens a lifetime waits until what is being ended by the old one has ended.
    LONGEST = "UPDATE issuer SET max_lifetime = max_lifetime WHERE id = 1 RETURNING max_lifetime";
    LENGTHEN = "UPDATE issuer SET max_lifetime = $1 WHERE id = 1 AND max_lifetime < $1";
}

/// The issuer's row.
#[derive(Clone, Copy, Debug)]
pub struct IssuerRow {
    /// Raised to end everything.
    pub epoch: i64,
    /// Tokens with `iat` before this unix second are void.
    pub nbf: i64,
    /// The longest token lifetime ever configured, in seconds; never falls.
    pub max_lifetime: i64,
}

/// Reads the issuer's row.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn get(db: &Db) -> Result<IssuerRow, Fault> {
    let row = db.one(sql::GET, args![]).await?;
    Ok(IssuerRow {
        epoch: row.get("epoch")?,
        nbf: row.get("nbf")?,
        max_lifetime: row.get("max_lifetime")?,
    })
}

/// Ends everything at the server: raises the epoch and sets `nbf`, unless a later one is set.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn raise(tx: &mut Tx, nbf: i64) -> Result<(), Fault> {
    tx.changed();
    tx.run(sql::RAISE, args![nbf]).await.map(drop)
}

/// The longest token lifetime ever configured, in seconds. It stays so until the transaction ends.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn longest(tx: &mut Tx) -> Result<i64, Fault> {
    tx.one(sql::LONGEST, args![]).await?.get("max_lifetime")
}

/// Remembers a longer token lifetime, in seconds, before it takes effect.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn lengthen(db: &Db, seconds: i64) -> Result<(), Fault> {
    db.run(sql::LENGTHEN, args![seconds]).await.map(drop)
}
