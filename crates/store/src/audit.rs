//! The audit table: what happened, written in the same transaction as the change itself.

use crate::statements::sql;
use crate::{Fault, Tx, args};
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_rules::time::Timestamp;

sql! {
    INSERT = "INSERT INTO audit (id, at, kind, user_id, client_id, session_id, ip, user_agent, detail, risk) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
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
