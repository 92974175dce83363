//! Plain batched INSERTs of the same rows, by the driver alone: the same table and indexes, the same durability, the same batches.
//! What is measured is the time in the driver; making the rows is not.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::types::ToSql;

use crate::people::{CREATED, People};

/// Rows of one statement and statements of one transaction, as the import has them.
const ROWS: u64 = 25;
const STATEMENTS: u64 = 20;

const COLUMNS: &str = "id, email, email_folded, email_verified, name, nickname, given_name, family_name, picture, password_hash, \
                       blocked, epoch, nbf, created_at, updated_at";

/// An empty database with the server's tables.
pub enum Plain {
    Sqlite(rusqlite::Connection),
    Postgres(Box<tokio_postgres::Client>, tokio_postgres::Statement),
}

/// A person's columns that differ.
struct Row {
    id: String,
    email: String,
    name: String,
    nickname: String,
}

impl Row {
    fn of(number: u64) -> Self {
        Self {
            id: People::id(number),
            email: People::email(number),
            name: People::name(number),
            nickname: People::nickname(number),
        }
    }
}

fn statement() -> String {
    let rows: Vec<String> = (0..ROWS)
        .map(|row| {
            let number = |at: u64| format!("${}", row * 13 + at);
            let (first, last): (Vec<_>, Vec<_>) =
                ((1..=11).map(number).collect(), (12..=13).map(number).collect());
            format!("({}, 0, 0, {})", first.join(", "), last.join(", "))
        })
        .collect();
    format!("INSERT INTO users ({COLUMNS}) VALUES {}", rows.join(", "))
}

impl Plain {
    /// The SQLite file, with the settings of the server's own writer.
    pub fn sqlite(path: &Path) -> Result<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA foreign_keys = ON; \
             PRAGMA journal_size_limit = 67108864;",
        )?;
        Ok(Self::Sqlite(connection))
    }

    /// The database at this URL.
    pub async fn postgres(url: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let statement = client.prepare(&statement()).await?;
        Ok(Self::Postgres(Box::new(client), statement))
    }

    /// Inserts people; answers how long that took.
    pub async fn insert(&mut self, people: &People, numbers: std::ops::Range<u64>) -> Result<Duration> {
        let mut took = Duration::ZERO;
        let mut first = numbers.start;
        while first < numbers.end {
            let batch: Vec<Row> = (first..first + ROWS * STATEMENTS).map(Row::of).collect();
            first += ROWS * STATEMENTS;
            took += match self {
                Self::Sqlite(connection) => sqlite_batch(connection, people, &batch)?,
                Self::Postgres(client, statement) => {
                    postgres_batch(client, statement, people, &batch).await?
                }
            };
        }
        Ok(took)
    }
}

fn sqlite_batch(connection: &mut rusqlite::Connection, people: &People, batch: &[Row]) -> Result<Duration> {
    let sql = statement();
    let begun = Instant::now();
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(&sql)?;
        for rows in batch.chunks(ROWS as usize) {
            let mut at = 0;
            for Row {
                id,
                email,
                name,
                nickname,
            } in rows
            {
                let none = None::<&str>;
                let values: [&dyn rusqlite::ToSql; 13] = [
                    id,
                    email,
                    email,
                    &true,
                    name,
                    nickname,
                    &none,
                    &none,
                    &none,
                    &people.hash,
                    &false,
                    &CREATED,
                    &CREATED,
                ];
                for value in values {
                    at += 1;
                    statement.raw_bind_parameter(at, value)?;
                }
            }
            statement.raw_execute()?;
        }
    }
    transaction.commit()?;
    Ok(begun.elapsed())
}

async fn postgres_batch(
    client: &mut tokio_postgres::Client,
    statement: &tokio_postgres::Statement,
    people: &People,
    batch: &[Row],
) -> Result<Duration> {
    let begun = Instant::now();
    let transaction = client.transaction().await?;
    let none = None::<String>;
    for rows in batch.chunks(ROWS as usize) {
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(rows.len() * 13);
        for row in rows {
            values.extend([&row.id as &(dyn ToSql + Sync), &row.email, &row.email, &true]);
            values.extend([
                &row.name as &(dyn ToSql + Sync),
                &row.nickname,
                &none,
                &none,
                &none,
            ]);
            values.extend([&people.hash as &(dyn ToSql + Sync), &false, &CREATED, &CREATED]);
        }
        transaction.execute(statement, &values).await?;
    }
    transaction.commit().await?;
    Ok(begun.elapsed())
}
