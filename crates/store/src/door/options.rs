//! Where the database is and how long to wait for it. Parsing of the one string an operator writes; no connection
//! is made here.

use std::path::PathBuf;
use std::time::Duration;

use super::Fault;

/// What [`Db::open`](super::Db::open) needs.
#[derive(Clone)]
pub struct Options {
    /// Which database.
    pub place: Place,
    /// Transactions that may wait or run at once; one more is refused with [`Fault::Busy`].
    pub queue: usize,
    /// How long a call waits for a connection (PostgreSQL) or for another process's lock (SQLite).
    pub acquire: Duration,
    /// How long one statement may run (PostgreSQL).
    pub statement: Duration,
    /// How long one statement may wait for a row lock (PostgreSQL).
    pub lock: Duration,
}

/// One of the two engines, and where it lives.
#[derive(Clone)]
#[non_exhaustive]
pub enum Place {
    /// A file of SQLite. It is made, readable by its owner only, when it does not exist.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Postgres),
}

/// A PostgreSQL server.
#[derive(Clone)]
pub struct Postgres {
    /// `postgres://user:password@host:port/database?sslmode=..&sslrootcert=..`
    ///
    /// `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`. Whenever TLS is used the server's
    /// certificate and name are verified, so the last three are the same here. Without `sslmode`, a loopback address
    /// or a unix socket means `disable`, everything else `require`.
    pub url: String,
    /// A PEM file with the certificate authorities to trust in place of the public ones; `sslrootcert` in the URL
    /// means the same.
    pub ca_file: Option<PathBuf>,
    /// The most connections one node opens.
    pub connections: usize,
}

impl Options {
    /// Reads what an operator writes: a `postgres://` URL, or a path of a SQLite file (with or without `sqlite:`).
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::new(Place::Postgres(Postgres {
                url: text.to_owned(),
                ca_file: None,
                connections: 16,
            })));
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
            .unwrap_or(text);
        // A mistyped `postgre://` must not become a file of that name.
        if path.is_empty() || path.contains("://") || path.starts_with(":memory:") {
            return Err(Fault::Unsupported(
                "the database must be a postgres:// URL or the path of a SQLite file".into(),
            ));
        }
        Ok(Self::sqlite(path))
    }

    /// A SQLite file, with default limits.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::new(Place::Sqlite(path.into()))
    }

    /// A PostgreSQL server by its URL, with default limits.
    pub fn postgres(url: impl Into<String>, connections: usize) -> Self {
        Self::new(Place::Postgres(Postgres {
            url: url.into(),
            ca_file: None,
            connections,
        }))
    }

    fn new(place: Place) -> Self {
        Self {
            place,
            queue: 4096,
            acquire: Duration::from_secs(2),
            statement: Duration::from_secs(5),
            lock: Duration::from_secs(2),
        }
    }
}
