//! A transaction as its closure sees it, the same on both engines. What runs the closure (the SQLite writer thread, the
//! PostgreSQL lane) is in the engine files; here are the statements, and [`drive`], which polls the closure's future and
//! catches what must not happen inside: a panic, a foreign await, another use of the database.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use sekisho_verify::record::Record;

use super::{Arg, Fault, Row, clock, postgres, sqlite};
use crate::revocations;

/// An open transaction. It ends with its closure: `Ok` commits, `Err` rolls back.
///
/// After any statement failed the transaction is dead on both engines: later statements answer the same fault, and it is
/// rolled back even if the closure returns `Ok`. So do not catch a duplicate key and go on; write
/// `ON CONFLICT DO NOTHING RETURNING`.
pub struct Tx {
    session: Session,
    /// What is written last: see [`Tx::record`].
    records: Vec<Record>,
    changes: i64,
    failed: Option<Failure>,
    /// True while the future is waiting for the database and for nothing else.
    calling: Rc<Cell<bool>>,
}

/// The connection a transaction runs on.
pub(super) enum Session {
    Sqlite(Rc<rusqlite::Connection>),
    Postgres(Box<postgres::Session>),
}

/// Before the feed's row is locked (PostgreSQL): those who wait for it do not wait long, and a node that stops answering while it
/// holds the lock loses it.
const CLOSING: &str =
    "SET LOCAL lock_timeout = '500ms'; SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// A fault, and whether running the whole closure again may succeed (serialization failure, deadlock).
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    pub(super) again: bool,
}

/// What becomes of a transaction whose closure returned `Ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Commit,
    RollBack,
}

/// Chooses the ending by looking at what the closure returned.
pub(super) type Decide<T> = fn(&T) -> Ending;

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, again: false }
    }
}

impl Tx {
    /// At most one row; two are a [`Fault::Bug`].
    pub async fn opt(&mut self, sql: &'static str, args: &[Arg]) -> Result<Option<Row>, Fault> {
        at_most_one(self.rows(sql, args, Some(1)).await?)
    }

    /// Exactly one row; none or two are a [`Fault::Bug`].
    pub async fn one(&mut self, sql: &'static str, args: &[Arg]) -> Result<Row, Fault> {
        exactly_one(self.rows(sql, args, Some(1)).await?)
    }

    /// All rows, without a bound: meant for `UPDATE .. RETURNING`, whose rows belong to one user or one session.
    pub async fn all(&mut self, sql: &'static str, args: &[Arg]) -> Result<Vec<Row>, Fault> {
        self.rows(sql, args, None).await
    }

    /// A statement without rows; answers how many rows it touched.
    pub async fn run(&mut self, sql: &'static str, args: &[Arg]) -> Result<u64, Fault> {
        self.call(async |session| match session {
            Session::Sqlite(connection) => Ok(sqlite::execute(connection, sql, args)?),
            Session::Postgres(session) => session.execute(sql, args).await,
        })
        .await
    }

    /// Takes something back: the record is written when everything else of this transaction is, so that records are numbered in
    /// the order of their commits, and the bell rings when it is durable. While this node's clock is not to be trusted
    /// ([`Db::clock`](super::Db::clock)), such a transaction fails.
    pub fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Tells other nodes that something was edited which they keep in memory (a client, an API, a key).
    pub fn changed(&mut self) {
        self.changes = 1;
    }

    /// Many statements in one text, without arguments: a migration.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        self.call(async |session| match session {
            Session::Sqlite(connection) => {
                sqlite::in_transaction(connection)?;
                Ok(connection.execute_batch(sql).map_err(sqlite::fault)?)
            }
            Session::Postgres(session) => session.batch(sql).await,
        })
        .await
    }

    /// Waits until no other node migrates. On SQLite the write transaction itself is that lock.
    pub(crate) async fn lock_schema(&mut self) -> Result<(), Fault> {
        if let Session::Postgres(session) = &mut self.session {
            session.patience = std::time::Duration::from_secs(600);
            // The number is ours alone within a database: "sekisho" as ASCII.
            return self
                .batch(
                    "SET LOCAL lock_timeout = '120s'; SET LOCAL statement_timeout = 0; \
                     SELECT pg_advisory_xact_lock(32481164642543727)",
                )
                .await;
        }
        Ok(())
    }

    async fn rows(
        &mut self,
        sql: &'static str,
        args: &[Arg],
        limit: Option<usize>,
    ) -> Result<Vec<Row>, Fault> {
        self.call(async |session| match session {
            Session::Sqlite(connection) => {
                sqlite::in_transaction(connection)?;
                Ok(sqlite::rows(connection, sql, args, limit)?)
            }
            Session::Postgres(session) => session.rows(sql, args).await,
        })
        .await
    }

    async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, Failure>,
    ) -> Result<T, Fault> {
        if let Some(failure) = &self.failed {
            return Err(failure.fault.clone());
        }
        // Stays so when this future is dropped half-way: the statement's outcome is unknown then.
        self.failed = Some(Fault::bug("a statement was abandoned inside a transaction").into());
        let calling = Calling::start(&self.calling);
        let result = work(&mut self.session).await;
        drop(calling);
        self.failed = result.as_ref().err().cloned();
        result.map_err(|failure| failure.fault)
    }

    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            records: Vec::new(),
            changes: 0,
            failed: None,
            calling: Rc::default(),
        }
    }

    /// Runs the closure once, and writes last what it queued for the feed. `Ok` comes with the ending it asks for.
    pub(super) async fn perform<T>(
        &mut self,
        work: &impl AsyncFn(&mut Tx) -> Result<T, Fault>,
        decide: Decide<T>,
    ) -> Result<(T, Ending), Failure> {
        let value = self.drive(work).await?;
        let ending = decide(&value);
        if ending == Ending::Commit && self.rings() {
            self.close().await?;
        }
        Ok((value, ending))
    }

    /// Whether something is taken back in this transaction.
    pub(super) fn revokes(&self) -> bool {
        !self.records.is_empty()
    }

    /// Whether the feed changes with this transaction.
    pub(super) fn rings(&self) -> bool {
        self.changes > 0 || self.revokes()
    }

    /// The feed's row is locked from here until COMMIT, so nothing may come in between.
    async fn close(&mut self) -> Result<(), Failure> {
        let revokes = self.revokes();
        if let Session::Postgres(session) = &mut self.session {
            if revokes {
                session.clock().await?.check()?;
            }
            session.batch(CLOSING).await?;
        }
        let records = std::mem::take(&mut self.records);
        let result = revocations::write_last(self, &records, self.changes, clock::now()).await;
        self.records = records;
        let mut failure = match (self.failed.take(), result) {
            (None, Ok(())) => return Ok(()),
            (Some(failure), _) => failure,
            (None, Err(fault)) => Failure::from(fault),
        };
        // Too long behind the others in the row: again from the start, so that times in it are read again, too.
        failure.again |= matches!(failure.fault, Fault::Busy(_));
        Err(failure)
    }

    /// Runs the closure. The result is the first failed statement's failure, whatever the closure made of it.
    async fn drive<T>(&mut self, work: &impl AsyncFn(&mut Tx) -> Result<T, Fault>) -> Result<T, Failure> {
        let calling = Rc::clone(&self.calling);
        let result = drive(&calling, work(self)).await;
        match self.failed.take() {
            Some(failure) => Err(failure),
            None => result.map_err(Failure::from),
        }
    }

    pub(super) fn into_session(self) -> Session {
        self.session
    }
}

pub(super) fn at_most_one(mut rows: Vec<Row>) -> Result<Option<Row>, Fault> {
    if rows.len() > 1 {
        return Err(Fault::bug("a statement for one row answered more"));
    }
    Ok(rows.pop())
}

pub(super) fn exactly_one(rows: Vec<Row>) -> Result<Row, Fault> {
    at_most_one(rows)?.ok_or_else(|| Fault::bug("a statement for exactly one row answered none"))
}

/// Refuses a use of `Db` from inside a transaction's closure: it would run outside of the transaction.
pub(super) fn outside() -> Result<(), Fault> {
    if INSIDE.get() {
        return Err(Fault::bug(
            "the database was used inside a transaction by another way than `tx`",
        ));
    }
    Ok(())
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

async fn drive<T>(calling: &Cell<bool>, future: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        INSIDE.set(true);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        INSIDE.set(false);
        match polled {
            Err(_) => Poll::Ready(Err(Fault::bug("a transaction panicked"))),
            Ok(Poll::Pending) if !calling.get() => {
                Poll::Ready(Err(Fault::bug("a transaction awaited something else than `tx`")))
            }
            Ok(Poll::Pending) => Poll::Pending,
            Ok(ready) => ready,
        }
    })
    .await
}

struct Calling<'a>(&'a Cell<bool>);

impl<'a> Calling<'a> {
    fn start(flag: &'a Cell<bool>) -> Self {
        flag.set(true);
        Self(flag)
    }
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
