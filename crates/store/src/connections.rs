//! Connections: the providers people sign in at.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::{Connection, Standing, Strategy};

macro_rules! columns {
    () => {
        "id, name, strategy, enabled, client_id, sealed_secret, settings"
    };
}

sql! {
    EVERY = concat!("SELECT ", columns!(), " FROM connections WHERE name > $1 ORDER BY name LIMIT 100");
    BY_ID = concat!("SELECT ", columns!(), " FROM connections WHERE id = $1");
    BY_NAME = concat!("SELECT ", columns!(), " FROM connections WHERE name = $1");
    INSERT = "INSERT INTO connections (id, name, strategy, enabled, client_id, sealed_secret, settings, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (name) DO NOTHING RETURNING id";
    UPDATE = "UPDATE connections SET enabled = $2, client_id = $3, sealed_secret = $4, settings = $5, updated_at = $6 \
              WHERE id = $1 RETURNING id";
    RESEAL = "UPDATE connections SET sealed_secret = $3 WHERE id = $1 AND sealed_secret = $2 RETURNING id";
    DELETE = "DELETE FROM connections WHERE id = $1 RETURNING id";
}

/// The most connections there can be: each is a button.
pub const MOST: usize = 100;

fn connection(row: &Row) -> Result<Connection, Fault> {
    Ok(Connection {
        id: row.get("id")?,
        name: row.get("name")?,
        strategy: column::word(row, "strategy", Strategy::from_word)?,
        standing: match row.get("enabled")? {
            true => Standing::Enabled,
            false => Standing::Disabled,
        },
        client_id: row.get("client_id")?,
        sealed_secret: row.get("sealed_secret")?,
        settings: column::json(row, "settings")?,
    })
}

/// Every connection, in order of their names.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no connection.
pub async fn every(db: &Db) -> Result<Vec<Connection>, Fault> {
    db.all(sql::EVERY, args![""])
        .await?
        .iter()
        .map(connection)
        .collect()
}

/// The connection with this id.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no connection.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<Connection>, Fault> {
    let row = db.opt(sql::BY_ID, args![id]).await?;
    row.as_ref().map(connection).transpose()
}

/// The connection with this name.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no connection.
pub async fn by_name(db: &Db, name: &str) -> Result<Option<Connection>, Fault> {
    let row = db.opt(sql::BY_NAME, args![name]).await?;
    row.as_ref().map(connection).transpose()
}

/// Adds a connection. `false` when the name is taken.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Connection, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![
        new.id.as_str(),
        new.name.as_str(),
        new.strategy.word(),
        new.is_enabled(),
        new.client_id.as_str(),
        new.sealed_secret.clone(),
        column::to_json(&new.settings)?,
        now.millis(),
    ];
    Ok(tx.opt(sql::INSERT, arguments).await?.is_some())
}

/// Changes everything about a connection but its id, its name and its strategy, which the ids of people are made of. `false` when it is
/// gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn update(tx: &mut Tx, changed: &Connection, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![
        changed.id.as_str(),
        changed.is_enabled(),
        changed.client_id.as_str(),
        changed.sealed_secret.clone(),
        column::to_json(&changed.settings)?,
        now.millis(),
    ];
    Ok(tx.opt(sql::UPDATE, arguments).await?.is_some())
}

/// Puts the same secret under another seal, unless it changed meanwhile.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, id: &str, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    Ok(tx.opt(sql::RESEAL, args![id, old, new]).await?.is_some())
}

/// Deletes a connection and the identities that came by it; the accounts stay. `false` when there is none.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool, Fault> {
    Ok(tx.opt(sql::DELETE, args![id]).await?.is_some())
}
