//! Fills a database with many users beside the demo user, by SQL alone.
//!
//! Rows are copies of a row that is there, with other identifiers, so nothing here knows the other columns.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// A table, the columns that must differ between copies, and what they become (`i` is the copy's number).
type Copies = [(&'static str, &'static [(&'static str, &'static str)]); 2];

const USERS: Copies = [
    (
        "users",
        &[
            ("id", "'auth0|bench' || CAST(i AS TEXT)"),
            ("email", "'bench' || CAST(i AS TEXT) || '@example.com'"),
            ("email_folded", "'bench' || CAST(i AS TEXT) || '@example.com'"),
        ],
    ),
    (
        "families",
        &[
            ("gid", "'bench' || CAST(i AS TEXT)"),
            ("handle_hash", "NULL"),
            ("user_id", "'auth0|bench' || CAST(i AS TEXT)"),
        ],
    ),
];

/// An API like the demo's whose access tokens are signed with ES256, and the machine client's grant for it.
const EC_API: Copies = [
    (
        "apis",
        &[
            ("id", "'bench'"),
            ("identifier", "'https://ec.bench.example/'"),
            ("signing_alg", "'ES256'"),
        ],
    ),
    (
        "client_grants",
        &[("id", "'bench'"), ("audience", "'https://ec.bench.example/'")],
    ),
];

/// The audience of the API with ES256 tokens.
pub const EC_AUDIENCE: &str = "https://ec.bench.example/";

/// Finds the one SQLite file of a data folder.
fn sqlite_file(data: &Path) -> Result<std::path::PathBuf> {
    let mut folders = vec![data.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if starts_like_sqlite(&path)? {
                return Ok(path);
            }
        }
    }
    anyhow::bail!("no SQLite file under {}", data.display())
}

fn starts_like_sqlite(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start == b"SQLite format 3\0")
}

/// Adds the API with ES256 tokens. The server must be stopped.
pub async fn ec_api(data: &Path, postgres: Option<&str>) -> Result<()> {
    copies(data, postgres, EC_API, (1, 1)).await
}

/// Adds users numbered `from..=to`, each with a refresh family. The server must be stopped.
pub async fn users(data: &Path, postgres: Option<&str>, from: u64, to: u64) -> Result<()> {
    copies(data, postgres, USERS, (from, to)).await
}

async fn copies(data: &Path, postgres: Option<&str>, copies: Copies, (from, to): (u64, u64)) -> Result<()> {
    match postgres {
        None => {
            let db = rusqlite::Connection::open(sqlite_file(data)?)?;
            db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")?;
            for (table, changes) in copies {
                let columns: Vec<String> = db
                    .prepare(&format!("SELECT * FROM {table} LIMIT 0"))?
                    .column_names()
                    .map(str::to_owned)
                    .collect();
                let rows = db.execute(&copy(table, &columns, changes, (from, to)), [])?;
                ensure!(rows as u64 == to - from + 1, "{table}: {rows} rows");
            }
            db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;")
                .context("checkpoint")
        }
        Some(url) => {
            let (db, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            for (table, changes) in copies {
                let statement = db.prepare(&format!("SELECT * FROM {table} LIMIT 0")).await?;
                let columns: Vec<String> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
                let rows = db
                    .execute(&copy(table, &columns, changes, (from, to)), &[])
                    .await?;
                ensure!(rows == to - from + 1, "{table}: {rows} rows");
            }
            db.batch_execute("ANALYZE").await.context("analyze")
        }
    }
}

/// One statement both engines read: copies of the first row that is not a copy itself.
fn copy(table: &str, columns: &[String], changes: &[(&str, &str)], (from, to): (u64, u64)) -> String {
    let values: Vec<&str> = columns
        .iter()
        .map(|column| {
            changes
                .iter()
                .find(|(name, _)| name == column)
                .map_or(column.as_str(), |(_, value)| value)
        })
        .collect();
    let (key, _) = changes[0];
    let (columns, values) = (columns.join(", "), values.join(", "));
    format!(
        "INSERT INTO {table} ({columns}) \
         WITH RECURSIVE numbers(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM numbers WHERE i < {to}), \
         model AS (SELECT * FROM {table} WHERE {key} NOT LIKE '%bench%' LIMIT 1) \
         SELECT {values} FROM model, numbers"
    )
}
