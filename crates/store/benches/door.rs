//! How fast the door is: `cargo xtask bench store`, or `cargo bench -p sekisho-store`. Prints one JSON object per figure
//! (bench/README.md); on PostgreSQL too when `SEKISHO_TEST_POSTGRES` names a server.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

use std::time::Instant;

use sekisho_store::{Db, Options, Tx, args};

const ROWS: i64 = 10_000;
const GET: &str = "SELECT id, n, note FROM rows WHERE id = $1";
const TURN: &str = "UPDATE rows SET n = n + 1 WHERE id = $1 AND n < $2 RETURNING n";
const NOTE: &str = "INSERT INTO turns (id, row_id) VALUES ($1, $2)";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        measure(
            "SQLite",
            &Db::open(&Options::sqlite(folder.path().join("bench.db"))).unwrap(),
        )
        .await;
        if let Ok(url) = std::env::var("SEKISHO_TEST_POSTGRES") {
            let db = Db::open(&Options::parse(&url).unwrap()).unwrap();
            measure("PostgreSQL", &db).await;
            db.tx(async move |tx: &mut Tx| {
                tx.run("DROP TABLE turns", args![]).await?;
                tx.run("DROP TABLE rows", args![]).await
            })
            .await
            .unwrap();
        }
    });
}

async fn measure(engine: &str, db: &Db) {
    db.tx(async move |tx: &mut Tx| {
        tx.run(
            "CREATE TABLE rows (id TEXT PRIMARY KEY, n BIGINT NOT NULL, note TEXT)",
            args![],
        )
        .await?;
        tx.run(
            "CREATE TABLE turns (id TEXT PRIMARY KEY, row_id TEXT NOT NULL)",
            args![],
        )
        .await?;
        for i in 0..ROWS {
            tx.run(
                "INSERT INTO rows (id, n, note) VALUES ($1, $2, $3)",
                args![key(i), 0i64, "a note"],
            )
            .await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    reads(engine, db).await;
    for tasks in [1, 16, 64, 256] {
        writes(engine, db, tasks).await;
    }
}

async fn reads(engine: &str, db: &Db) {
    // On a worker thread, as a request's handler runs.
    let db = db.clone();
    let took = tokio::spawn(async move {
        let mut took = Vec::new();
        for i in 0..20_000i64 {
            let id = key((i * 7919) % ROWS);
            let start = Instant::now();
            let row = db.opt(GET, args![&id]).await.unwrap().unwrap();
            let _: String = row.get("id").unwrap();
            took.push(start.elapsed());
        }
        took.sort_unstable();
        took
    })
    .await
    .unwrap();
    let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    for (share, took) in [("p50", p50), ("p99", p99)] {
        row(
            &format!("{engine}: read one row by key, {share}"),
            took.as_secs_f64() * 1e6,
            "us",
        );
    }
}

/// A conditional update and an insert in one durable transaction, as a refresh token's rotation is.
async fn writes(engine: &str, db: &Db, tasks: i64) {
    let each = 16_000 / tasks.max(8);
    let start = Instant::now();
    let tasks_running: Vec<_> = (0..tasks)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for i in 0..each {
                    let (id, turn) = (key((task * 131 + i * 17) % ROWS), format!("{tasks}-{task}-{i}"));
                    db.tx(async move |tx: &mut Tx| {
                        tx.one(TURN, args![&id, i64::MAX]).await?;
                        tx.run(NOTE, args![&turn, &id]).await
                    })
                    .await
                    .unwrap();
                }
            })
        })
        .collect();
    for task in tasks_running {
        task.await.unwrap();
    }
    let rate = (tasks * each) as f64 / start.elapsed().as_secs_f64();
    row(
        &format!("{engine}: transactions of two statements, {tasks} callers"),
        rate,
        "per second",
    );
}

fn row(name: &str, value: f64, unit: &str) {
    println!(
        "{}",
        serde_json::json!({"name": name, "value": value, "unit": unit})
    );
}

fn key(i: i64) -> String {
    format!("{i:032x}")
}
