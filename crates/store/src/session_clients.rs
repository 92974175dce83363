//! Which clients signed a person in within a session: whom its end is told (OpenID Connect Back-Channel Logout 1.0 section 2.3).

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args};
use sekisho_rules::client::LogoutNotices;
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_rules::time::Timestamp;

// A session that has ended or expired has nobody left to tell.
macro_rules! told {
    ($of:literal) => {
        concat!(
            "SELECT s.id AS session_id, s.user_id, p.client_id FROM sessions s JOIN session_clients p ON p.session_id = s.id \
             JOIN clients c ON c.id = p.client_id WHERE s.",
            $of,
            " = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.idle_expires_at > $2 AND c.enabled = TRUE \
             AND c.backchannel_logout_urls <> '[]' ORDER BY s.id, p.client_id"
        )
    };
}

sql! {
    TAKE_PART = "INSERT INTO session_clients (session_id, client_id, since) VALUES ($1, $2, $3) \
                 ON CONFLICT (session_id, client_id) DO NOTHING";
    TOLD_OF_SESSION = told!("id");
    TOLD_OF_USER = told!("user_id");
    FRAMED = "SELECT c.id, c.frontchannel_logout_url, c.frontchannel_logout_session_required FROM session_clients p \
              JOIN clients c ON c.id = p.client_id WHERE p.session_id = $1 AND c.enabled = TRUE \
              AND c.frontchannel_logout_url IS NOT NULL ORDER BY c.id LIMIT 100";
}

/// Notes that a client was given an ID token in a session.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn take_part(
    tx: &mut Tx,
    session: &SessionId,
    client: &ClientId,
    now: Timestamp,
) -> Result<(), Fault> {
    let arguments = args![session.as_str(), client.as_str(), now.millis()];
    tx.run(sql::TAKE_PART, arguments).await.map(drop)
}

/// A client that is to be told, at its back-channel addresses, that a session has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The session.
    pub session: SessionId,
    /// Whose it was.
    pub user: UserId,
    /// Who is told.
    pub client: ClientId,
}

fn told(row: &Row) -> Result<Told, Fault> {
    Ok(Told {
        session: SessionId::new(row.get::<String>("session_id")?),
        user: UserId::new(row.get::<String>("user_id")?),
        client: ClientId::new(row.get::<String>("client_id")?),
    })
}

/// Who is to be told when this session ends. Ask before ending it: a session that is over answers nobody.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn told_of_session(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<Vec<Told>, Fault> {
    let rows = tx
        .all(sql::TOLD_OF_SESSION, args![id.as_str(), now.millis()])
        .await?;
    rows.iter().map(told).collect()
}

/// Who is to be told when every session of this user ends. Ask before ending them.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn told_of_user(tx: &mut Tx, id: &UserId, now: Timestamp) -> Result<Vec<Told>, Fault> {
    let rows = tx
        .all(sql::TOLD_OF_USER, args![id.as_str(), now.millis()])
        .await?;
    rows.iter().map(told).collect()
}

/// The front-channel settings of the clients that took part in a session and have a page to be framed, at most 100.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn framed(db: &Db, session: &SessionId) -> Result<Vec<LogoutNotices>, Fault> {
    let rows = db.all(sql::FRAMED, args![session.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(LogoutNotices {
                frontchannel_url: row.get("frontchannel_logout_url")?,
                frontchannel_session_required: row.get("frontchannel_logout_session_required")?,
                ..LogoutNotices::default()
            })
        })
        .collect()
}
