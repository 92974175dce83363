//! Signing keys, sealed. One is `current`, one is `next`, retired ones are `previous` until they are `revoked`.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::time::Timestamp;

sql! {
    LIVE = "SELECT kid, alg, state, sealed, jwk, created_at, state_since FROM signing_keys \
            WHERE state IN ('next', 'current', 'previous') ORDER BY created_at, kid LIMIT 100";
    PAGE = "SELECT kid, alg, state, sealed, jwk, created_at, state_since FROM signing_keys WHERE kid > $1 ORDER BY kid LIMIT 100";
    STATE = "SELECT state FROM signing_keys WHERE kid = $1";
    INSERT = "INSERT INTO signing_keys (kid, alg, state, sealed, jwk, created_at, state_since) VALUES ($1, $2, $3, $4, $5, $6, $6)";
    MOVE = "UPDATE signing_keys SET state = $3, state_since = $4 WHERE kid = $1 AND state = $2 RETURNING kid";
    RESEAL = "UPDATE signing_keys SET sealed = $2 WHERE kid = $1";
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, not used yet.
    Next,
    /// Signs.
    Current,
    /// No longer signs; its tokens still verify.
    Previous,
    /// Its tokens no longer verify.
    Revoked,
}

impl KeyState {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Revoked => "revoked",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Next, Self::Current, Self::Previous, Self::Revoked]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A signing key row.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The `kid`, the key's thumbprint.
    pub kid: String,
    /// The algorithm's name.
    pub alg: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// The private key as PKCS #8, sealed.
    pub sealed: Vec<u8>,
    /// The public key as it is published, a JWK.
    pub jwk: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came into this state.
    pub state_since: Timestamp,
}

fn key(row: &Row) -> Result<KeyRow, Fault> {
    Ok(KeyRow {
        kid: row.get("kid")?,
        alg: row.get("alg")?,
        state: column::word(row, "state", KeyState::from_word)?,
        sealed: row.get("sealed")?,
        jwk: row.get("jwk")?,
        created_at: column::time(row, "created_at")?,
        state_since: column::time(row, "state_since")?,
    })
}

/// The keys that are published, oldest first.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no key.
pub async fn live(db: &Db) -> Result<Vec<KeyRow>, Fault> {
    db.all(sql::LIVE, args![]).await?.iter().map(key).collect()
}

/// Up to 100 keys whose `kid` comes after `after`, revoked ones too.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no key.
pub async fn page(db: &Db, after: &str) -> Result<Vec<KeyRow>, Fault> {
    db.all(sql::PAGE, args![after]).await?.iter().map(key).collect()
}

/// Where the key with this `kid` is in its life.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no key.
pub async fn state(db: &Db, kid: &str) -> Result<Option<KeyState>, Fault> {
    let row = db.opt(sql::STATE, args![kid]).await?;
    row.map(|row| column::word(&row, "state", KeyState::from_word))
        .transpose()
}

/// Adds a key.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &KeyRow) -> Result<(), Fault> {
    tx.changed();
    let arguments = args![
        new.kid.as_str(),
        new.alg.as_str(),
        new.state.word(),
        new.sealed.clone(),
        new.jwk.as_str(),
        new.created_at.millis(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// Moves a key from one state to another. `false` when it was not in the first.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn change_state(
    tx: &mut Tx,
    kid: &str,
    from: KeyState,
    to: KeyState,
    now: Timestamp,
) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx
        .opt(sql::MOVE, args![kid, from.word(), to.word(), now.millis()])
        .await?
        .is_some())
}

/// Replaces the sealed form of a key, when the key-encryption key changes.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, kid: &str, sealed: Vec<u8>) -> Result<(), Fault> {
    tx.changed();
    tx.run(sql::RESEAL, args![kid, sealed]).await.map(drop)
}
