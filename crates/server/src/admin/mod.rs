//! The actions of whoever runs this issuer: users, clients, APIs, grants and keys. Every door (the command line, the Management API)
//! calls these; a door only translates.
//!
//! An action checks, writes in one transaction with its audit row, and answers. Access ends through `end` alone.

pub mod apis;
pub mod clients;
pub mod connections;
pub mod consents;
pub mod factors;
pub mod gateway;
pub mod grants;
pub mod import;
pub mod keys;
pub mod log;
pub mod refresh_tokens;
pub mod restore;
pub mod revocations;
pub mod sessions;
pub mod tokens;
pub mod users;

use sekisho_rules::id::ClientId;
use sekisho_store::Fault;
use sekisho_store::audit::Event;

use crate::http::moment::Moment;
use crate::passwords::PasswordError;

/// Who acts. Whoever can run this program with the key-encryption key at hand may do everything; what a client may do was checked by
/// the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator at the command line.
    Operator,
    /// A client at the Management API, as far as its token's scopes go.
    Client {
        /// Which.
        id: ClientId,
        /// Its address.
        ip: String,
        /// Its program.
        user_agent: String,
    },
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
    fn did(&self, moment: Moment, what: impl Into<String>) -> Event {
        let (mut detail, (ip, user_agent)) = (
            what.into(),
            match self {
                Self::Operator => (String::new(), "sekisho command line".to_owned()),
                Self::Client { ip, user_agent, .. } => (ip.clone(), user_agent.clone()),
            },
        );
        if let Self::Client { id, .. } = self {
            detail.push_str(&format!(" (by client {id})"));
        }
        Event {
            id: moment.sortable_id(),
            at: moment.now,
            kind: "sapi",
            user: None,
            client: None,
            session: None,
            ip,
            user_agent,
            detail,
            risk: String::new(),
        }
    }
}
