//! The database goes away, fills up or answers too slowly: a fault that says so, and work again when it is back.

use std::os::unix::fs::PermissionsExt;
use std::task::Poll;
use std::time::Duration;

use crate::Site;
use sekisho_store::door::Place;
use sekisho_store::{Db, Fault, Options, Tx, args};
use sekisho_test_postgres::Server;

const MAKE: &str = "CREATE TABLE marks (id TEXT PRIMARY KEY, note TEXT)";
const MARK: &str = "INSERT INTO marks (id, note) VALUES ($1, $2)";
const COUNT: &str = "SELECT COUNT(*) AS n FROM marks";

async fn mark(tx: &mut Tx, id: &str, note: &str) -> Result<(), Fault> {
    tx.run(MARK, args![id, note]).await.map(drop)
}

async fn count(db: &Db) -> i64 {
    db.one(COUNT, args![]).await.unwrap().get("n").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_are_replaced() {
    let site = Site::postgres();
    let killer = site.node();
    site.db.run(MAKE, args![]).await.unwrap();
    const KILL: &str = "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) AS n FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for round in 0..10i64 {
        assert!(killer.one(KILL, args![]).await.unwrap().get::<i64>("n").unwrap() > 0);
        // At once, while the news of it may still be under way.
        if round % 2 == 0 {
            site.db
                .tx(async move |tx| mark(tx, &format!("m{round}"), "").await)
                .await
                .unwrap();
        } else {
            site.db.one(COUNT, args![]).await.unwrap();
        }
    }
    assert_eq!(count(&site.db).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_killed_inside_a_transaction_writes_nothing() {
    let site = Site::postgres();
    site.db.run(MAKE, args![]).await.unwrap();
    let killed = site
        .db
        .tx(async move |tx| {
            mark(tx, "a", "").await?;
            tx.opt(
                "SELECT 1 AS one FROM (SELECT pg_terminate_backend(pg_backend_pid())) AS t",
                args![],
            )
            .await?;
            mark(tx, "b", "").await
        })
        .await;
    assert!(matches!(&killed, Err(Fault::Unavailable(_))), "{killed:?}");
    assert_eq!(count(&site.db).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_left_in_the_middle_of_a_statement_is_not_used_again() {
    let mut site = Site::postgres();
    if let Place::Postgres(place) = &mut site.options.place {
        place.connections = 1;
    }
    let db = site.node();
    db.run(MAKE, args![]).await.unwrap();
    let left = db
        .tx(async move |tx| {
            mark(tx, "a", "").await?;
            {
                let mut abandoned = std::pin::pin!(mark(tx, "b", ""));
                let once =
                    std::future::poll_fn(|context| Poll::Ready(abandoned.as_mut().poll(context).is_ready()));
                assert!(!once.await);
            }
            Ok(())
        })
        .await;
    assert!(matches!(&left, Err(Fault::Bug(_))), "{left:?}");
    db.tx(async move |tx| mark(tx, "c", "").await).await.unwrap();
    assert_eq!(count(&site.db).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_is_unavailable_until_it_is_back() {
    let mut server = Server::start();
    let db = Db::open(&Options::parse(&server.fresh_database()).unwrap()).unwrap();
    db.run(MAKE, args![]).await.unwrap();
    db.tx(async move |tx| mark(tx, "before", "").await).await.unwrap();
    let mut server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    for _ in 0..3 {
        let (read, write) = (
            db.opt(COUNT, args![]).await.err(),
            db.tx(async move |tx| mark(tx, "x", "").await).await,
        );
        assert!(matches!(&read, Some(Fault::Unavailable(_))), "{read:?}");
        assert!(matches!(&write, Err(Fault::Unavailable(_))), "{write:?}");
        assert!(matches!(db.ping().await, Err(Fault::Unavailable(_))));
    }
    let _server = tokio::task::spawn_blocking(move || {
        server.start_again();
        server
    })
    .await
    .unwrap();
    db.ping().await.unwrap();
    db.tx(async move |tx| mark(tx, "after", "").await).await.unwrap();
    assert_eq!(count(&db).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_never_there_does_not_stop_the_program_from_opening() {
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("postgres://nobody:very-secret@{closed}/none");
    let db = Db::open(&Options::parse(&url).unwrap()).unwrap();
    let fault = db.ping().await.unwrap_err();
    assert!(fault.is_unavailable());
    assert!(!fault.to_string().contains("very-secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_statements_and_held_locks_are_busy() {
    let mut site = Site::postgres();
    site.options.statement = Duration::from_millis(300);
    site.options.lock = Duration::from_millis(50);
    let db = site.node();
    db.run(MAKE, args![]).await.unwrap();
    db.run(MARK, args!["a", ""]).await.unwrap();
    const SLEEP: &str = "SELECT 1 AS one FROM (SELECT pg_sleep(60)) AS t";
    assert!(matches!(db.opt(SLEEP, args![]).await, Err(Fault::Busy(_))));
    const TOUCH: &str = "UPDATE marks SET note = $1 WHERE id = 'a'";
    let other = db.clone();
    // The first one holds the row until the second one has given up.
    let (held, waiting) = (std::sync::Arc::new(tokio::sync::Notify::new()), site.node());
    let holding = std::sync::Arc::clone(&held);
    let first = tokio::spawn(async move {
        other
            .tx(async move |tx| {
                tx.run(TOUCH, args!["first"]).await?;
                holding.notify_one();
                tx.opt("SELECT 1 AS one FROM (SELECT pg_sleep(0.25)) AS t", args![])
                    .await
                    .map(drop)
            })
            .await
    });
    held.notified().await;
    let second = waiting
        .tx(async move |tx| tx.run(TOUCH, args!["second"]).await)
        .await;
    assert!(matches!(&second, Err(Fault::Busy(_))), "{second:?}");
    first.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlocked_transactions_are_tried_again() {
    let site = Site::postgres();
    site.db.run(MAKE, args![]).await.unwrap();
    for id in ["a", "b"] {
        site.db.run(MARK, args![id, ""]).await.unwrap();
    }
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let db = site.db.clone();
            tokio::spawn(async move {
                let order = if i % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                db.tx(async move |tx| {
                    for id in order {
                        tx.run("UPDATE marks SET note = note || 'x' WHERE id = $1", args![id])
                            .await?;
                    }
                    Ok(())
                })
                .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for row in site
        .db
        .all("SELECT note FROM marks LIMIT 5", args![])
        .await
        .unwrap()
    {
        assert_eq!(row.get::<String>("note").unwrap(), "xxxxxxxx");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_does_not_fit_and_nothing_else() {
    let site = Site::sqlite();
    site.db.run(MAKE, args![]).await.unwrap();
    // On the writer's own connection, in pages of 4 KiB.
    site.db
        .tx(async move |tx| tx.opt("PRAGMA max_page_count = 40", args![]).await.map(drop))
        .await
        .unwrap();
    let big = "x".repeat(1 << 20);
    let tasks: Vec<_> = (0..30)
        .map(|i| {
            let (db, note) = (
                site.db.clone(),
                if i % 5 == 0 { big.clone() } else { String::new() },
            );
            tokio::spawn(async move {
                db.tx(async move |tx| mark(tx, &format!("m{i}"), &note).await)
                    .await
            })
        })
        .collect();
    for (i, task) in tasks.into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(()) => assert_ne!(i % 5, 0),
            Err(fault) => assert!(i % 5 == 0 && matches!(fault, Fault::Full), "{i}: {fault}"),
        }
    }
    assert_eq!(count(&site.db).await, 24);
    site.db
        .tx(async move |tx| tx.opt("PRAGMA max_page_count = 4000", args![]).await.map(drop))
        .await
        .unwrap();
    site.db
        .tx(async move |tx| mark(tx, "fits", &big).await)
        .await
        .unwrap();
    assert_eq!(count(&site.db).await, 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_lock_held_by_another_process_is_waited_for() {
    let site = Site::sqlite();
    site.db.run(MAKE, args![]).await.unwrap();
    let other = site.node();
    let tasks: Vec<_> = (0..40)
        .map(|i| {
            let db = if i % 2 == 0 {
                site.db.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move { db.tx(async move |tx| mark(tx, &format!("m{i}"), "").await).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&site.db).await, 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_private_and_never_overwrites() {
    let site = Site::sqlite();
    site.db.run(MAKE, args![]).await.unwrap();
    site.db.run(MARK, args!["a", "kept"]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("copy.db");
    site.db.backup(&target).await.unwrap();
    assert!(matches!(
        site.db.backup(&target).await,
        Err(Fault::Unsupported(_))
    ));
    assert_eq!(
        std::fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "only the copy is left"
    );
    let copy = Db::open(&Options::sqlite(&target)).unwrap();
    let row = copy
        .one("SELECT note FROM marks WHERE id = $1", args!["a"])
        .await
        .unwrap();
    assert_eq!(row.get::<String>("note").unwrap(), "kept");

    let refused = Site::postgres()
        .db
        .backup(&folder.path().join("other.db"))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("pg_dump"));
}

#[tokio::test]
async fn a_database_file_is_readable_by_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sekisho.db");
    let db = Db::open(&Options::sqlite(&path)).unwrap();
    db.run(MAKE, args![]).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{:?}",
            entry.file_name()
        );
    }
}
