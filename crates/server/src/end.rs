//! The only way access ends: rows, epochs and audit together. Revocation records will be written here and nowhere else.

use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_store::families::EndReason;
use sekisho_store::{Fault, Tx, clients, families, sessions, users};

/// Ends a session and the grants born in it, but for those with `offline_access`, which were meant to outlive it.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn session(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<(), Fault> {
    sessions::end(tx, id, now).await?;
    families::end_of_session(tx, id, now).await
}

/// Ends a session and every grant born in it, those with `offline_access` too: what a person or an operator means who ends a place
/// somebody is signed in at.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn place(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<(), Fault> {
    sessions::end(tx, id, now).await?;
    families::end_with_session(tx, id, now).await
}

/// Ends one grant: its refresh tokens, and userinfo for its access tokens.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn grant(tx: &mut Tx, gid: &GrantId, why: EndReason, now: Timestamp) -> Result<bool, Fault> {
    families::end(tx, gid, why, now).await
}

/// Ends everything a user holds. Call it after the write that raised their epoch; `nbf` then lies after every token they were given.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn user(tx: &mut Tx, id: &UserId, now: Timestamp) -> Result<(), Fault> {
    let last = sessions::end_of_user(tx, id, now)
        .await?
        .max(families::end_of_user(tx, id, now).await?);
    users::raise_nbf(tx, id, now.seconds().max(last) + 1).await
}

/// Ends everything a client holds. Call it after the write that raised its epoch.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn client(tx: &mut Tx, id: &ClientId, now: Timestamp) -> Result<(), Fault> {
    families::end_of_client(tx, id, now).await?;
    clients::raise_nbf(tx, id, now.seconds() + 3).await
}
