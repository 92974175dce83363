//! Work that is done later: rows a feature adds in its own transaction, and nodes take one by one.
//!
//! Owns how work is taken and given back. What a kind of work is, and how often it is tried, is decided above.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args, column};
use sekisho_rules::time::Timestamp;

sql! {
    INSERT = "INSERT INTO jobs (id, kind, payload, sealed, created_at, run_at, attempts) \
              VALUES ($1, $2, $3, $4, $5, $5, 0) ON CONFLICT (id) DO NOTHING";
    DUE = "SELECT id FROM jobs WHERE kind = $1 AND finished_at IS NULL AND run_at <= $2 ORDER BY run_at, id LIMIT 100";
    // The outer condition is what many nodes meet at: it holds for the first of them alone, who moves `run_at` ahead.
    CLAIM = "UPDATE jobs SET run_at = $3, attempts = attempts + 1, lease = $4 \
             WHERE id = $1 AND finished_at IS NULL AND run_at <= $2 RETURNING payload, sealed, attempts, created_at";
    RETRY = "UPDATE jobs SET run_at = $3, note = $4 WHERE id = $1 AND lease = $2 AND finished_at IS NULL RETURNING id";
    FINISH = "UPDATE jobs SET finished_at = $3, outcome = $4, note = $5, sealed = NULL \
              WHERE id = $1 AND lease = $2 AND finished_at IS NULL RETURNING id";
    SEALED = "SELECT id, sealed FROM jobs WHERE sealed IS NOT NULL AND id > $1 ORDER BY id LIMIT 100";
    RESEAL = "UPDATE jobs SET sealed = $3 WHERE id = $1 AND sealed = $2 RETURNING id";
}

/// Work to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its name; the same name is added once.
    pub id: String,
    /// What sort of work; a node takes only the kinds it knows.
    pub kind: &'static str,
    /// What it needs, as JSON. Never a secret.
    pub payload: String,
    /// What it needs and nobody may read, sealed.
    pub sealed: Option<Vec<u8>>,
}

/// Work that this node has taken, until its lease ends.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name.
    pub id: String,
    /// What it needs, as JSON.
    pub payload: String,
    /// What it needs and nobody may read, sealed.
    pub sealed: Option<Vec<u8>>,
    /// How often it was taken, this time included.
    pub attempts: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// Proof that it is still this node's.
    pub lease: String,
}

/// How work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It will not be tried again.
    Failed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Adds work, due now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &NewJob, now: Timestamp) -> Result<(), Fault> {
    let arguments = args![
        new.id.as_str(),
        new.kind,
        new.payload.as_str(),
        new.sealed.clone(),
        now.millis(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// The names of up to 100 jobs of a kind that are due, those that have waited longest first. Others may take them meanwhile.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn due(db: &Db, kind: &str, now: Timestamp) -> Result<Vec<String>, Fault> {
    let rows = db.all(sql::DUE, args![kind, now.millis()]).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Takes a job until `until`, under a lease that nobody else knows. `None` when another node was first.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn claim(
    tx: &mut Tx,
    id: &str,
    lease: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Job>, Fault> {
    let arguments = args![id, now.millis(), until.millis(), lease];
    let Some(row) = tx.opt(sql::CLAIM, arguments).await? else {
        return Ok(None);
    };
    Ok(Some(Job {
        id: id.to_owned(),
        payload: row.get("payload")?,
        sealed: row.get("sealed")?,
        attempts: row.get("attempts")?,
        created_at: column::time(&row, "created_at")?,
        lease: lease.to_owned(),
    }))
}

/// Gives a job back, to be tried again at `run_at`. `false` when the lease was over and somebody else has it.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn retry(tx: &mut Tx, job: &Job, run_at: Timestamp, note: &str) -> Result<bool, Fault> {
    let arguments = args![job.id.as_str(), job.lease.as_str(), run_at.millis(), note];
    Ok(tx.opt(sql::RETRY, arguments).await?.is_some())
}

/// Ends a job and wipes what it had sealed. `false` when the lease was over and somebody else has it.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn finish(
    tx: &mut Tx,
    job: &Job,
    outcome: Outcome,
    note: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let arguments = args![
        job.id.as_str(),
        job.lease.as_str(),
        now.millis(),
        outcome.word(),
        note
    ];
    Ok(tx.opt(sql::FINISH, arguments).await?.is_some())
}

/// Up to 100 jobs whose name comes after `after` and that carry something sealed: their name, and it.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn sealed(db: &Db, after: &str) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let rows = db.all(sql::SEALED, args![after]).await?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, row.get("sealed")?)))
        .collect()
}

/// Replaces the sealed form of what a job carries. `false` when it is over or changed by now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, id: &str, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    Ok(tx.opt(sql::RESEAL, args![id, old, new]).await?.is_some())
}
