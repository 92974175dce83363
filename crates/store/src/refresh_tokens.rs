//! Refresh families as whoever manages them looks at them: those that hold a refresh token and still stand by their own row.

use crate::column::After;
use crate::statements::sql;
use crate::{Db, Fault, Row, args, column};
use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_verify::Scope;

macro_rules! columns {
    () => {
        "gid, client_id, user_id, session_id, scope, audience, created_at, rotated_at, expires_at, idle_expires_at, last_iat"
    };
}

sql! {
    BY_GID = concat!("SELECT ", columns!(), " FROM families WHERE gid = $1 AND tip_hash IS NOT NULL AND ended_at IS NULL \
             AND expires_at > $2 AND idle_expires_at > $2");
    PAGE_OF_USER = concat!("SELECT ", columns!(), " FROM families WHERE user_id = $1 AND tip_hash IS NOT NULL AND ended_at IS NULL \
                   AND expires_at > $2 AND idle_expires_at > $2 AND (created_at < $3 OR (created_at = $3 AND gid < $4)) \
                   ORDER BY created_at DESC, gid DESC LIMIT $5");
    CLIENTS_OF_SESSION = "SELECT DISTINCT client_id FROM families WHERE session_id = $1 ORDER BY client_id LIMIT 100";
}

/// A family that holds a refresh token.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its `gid`.
    pub gid: GrantId,
    /// Whose it is.
    pub client_id: ClientId,
    /// Who granted it.
    pub user_id: UserId,
    /// The session it was born in.
    pub session_id: Option<SessionId>,
    /// What was granted.
    pub scope: Scope,
    /// At which API.
    pub audience: Option<String>,
    /// When it was born.
    pub created_at: Timestamp,
    /// When a token of it was last made, to the second.
    pub last_used: Timestamp,
    /// When its token was last replaced.
    pub rotated_at: Option<Timestamp>,
    /// It ends here in any case.
    pub expires_at: Timestamp,
    /// Without a use it ends here.
    pub idle_expires_at: Timestamp,
}

fn listed(row: &Row) -> Result<Listed, Fault> {
    Ok(Listed {
        gid: GrantId::new(row.get::<String>("gid")?),
        client_id: ClientId::new(row.get::<String>("client_id")?),
        user_id: UserId::new(row.get::<String>("user_id")?),
        session_id: row.get::<Option<String>>("session_id")?.map(SessionId::new),
        scope: column::scope(row, "scope")?,
        audience: row.get("audience")?,
        created_at: column::time(row, "created_at")?,
        last_used: Timestamp::from_seconds(row.get("last_iat")?),
        rotated_at: column::opt_time(row, "rotated_at")?,
        expires_at: column::time(row, "expires_at")?,
        idle_expires_at: column::time(row, "idle_expires_at")?,
    })
}

/// The family with this `gid`, if it holds a refresh token and has neither ended nor expired.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no family.
pub async fn by_gid(db: &Db, gid: &GrantId, now: Timestamp) -> Result<Option<Listed>, Fault> {
    db.opt(sql::BY_GID, args![gid.as_str(), now.millis()])
        .await?
        .as_ref()
        .map(listed)
        .transpose()
}

/// The families of a user, newest first, at most 100 of them after this place.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no family.
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

/// The ids of the clients that were given something in a session, at most 100.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn clients_of_session(db: &Db, session: &SessionId) -> Result<Vec<String>, Fault> {
    let rows = db.all(sql::CLIENTS_OF_SESSION, args![session.as_str()]).await?;
    rows.iter().map(|row| row.get("client_id")).collect()
}
