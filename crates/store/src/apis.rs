//! APIs (resource servers).

use crate::statements::sql;
use crate::{Arg, Db, Fault, Row, Tx, args, column};
use sekisho_rules::api::{Api, Dialect, Offline};
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, identifier, name, scopes, token_lifetime, dialect, signing_alg, allow_offline"
    };
}

sql! {
    BY_IDENTIFIER = concat!("SELECT ", columns!(), " FROM apis WHERE identifier = $1");
    PAGE = concat!("SELECT ", columns!(), " FROM apis WHERE id > $1 ORDER BY id LIMIT 100");
    INSERT = "INSERT INTO apis (id, identifier, name, scopes, token_lifetime, dialect, signing_alg, allow_offline, created_at, \
              updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (identifier) DO NOTHING RETURNING id";
    ENSURE = "INSERT INTO apis (id, identifier, name, scopes, token_lifetime, dialect, signing_alg, allow_offline, created_at, \
              updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
              ON CONFLICT (identifier) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at";
    DELETE = "DELETE FROM apis WHERE identifier = $1 RETURNING id";
}

fn api(row: &Row) -> Result<Api, Fault> {
    Ok(Api {
        id: row.get("id")?,
        identifier: row.get("identifier")?,
        name: row.get("name")?,
        scopes: column::json(row, "scopes")?,
        token_lifetime: row.get("token_lifetime")?,
        dialect: column::word(row, "dialect", Dialect::from_word)?,
        signing_alg: column::word(row, "signing_alg", |word| word.parse().ok())?,
        offline: if row.get("allow_offline")? {
            Offline::Allowed
        } else {
            Offline::Denied
        },
    })
}

/// The API with this identifier.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no API.
pub async fn by_identifier(db: &Db, identifier: &str) -> Result<Option<Api>, Fault> {
    db.opt(sql::BY_IDENTIFIER, args![identifier])
        .await?
        .as_ref()
        .map(api)
        .transpose()
}

/// Up to 100 APIs whose id comes after `after`, in order of id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no API.
pub async fn page(db: &Db, after: &str) -> Result<Vec<Api>, Fault> {
    db.all(sql::PAGE, args![after]).await?.iter().map(api).collect()
}

/// Adds an API; `false` when the identifier is taken.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Api, now: Timestamp) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx.opt(sql::INSERT, &columns(new, now)?).await?.is_some())
}

/// Adds an API that every deployment has, or gives the one that is there these scopes.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn ensure(tx: &mut Tx, new: &Api, now: Timestamp) -> Result<(), Fault> {
    tx.changed();
    tx.run(sql::ENSURE, &columns(new, now)?).await.map(drop)
}

fn columns(new: &Api, now: Timestamp) -> Result<Vec<Arg>, Fault> {
    let columns = args![
        new.id.as_str(),
        new.identifier.as_str(),
        new.name.as_str(),
        column::to_json(&new.scopes)?,
        new.token_lifetime,
        new.dialect.word(),
        new.signing_alg.name(),
        new.offline == Offline::Allowed,
        now.millis(),
    ];
    Ok(columns.to_vec())
}

/// Deletes an API. `false` when there is no such identifier.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, identifier: &str) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx.opt(sql::DELETE, args![identifier]).await?.is_some())
}
