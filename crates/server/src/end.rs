//! The only way access ends: rows, epochs and audit together. Revocation records will be written here and nowhere else.

use crate::app::{App, Clock};
use crate::jobs::backchannel_logout;
use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_store::ended_tokens::{self, Ended};
use sekisho_store::families::EndReason;
use sekisho_store::{Fault, Tx, clients, families, sessions, users};

/// What every ending needs beside its rows: when it was decided, and the clock to read again.
#[derive(Clone)]
pub struct Ending {
    /// When it was decided.
    pub now: Timestamp,
    clock: Clock,
}

impl Ending {
    /// Of a request or command that was decided at `now`.
    pub fn at(app: &App, now: Timestamp) -> Self {
        Self {
            now,
            clock: app.clock.clone(),
        }
    }
}

/// Ends a session and the grants born in it, but for those with `offline_access`, which were meant to outlive it.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn session(tx: &mut Tx, by: &Ending, id: &SessionId) -> Result<(), Fault> {
    backchannel_logout::session_ends(tx, id, by.now).await?;
    sessions::end(tx, id, by.now).await?;
    families::end_of_session(tx, id, by.now).await
}

/// Ends a session and every grant born in it, those with `offline_access` too: what a person or an operator means who ends a place
/// somebody is signed in at.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn place(tx: &mut Tx, by: &Ending, id: &SessionId) -> Result<(), Fault> {
    backchannel_logout::session_ends(tx, id, by.now).await?;
    sessions::end(tx, id, by.now).await?;
    families::end_with_session(tx, id, by.now).await
}

/// Ends one grant: its refresh tokens, and userinfo for its access tokens. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn grant(tx: &mut Tx, by: &Ending, gid: &GrantId, why: EndReason) -> Result<bool, Fault> {
    families::end(tx, gid, why, by.now).await
}

/// Ends one access token that is a JWT. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn token(tx: &mut Tx, by: &Ending, token: &Ended) -> Result<bool, Fault> {
    ended_tokens::end(tx, token, by.now).await
}

/// Ends everything a user holds. Call it after the write that raised their epoch; `nbf` then lies after every token they were given.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn user(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<(), Fault> {
    backchannel_logout::user_ends(tx, id, by.now).await?;
    let last = sessions::end_of_user(tx, id, by.now)
        .await?
        .max(families::end_of_user(tx, id, by.now).await?);
    // Read again: a mint that committed while this one waited for its rows may be later than the decision.
    users::raise_nbf(tx, id, by.clock.now().seconds().max(last) + 1).await
}

/// Ends everything a client holds. Call it after the write that raised its epoch.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn client(tx: &mut Tx, by: &Ending, id: &ClientId) -> Result<(), Fault> {
    families::end_of_client(tx, id, by.now).await?;
    clients::raise_nbf(tx, id, by.clock.now().seconds() + 3).await
}
