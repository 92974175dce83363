//! Second factors: what each person has set up. Passkeys have a table of their own and count here as one kind.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, kind, name, sealed, last_step, created_at, confirmed_at, last_used_at"
    };
}

sql! {
    OF_USER = concat!("SELECT ", columns!(), " FROM factors WHERE user_id = $1 ORDER BY created_at, id LIMIT 100");
    KINDS = "SELECT kind, created_at FROM factors WHERE user_id = $1 AND confirmed_at IS NOT NULL ORDER BY created_at, id LIMIT 100";
    PASSKEY = "SELECT id FROM passkeys WHERE user_id = $1 ORDER BY created_at LIMIT 1";
    INSERT = "INSERT INTO factors (id, user_id, kind, name, sealed, created_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
              ON CONFLICT (id) DO NOTHING RETURNING id";
    CONFIRM = "UPDATE factors SET confirmed_at = $2, last_step = $3 WHERE id = $1 AND confirmed_at IS NULL RETURNING id";
    // The step must move on, or a code that somebody looked at could be used again (RFC 6238 section 5.2).
    USE = "UPDATE factors SET last_used_at = $2, last_step = $3 \
           WHERE id = $1 AND confirmed_at IS NOT NULL AND (last_step < $3 OR $3 = -1) RETURNING id";
    DELETE = "DELETE FROM factors WHERE id = $1 AND user_id = $2 RETURNING id";
    FORGET_BEGUN = "DELETE FROM factors WHERE user_id = $1 AND confirmed_at IS NULL";
    CONFIRM_CODES = "UPDATE factors SET confirmed_at = $2 WHERE user_id = $1 AND kind = 'recovery-code' AND confirmed_at IS NULL";
    DELETE_KIND = "DELETE FROM factors WHERE user_id = $1 AND kind = $2";
    SEALED = "SELECT id, sealed FROM factors WHERE sealed IS NOT NULL AND id > $1 ORDER BY id LIMIT 100";
    RESEAL = "UPDATE factors SET sealed = $3 WHERE id = $1 AND sealed = $2 RETURNING id";
    FORGET_ALL = "DELETE FROM factors WHERE user_id = $1";
    FORGET_PASSKEYS = "DELETE FROM passkeys WHERE user_id = $1";
    ADD_CODE = "INSERT INTO recovery_codes (factor_id, hash) VALUES ($1, $2)";
    USE_CODE = "UPDATE recovery_codes SET used_at = $3 WHERE factor_id = $1 AND hash = $2 AND used_at IS NULL RETURNING factor_id";
    CODES_LEFT = "SELECT COUNT(*) AS amount FROM recovery_codes WHERE factor_id = $1 AND used_at IS NULL";
}

/// A factor row.
#[derive(Clone, Debug)]
pub struct Factor {
    /// `kind|dev_..`: how the MFA API names it.
    pub id: String,
    /// Whose.
    pub user_id: UserId,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    /// What only the server may read.
    pub sealed: Option<Vec<u8>>,
    /// The last time step whose code was accepted; -1 before the first.
    pub last_step: i64,
    /// When the set-up began.
    pub created_at: Timestamp,
    /// When it was finished; before that it opens nothing.
    pub confirmed_at: Option<Timestamp>,
    /// When it was last proven.
    pub last_used_at: Option<Timestamp>,
}

fn factor(row: &Row) -> Result<Factor, Fault> {
    Ok(Factor {
        id: row.get("id")?,
        user_id: UserId::new(row.get::<String>("user_id")?),
        kind: column::word(row, "kind", FactorKind::from_word)?,
        name: row.get("name")?,
        sealed: row.get("sealed")?,
        last_step: row.get("last_step")?,
        created_at: column::time(row, "created_at")?,
        confirmed_at: column::opt_time(row, "confirmed_at")?,
        last_used_at: column::opt_time(row, "last_used_at")?,
    })
}

/// Everything a person has set up or begun to, the oldest first. Passkeys are not among it.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no factor.
pub async fn of_user(db: &Db, user: &UserId) -> Result<Vec<Factor>, Fault> {
    let rows = db.all(sql::OF_USER, args![user.as_str()]).await?;
    rows.iter().map(factor).collect()
}

/// The kinds a person can prove, passkeys among them, each once.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no factor.
pub async fn kinds(db: &Db, user: &UserId) -> Result<Vec<FactorKind>, Fault> {
    let mut kinds = Vec::new();
    if db.opt(sql::PASSKEY, args![user.as_str()]).await?.is_some() {
        kinds.push(FactorKind::Passkey);
    }
    for row in &db.all(sql::KINDS, args![user.as_str()]).await? {
        let kind = column::word(row, "kind", FactorKind::from_word)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// Adds a factor. `false` when there is one with this id.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Factor) -> Result<bool, Fault> {
    let arguments = args![
        new.id.as_str(),
        new.user_id.as_str(),
        new.kind.word(),
        new.name.as_str(),
        new.sealed.clone(),
        new.created_at.millis(),
        new.confirmed_at.map(Timestamp::millis),
    ];
    Ok(tx.opt(sql::INSERT, arguments).await?.is_some())
}

/// Finishes a set-up with the code of a time step (-1 for kinds without). `false` when it was finished already or is gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn confirm(tx: &mut Tx, id: &str, step: i64, now: Timestamp) -> Result<bool, Fault> {
    let row = tx.opt(sql::CONFIRM, args![id, now.millis(), step]).await?;
    Ok(row.is_some())
}

/// Notes a proof with the code of a time step (-1 for kinds without). `false` when a code of this step or a later one was accepted
/// before: then the proof does not count.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn prove(tx: &mut Tx, id: &str, step: i64, now: Timestamp) -> Result<bool, Fault> {
    let row = tx.opt(sql::USE, args![id, now.millis(), step]).await?;
    Ok(row.is_some())
}

/// Removes a factor of this person. `false` when there is none.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, user: &UserId, id: &str) -> Result<bool, Fault> {
    let row = tx.opt(sql::DELETE, args![id, user.as_str()]).await?;
    Ok(row.is_some())
}

/// Removes what was begun to be set up and never finished.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn forget_begun(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    tx.run(sql::FORGET_BEGUN, args![user.as_str()]).await.map(drop)
}

/// Makes recovery codes hold that waited for the factor they go with.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn confirm_codes(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<(), Fault> {
    tx.run(sql::CONFIRM_CODES, args![user.as_str(), now.millis()])
        .await
        .map(drop)
}

/// Removes everything of one kind.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete_kind(tx: &mut Tx, user: &UserId, kind: FactorKind) -> Result<(), Fault> {
    tx.run(sql::DELETE_KIND, args![user.as_str(), kind.word()])
        .await
        .map(drop)
}

/// Up to 100 factors whose id comes after `after` and that have something sealed: their id, and it.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn sealed(db: &Db, after: &str) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let rows = db.all(sql::SEALED, args![after]).await?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, row.get("sealed")?)))
        .collect()
}

/// Replaces the sealed form of what a factor has. `false` when it is gone or changed by now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, id: &str, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    Ok(tx.opt(sql::RESEAL, args![id, old, new]).await?.is_some())
}

/// Adds a recovery code by its hash.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn add_code(tx: &mut Tx, factor: &str, hash: &[u8]) -> Result<(), Fault> {
    tx.run(sql::ADD_CODE, args![factor, hash.to_vec()])
        .await
        .map(drop)
}

/// Uses a recovery code up: the one statement that decides who wins when several try it. `false` when there is no such code left.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn use_code(tx: &mut Tx, factor: &str, hash: &[u8], now: Timestamp) -> Result<bool, Fault> {
    let row = tx
        .opt(sql::USE_CODE, args![factor, hash.to_vec(), now.millis()])
        .await?;
    Ok(row.is_some())
}

/// How many recovery codes are left.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn codes_left(db: &Db, factor: &str) -> Result<i64, Fault> {
    db.one(sql::CODES_LEFT, args![factor]).await?.get("amount")
}

/// Forgets everything a person has set up, passkeys too.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn forget_all(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    tx.run(sql::FORGET_ALL, args![user.as_str()]).await?;
    tx.run(sql::FORGET_PASSKEYS, args![user.as_str()]).await.map(drop)
}
