//! PostgreSQL under the door: the pool, reads, single writes, and the lane that runs transactions. Connecting is in
//! `connect`. A connection whose state is not known for certain (a future dropped half-way, no answer in time) is
//! closed and never given back to the pool.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_postgres::types::{IsNull, ToSql, Type, WrongType, to_sql_checked};

use super::bell::{Bell, Ringer};
use super::clock::{Clock, Measured, Reading, Verdict, Watch};
use super::listen::{self, Listener};
use super::tx::{self, Decide, Ending, Failure};
use super::{Arg, Fault, Options, Row, Shape, Tx, arg, connect, writer::Answer};

/// A PostgreSQL server.
pub(super) struct Server {
    reach: Reach,
    lane: mpsc::UnboundedSender<Work>,
    slots: Arc<Semaphore>,
    runtime: tokio::runtime::Handle,
    dial: connect::Dial,
    listener: OnceLock<Listener>,
    measuring: tokio::sync::Mutex<()>,
}

/// How to get a connection, and how long to wait for an answer on it.
#[derive(Clone)]
struct Reach {
    pool: Pool,
    patience: Duration,
    ringer: Ringer,
    watch: Arc<Watch>,
}

/// A transaction on its way to the lane: the future is made there, so it need not be `Send`.
type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// A transaction is tried this often when it meets serialization failures and deadlocks.
const ATTEMPTS: u32 = 8;

impl Server {
    pub(super) fn open(place: &super::options::Postgres, options: &Options) -> Result<Self, Fault> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return Err(Fault::bug("PostgreSQL is opened outside of a tokio runtime"));
        };
        let dial = connect::dial(place, options)?;
        let pool = connect::pool(&dial, place.connections, options, runtime.clone())?;
        Ok(Self {
            // The server's own statement_timeout comes first; this is for a server that does not answer at all.
            reach: Reach {
                pool,
                patience: options.statement + Duration::from_secs(2),
                ringer: Ringer::new(),
                watch: Arc::default(),
            },
            lane: start_lane()?,
            slots: Arc::new(Semaphore::new(options.queue)),
            runtime,
            dial,
            listener: OnceLock::new(),
            measuring: tokio::sync::Mutex::default(),
        })
    }

    pub(super) fn bell(&self) -> Bell {
        let ringer = &self.reach.ringer;
        self.listener.get_or_init(|| {
            let listening = listen::postgres(self.dial.clone(), ringer.clone());
            Listener::start(&self.runtime, listening)
        });
        ringer.bell()
    }

    /// Reads; tried on a second connection when the first one turned out to be dead.
    pub(super) async fn read(&self, sql: &'static str, args: &[Arg]) -> Result<Vec<Row>, Fault> {
        let mut again = true;
        loop {
            let mut session = Session::lease(&self.reach).await?;
            let result = session.rows(sql, args).await;
            let lost = session.is_lost();
            session.end();
            match result {
                Err(_) if lost && again => again = false,
                Err(failure) => return Err(failure.fault),
                Ok(rows) => return Ok(rows),
            }
        }
    }

    pub(super) async fn clock(&self) -> Result<Clock, Fault> {
        if let Verdict::Known(clock) = self.reach.watch.judge(Reading::take()) {
            return Ok(clock);
        }
        // One asks, the others wait for what it learns.
        let _turn = self.measuring.lock().await;
        if let Verdict::Known(clock) = self.reach.watch.judge(Reading::take()) {
            return Ok(clock);
        }
        let mut session = Session::lease(&self.reach).await?;
        let clock = session.clock().await;
        session.end();
        clock.map_err(|failure| failure.fault)
    }

    pub(super) async fn describe(&self, sql: &'static str) -> Result<Shape, Fault> {
        let mut session = Session::lease(&self.reach).await?;
        let result = session
            .call(async |client| {
                let statement = client.prepare(sql).await.map_err(|error| failure(&error))?;
                let columns = statement
                    .columns()
                    .iter()
                    .map(|column| column.name().to_owned())
                    .collect();
                Ok(Shape {
                    arguments: statement.params().len(),
                    columns,
                    scans: Vec::new(),
                })
            })
            .await;
        session.end();
        result.map_err(|failure| failure.fault)
    }

    /// One write on its own, in its own task.
    pub(super) async fn run(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault> {
        let reach = self.reach.clone();
        let slot = self.slot()?;
        let task = self.runtime.spawn(async move {
            let _slot = slot;
            for attempt in 1.. {
                let mut session = Session::lease(&reach).await?;
                let result = session.execute(sql, &args).await;
                session.end();
                match result {
                    Err(failure) if failure.again && attempt < ATTEMPTS => pause(attempt).await,
                    Err(failure) => return Err(failure.fault),
                    Ok(touched) => return Ok(touched),
                }
            }
            Err(Fault::busy("too many conflicts"))
        });
        task.await
            .unwrap_or_else(|_| Err(Fault::unavailable("the program is shutting down")))
    }

    /// Sends a transaction to the lane. Once sent it runs to its end, whether or not the receiver is still there.
    pub(super) fn submit<T, F>(&self, work: F, decide: Decide<T>) -> Result<Answer<T>, Fault>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let (reach, slot) = (self.reach.clone(), self.slot()?);
        let task: Work = Box::new(move || {
            Box::pin(async move {
                let outcome = transaction(&reach, &work, decide).await;
                drop(slot);
                // A caller that went away does not undo its write.
                let _ = reply.send(outcome);
            })
        });
        self.lane
            .send(task)
            .map_err(|_| Fault::unavailable("the transaction thread is gone"))?;
        Ok(answer)
    }

    fn slot(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|_| Fault::busy("too many transactions are waiting"))
    }
}

/// The thread on which transactions' closures run. One is enough: it only turns the futures, the sockets are served by the
/// program's runtime. It is what lets one closure, whose future is not `Send`, serve both engines.
fn start_lane() -> Result<mpsc::UnboundedSender<Work>, Fault> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Work>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Fault::unavailable(format!("cannot start the transaction thread: {error}")))?;
    std::thread::Builder::new()
        .name("sekisho-postgres".to_owned())
        .spawn(move || {
            let tasks = tokio::task::LocalSet::new();
            tasks.block_on(&runtime, async {
                while let Some(work) = receiver.recv().await {
                    tokio::task::spawn_local(work());
                }
            });
            // The last handle is gone; what was sent before runs to its end.
            runtime.block_on(tasks);
        })
        .map_err(|error| Fault::unavailable(format!("cannot start the transaction thread: {error}")))?;
    Ok(sender)
}

async fn transaction<T>(
    reach: &Reach,
    work: &impl AsyncFn(&mut Tx) -> Result<T, Fault>,
    decide: Decide<T>,
) -> Result<T, Fault> {
    for attempt in 1.. {
        match attempt_transaction(reach, work, decide).await {
            Err(failure) if failure.again && attempt < ATTEMPTS => pause(attempt).await,
            Err(failure) => return Err(failure.fault),
            Ok(value) => return Ok(value),
        }
    }
    Err(Fault::busy("too many conflicts"))
}

async fn attempt_transaction<T>(
    reach: &Reach,
    work: &impl AsyncFn(&mut Tx) -> Result<T, Fault>,
    decide: Decide<T>,
) -> Result<T, Failure> {
    let mut session = Session::lease(reach).await?;
    session.begin().await?;
    let mut tx = Tx::new(tx::Session::Postgres(Box::new(session)));
    let result = tx.perform(work, decide).await;
    let rings = tx.rings();
    let tx::Session::Postgres(mut session) = tx.into_session() else {
        return Err(Fault::bug("a transaction changed its engine").into());
    };
    match &result {
        // One message: while it is under way the feed's row is locked.
        Ok((_, Ending::Commit)) if rings => {
            session.batch(listen::RING_AND_COMMIT).await?;
            reach.ringer.ring();
        }
        Ok((_, Ending::Commit)) => session.batch("COMMIT").await?,
        _ if session.is_lost() => {}
        _ => session.batch("ROLLBACK").await?,
    }
    session.end();
    result.map(|(value, _)| value)
}

/// The server's clock, which is the clock of all nodes. Outside of the dialect, for no table says it.
const TIME: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now";

/// Longer each time, and of different length for each of those that met, so that they do not meet again.
async fn pause(attempt: u32) {
    let chance = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), attempt);
    tokio::time::sleep(Duration::from_millis(1 + chance % (4 << attempt))).await;
}

/// A connection on loan from the pool. Dropped before [`Session::end`] it is closed, because then nobody knows what is
/// still open on it.
pub(super) struct Session {
    client: Option<Object>,
    /// How long to wait for an answer before the connection counts as dead.
    pub(super) patience: Duration,
    lost: bool,
    watch: Arc<Watch>,
}

impl Session {
    async fn lease(reach: &Reach) -> Result<Self, Fault> {
        let client = reach.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                Fault::busy("no connection became free in time")
            }
            PoolError::Backend(error) => Fault::unavailable(connect::explain(&error)),
            error => Fault::unavailable(error.to_string()),
        })?;
        Ok(Self {
            client: Some(client),
            patience: reach.patience,
            lost: false,
            watch: Arc::clone(&reach.watch),
        })
    }

    /// What is known of this node's clock; the server is asked when that is not known well enough.
    pub(super) async fn clock(&mut self) -> Result<Clock, Failure> {
        for _ in 0..3 {
            if let Verdict::Known(clock) = self.watch.judge(Reading::take()) {
                return Ok(clock);
            }
            // The first answer may be late, because the statement had to be prepared.
            let measured = self.measure().await?.better(self.measure().await?);
            self.watch.note(measured);
        }
        Err(Fault::unavailable("this node's clock does not run evenly").into())
    }

    async fn measure(&mut self) -> Result<Measured, Failure> {
        let before = Reading::take();
        let rows = self.rows(TIME, &[]).await?;
        let after = Reading::take();
        Ok(Measured::new(tx::exactly_one(rows)?.get("now")?, before, after))
    }

    /// Nothing has happened yet, so a connection that turns out to be dead here may be replaced.
    async fn begin(&mut self) -> Result<(), Failure> {
        self.batch("BEGIN").await.map_err(|failure| Failure {
            again: failure.again || self.lost,
            ..failure
        })
    }

    pub(super) async fn rows(&mut self, sql: &'static str, args: &[Arg]) -> Result<Vec<Row>, Failure> {
        self.call(async |client| {
            let statement = prepare(client, sql, args).await?;
            let rows = client
                .query(&statement, &bind(args))
                .await
                .map_err(|error| failure(&error))?;
            Ok(rows.into_iter().map(Row::postgres).collect())
        })
        .await
    }

    pub(super) async fn execute(&mut self, sql: &'static str, args: &[Arg]) -> Result<u64, Failure> {
        self.call(async |client| {
            let statement = prepare(client, sql, args).await?;
            client
                .execute(&statement, &bind(args))
                .await
                .map_err(|error| failure(&error))
        })
        .await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.call(async |client| client.batch_execute(sql).await.map_err(|error| failure(&error)))
            .await
    }

    async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&ClientWrapper) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(client) = self.client.as_ref().filter(|_| !self.lost) else {
            return Err(Fault::unavailable("the connection was lost").into());
        };
        // Stays so when this future is dropped half-way.
        self.lost = true;
        let result = match tokio::time::timeout(self.patience, work(client)).await {
            Ok(result) => {
                self.lost = client.is_closed();
                result
            }
            Err(_) => Err(Fault::unavailable("no answer in time").into()),
        };
        match result {
            // The server's last words arrive a moment before the connection is seen to be closed.
            Err(failure) if matches!(failure.fault, Fault::Unavailable(_)) => {
                self.lost = true;
                Err(failure)
            }
            result => result,
        }
    }

    fn is_lost(&self) -> bool {
        self.lost
    }

    /// The connection is as it was lent: no transaction is open on it.
    fn end(mut self) {
        if !self.lost {
            drop(self.client.take());
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

async fn prepare(
    client: &ClientWrapper,
    sql: &'static str,
    args: &[Arg],
) -> Result<tokio_postgres::Statement, Failure> {
    arg::check(args)?;
    let statement = client
        .prepare_cached(sql)
        .await
        .map_err(|error| failure(&error))?;
    let wanted = statement.params().len();
    if wanted != args.len() {
        let what = format!("a statement wants {wanted} arguments, given are {}", args.len());
        return Err(Fault::bug(what).into());
    }
    Ok(statement)
}

fn bind(args: &[Arg]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Arg {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // Each accepts its own PostgreSQL types only, nulls included.
        match self {
            Self::Text(text) => text.to_sql_checked(wanted, out),
            Self::Int(n) if *wanted == Type::INT4 => {
                n.map(i32::try_from).transpose()?.to_sql_checked(wanted, out)
            }
            Self::Int(n) => n.to_sql_checked(wanted, out),
            Self::Bool(yes) => yes.to_sql_checked(wanted, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(wanted, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What a server's error means here. The server's own words are passed on only for mistakes in a statement, because
/// in other errors they may quote a value.
fn failure(error: &tokio_postgres::Error) -> Failure {
    let Some(code) = error.code() else {
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if inner.is::<WrongType>() || inner.is::<std::num::TryFromIntError>() {
                return Fault::bug(format!("{error}: {inner}")).into();
            }
            cause = inner.source();
        }
        // Whatever else has no code happened to the connection.
        return Fault::unavailable(connect::explain(error)).into();
    };
    let detail = error.as_db_error();
    let name = detail
        .and_then(|detail| detail.constraint().or(detail.column()))
        .unwrap_or("unnamed");
    let fault = match (code.code(), &code.code()[..2]) {
        ("40001" | "40P01", _) => {
            return Failure {
                fault: Fault::busy("too many conflicts"),
                again: true,
            };
        }
        ("55P03", _) => Fault::busy("a row lock was not free in time"),
        ("57014", _) => Fault::busy("a statement took too long"),
        ("53100", _) => Fault::Full,
        // 25006: a standby after fail-over. 25P03: idle in a transaction for too long.
        ("25006" | "25P03", _) | (_, "08" | "28" | "3D" | "53" | "57" | "58") => {
            Fault::unavailable(format!("PostgreSQL says {}", code.code()))
        }
        (_, "23") => Fault::Conflict(format!("{name} ({})", code.code())),
        (_, "42") => Fault::bug(detail.map_or_else(String::new, |detail| detail.message().to_owned())),
        (_, "XX") => Fault::Corrupt(format!("PostgreSQL says {}", code.code())),
        _ => Fault::bug(format!("PostgreSQL says {}", code.code())),
    };
    fault.into()
}
