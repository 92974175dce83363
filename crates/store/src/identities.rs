//! Identities: who people are at the providers they sign in at.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::profile::Profile;

macro_rules! columns {
    () => {
        "provider, subject, user_id, connection_id, profile, sealed_tokens, tokens_expire_at, linked_at, last_used_at"
    };
}

sql! {
    FIND = concat!("SELECT ", columns!(), " FROM identities WHERE provider = $1 AND subject = $2");
    OF_USER = concat!("SELECT ", columns!(), " FROM identities WHERE user_id = $1 ORDER BY linked_at LIMIT 100");
    OF_USERS = concat!("SELECT ", columns!(), " FROM identities WHERE user_id >= $1 AND user_id <= $2 ORDER BY user_id, linked_at");
    INSERT = "INSERT INTO identities (provider, subject, user_id, connection_id, profile, sealed_tokens, tokens_expire_at, linked_at, \
              last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (provider, subject) DO NOTHING RETURNING subject";
    // The user is repeated, so that an identity that was given up meanwhile opens nothing.
    USED = "UPDATE identities SET profile = $4, sealed_tokens = $5, tokens_expire_at = $6, last_used_at = $7, connection_id = $8 \
            WHERE provider = $1 AND subject = $2 AND user_id = $3 RETURNING subject";
    FORGET_ALL = "DELETE FROM identities WHERE user_id = $1";
    DELETE = "DELETE FROM identities WHERE provider = $1 AND subject = $2 AND user_id = $3 RETURNING subject";
    CONNECTIONS_OF_USER = "SELECT connection_id FROM identities WHERE user_id = $1 ORDER BY linked_at LIMIT 100";
    SEALED = concat!("SELECT ", columns!(), " FROM identities WHERE (provider, subject) > ($1, $2) ORDER BY provider, subject LIMIT 100");
    RESEAL = "UPDATE identities SET sealed_tokens = $4 WHERE provider = $1 AND subject = $2 AND sealed_tokens = $3 RETURNING subject";
}

/// Somebody at a provider, and whose account that opens.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The part of an id before the subject.
    pub provider: String,
    /// The account it opens.
    pub user_id: UserId,
    /// The connection it last came by.
    pub connection_id: String,
    /// What the provider last said; the subject is in it.
    pub profile: Profile,
    /// The provider's tokens, sealed.
    pub tokens: Option<SealedTokens>,
    /// When it was joined to the account.
    pub linked_at: Timestamp,
    /// When it last opened the account.
    pub last_used_at: Option<Timestamp>,
}

/// A provider's tokens.
#[derive(Clone, Debug)]
pub struct SealedTokens {
    /// What only the server may read.
    pub sealed: Vec<u8>,
    /// When they are of no more use, and are removed.
    pub expire_at: Timestamp,
}

impl Identity {
    /// The row as a place for what is sealed in it. The parts cannot be confused: a provider's name holds no space.
    pub fn row(provider: &str, subject: &str) -> String {
        format!("{provider} {subject}")
    }
}

fn identity(row: &Row) -> Result<Identity, Fault> {
    let sealed: Option<Vec<u8>> = row.get("sealed_tokens")?;
    let expire_at = column::opt_time(row, "tokens_expire_at")?;
    let mut profile: Profile = column::json(row, "profile")?;
    profile.subject = row.get("subject")?;
    Ok(Identity {
        provider: row.get("provider")?,
        user_id: UserId::new(row.get::<String>("user_id")?),
        connection_id: row.get("connection_id")?,
        profile,
        tokens: sealed
            .zip(expire_at)
            .map(|(sealed, expire_at)| SealedTokens { sealed, expire_at }),
        linked_at: column::time(row, "linked_at")?,
        last_used_at: column::opt_time(row, "last_used_at")?,
    })
}

/// The identity of this subject at a provider.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no identity.
pub async fn find(db: &Db, provider: &str, subject: &str) -> Result<Option<Identity>, Fault> {
    let row = db.opt(sql::FIND, args![provider, subject]).await?;
    row.as_ref().map(identity).transpose()
}

/// The identities of an account, the oldest first.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no identity.
pub async fn of_user(db: &Db, user: &UserId) -> Result<Vec<Identity>, Fault> {
    let rows = db.all(sql::OF_USER, args![user.as_str()]).await?;
    rows.iter().map(identity).collect()
}

/// The identities of all accounts from this id to that one, both with it.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no identity.
pub async fn of_users(db: &Db, first: &UserId, last: &UserId) -> Result<Vec<Identity>, Fault> {
    let rows = db
        .all(sql::OF_USERS, args![first.as_str(), last.as_str()])
        .await?;
    rows.iter().map(identity).collect()
}

/// Joins an identity to an account. `false` when it belongs to one already.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Identity) -> Result<bool, Fault> {
    let arguments = args![
        new.provider.as_str(),
        new.profile.subject.as_str(),
        new.user_id.as_str(),
        new.connection_id.as_str(),
        column::to_json(&new.profile)?,
        new.tokens.as_ref().map(|tokens| tokens.sealed.clone()),
        new.tokens.as_ref().map(|tokens| tokens.expire_at.millis()),
        new.linked_at.millis(),
    ];
    Ok(tx.opt(sql::INSERT, arguments).await?.is_some())
}

/// Notes that an identity opened its account, and what the provider says now. `false` when it does not belong to the account any more.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn used(tx: &mut Tx, seen: &Identity, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![
        seen.provider.as_str(),
        seen.profile.subject.as_str(),
        seen.user_id.as_str(),
        column::to_json(&seen.profile)?,
        seen.tokens.as_ref().map(|tokens| tokens.sealed.clone()),
        seen.tokens.as_ref().map(|tokens| tokens.expire_at.millis()),
        now.millis(),
        seen.connection_id.as_str(),
    ];
    Ok(tx.opt(sql::USED, arguments).await?.is_some())
}

/// The connections of an account's identities, one for each, as the transaction sees them. Who decides by it whether something may be
/// taken away holds the account first ([`crate::users::hold`]).
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn connections_of(tx: &mut Tx, user: &UserId) -> Result<Vec<String>, Fault> {
    let rows = tx.all(sql::CONNECTIONS_OF_USER, args![user.as_str()]).await?;
    rows.iter().map(|row| row.get("connection_id")).collect()
}

/// Takes an identity from an account. `false` when it is not this account's.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, provider: &str, subject: &str, user: &UserId) -> Result<bool, Fault> {
    let arguments = args![provider, subject, user.as_str()];
    Ok(tx.opt(sql::DELETE, arguments).await?.is_some())
}

/// Up to 100 identities after this one, to be sealed again.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no identity.
pub async fn page(db: &Db, after: (&str, &str)) -> Result<Vec<Identity>, Fault> {
    let rows = db.all(sql::SEALED, args![after.0, after.1]).await?;
    rows.iter().map(identity).collect()
}

/// Puts the same tokens under another seal, unless they changed meanwhile.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, row: &Identity, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    let arguments = args![row.provider.as_str(), row.profile.subject.as_str(), old, new];
    Ok(tx.opt(sql::RESEAL, arguments).await?.is_some())
}

/// Forgets every identity of an account.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn forget_all(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    tx.run(sql::FORGET_ALL, args![user.as_str()]).await.map(drop)
}
