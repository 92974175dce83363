//! The one thread that writes to SQLite. It takes up to [`GROUP`] waiting transactions, each in its own SAVEPOINT, into
//! one durable commit, and answers them only after COMMIT returned: one wait for the disk serves them all.
//! Why: `docs/decisions/0003-group-commit.md`.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::bell::Ringer;
use super::clock::{Reading, Watch};
use super::tx::{Decide, Ending, Failure, Session};
use super::{Fault, Tx, sqlite};

/// The most transactions in one commit. More would make the first one wait for the last one's work.
const GROUP: usize = 256;

/// Hands transactions to the writer thread. The thread ends when the last handle is gone and the queue is done.
pub(super) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
    /// The disk took no write the last time one was tried; see [`Writer::probe`].
    refused: Arc<AtomicBool>,
}

/// What a transaction that takes something back needs beside its rows.
pub(super) struct News {
    /// Tells those who wait for it.
    pub(super) ringer: Ringer,
    /// Knows whether the clock can be trusted.
    pub(super) watch: Arc<Watch>,
}

/// Writes a frame of the log without changing anything: the number is not used and stays what it is.
const PROBE: &str = "PRAGMA user_version = 0";

impl Writer {
    pub(super) fn start(connection: Connection, queue: usize, news: News) -> Result<Self, Fault> {
        let (sender, receiver) = sync_channel(queue);
        let refused = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&refused);
        // The connection becomes the thread's own, and with it the lane.
        let lane = move || Lane {
            connection: Rc::new(connection),
            refused: flag,
            news,
        };
        std::thread::Builder::new()
            .name("sekisho-sqlite".to_owned())
            .spawn(move || serve(&lane(), &receiver))
            .map_err(|error| Fault::unavailable(format!("cannot start the writer thread: {error}")))?;
        Ok(Self {
            queue: sender,
            refused,
        })
    }

    /// Whether the disk takes writes. It is tried only when the last write was refused, so that asking costs nothing
    /// and writes nothing on a healthy disk.
    pub(super) async fn probe(&self) -> Result<(), Fault> {
        if !self.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        let answer = self.submit(async |tx: &mut Tx| tx.batch(PROBE).await, |()| Ending::Commit)?;
        answer
            .await
            .unwrap_or_else(|_| Err(Fault::unavailable("the database was closed")))?;
        self.refused.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Queues a transaction. Once queued it runs to its end, whether or not the receiver is still there.
    pub(super) fn submit<T, F>(&self, work: F, decide: Decide<T>) -> Result<Answer<T>, Fault>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(TxJob {
            work,
            decide,
            outcome: None,
            rings: false,
            reply,
        });
        match self.queue.try_send(job) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Fault::busy("too many transactions are waiting")),
            Err(TrySendError::Disconnected(_)) => Err(Fault::unavailable("the writer thread is gone")),
        }
    }
}

/// Where the outcome arrives, after COMMIT.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, Fault>>;

/// A transaction whose type is forgotten.
trait Job: Send {
    /// Runs the closure. It may be run again after the transaction around it was lost.
    fn run(&mut self, lane: &Lane) -> Ending;
    /// Whether its last run wrote to the feed.
    fn rings(&self) -> bool;
    /// Tells the caller its outcome, or why the commit around it failed.
    fn answer(self: Box<Self>, committed: Result<(), Fault>);
}

struct TxJob<T, F> {
    work: F,
    decide: Decide<T>,
    outcome: Option<Result<T, Fault>>,
    rings: bool,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Job for TxJob<T, F>
where
    T: Send,
    F: AsyncFn(&mut Tx) -> Result<T, Fault> + Send,
{
    fn run(&mut self, lane: &Lane) -> Ending {
        let mut tx = Tx::new(Session::Sqlite(Rc::clone(&lane.connection)));
        let polled = {
            let future = pin!(tx.perform(&self.work, self.decide));
            // SQLite answers at once, so a future that is not ready waits for something that is not `tx`;
            // `drive` has turned that into a fault already.
            match future.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => Err(Failure::from(Fault::bug("a transaction did not end"))),
            }
        };
        let checked = match polled {
            Ok(_) if tx.revokes() => {
                let clock = lane.news.watch.judge_alone(Reading::take());
                clock.check().map_err(Failure::from).and(polled)
            }
            polled => polled,
        };
        let (outcome, ending) = match checked {
            Ok((value, ending)) => (Ok(value), ending),
            Err(failure) => (Err(failure.fault), Ending::RollBack),
        };
        self.outcome = Some(outcome);
        self.rings = ending == Ending::Commit && tx.rings();
        ending
    }

    fn rings(&self) -> bool {
        self.rings
    }

    fn answer(self: Box<Self>, committed: Result<(), Fault>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // Its own fault says more than what came of it.
            (Err(_), Some(Err(own))) => Err(own),
            (Err(fault), _) => Err(fault),
            (Ok(()), None) => Err(Fault::bug("a transaction was not run")),
        };
        // A caller that went away does not undo its write.
        let _ = self.reply.send(outcome);
    }
}

/// What the writer thread holds.
struct Lane {
    connection: Rc<Connection>,
    refused: Arc<AtomicBool>,
    news: News,
}

impl Lane {
    /// Remembers that the disk took no write.
    fn note(&self, fault: &Fault) {
        if matches!(fault, Fault::Full | Fault::Unavailable(_)) {
            self.refused.store(true, Ordering::Relaxed);
        }
    }
}

fn serve(lane: &Lane, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        // Whoever could not be committed together is tried alone, so that one transaction that does not fit on the
        // disk cannot hurt the others.
        for alone in commit_together(lane, group) {
            commit_together(lane, vec![alone]);
        }
    }
}

/// Runs the jobs in one transaction and answers them. Returns those that must run again, alone: they are not at fault
/// for the loss of the transaction, or nobody knows who is.
fn commit_together(lane: &Lane, jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let connection = &lane.connection;
    if let Err(fault) = statement(connection, "BEGIN IMMEDIATE") {
        lane.note(&fault);
        for job in jobs {
            job.answer(Err(fault.clone()));
        }
        return Vec::new();
    }
    let mut done = Vec::with_capacity(jobs.len());
    let mut waiting = jobs.into_iter();
    while let Some(mut job) = waiting.next() {
        match in_savepoint(lane, job.as_mut()) {
            Ok(()) => done.push(job),
            Err(fault) => {
                // Full disk, I/O error, out of memory: SQLite may drop everything. Then nobody has succeeded.
                lane.note(&fault);
                roll_back(connection);
                job.answer(Err(fault));
                done.extend(waiting);
                return done;
            }
        }
    }
    match statement(connection, "COMMIT") {
        Ok(()) => {
            if done.iter().any(|job| job.rings()) {
                lane.news.ringer.ring();
            }
            for job in done {
                job.answer(Ok(()));
            }
            Vec::new()
        }
        Err(fault) => {
            lane.note(&fault);
            roll_back(connection);
            if done.len() > 1 {
                return done;
            }
            for job in done {
                job.answer(Err(fault.clone()));
            }
            Vec::new()
        }
    }
}

/// `Err`: the transaction around the savepoint is lost.
fn in_savepoint(lane: &Lane, job: &mut dyn Job) -> Result<(), Fault> {
    let connection = &lane.connection;
    statement(connection, "SAVEPOINT job")?;
    let ending = job.run(lane);
    sqlite::in_transaction(connection)?;
    if ending == Ending::RollBack {
        statement(connection, "ROLLBACK TO job")?;
    }
    statement(connection, "RELEASE job")
}

fn statement(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.raw_execute())
        .map(drop)
        .map_err(sqlite::fault)
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(fault) = statement(connection, "ROLLBACK")
    {
        // The next BEGIN will fail and say so to its callers.
        tracing::error!(%fault, "rolling back failed");
    }
}
