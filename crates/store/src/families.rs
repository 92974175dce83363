//! Refresh families, one for every redeemed code.

use crate::statements::sql;
use crate::{Db, Fault, Pending, Row, Tx, args, column};
use sekisho_rules::ending::Minted;
use sekisho_rules::family::{Family, REPEATS_MAX};
use sekisho_rules::grant::{Grant, UserSubject};
use sekisho_rules::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "gid, client_id, user_id, session_id, user_epoch, client_epoch, issuer_epoch, scope, audience, acr, auth_time, amr, \
         expires_at, idle_expires_at, generation, tip_hash, previous_hash, rotated_at, sealed_child, repeats, ended_at"
    };
}

// Every mint passes its row while it is alive and no epoch has moved on, and leaves its times there. The epochs are compared in the
// statement itself: what was read before it may be old by now.
macro_rules! minted {
    () => {
        "last_iat = CASE WHEN last_iat < $2 THEN $2 ELSE last_iat END, last_exp = CASE WHEN last_exp < $3 THEN $3 ELSE last_exp END"
    };
}

macro_rules! alive {
    () => {
        "gid = $1 AND ended_at IS NULL AND EXISTS (SELECT 1 FROM users u, clients c, issuer i WHERE u.id = families.user_id \
         AND u.epoch = families.user_epoch AND u.blocked = FALSE AND c.id = families.client_id \
         AND c.epoch = families.client_epoch AND c.enabled = TRUE AND i.id = 1 AND i.epoch = families.issuer_epoch)"
    };
}

sql! {
    BY_HANDLE = concat!("SELECT ", columns!(), " FROM families WHERE handle_hash = $1");
    BY_GID = concat!("SELECT ", columns!(), " FROM families WHERE gid = $1");
    CLIENTS_OF_SESSION = "SELECT DISTINCT c.id, c.name FROM families f JOIN clients c ON c.id = f.client_id \
                          WHERE f.session_id = $1 ORDER BY c.id LIMIT 100";
    START = "INSERT INTO families (gid, handle_hash, client_id, user_id, session_id, user_epoch, client_epoch, issuer_epoch, scope, \
             audience, acr, auth_time, amr, created_at, expires_at, idle_expires_at, generation, tip_hash, repeats, last_iat, \
             last_exp) \
             SELECT $1, $2, c.id, u.id, $4, u.epoch, c.epoch, i.epoch, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, 0, $17, $18 \
             FROM users u, clients c, issuer i WHERE u.id = $19 AND u.epoch = $5 AND u.blocked = FALSE \
             AND c.id = $3 AND c.epoch = $6 AND c.enabled = TRUE AND i.id = 1 AND i.epoch = $7 RETURNING gid";
    ADVANCE = concat!("UPDATE families SET generation = generation + 1, tip_hash = $6, previous_hash = tip_hash, rotated_at = $7, \
              sealed_child = $8, repeats = 0, idle_expires_at = $9, ", minted!(), " WHERE generation = $4 AND tip_hash = $5 AND ",
              alive!(), " RETURNING gid");
    KEEP = concat!("UPDATE families SET idle_expires_at = $5, ", minted!(), " WHERE tip_hash = $4 AND ", alive!(), " RETURNING gid");
    REPEAT = concat!("UPDATE families SET repeats = repeats + 1, ", minted!(), " WHERE generation = $4 AND repeats < $5 AND ",
             alive!(), " RETURNING gid");
    MINT = concat!("UPDATE families SET ", minted!(), " WHERE ", alive!(), " RETURNING gid");
    END = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL WHERE gid = $1 AND ended_at IS NULL \
           RETURNING gid, last_iat, last_exp";
    END_OF_SESSION = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                      WHERE session_id = $1 AND tip_hash IS NULL AND ended_at IS NULL RETURNING gid, last_iat, last_exp";
    END_WITH_SESSION = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                        WHERE session_id = $1 AND ended_at IS NULL RETURNING gid, last_iat, last_exp";
    END_OF_USER = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                   WHERE user_id = $1 AND ended_at IS NULL RETURNING gid, last_iat, last_exp";
    END_REFRESHABLE = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                       WHERE user_id = $1 AND tip_hash IS NOT NULL AND ended_at IS NULL RETURNING gid, last_iat, last_exp";
    END_OF_PAIR = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                   WHERE user_id = $1 AND client_id = $4 AND ended_at IS NULL RETURNING gid, last_iat, last_exp";
    END_OF_CLIENT = "UPDATE families SET ended_at = $2, end_reason = $3, sealed_child = NULL \
                     WHERE client_id = $1 AND ended_at IS NULL";
}

fn family(row: &Row) -> Result<Family, Fault> {
    let generation: i64 = row.get("generation")?;
    let previous = column::opt_hash(row, "previous_hash")?;
    Ok(Family {
        gid: GrantId::new(row.get::<String>("gid")?),
        client_id: ClientId::new(row.get::<String>("client_id")?),
        user_id: UserId::new(row.get::<String>("user_id")?),
        session_id: row.get::<Option<String>>("session_id")?.map(SessionId::new),
        epochs: Epochs {
            user: row.get("user_epoch")?,
            client: row.get("client_epoch")?,
            issuer: row.get("issuer_epoch")?,
        },
        scope: column::scope(row, "scope")?,
        audience: row.get("audience")?,
        acr: row.get("acr")?,
        auth_time: column::time(row, "auth_time")?,
        amr: column::words(row, "amr")?,
        expires_at: column::time(row, "expires_at")?,
        idle_expires_at: column::time(row, "idle_expires_at")?,
        generation: u32::try_from(generation)
            .map_err(|_| Fault::corrupt("families", "generation out of range"))?,
        tip: column::opt_hash(row, "tip_hash")?,
        previous: previous.zip(column::opt_time(row, "rotated_at")?),
        sealed_child: row.get("sealed_child")?,
        repeats: row.get("repeats")?,
        ended_at: column::opt_time(row, "ended_at")?,
    })
}

/// The family whose refresh tokens have this handle.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no family.
pub async fn by_handle(db: &Db, handle: &SecretHash) -> Result<Option<Family>, Fault> {
    db.opt(sql::BY_HANDLE, args![handle.bytes().to_vec()])
        .await?
        .as_ref()
        .map(family)
        .transpose()
}

/// The family with this `gid`.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no family.
pub async fn by_gid(db: &Db, gid: &GrantId) -> Result<Option<Family>, Fault> {
    db.opt(sql::BY_GID, args![gid.as_str()])
        .await?
        .as_ref()
        .map(family)
        .transpose()
}

/// The names of the clients that were given something in a session, at most 100, in order of their ids.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn clients_of_session(db: &Db, session: &SessionId) -> Result<Vec<String>, Fault> {
    let rows = db.all(sql::CLIENTS_OF_SESSION, args![session.as_str()]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}

/// How a family begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Hashes of the first refresh token's handle and secret, when there is one.
    pub token: Option<(SecretHash, SecretHash)>,
    /// It ends here in any case.
    pub expires_at: Timestamp,
    /// Without a use it ends here.
    pub idle_expires_at: Timestamp,
}

/// Starts the family of a redeemed code, if user, client and issuer still are as they were. `None` when not.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn start(
    tx: &mut Tx,
    grant: &Grant,
    subject: &UserSubject,
    start: &Start,
) -> Result<Option<Pending<Grant>>, Fault> {
    let (handle, tip) = start.token.unzip();
    let arguments = args![
        grant.gid().as_str(),
        handle.map(|hash| hash.bytes().to_vec()),
        grant.client().id.as_str(),
        subject.session_id.as_ref().map(|id| id.as_str().to_owned()),
        subject.epochs.user,
        subject.epochs.client,
        subject.epochs.issuer,
        grant.scope().as_str(),
        grant.api().map(|api| api.identifier.clone()),
        &subject.acr,
        subject.auth_time.millis(),
        subject.amr.join(" "),
        grant.issued_at().millis(),
        start.expires_at.millis(),
        start.idle_expires_at.millis(),
        tip.map(|hash| hash.bytes().to_vec()),
        grant.issued_at().seconds(),
        grant.last_exp(),
        subject.user.id.as_str(),
    ];
    won(tx.opt(sql::START, arguments).await?, grant)
}

/// The rotation of a family.
#[derive(Clone, Debug)]
pub struct Advance {
    /// The generation that was presented.
    pub from: u32,
    /// Its hash.
    pub tip: SecretHash,
    /// The hash of the token that takes its place.
    pub child: SecretHash,
    /// That token's secret, sealed under the presented one.
    pub sealed_child: Vec<u8>,
    /// Without a use the family ends here.
    pub idle_expires_at: Timestamp,
}

/// Replaces the tip. `None` when somebody else was first, or the family no longer stands.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn advance(tx: &mut Tx, grant: &Grant, by: &Advance) -> Result<Option<Pending<Grant>>, Fault> {
    let arguments = args![
        grant.gid().as_str(),
        grant.issued_at().seconds(),
        grant.last_exp(),
        i64::from(by.from),
        by.tip.bytes().to_vec(),
        by.child.bytes().to_vec(),
        grant.issued_at().millis(),
        by.sealed_child.clone(),
        by.idle_expires_at.millis(),
    ];
    won(tx.opt(sql::ADVANCE, arguments).await?, grant)
}

/// Mints on a family that does not rotate. `None` when it no longer stands.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn keep(
    tx: &mut Tx,
    grant: &Grant,
    tip: &SecretHash,
    idle_expires_at: Timestamp,
) -> Result<Option<Pending<Grant>>, Fault> {
    let arguments = args![
        grant.gid().as_str(),
        grant.issued_at().seconds(),
        grant.last_exp(),
        tip.bytes().to_vec(),
        idle_expires_at.millis(),
    ];
    won(tx.opt(sql::KEEP, arguments).await?, grant)
}

/// Mints for the parent of the tip once more. `None` when the tip was used meanwhile, or the family no longer stands.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn repeat(tx: &mut Tx, grant: &Grant, tip: u32) -> Result<Option<Pending<Grant>>, Fault> {
    let arguments = args![
        grant.gid().as_str(),
        grant.issued_at().seconds(),
        grant.last_exp(),
        i64::from(tip),
        REPEATS_MAX,
    ];
    won(tx.opt(sql::REPEAT, arguments).await?, grant)
}

/// Mints once more on a family that was written a moment ago, because its tokens came too late to be signed. `None` when it no longer
/// stands.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn mint(tx: &mut Tx, grant: &Grant) -> Result<Option<Pending<Grant>>, Fault> {
    let arguments = args![
        grant.gid().as_str(),
        grant.issued_at().seconds(),
        grant.last_exp(),
    ];
    won(tx.opt(sql::MINT, arguments).await?, grant)
}

fn won(row: Option<Row>, grant: &Grant) -> Result<Option<Pending<Grant>>, Fault> {
    Ok(row.map(|_| Pending::won(grant.clone())))
}

/// Why a family ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// A code was redeemed twice.
    CodeReplay,
    /// A used refresh token came again.
    RefreshReplay,
    /// The client gave the token back (RFC 7009).
    Revoked,
    /// The user no longer lets the client in.
    ConsentWithdrawn,
    /// The session ended.
    SessionEnded,
    /// The user was blocked, deleted, or changed their password.
    UserEnded,
    /// The client was disabled or deleted.
    ClientEnded,
}

impl EndReason {
    fn word(self) -> &'static str {
        match self {
            Self::CodeReplay => "code_replay",
            Self::RefreshReplay => "refresh_replay",
            Self::Revoked => "revoked",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::SessionEnded => "session_ended",
            Self::UserEnded => "user_ended",
            Self::ClientEnded => "client_ended",
        }
    }
}

/// A family that was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub gid: GrantId,
    /// The times of its tokens.
    pub minted: Minted,
}

fn ended(row: &Row) -> Result<Ended, Fault> {
    Ok(Ended {
        gid: GrantId::new(row.get::<String>("gid")?),
        minted: column::minted(row)?,
    })
}

/// Ends a family. `None` when it had ended, or never was.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end(tx: &mut Tx, gid: &GrantId, why: EndReason, now: Timestamp) -> Result<Option<Ended>, Fault> {
    let row = tx
        .opt(sql::END, args![gid.as_str(), now.millis(), why.word()])
        .await?;
    row.as_ref().map(ended).transpose()
}

/// Ends the families of a session that hold no refresh token. Those with `offline_access` outlive it: that is what was asked for.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_of_session(tx: &mut Tx, session: &SessionId, now: Timestamp) -> Result<Vec<Ended>, Fault> {
    let arguments = args![session.as_str(), now.millis(), EndReason::SessionEnded.word()];
    tx.all(sql::END_OF_SESSION, arguments)
        .await?
        .iter()
        .map(ended)
        .collect()
}

/// Ends every family born in a session, those with `offline_access` too.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_with_session(tx: &mut Tx, session: &SessionId, now: Timestamp) -> Result<Vec<Ended>, Fault> {
    let arguments = args![session.as_str(), now.millis(), EndReason::SessionEnded.word()];
    tx.all(sql::END_WITH_SESSION, arguments)
        .await?
        .iter()
        .map(ended)
        .collect()
}

/// Ends every family of a user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_of_user(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<Vec<Ended>, Fault> {
    let arguments = args![user.as_str(), now.millis(), EndReason::UserEnded.word()];
    tx.all(sql::END_OF_USER, arguments)
        .await?
        .iter()
        .map(ended)
        .collect()
}

/// Ends every family of a user that holds a refresh token.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_refreshable(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<Vec<Ended>, Fault> {
    let arguments = args![user.as_str(), now.millis(), EndReason::Revoked.word()];
    tx.all(sql::END_REFRESHABLE, arguments)
        .await?
        .iter()
        .map(ended)
        .collect()
}

/// Ends every family by which a user let a client in.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_of_pair(
    tx: &mut Tx,
    user: &UserId,
    client: &ClientId,
    now: Timestamp,
) -> Result<Vec<Ended>, Fault> {
    let arguments = args![
        user.as_str(),
        now.millis(),
        EndReason::ConsentWithdrawn.word(),
        client.as_str(),
    ];
    tx.all(sql::END_OF_PAIR, arguments)
        .await?
        .iter()
        .map(ended)
        .collect()
}

/// Ends every family of a client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_of_client(tx: &mut Tx, client: &ClientId, now: Timestamp) -> Result<(), Fault> {
    let arguments = args![client.as_str(), now.millis(), EndReason::ClientEnded.word()];
    tx.run(sql::END_OF_CLIENT, arguments).await.map(drop)
}
