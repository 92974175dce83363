//! SQLite under the door: opening, reading, and how a statement is bound and its errors named. Reads run inline on a
//! connection of the calling thread (a primary-key select takes about 3 us, less than handing it to another thread);
//! long scans run on blocking threads. Writes are in `writer`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use super::bell::{Bell, Ringer};
use super::clock::Watch;
use super::listen::{self, Listener};
use super::{Arg, Fault, Options, Row, Shape, arg, writer::News, writer::Writer};

/// An open SQLite file.
pub(super) struct Sqlite {
    file: Arc<File>,
    pub(super) writer: Writer,
    scanners: Arc<Scanners>,
    ringer: Ringer,
    pub(super) watch: Arc<Watch>,
    listener: OnceLock<Listener>,
}

/// The file, and the identity under which threads keep their connections to it.
struct File {
    id: u64,
    path: PathBuf,
    wait: Duration,
}

/// Connections for long scans: few, so that reports cannot take the machine.
struct Scanners {
    idle: Mutex<Vec<Connection>>,
    slots: Semaphore,
}

const SCANS_AT_ONCE: usize = 2;

impl Sqlite {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, Fault> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        create_private(path)?;
        let connection = connect(path, options.acquire)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; \
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(fault)?;
        let mode: String = connection
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .map_err(fault)?;
        if mode != "wal" {
            return Err(Fault::Unsupported(
                "this file system cannot hold a SQLite file in WAL mode".into(),
            ));
        }
        let (ringer, watch) = (Ringer::new(), Arc::<Watch>::default());
        let news = News {
            ringer: ringer.clone(),
            watch: Arc::clone(&watch),
        };
        Ok(Self {
            file: Arc::new(File {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                path: path.to_owned(),
                wait: options.acquire,
            }),
            writer: Writer::start(connection, options.queue, news)?,
            scanners: Arc::new(Scanners {
                idle: Mutex::default(),
                slots: Semaphore::new(SCANS_AT_ONCE),
            }),
            ringer,
            watch,
            listener: OnceLock::new(),
        })
    }

    pub(super) fn bell(&self) -> Result<Bell, Fault> {
        if self.listener.get().is_none() {
            let Ok(runtime) = tokio::runtime::Handle::try_current() else {
                return Err(Fault::bug("the bell is asked for outside of a tokio runtime"));
            };
            let looking = listen::sqlite(self.file.reader()?, self.ringer.clone());
            // Whoever came second is dropped, and ends.
            let _ = self.listener.set(Listener::start(&runtime, looking));
        }
        Ok(self.ringer.bell())
    }

    /// Reads on the calling thread's own connection.
    pub(super) fn read(
        &self,
        sql: &'static str,
        args: &[Arg],
        limit: Option<usize>,
    ) -> Result<Vec<Row>, Fault> {
        thread_local! {
            static READERS: RefCell<Vec<(Weak<File>, Connection)>> = const { RefCell::new(Vec::new()) };
        }
        READERS.with_borrow_mut(|readers| {
            let known = readers.iter().position(|(file, _)| is_same(file, &self.file));
            let at = match known {
                Some(at) => at,
                None => {
                    // The place to let go of files that were closed since.
                    readers.retain(|(file, _)| file.strong_count() > 0);
                    readers.push((Arc::downgrade(&self.file), self.file.reader()?));
                    readers.len() - 1
                }
            };
            rows(&readers[at].1, sql, args, limit)
        })
    }

    /// Reads on a blocking thread.
    pub(super) async fn scan(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let _slot = self
            .scanners
            .slots
            .acquire()
            .await
            .map_err(|_| Fault::unavailable("closed"))?;
        let (file, scanners) = (Arc::clone(&self.file), Arc::clone(&self.scanners));
        blocking(move || {
            let idle = scanners.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => file.reader()?,
            };
            let result = rows(&connection, sql, &args, Some(limit));
            scanners
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        })
        .await
    }

    pub(super) fn describe(&self, sql: &'static str) -> Result<Shape, Fault> {
        let connection = self.file.reader()?;
        let statement = connection.prepare(sql).map_err(fault)?;
        let numbers = (1..=statement.parameter_count()).filter_map(|i| number(&statement, i));
        let columns = statement.column_names().map(str::to_owned).collect();
        let mut plan = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .map_err(fault)?;
        let mut steps = plan.raw_query();
        let mut scans = Vec::new();
        while let Some(step) = steps.next().map_err(fault)? {
            let detail: String = step.get("detail").map_err(fault)?;
            let given = detail.ends_with("CONSTANT ROW") || detail.ends_with("VALUES CLAUSE");
            if detail.starts_with("SCAN") && !given {
                scans.push(detail);
            }
        }
        Ok(Shape {
            arguments: numbers.max().unwrap_or(0),
            columns,
            scans,
        })
    }

    /// Writes a consistent copy to a new file, without stopping writers.
    pub(super) async fn backup(&self, target: &Path) -> Result<(), Fault> {
        let (file, target) = (Arc::clone(&self.file), target.to_owned());
        blocking(move || copy(&file, &target)).await
    }
}

impl File {
    fn reader(&self) -> Result<Connection, Fault> {
        let connection = connect(&self.path, self.wait)?;
        connection
            .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000;")
            .map_err(fault)?;
        Ok(connection)
    }
}

fn is_same(known: &Weak<File>, file: &Arc<File>) -> bool {
    known.upgrade().is_some_and(|known| known.id == file.id)
}

/// `VACUUM INTO` reads one snapshot; the copy gets its final name only when it is whole and on the disk.
fn copy(file: &File, target: &Path) -> Result<(), Fault> {
    let refuse = |error: std::io::Error| Fault::unavailable(format!("backup: {error}"));
    if target.exists() {
        return Err(Fault::Unsupported(
            "backup: the target file exists already".into(),
        ));
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let Some(name) = partial.to_str() else {
        return Err(Fault::Unsupported("backup: the path is not UTF-8".into()));
    };
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refuse(error)),
        _ => create_private(&partial)?,
    }
    connect(&file.path, file.wait)?
        .execute("VACUUM INTO $1", [name])
        .map_err(fault)?;
    std::fs::File::open(&partial)
        .and_then(|copy| copy.sync_all())
        .map_err(refuse)?;
    std::fs::rename(&partial, target).map_err(refuse)?;
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(refuse)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Fault::bug("a long read panicked")))
}

/// The file holds secrets: nobody but its owner may read it. SQLite gives its WAL the same mode.
fn create_private(path: &Path) -> Result<(), Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| Fault::unavailable(format!("cannot open {}: {error}", path.display())))
}

fn connect(path: &Path, wait: Duration) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection.busy_timeout(wait).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(512);
    connection
        .execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")
        .map_err(fault)?;
    Ok(connection)
}

/// Runs a statement and reads up to `limit` rows; one more is a bug of the statement.
pub(super) fn rows(
    connection: &Connection,
    sql: &'static str,
    args: &[Arg],
    limit: Option<usize>,
) -> Result<Vec<Row>, Fault> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let known = known(sql, &statement)?;
    bind(&mut statement, &known, args)?;
    let names = &known.names;
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(fault)? {
        if limit.is_some_and(|limit| found.len() == limit) {
            return Err(Fault::bug("a statement answered more rows than its call allows"));
        }
        let values = (0..names.len())
            .map(|i| owned(row.get_ref(i).map_err(fault)?))
            .collect::<Result<_, _>>()?;
        found.push(Row::sqlite(Arc::clone(names), values));
    }
    Ok(found)
}

/// Runs a statement without rows.
pub(super) fn execute(connection: &Connection, sql: &'static str, args: &[Arg]) -> Result<u64, Fault> {
    in_transaction(connection)?;
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let known = known(sql, &statement)?;
    bind(&mut statement, &known, args)?;
    statement
        .raw_execute()
        .map(|touched| touched as u64)
        .map_err(fault)
}

/// On some errors SQLite drops the whole transaction; what follows must not be written on its own.
pub(super) fn in_transaction(connection: &Connection) -> Result<(), Fault> {
    if connection.is_autocommit() {
        return Err(Fault::unavailable("the transaction was lost"));
    }
    Ok(())
}

/// SQLite numbers `$2` by its first appearance in the text; we bind it by the number in its name.
fn bind(statement: &mut rusqlite::Statement<'_>, known: &Known, args: &[Arg]) -> Result<(), Fault> {
    arg::check(args)?;
    if known.arguments != args.len() {
        return Err(Fault::bug(format!(
            "a statement wants {} arguments, given are {}",
            known.arguments,
            args.len()
        )));
    }
    for (position, number) in (1..).zip(&known.numbers) {
        let value = &args[number - 1];
        statement.raw_bind_parameter(position, value).map_err(fault)?;
    }
    Ok(())
}

/// The 2 of `$2`.
fn number(statement: &rusqlite::Statement<'_>, position: usize) -> Option<usize> {
    let number = statement
        .parameter_name(position)?
        .strip_prefix('$')?
        .parse()
        .ok();
    number.filter(|&number| number > 0)
}

impl rusqlite::ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(n)) => ValueRef::Integer(*n),
            Self::Bool(Some(yes)) => ValueRef::Integer(i64::from(*yes)),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Text(None) | Self::Int(None) | Self::Bool(None) | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}

fn owned(value: ValueRef<'_>) -> Result<Value, Fault> {
    Value::try_from(value).map_err(|_| Fault::Corrupt("a text column is not UTF-8".to_owned()))
}

/// What is known of a statement. Asking SQLite takes a walk through all parameters for each of them.
struct Known {
    names: Arc<[String]>,
    /// The number in the name of each parameter, in SQLite's own order.
    numbers: Vec<usize>,
    /// How many arguments it takes.
    arguments: usize,
}

/// The statements by the address and length of their constant text.
type Statements = HashMap<(usize, usize), Rc<Known>>;

/// What is known of a statement, found out once per thread and statement text.
fn known(sql: &'static str, statement: &rusqlite::Statement<'_>) -> Result<Rc<Known>, Fault> {
    thread_local! {
        static STATEMENTS: RefCell<Statements> = RefCell::default();
    }
    STATEMENTS.with_borrow_mut(|statements| {
        let key = (sql.as_ptr().addr(), sql.len());
        if let Some(known) = statements.get(&key) {
            return Ok(Rc::clone(known));
        }
        let numbers: Vec<usize> = (1..=statement.parameter_count())
            .map(|position| number(statement, position))
            .collect::<Option<_>>()
            .ok_or_else(|| Fault::bug("a parameter is not written as $1"))?;
        let known = Rc::new(Known {
            names: statement.column_names().map(str::to_owned).collect(),
            arguments: numbers.iter().copied().max().unwrap_or(0),
            numbers,
        });
        statements.insert(key, Rc::clone(&known));
        Ok(known)
    })
}

/// SQLite's messages name tables and columns, never bound values.
pub(super) fn fault(error: rusqlite::Error) -> Fault {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return Fault::bug(error.to_string());
    };
    let message = message.unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::DiskFull => Fault::Full,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Fault::busy("another process holds the write lock")
        }
        ErrorCode::ConstraintViolation => Fault::Conflict(message),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Fault::Corrupt(message),
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::PermissionDenied
        | ErrorCode::OutOfMemory => Fault::unavailable(message),
        _ => Fault::bug(message),
    }
}
