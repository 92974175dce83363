//! The audit table: what happened, written in the same transaction as the change itself.

use crate::column::After;
use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, at, kind, user_id, client_id, session_id, ip, user_agent, detail, risk"
    };
}

sql! {
    INSERT = "INSERT INTO audit (id, at, kind, user_id, client_id, session_id, ip, user_agent, detail, risk) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    OF_USER = "SELECT kind, ip, risk FROM audit WHERE user_id = $1 ORDER BY at DESC LIMIT 100";
    PAGE_OF_USER = concat!("SELECT ", columns!(), " FROM audit WHERE user_id = $1 AND (at < $2 OR (at = $2 AND id < $3)) \
                   ORDER BY at DESC, id DESC LIMIT 100");
    SCAN_PAGE = concat!("SELECT ", columns!(), " FROM audit WHERE id > $1 AND id < $2 ORDER BY id LIMIT 1000");
    SCAN_LATEST = concat!("SELECT ", columns!(), " FROM audit WHERE id > $1 ORDER BY id DESC LIMIT 1000");
}

/// One thing that happened. Never carries a secret.
#[derive(Clone, Debug)]
pub struct Event {
    /// Sorts by time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The field's short code, such as `s` for a login or `ferrt` for the reuse of a refresh token.
    pub kind: &'static str,
    /// Whom it is about.
    pub user: Option<UserId>,
    /// Which client was involved.
    pub client: Option<ClientId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// From which address.
    pub ip: String,
    /// With which program.
    pub user_agent: String,
    /// A sentence for the reader.
    pub detail: String,
    /// How a login looked: the words of its reasons, with commas; empty when it looked as ever.
    pub risk: String,
}

/// Adds an event.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, event: &Event) -> Result<(), Fault> {
    let arguments = args![
        event.id.as_str(),
        event.at.millis(),
        event.kind,
        event.user.as_ref().map(|id| id.as_str().to_owned()),
        event.client.as_ref().map(|id| id.as_str().to_owned()),
        event.session.as_ref().map(|id| id.as_str().to_owned()),
        event.ip.as_str(),
        event.user_agent.as_str(),
        event.detail.as_str(),
        event.risk.as_str(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// A row of the log, as it is read.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Sorts by time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The field's short code.
    pub kind: String,
    /// Whom it is about.
    pub user: Option<String>,
    /// Which client was involved.
    pub client: Option<String>,
    /// In which session.
    pub session: Option<String>,
    /// From which address.
    pub ip: String,
    /// With which program.
    pub user_agent: String,
    /// A sentence for the reader.
    pub detail: String,
    /// How a login looked.
    pub risk: String,
}

fn logged(row: &Row) -> Result<Logged, Fault> {
    Ok(Logged {
        id: row.get("id")?,
        at: column::time(row, "at")?,
        kind: row.get("kind")?,
        user: row.get("user_id")?,
        client: row.get("client_id")?,
        session: row.get("session_id")?,
        ip: row.get("ip")?,
        user_agent: row.get("user_agent")?,
        detail: row.get("detail")?,
        risk: row.get("risk")?,
    })
}

/// The addresses of logins among the last hundred events about a user: those that looked as ever, and those that proved a second
/// factor.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn login_addresses(db: &Db, user: &UserId) -> Result<Vec<String>, Fault> {
    let mut addresses = Vec::new();
    for row in db.all(sql::OF_USER, args![user.as_str()]).await? {
        let (kind, risk): (String, String) = (row.get("kind")?, row.get("risk")?);
        if kind == "gd_auth_succeed" || (matches!(kind.as_str(), "s" | "ss") && risk.is_empty()) {
            addresses.push(row.get("ip")?);
        }
    }
    Ok(addresses)
}

/// Up to 1000 rows after one id and before another, oldest first.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn page(db: &Db, after: &str, before: &str) -> Result<Vec<Logged>, Fault> {
    let rows = db.scan(sql::SCAN_PAGE, args![after, before]).await?;
    rows.iter().map(logged).collect()
}

/// The latest rows after an id, up to 1000, oldest first.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn latest(db: &Db, after: &str) -> Result<Vec<Logged>, Fault> {
    let rows = db.scan(sql::SCAN_LATEST, args![after]).await?;
    rows.iter().rev().map(logged).collect()
}

/// What happened to a person, the newest first: up to 100 events after this place.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn page_of_user(db: &Db, user: &UserId, after: &After) -> Result<Vec<Logged>, Fault> {
    let arguments = args![user.as_str(), after.created_at.millis(), after.id.as_str()];
    let rows = db.all(sql::PAGE_OF_USER, arguments).await?;
    rows.iter().map(logged).collect()
}
