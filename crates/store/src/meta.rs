//! Small named values of this deployment.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};

sql! {
    GET = "SELECT value FROM meta WHERE name = $1";
    CLAIM = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name";
    PUT = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
}

/// The value of a name.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn get(db: &Db, name: &str) -> Result<Option<String>, Fault> {
    db.opt(sql::GET, args![name])
        .await?
        .map(|row| row.get("value"))
        .transpose()
}

/// Sets the value of a name.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn put(db: &Db, name: &str, value: &str) -> Result<(), Fault> {
    db.run(sql::PUT, args![name, value]).await.map(drop)
}

/// Sets a name that has no value yet. `false` when somebody was first.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn claim(tx: &mut Tx, name: &str, value: &str) -> Result<bool, Fault> {
    Ok(tx.opt(sql::CLAIM, args![name, value]).await?.is_some())
}
