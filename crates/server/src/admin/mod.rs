//! The actions of whoever runs this issuer: users, clients, APIs, grants and keys. Every door (the command line now)
//! calls these; a door only translates.
//!
//! An action checks, writes in one transaction with its audit row, and answers. Access ends through `end` alone.

pub mod apis;
pub mod clients;
pub mod gateway;
pub mod grants;
pub mod keys;
pub mod restore;
pub mod users;

use sekisho_store::Fault;
use sekisho_store::audit::Event;

use crate::http::moment::Moment;
use crate::passwords::PasswordError;

/// Who acts. There is one so far: whoever can run this program with the key-encryption key at hand may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator at the command line.
    Operator,
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such thing.
    #[error("there is no {0} {1}")]
    Missing(&'static str, String),
    /// There is one already.
    #[error("there is a {0} {1} already")]
    Taken(&'static str, String),
    /// What was asked for is not possible; one sentence.
    #[error("{0}")]
    Invalid(String),
    /// It changed while it was being changed; nothing was written.
    #[error("it was changed by somebody else at the same time; look again")]
    Changed,
    /// The database did not do it.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Something of ours failed.
    #[error("{0}")]
    Internal(String),
}

impl Refused {
    fn invalid(sentence: impl Into<String>) -> Self {
        Self::Invalid(sentence.into())
    }
}

impl Actor {
    /// The audit row of an action. `sapi` is the field's code for an operation on the management interface.
    fn did(self, moment: Moment, what: impl Into<String>) -> Event {
        Event {
            id: moment.sortable_id(),
            at: moment.now,
            kind: "sapi",
            user: None,
            client: None,
            session: None,
            ip: String::new(),
            user_agent: match self {
                Self::Operator => "sekisho command line".to_owned(),
            },
            detail: what.into(),
        }
    }
}
