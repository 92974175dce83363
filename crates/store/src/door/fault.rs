//! What can go wrong in the database room, on our side. A [`Fault`] is never the caller's fault (that is a
//! `Refusal`, and `store` has none). No variant carries a bound value: statement text is constant, so what is
//! printed here can be logged.

use std::borrow::Cow;

/// A failure of ours while reading or writing.
///
/// After a fault from [`Db::tx`](super::Db::tx) nothing was written, with one exception that no client can remove:
/// when the PostgreSQL connection is lost while COMMIT is under way, `Unavailable` leaves the outcome unknown. Read
/// again before deciding again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The database cannot be reached or does not accept work now. It may answer a moment later.
    #[error("database unavailable: {0}")]
    Unavailable(Cow<'static, str>),
    /// The disk (or the database's size limit) is full. Reads go on.
    #[error("database full: no space left for writes")]
    Full,
    /// Too much is waiting already, or a lock was not free in time. The same call may succeed a moment later.
    #[error("database busy: {0}")]
    Busy(Cow<'static, str>),
    /// A constraint refused a row: unique, foreign key, not null or check. Names the constraint, never the value.
    #[error("constraint violated: {0}")]
    Conflict(String),
    /// What is stored fits no state we know: a wrong type in a column, an impossible row, a changed migration.
    #[error("inconsistent data: {0}")]
    Corrupt(String),
    /// A newer version of this program has migrated the database.
    #[error("the database schema is version {found}, this program knows {known}: start a newer version")]
    SchemaTooNew {
        /// The newest migration recorded in the database.
        found: i64,
        /// The newest migration this program has.
        known: i64,
    },
    /// This program is wrong: a bad statement, a wrong number of arguments, a foreign await in a transaction.
    #[error("bug in a database call: {0}")]
    Bug(Cow<'static, str>),
    /// The operation does not exist on this engine, or the options do not make sense.
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
}

impl Fault {
    /// A row that fits no state, told by table and what is wrong with it. Never put a value of the row in `what`.
    pub fn corrupt(table: &str, what: &str) -> Self {
        Self::Corrupt(format!("{table}: {what}"))
    }

    /// True when waiting may help: the answer to the outside is 503, not 500.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full | Self::Busy(_))
    }

    pub(crate) fn bug(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Bug(what.into())
    }

    pub(crate) fn unavailable(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(what.into())
    }

    pub(crate) fn busy(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Busy(what.into())
    }
}
