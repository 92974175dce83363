//! Passkeys: the credentials people sign in with, and the handle by which their authenticators know them.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, name, credential, created_at, last_used_at"
    };
}

sql! {
    BY_ID = concat!("SELECT ", columns!(), " FROM passkeys WHERE id = $1");
    OF_USER = concat!("SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY created_at, id LIMIT 100");
    COUNT = "SELECT COUNT(*) AS amount FROM passkeys WHERE user_id = $1";
    INSERT = "INSERT INTO passkeys (id, user_id, name, credential, created_at) VALUES ($1, $2, $3, $4, $5) \
              ON CONFLICT (id) DO NOTHING RETURNING id";
    // The record that was read must still be the one that stands, or two uses at once could both raise the counter from the same value.
    USED = "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE id = $1 AND credential = $2 RETURNING id";
    RENAME = "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2 RETURNING id";
    DELETE = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING id";
    HANDLE_OF = "SELECT handle FROM passkey_handles WHERE user_id = $1";
    OWNER_OF = "SELECT user_id FROM passkey_handles WHERE handle = $1";
    NEW_HANDLE = "INSERT INTO passkey_handles (handle, user_id) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING";
    // Takes the lock of the row: whoever adds or removes a passkey of this person waits for whoever does.
    HOLD = "UPDATE passkey_handles SET handle = handle WHERE user_id = $1 RETURNING handle";
}

/// A passkey row.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// The credential id in base64url.
    pub id: String,
    /// Whose.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The library's record of it: public key, counter and flags, in JSON.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

fn passkey(row: &Row) -> Result<Passkey, Fault> {
    Ok(Passkey {
        id: row.get("id")?,
        user_id: UserId::new(row.get::<String>("user_id")?),
        name: row.get("name")?,
        credential: row.get("credential")?,
        created_at: column::time(row, "created_at")?,
        last_used_at: column::opt_time(row, "last_used_at")?,
    })
}

/// The passkey with this credential id, whoever's it is.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<Passkey>, Fault> {
    let row = db.opt(sql::BY_ID, args![id]).await?;
    row.as_ref().map(passkey).transpose()
}

/// Everything a person has, the oldest first.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn of_user(db: &Db, user: &UserId) -> Result<Vec<Passkey>, Fault> {
    let rows = db.all(sql::OF_USER, args![user.as_str()]).await?;
    rows.iter().map(passkey).collect()
}

/// How many passkeys a person has, read under the lock that [`hold`] took.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn count(tx: &mut Tx, user: &UserId) -> Result<i64, Fault> {
    tx.one(sql::COUNT, args![user.as_str()]).await?.get("amount")
}

/// Makes whoever else adds or removes a passkey of this person wait for the end of the transaction. `false` when they never had one.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn hold(tx: &mut Tx, user: &UserId) -> Result<bool, Fault> {
    let row = tx.opt(sql::HOLD, args![user.as_str()]).await?;
    Ok(row.is_some())
}

/// Adds a passkey. `false` when the credential id is known already, whoever's it is.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Passkey) -> Result<bool, Fault> {
    let arguments = args![
        new.id.as_str(),
        new.user_id.as_str(),
        new.name.as_str(),
        new.credential.as_str(),
        new.created_at.millis(),
    ];
    Ok(tx.opt(sql::INSERT, arguments).await?.is_some())
}

/// Notes a use: the record as it is after it. `false` when another use came first, or the passkey is gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn used(tx: &mut Tx, read: &Passkey, after: &str, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![read.id.as_str(), read.credential.as_str(), after, now.millis()];
    Ok(tx.opt(sql::USED, arguments).await?.is_some())
}

/// Renames a passkey of this person. `false` when there is none.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn rename(tx: &mut Tx, user: &UserId, id: &str, name: &str) -> Result<bool, Fault> {
    let row = tx.opt(sql::RENAME, args![id, user.as_str(), name]).await?;
    Ok(row.is_some())
}

/// Removes a passkey of this person. `false` when there is none.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &str) -> Result<bool, Fault> {
    let row = tx.opt(sql::DELETE, args![id, user.as_str()]).await?;
    Ok(row.is_some())
}

/// The handle of a person, if they have one.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn handle_of(db: &Db, user: &UserId) -> Result<Option<String>, Fault> {
    let row = db.opt(sql::HANDLE_OF, args![user.as_str()]).await?;
    row.map(|row| row.get("handle")).transpose()
}

/// Whose handle this is.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn owner_of(db: &Db, handle: &str) -> Result<Option<UserId>, Fault> {
    let row = db.opt(sql::OWNER_OF, args![handle]).await?;
    row.map(|row| row.get::<String>("user_id").map(UserId::new))
        .transpose()
}

/// Gives a person this handle, unless they have one.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn new_handle(tx: &mut Tx, user: &UserId, handle: &str) -> Result<(), Fault> {
    tx.run(sql::NEW_HANDLE, args![handle, user.as_str()])
        .await
        .map(drop)
}
