//! Work that is done later: a feature leaves it behind in its own transaction, and a worker of some node does it.
//!
//! A job may run twice: a node that dies half-way leaves its lease behind, and somebody else begins again when that is over. So every
//! kind of work must be safe to repeat. Kinds that a node does not know stay where they are, for a node that does. What a kind needs
//! is its payload; what must not be read there is sealed.

pub mod backchannel_logout;
pub mod mail;
mod worker;

pub use worker::{run_due, work};

use crate::app::App;
use crate::http::moment::Moment;
use crate::seal::{Place, SealError, Sealer};
use sekisho_rules::job::RetryPolicy;
use sekisho_store::audit::Event;
use sekisho_store::jobs::{self as rows, Job, NewJob, Outcome};
use sekisho_store::{Fault, Tx};
use serde::Serialize;
use tokio::sync::Notify;

/// What sorts of work there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client is told that a session has ended.
    BackchannelLogout,
    /// A mail is handed to the relay.
    Mail,
}

impl Kind {
    /// Every kind this program knows.
    pub const ALL: [Self; 2] = [Self::BackchannelLogout, Self::Mail];

    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::BackchannelLogout => "backchannel_logout",
            Self::Mail => "mail",
        }
    }

    /// How often it is tried.
    fn retries(self) -> RetryPolicy {
        match self {
            Self::BackchannelLogout => backchannel_logout::RETRIES,
            Self::Mail => mail::RETRIES,
        }
    }

    /// Seconds in which one try is over for certain; later another node may take it.
    fn lease(self) -> i64 {
        match self {
            Self::BackchannelLogout => backchannel_logout::LEASE_SECONDS,
            Self::Mail => mail::LEASE_SECONDS,
        }
    }

    async fn run(self, app: &App, job: &Job) -> Result<Ended, Fault> {
        match self {
            Self::BackchannelLogout => backchannel_logout::run(app, job).await,
            Self::Mail => mail::run(app, job).await,
        }
    }

    /// The audit row of a job that is over.
    fn event(self, job: &Job, outcome: Outcome, note: &str, moment: Moment) -> Option<Event> {
        match self {
            Self::BackchannelLogout => backchannel_logout::event(job, outcome, note, moment),
            Self::Mail => None,
        }
    }
}

/// How a try ended. The words are for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done(String),
    /// There was nothing to do any more.
    Moot,
    /// It failed and may go better later.
    Again(String),
    /// It failed and would fail again.
    Failed(String),
}

/// Work on its way into a transaction.
#[derive(Clone, Debug)]
pub struct Draft(NewJob);

impl Draft {
    /// Work of this kind with what it needs. Never put a secret here.
    ///
    /// # Errors
    /// [`Fault::Bug`] when the payload cannot be written as JSON.
    pub fn new(kind: Kind, payload: &impl Serialize, moment: Moment) -> Result<Self, Fault> {
        Ok(Self(NewJob {
            id: moment.sortable_id(),
            kind: kind.word(),
            payload: serde_json::to_string(payload).map_err(|error| Fault::Bug(error.to_string().into()))?,
            sealed: None,
        }))
    }

    /// With something that nobody may read in the database; it is wiped when the work is over.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn with_secret(mut self, sealer: &Sealer, plain: &[u8]) -> Result<Self, SealError> {
        self.0.sealed = Some(sealer.seal(&place(&self.0.id), plain)?);
        Ok(self)
    }
}

/// What a job carries sealed, opened. `None` when it carries nothing.
///
/// # Errors
/// [`SealError`].
pub fn secret(job: &Job, sealer: &Sealer) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, SealError> {
    job.sealed
        .as_ref()
        .map(|sealed| sealer.open(&place(&job.id), sealed))
        .transpose()
}

/// Where a job's secret is sealed for.
pub(crate) fn place(id: &str) -> Place<'_> {
    Place {
        table: "jobs",
        column: "sealed",
        row: id,
    }
}

/// Leaves work behind, in the transaction of what it belongs to. It begins when that is committed.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn enqueue(tx: &mut Tx, draft: &Draft, moment: Moment) -> Result<(), Fault> {
    rows::insert(tx, &draft.0, moment.now).await
}

/// Wakes this node's workers. Without it they look four times a second.
#[derive(Default)]
pub struct Bell(Notify);

impl Bell {
    /// There may be fresh work.
    pub fn ring(&self) {
        self.0.notify_waiters();
    }

    async fn rung(&self) {
        self.0.notified().await;
    }
}
