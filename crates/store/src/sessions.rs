//! Single sign-on sessions.

use crate::column::After;
use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::ending::Minted;
use sekisho_rules::factor::Risk;
use sekisho_rules::id::{SessionId, UserId};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, user_epoch, issuer_epoch, amr, risk, auth_time, last_seen, idle_expires_at, expires_at, ended_at"
    };
}

sql! {
    BY_SECRET = concat!("SELECT ", columns!(), " FROM sessions WHERE secret_hash = $1");
    BY_ID = concat!("SELECT ", columns!(), " FROM sessions WHERE id = $1");
    OF_USER = concat!("SELECT ", columns!(), ", created_at, ip, user_agent FROM sessions WHERE user_id = $1 AND ended_at IS NULL \
              AND expires_at > $2 AND idle_expires_at > $2 ORDER BY created_at DESC LIMIT 100");
    PAGE_OF_USER = concat!("SELECT ", columns!(), ", created_at, ip, user_agent FROM sessions WHERE user_id = $1 \
                   AND ended_at IS NULL AND expires_at > $2 AND idle_expires_at > $2 \
                   AND (created_at < $3 OR (created_at = $3 AND id < $4)) ORDER BY created_at DESC, id DESC LIMIT $5");
    LISTED = concat!("SELECT ", columns!(), ", created_at, ip, user_agent FROM sessions WHERE id = $1");
    INSERT = "INSERT INTO sessions (id, secret_hash, user_id, user_epoch, issuer_epoch, amr, auth_time, created_at, last_seen, \
              idle_expires_at, expires_at, last_iat, last_exp, ended_at, ip, user_agent, risk) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $13, $13, $8, $9, 0, 0, NULL, $10, $11, $12)";
    // A new proof in the same browser by the same user keeps the `sid` and changes the secret.
    RENEW = "UPDATE sessions SET secret_hash = $2, user_epoch = $3, issuer_epoch = $4, amr = $5, auth_time = $6, last_seen = $10, \
             idle_expires_at = $7, expires_at = $8, risk = $9 WHERE id = $1 AND ended_at IS NULL RETURNING id";
    // A second factor adds to the proof and moves nothing but the secret: `auth_time` stays that of the first.
    STEP_UP = "UPDATE sessions SET secret_hash = $2, amr = $3 WHERE id = $1 AND amr = $4 AND auth_time = $5 AND ended_at IS NULL \
               RETURNING id";
    RISK = "UPDATE sessions SET risk_reasons = $2 WHERE id = $1";
    TOUCH = "UPDATE sessions SET last_seen = $2, idle_expires_at = $3 WHERE id = $1 AND ended_at IS NULL AND last_seen <= $4";
    MINT = "UPDATE sessions SET last_iat = CASE WHEN last_iat < $2 THEN $2 ELSE last_iat END, \
            last_exp = CASE WHEN last_exp < $3 THEN $3 ELSE last_exp END \
            WHERE id = $1 AND ended_at IS NULL AND expires_at > $4 RETURNING id";
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id, last_iat, last_exp";
    END_OF_USER = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL RETURNING id, last_iat, last_exp";
}

fn session(row: &Row) -> Result<Session, Fault> {
    Ok(Session {
        id: SessionId::new(row.get::<String>("id")?),
        user_id: UserId::new(row.get::<String>("user_id")?),
        user_epoch: row.get("user_epoch")?,
        issuer_epoch: row.get("issuer_epoch")?,
        amr: column::words(row, "amr")?,
        risk: column::word(row, "risk", Risk::from_word)?,
        auth_time: column::time(row, "auth_time")?,
        last_seen: column::time(row, "last_seen")?,
        idle_expires_at: column::time(row, "idle_expires_at")?,
        expires_at: column::time(row, "expires_at")?,
        ended_at: column::opt_time(row, "ended_at")?,
    })
}

/// The session a cookie secret opens. Whether it stands is a rule's decision.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no session.
pub async fn by_secret(db: &Db, secret: &SecretHash) -> Result<Option<Session>, Fault> {
    db.opt(sql::BY_SECRET, args![secret.bytes().to_vec()])
        .await?
        .as_ref()
        .map(session)
        .transpose()
}

/// The session with this `sid`.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no session.
pub async fn by_id(db: &Db, id: &SessionId) -> Result<Option<Session>, Fault> {
    db.opt(sql::BY_ID, args![id.as_str()])
        .await?
        .as_ref()
        .map(session)
        .transpose()
}

/// Where a session was born, for the people who look at it later.
#[derive(Clone, Debug)]
pub struct Birthplace {
    /// Client address.
    pub ip: String,
    /// `User-Agent`, at most 255 characters.
    pub user_agent: String,
}

/// A session as its owner looks at it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The session.
    pub session: Session,
    /// When somebody signed in there.
    pub created_at: Timestamp,
    /// Where.
    pub birthplace: Birthplace,
}

fn listed(row: &Row) -> Result<Listed, Fault> {
    Ok(Listed {
        session: session(row)?,
        created_at: column::time(row, "created_at")?,
        birthplace: Birthplace {
            ip: row.get("ip")?,
            user_agent: row.get("user_agent")?,
        },
    })
}

/// The sessions of a user that have neither ended nor expired, the latest 100, newest first.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no session.
pub async fn of_user(db: &Db, user: &UserId, now: Timestamp) -> Result<Vec<Listed>, Fault> {
    let rows = db.all(sql::OF_USER, args![user.as_str(), now.millis()]).await?;
    rows.iter().map(listed).collect()
}

/// The same list in pages of at most 100: what comes after the session of this birth and id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no session.
pub async fn page_of_user(
    db: &Db,
    user: &UserId,
    now: Timestamp,
    after: &After,
    limit: i64,
) -> Result<Vec<Listed>, Fault> {
    let arguments = args![
        user.as_str(),
        now.millis(),
        after.created_at.millis(),
        after.id.as_str(),
        limit.clamp(1, 100),
    ];
    db.all(sql::PAGE_OF_USER, arguments)
        .await?
        .iter()
        .map(listed)
        .collect()
}

/// The session with this `sid` as its owner looks at it, whether it stands or not.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no session.
pub async fn by_id_listed(db: &Db, id: &SessionId) -> Result<Option<Listed>, Fault> {
    db.opt(sql::LISTED, args![id.as_str()])
        .await?
        .as_ref()
        .map(listed)
        .transpose()
}

/// Adds a session.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Session, secret: &SecretHash, at: &Birthplace) -> Result<(), Fault> {
    let arguments = args![
        new.id.as_str(),
        secret.bytes().to_vec(),
        new.user_id.as_str(),
        new.user_epoch,
        new.issuer_epoch,
        new.amr.join(" "),
        new.auth_time.millis(),
        new.idle_expires_at.millis(),
        new.expires_at.millis(),
        at.ip.as_str(),
        at.user_agent.as_str(),
        new.risk.word(),
        new.last_seen.millis(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// Gives a session that stands a new proof and a new secret. `false` when it has ended meanwhile.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn renew(tx: &mut Tx, renewed: &Session, secret: &SecretHash) -> Result<bool, Fault> {
    let arguments = args![
        renewed.id.as_str(),
        secret.bytes().to_vec(),
        renewed.user_epoch,
        renewed.issuer_epoch,
        renewed.amr.join(" "),
        renewed.auth_time.millis(),
        renewed.idle_expires_at.millis(),
        renewed.expires_at.millis(),
        renewed.risk.word(),
        renewed.last_seen.millis(),
    ];
    Ok(tx.opt(sql::RENEW, arguments).await?.is_some())
}

/// Notes why the last login of a session looked as it did: words with commas.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn note_risk(tx: &mut Tx, id: &SessionId, reasons: &str) -> Result<(), Fault> {
    tx.run(sql::RISK, args![id.as_str(), reasons]).await.map(drop)
}

/// Adds a second factor to the proof of a session, under a new secret. `false` when it has ended, or was proven anew meanwhile.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn step_up(
    tx: &mut Tx,
    session: &Session,
    amr: &[String],
    secret: &SecretHash,
) -> Result<bool, Fault> {
    let arguments = args![
        session.id.as_str(),
        secret.bytes().to_vec(),
        amr.join(" "),
        session.amr.join(" "),
        session.auth_time.millis(),
    ];
    Ok(tx.opt(sql::STEP_UP, arguments).await?.is_some())
}

/// Notes a use, at most once a minute, so that a page that renews silently does not write with every breath.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn touch(
    tx: &mut Tx,
    id: &SessionId,
    now: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<(), Fault> {
    // Sooner where sessions are so short that a minute is most of them.
    let interval = (idle_expires_at.millis_since(now) / 2).min(60_000);
    let arguments = args![
        id.as_str(),
        now.millis(),
        idle_expires_at.millis(),
        now.millis() - interval,
    ];
    tx.run(sql::TOUCH, arguments).await.map(drop)
}

/// Lets tokens of these times (unix seconds) be minted in a session. `false` when it has ended: then nothing may be minted.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn mint(tx: &mut Tx, id: &SessionId, times: (i64, i64), now: Timestamp) -> Result<bool, Fault> {
    let (iat, exp) = times;
    Ok(tx
        .opt(sql::MINT, args![id.as_str(), iat, exp, now.millis()])
        .await?
        .is_some())
}

/// A session that was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its `sid`.
    pub id: SessionId,
    /// The times of the tokens that name it.
    pub minted: Minted,
}

fn ended(row: &Row) -> Result<Ended, Fault> {
    Ok(Ended {
        id: SessionId::new(row.get::<String>("id")?),
        minted: column::minted(row)?,
    })
}

/// Ends a session. `None` when it had ended already.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<Option<Ended>, Fault> {
    let row = tx.opt(sql::END, args![id.as_str(), now.millis()]).await?;
    row.as_ref().map(ended).transpose()
}

/// Ends every session of a user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end_of_user(tx: &mut Tx, user: &UserId, now: Timestamp) -> Result<Vec<Ended>, Fault> {
    let rows = tx
        .all(sql::END_OF_USER, args![user.as_str(), now.millis()])
        .await?;
    rows.iter().map(ended).collect()
}
