//! The only way access ends: rows, epochs, revocation records, and word to the applications together. Nothing else writes a record.
//!
//! What each ending means for tokens that are out is arithmetic (`rules/ending`); here is which rows end and which record says so.
//! A record is left out only when no token it could hit can still be taken by anybody.

use crate::app::{App, Clock};
use crate::jobs::backchannel_logout;
use sekisho_rules::ending::{self, Minted};
use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_store::ended_tokens::{self, Ended};
use sekisho_store::families::{self, EndReason};
use sekisho_store::{
    Fault, Tx, browsers, clients, factors, identities, issuer as issuer_row, sessions, users,
};
use sekisho_verify::record::{HashKey, Record};

/// How long an ending of what has no list of rows may take, in milliseconds. Its `nbf` covers that and the clocks of other nodes.
const PROMPT_MILLIS: i64 = 1000;

/// What every ending needs beside its rows: when it was decided, the clock to read again, and what record keys are made with.
#[derive(Clone)]
pub struct Ending {
    /// When it was decided.
    pub now: Timestamp,
    clock: Clock,
    hash: HashKey,
}

impl Ending {
    /// Of a request or command that was decided at `now`.
    pub fn at(app: &App, now: Timestamp) -> Self {
        Self {
            now,
            clock: app.clock.clone(),
            hash: *app.feed.hash_key(),
        }
    }

    /// The clock, read again: a mint that committed while this ending waited for its rows may be later than the decision.
    fn seconds(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Whether the commit came so late that a token without a row may be dated after the `nbf` that was written. Then end it again:
    /// nothing can have been minted since the first commit, so the second need not be prompt.
    pub fn was_slow(&self) -> bool {
        self.clock.now().millis_since(self.now) > PROMPT_MILLIS
    }
}

/// Ends a session and the grants born in it, but for those with `offline_access`, which were meant to outlive it. `false` when it had
/// ended.
///
/// One record is enough: every token of the grants that end here names the session, and so do those tokens of the others that were
/// minted while it stood.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn session(tx: &mut Tx, by: &Ending, id: &SessionId) -> Result<bool, Fault> {
    backchannel_logout::session_ends(tx, id, by.now).await?;
    let ended = sessions::end(tx, id, by.now).await?;
    families::end_of_session(tx, id, by.now).await?;
    Ok(tell_session(tx, by, ended.as_ref()))
}

/// Ends a session and every grant born in it, those with `offline_access` too: what a person or an operator means who ends a place
/// somebody is signed in at. `false` when all of it had ended.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn place(tx: &mut Tx, by: &Ending, id: &SessionId) -> Result<bool, Fault> {
    backchannel_logout::session_ends(tx, id, by.now).await?;
    let ended = sessions::end(tx, id, by.now).await?;
    let told = tell_session(tx, by, ended.as_ref());
    let families = families::end_with_session(tx, id, by.now).await?;
    tell_grants(tx, by, &families);
    Ok(told || !families.is_empty())
}

/// Ends every session of a user as [`session`] ends one; grants with `offline_access` live on. Answers how many there were.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn sessions_of_user(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<usize, Fault> {
    backchannel_logout::user_ends(tx, id, by.now).await?;
    let ended = sessions::end_of_user(tx, id, by.now).await?;
    for session in &ended {
        families::end_of_session(tx, &session.id, by.now).await?;
        tell_session(tx, by, Some(session));
    }
    Ok(ended.len())
}

/// Ends one grant: its refresh tokens and every token with its `gid`. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn grant(tx: &mut Tx, by: &Ending, gid: &GrantId, why: EndReason) -> Result<bool, Fault> {
    let ended = families::end(tx, gid, why, by.now).await?;
    tell_grants(tx, by, ended.as_slice());
    Ok(ended.is_some())
}

/// Ends every grant of a user that holds a refresh token. Answers how many there were.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn refresh_tokens_of_user(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<usize, Fault> {
    let ended = families::end_refreshable(tx, id, by.now).await?;
    tell_grants(tx, by, &ended);
    Ok(ended.len())
}

/// Ends every grant by which a user let a client in. Answers how many there were.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn consent(tx: &mut Tx, by: &Ending, user: &UserId, client: &ClientId) -> Result<usize, Fault> {
    let ended = families::end_of_pair(tx, user, client, by.now).await?;
    tell_grants(tx, by, &ended);
    Ok(ended.len())
}

/// Ends the tokens of a client's own grant, whose row is gone. Its id is never given again.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn client_grant(tx: &mut Tx, by: &Ending, gid: &GrantId) -> Result<(), Fault> {
    let longest = issuer_row::longest(tx).await?;
    let until = ending::client_grant(longest, by.seconds());
    tx.record(Record::grant(&by.hash, gid.as_str(), unsigned(until)));
    Ok(())
}

/// Ends one access token that is a JWT. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn token(tx: &mut Tx, by: &Ending, token: &Ended) -> Result<bool, Fault> {
    let ended = ended_tokens::end(tx, token, by.now).await?;
    if ended {
        tx.record(Record::token(
            &by.hash,
            &token.jti,
            unsigned(token.expires_at.seconds()),
        ));
    }
    Ok(ended)
}

/// Ends everything a user holds. Call it after the write that raised their epoch; `nbf` then lies after every token they were given.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn user(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<(), Fault> {
    backchannel_logout::user_ends(tx, id, by.now).await?;
    // Sessions first: a redeemed code writes its session's row before its grant's, so waiting for the first finds the second.
    let sessions = sessions::end_of_user(tx, id, by.now).await?;
    let families = families::end_of_user(tx, id, by.now).await?;
    let minted = sessions
        .iter()
        .map(|session| session.minted)
        .chain(families.iter().map(|family| family.minted))
        .fold(Minted::default(), Minted::max);
    let voided = ending::user(minted, by.seconds());
    users::raise_nbf(tx, id, voided.nbf).await?;
    if let Some(until) = voided.until {
        tx.record(Record::user(
            &by.hash,
            id.as_str(),
            unsigned(voided.nbf),
            unsigned(until),
        ));
    }
    Ok(())
}

/// Ends everything a user holds, and deletes them with all that hangs on them. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn account(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<bool, Fault> {
    // Blocked first: their rows go with them, and what rows say of their tokens must be read before.
    if !users::set_blocked(tx, id, true, by.now).await? {
        return Ok(false);
    }
    user(tx, by, id).await?;
    users::delete(tx, id).await
}

/// Ends what was set up on an account before anybody proved its address: second factors, passkeys, known browsers, linked accounts,
/// and everything it holds. Whoever made the account may not be whose address it is (threat 39). Call it after the write that raised their epoch.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn unproven(tx: &mut Tx, by: &Ending, id: &UserId) -> Result<(), Fault> {
    factors::forget_all(tx, id).await?;
    browsers::forget_all(tx, id).await?;
    identities::forget_all(tx, id).await?;
    user(tx, by, id).await
}

/// Ends everything a client holds. Call it after the write that raised its epoch, and again when [`Ending::was_slow`].
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn client(tx: &mut Tx, by: &Ending, id: &ClientId) -> Result<(), Fault> {
    families::end_of_client(tx, id, by.now).await?;
    let voided = ending::without_rows(issuer_row::longest(tx).await?, by.seconds());
    clients::raise_nbf(tx, id, voided.nbf).await?;
    if let Some(until) = voided.until {
        tx.record(Record::client(
            &by.hash,
            id.as_str(),
            unsigned(voided.nbf),
            unsigned(until),
        ));
    }
    Ok(())
}

/// Ends everything. Call it again when [`Ending::was_slow`].
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn issuer(tx: &mut Tx, by: &Ending) -> Result<(), Fault> {
    let voided = ending::without_rows(issuer_row::longest(tx).await?, by.seconds());
    issuer_row::raise(tx, voided.nbf).await?;
    if let Some(until) = voided.until {
        tx.record(Record::issuer(unsigned(voided.nbf), unsigned(until)));
    }
    Ok(())
}

/// Ends what a signing key has signed. The key's own row is changed by whoever calls this.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn signing_key(tx: &mut Tx, by: &Ending, kid: &str) -> Result<(), Fault> {
    let until = ending::signing_key(issuer_row::longest(tx).await?, by.seconds());
    tx.record(Record::signing_key(&by.hash, kid, unsigned(until)));
    Ok(())
}

fn tell_session(tx: &mut Tx, by: &Ending, ended: Option<&sessions::Ended>) -> bool {
    if let Some(session) = ended
        && let Some(until) = session.minted.told_until(by.seconds())
    {
        tx.record(Record::session(&by.hash, session.id.as_str(), unsigned(until)));
    }
    ended.is_some()
}

fn tell_grants(tx: &mut Tx, by: &Ending, ended: &[families::Ended]) {
    for family in ended {
        if let Some(until) = family.minted.told_until(by.seconds()) {
            tx.record(Record::grant(&by.hash, family.gid.as_str(), unsigned(until)));
        }
    }
}

/// Unix seconds as records have them.
fn unsigned(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0)
}
