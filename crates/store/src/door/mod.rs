//! The door to the database: the only place that names a driver. [`Db`] is a cheap handle; its methods take constant
//! statement text with `$1` and [`args!`](crate::args), and mean the same on both engines.
//!
//! - [`Db::opt`], [`Db::one`], [`Db::all`]: reads whose plan is an index search, at most 100 rows;
//! - [`Db::scan`]: a page of a longer read, off the async threads;
//! - [`Db::run`]: one write on its own;
//! - [`Db::tx`]: a transaction; [`Db::settle`]: a transaction that hangs on a conditional write.
//!
//! It knows no table. What a transaction has queued for the revocation feed it has `revocations` write last, just before COMMIT, and
//! rings the [`Bell`] when that returned.

mod arg;
mod bell;
mod clock;
mod connect;
mod fault;
mod listen;
mod options;
mod postgres;
mod row;
mod settled;
mod sqlite;
mod tx;
mod writer;

use std::path::Path;
use std::sync::Arc;

pub use arg::Arg;
pub use bell::Bell;
pub use clock::{Clock, OFFSET_LIMIT, Trust};
pub use fault::Fault;
pub use options::{Options, Place, Postgres};
pub use row::{ColumnIndex, FromColumn, Row};
pub use settled::{Pending, Settled};
pub use tx::Tx;

use tx::{Decide, Ending};

/// The database. Clones share it; it is closed when the last one is gone.
#[derive(Clone)]
pub struct Db(Arc<Engine>);

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Server>),
}

/// A prepared statement seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many arguments it wants.
    pub arguments: usize,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The steps of its plan that read a table from one end to the other (SQLite; empty on PostgreSQL, whose plans
    /// depend on how much is stored).
    pub scans: Vec<String>,
}

/// The most rows [`Db::all`] answers.
pub const ALL_ROWS: usize = 100;
/// The most rows [`Db::scan`] answers: a page.
pub const SCAN_ROWS: usize = 1000;

impl Db {
    /// Opens the database; call it inside a tokio runtime. A SQLite file is made when it does not exist. A PostgreSQL
    /// server that is down is no error here but at the first call, so that the program can start before it.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        Ok(Self(Arc::new(match &options.place {
            Place::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path, options)?),
            Place::Postgres(place) => Engine::Postgres(Box::new(postgres::Server::open(place, options)?)),
        })))
    }

    /// Reads at most one row; two are a [`Fault::Bug`].
    pub async fn opt(&self, sql: &'static str, args: &[Arg]) -> Result<Option<Row>, Fault> {
        tx::at_most_one(self.read(sql, args, 1).await?)
    }

    /// Reads exactly one row, such as a count; none or two are a [`Fault::Bug`].
    pub async fn one(&self, sql: &'static str, args: &[Arg]) -> Result<Row, Fault> {
        tx::exactly_one(self.read(sql, args, 1).await?)
    }

    /// Reads up to [`ALL_ROWS`] rows; more are a [`Fault::Bug`], so the statement has a LIMIT.
    pub async fn all(&self, sql: &'static str, args: &[Arg]) -> Result<Vec<Row>, Fault> {
        self.read(sql, args, ALL_ROWS).await
    }

    /// Reads one page of up to [`SCAN_ROWS`] rows of something long. Go on with the last key of the page
    /// (`WHERE id > $1 ORDER BY id LIMIT $2`), so that no read transaction stays open between pages.
    pub async fn scan(&self, sql: &'static str, args: &[Arg]) -> Result<Vec<Row>, Fault> {
        tx::outside()?;
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.scan(sql, args.to_vec(), SCAN_ROWS).await,
            Engine::Postgres(server) => bounded(server.read(sql, args).await?, SCAN_ROWS),
        }
    }

    /// Runs one write as a transaction of its own and answers how many rows it touched.
    pub async fn run(&self, sql: &'static str, args: &[Arg]) -> Result<u64, Fault> {
        tx::outside()?;
        let args = args.to_vec();
        match &*self.0 {
            Engine::Sqlite(_) => self.tx(async move |tx: &mut Tx| tx.run(sql, &args).await).await,
            Engine::Postgres(server) => server.run(sql, args).await,
        }
    }

    /// Runs a transaction: `db.tx(async move |tx| { .. })`. `Ok` commits, `Err` rolls back. When this answers `Ok` the
    /// write is durable.
    ///
    /// The closure may run more than once (deadlock, serialization failure, a lost group commit), so it must not do
    /// anything but use `tx`: awaiting something else, or using another handle of the database, is a [`Fault::Bug`]. Once
    /// this future was polled, the transaction runs to its end even if the future is dropped.
    pub async fn tx<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        self.submit(work, |_| Ending::Commit).await
    }

    /// Runs a transaction that hangs on a conditional write, of which tokens are minted, so it fails while this node's clock is
    /// not to be trusted ([`Db::clock`]). `None` means that the write lost: everything is rolled back;
    /// read again and decide again.
    pub async fn settle<T, F>(&self, work: F) -> Result<Option<Settled<T>>, Fault>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<Option<Pending<T>>, Fault> + Send + 'static,
    {
        self.clock().await?.check()?;
        let won = self.submit(work, |won| {
            if won.is_some() {
                Ending::Commit
            } else {
                Ending::RollBack
            }
        });
        Ok(won.await?.map(Pending::settle))
    }

    /// A bell that rings when the feed may have changed, by this process or another one. What rings it from outside is started
    /// by the first call; call it inside a tokio runtime.
    pub fn bell(&self) -> Result<Bell, Fault> {
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.bell(),
            Engine::Postgres(server) => Ok(server.bell()),
        }
    }

    /// Whether this node's clock may stamp tokens and revocations. It costs a question to the database server every ten seconds
    /// (PostgreSQL), and otherwise nothing. [`Db::settle`] and transactions with a [record](Tx::record) ask it themselves; who
    /// mints without a write asks here.
    pub async fn clock(&self) -> Result<Clock, Fault> {
        match &*self.0 {
            Engine::Sqlite(sqlite) => Ok(sqlite.watch.judge_alone(clock::Reading::take())),
            Engine::Postgres(server) => server.clock().await,
        }
    }

    /// Whether the database answers now, this node's clock may be used and, as far as is known, takes writes: after a write that a full or failing
    /// disk refused, this tries one (SQLite).
    pub async fn ping(&self) -> Result<(), Fault> {
        self.one("SELECT 1 AS one", &[]).await?;
        self.clock().await?.check()?;
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.writer.probe().await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Writes a consistent copy of the database to a new file while the program runs (SQLite only). Copying the file by
    /// other means is not a backup: the newest commits are in its WAL.
    pub async fn backup(&self, target: &Path) -> Result<(), Fault> {
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.backup(target).await,
            Engine::Postgres(_) => Err(Fault::Unsupported(
                "this database is PostgreSQL: make the backup with pg_dump or with base backups".into(),
            )),
        }
    }

    /// What the engine makes of a statement, without running it. The tests compare the engines with it.
    pub async fn describe(&self, sql: &'static str) -> Result<Shape, Fault> {
        tx::outside()?;
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.describe(sql),
            Engine::Postgres(server) => server.describe(sql).await,
        }
    }

    async fn read(&self, sql: &'static str, args: &[Arg], limit: usize) -> Result<Vec<Row>, Fault> {
        tx::outside()?;
        match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.read(sql, args, Some(limit)),
            Engine::Postgres(server) => bounded(server.read(sql, args).await?, limit),
        }
    }

    async fn submit<T, F>(&self, work: F, decide: Decide<T>) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, Fault> + Send + 'static,
    {
        tx::outside()?;
        let answer = match &*self.0 {
            Engine::Sqlite(sqlite) => sqlite.writer.submit(work, decide)?,
            Engine::Postgres(server) => server.submit(work, decide)?,
        };
        answer
            .await
            .unwrap_or_else(|_| Err(Fault::unavailable("the database was closed")))
    }
}

fn bounded(rows: Vec<Row>, limit: usize) -> Result<Vec<Row>, Fault> {
    if rows.len() > limit {
        return Err(Fault::bug("a statement answered more rows than its call allows"));
    }
    Ok(rows)
}
