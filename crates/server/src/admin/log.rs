//! The audit log: read, never changed.

use sekisho_rules::time::Timestamp;
use sekisho_store::audit::{self, Logged};

use super::Refused;
use crate::app::App;

/// What is looked for. What is not named is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Short codes of the field; any of them.
    pub kinds: Vec<String>,
    /// The id of a user.
    pub user: Option<String>,
    /// The id of a client.
    pub client: Option<String>,
    /// An address, or the beginning of one.
    pub ip: Option<String>,
}

impl Filter {
    /// Whether a row is looked for.
    pub fn takes(&self, row: &Logged) -> bool {
        let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        (self.kinds.is_empty() || self.kinds.contains(&row.kind))
            && same(&self.user, &row.user)
            && same(&self.client, &row.client)
            && self.ip.as_ref().is_none_or(|ip| row.ip.starts_with(ip.as_str()))
    }
}

/// The smallest id of a row of this time. Ids begin with the time, so a stretch of time is a stretch of ids.
pub fn id_at(time: Timestamp) -> String {
    format!("{:012x}", time.millis().max(0))
}

/// A page of everything after one id and before another, oldest first; empty at the end.
///
/// # Errors
/// When the database does not answer.
pub async fn page(app: &App, after: &str, before: &str) -> Result<Vec<Logged>, Refused> {
    Ok(audit::page(&app.db, after, before).await?)
}

/// The latest thousand rows after an id, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn latest(app: &App, after: &str) -> Result<Vec<Logged>, Refused> {
    Ok(audit::latest(&app.db, after).await?)
}
