//! A transaction is whole or nothing, wins or loses alone, and does not depend on whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::Site;
use sekisho_store::{Db, Fault, Tx, args};

const COUNT: &str = "SELECT COUNT(*) AS n FROM marks";
const MARK: &str = "INSERT INTO marks (id, used) VALUES ($1, $2)";

async fn make(db: &Db) {
    db.run(
        "CREATE TABLE marks (id TEXT PRIMARY KEY, used BOOLEAN NOT NULL)",
        args![],
    )
    .await
    .unwrap();
}

async fn mark(tx: &mut Tx, id: &str) -> Result<(), Fault> {
    tx.run(MARK, args![id, false]).await.map(drop)
}

async fn count(db: &Db) -> i64 {
    db.one(COUNT, args![]).await.unwrap().get("n").unwrap()
}

fn refuse<T>() -> Result<T, Fault> {
    Err(Fault::corrupt("marks", "refused by the test"))
}

on_both! {
    async fn ok_commits_and_err_rolls_back(site) {
        make(&site.db).await;
        let answer = site.db.tx(async move |tx| { mark(tx, "a").await?; Ok(7) }).await.unwrap();
        assert_eq!((answer, count(&site.db).await), (7, 1));
        let refused = site.db.tx(async move |tx| { mark(tx, "b").await?; refuse::<()>() }).await;
        assert!(matches!(refused, Err(Fault::Corrupt(_))));
        assert_eq!(count(&site.db).await, 1);
    }

    async fn a_transaction_sees_its_own_writes_and_others_do_not(site) {
        make(&site.db).await;
        let (inside, outside) = (mpsc::channel(), mpsc::channel::<()>());
        let (entered, leave) = (inside.0, std::sync::Mutex::new(outside.1));
        let db = site.db.clone();
        let task = tokio::spawn(async move {
            db.tx(async move |tx| {
                mark(tx, "a").await?;
                let own: i64 = tx.one(COUNT, args![]).await?.get("n")?;
                entered.send(own).unwrap();
                leave.lock().unwrap().recv().unwrap();
                Ok(())
            })
            .await
        });
        let own = tokio::task::spawn_blocking(move || inside.1.recv().unwrap()).await.unwrap();
        assert_eq!((own, count(&site.db).await), (1, 0));
        outside.0.send(()).unwrap();
        task.await.unwrap().unwrap();
        assert_eq!(count(&site.db).await, 1);
    }

    async fn a_panic_rolls_back_and_hurts_nobody_else(site) {
        make(&site.db).await;
        let panicked = site.db.tx(async move |tx| {
            mark(tx, "a").await?;
            assert_eq!(tx.one(COUNT, args![]).await?.get::<i64>("n")?, -1, "a panic the test wants");
            Ok(())
        }).await;
        assert!(matches!(panicked, Err(Fault::Bug(_))));
        site.db.tx(async move |tx| mark(tx, "b").await).await.unwrap();
        assert_eq!(count(&site.db).await, 1);
    }

    async fn a_failed_statement_ends_the_transaction_whatever_the_closure_says(site) {
        make(&site.db).await;
        let swallowed = site.db.tx(async move |tx| {
            mark(tx, "a").await?;
            assert!(matches!(mark(tx, "a").await, Err(Fault::Conflict(_))));
            assert!(matches!(mark(tx, "b").await, Err(Fault::Conflict(_))), "a later statement ran");
            Ok(())
        }).await;
        assert!(matches!(swallowed, Err(Fault::Conflict(_))));
        assert_eq!(count(&site.db).await, 0);
    }

    async fn of_sixteen_conditional_updates_one_wins(site) {
        make(&site.db).await;
        const USE: &str = "UPDATE marks SET used = TRUE WHERE id = $1 AND used = FALSE RETURNING id";
        for round in 0..5 {
            let id = format!("code{round}");
            site.db.run(MARK, args![&id, false]).await.unwrap();
            let tasks: Vec<_> = (0..16).map(|_| {
                let (db, id) = (site.db.clone(), id.clone());
                tokio::spawn(async move {
                    db.tx(async move |tx| Ok(tx.opt(USE, args![&id]).await?.is_some())).await.unwrap()
                })
            }).collect();
            let mut winners = 0;
            for task in tasks {
                winners += usize::from(task.await.unwrap());
            }
            assert_eq!(winners, 1);
        }
    }

    async fn an_error_in_one_of_many_hurts_no_other(site) {
        make(&site.db).await;
        let tasks: Vec<_> = (0..60).map(|i| {
            let db = site.db.clone();
            tokio::spawn(async move {
                db.tx(async move |tx| {
                    mark(tx, &format!("m{i}")).await?;
                    match i % 3 {
                        0 => Ok(()),
                        1 => refuse(),
                        // The same key a second time: the engine's own error.
                        _ => mark(tx, &format!("m{i}")).await,
                    }
                }).await
            })
        }).collect();
        for (i, task) in tasks.into_iter().enumerate() {
            match task.await.unwrap() {
                Ok(()) => assert_eq!(i % 3, 0),
                Err(Fault::Corrupt(_)) => assert_eq!(i % 3, 1),
                Err(fault) => assert!(i % 3 == 2 && matches!(fault, Fault::Conflict(_)), "{fault}"),
            }
        }
        assert_eq!(count(&site.db).await, 20);
    }

    async fn a_caller_that_goes_away_does_not_undo_its_write(site) {
        make(&site.db).await;
        for round in 1..=5i64 {
            let transaction = site.db.tx(async move |tx| mark(tx, &format!("m{round}")).await);
            // Polled once, then dropped.
            let _ = tokio::time::timeout(std::time::Duration::ZERO, transaction).await;
            until!(count(&site.db).await == round);
        }
    }

    async fn awaiting_anything_else_is_a_bug_and_rolls_back(site) {
        make(&site.db).await;
        let slept = site.db.tx(async move |tx| {
            mark(tx, "a").await?;
            std::future::pending::<()>().await;
            Ok(())
        }).await;
        assert!(matches!(slept, Err(Fault::Bug(_))));
        let db = site.db.clone();
        let nested = site.db.tx(async move |tx| {
            mark(tx, "a").await?;
            db.one(COUNT, args![]).await.map(drop)
        }).await;
        assert!(matches!(nested, Err(Fault::Bug(_))));
        let db = site.db.clone();
        let nested = site.db.tx(async move |_| db.tx(async move |tx| mark(tx, "b").await).await).await;
        assert!(matches!(nested, Err(Fault::Bug(_))));
        assert_eq!(count(&site.db).await, 0);
        site.db.tx(async move |tx| mark(tx, "c").await).await.unwrap();
    }

    async fn a_full_queue_refuses_instead_of_growing(site) {
        make(&site.db).await;
        let mut options = site.options.clone();
        options.queue = 1;
        let db = Db::open(&options).unwrap();
        let (entered, inside) = mpsc::channel();
        let (let_go, leave) = mpsc::channel::<()>();
        let leave = std::sync::Mutex::new(leave);
        let first = tokio::spawn({
            let db = db.clone();
            async move {
                db.tx(async move |tx| {
                    mark(tx, "first").await?;
                    entered.send(()).unwrap();
                    leave.lock().unwrap().recv().unwrap();
                    Ok(())
                }).await
            }
        });
        tokio::task::spawn_blocking(move || inside.recv().unwrap()).await.unwrap();
        let busy = Arc::new(AtomicUsize::new(0));
        let others: Vec<_> = (0..3).map(|i| {
            let (db, busy) = (db.clone(), Arc::clone(&busy));
            tokio::spawn(async move {
                match db.tx(async move |tx| mark(tx, &format!("other{i}")).await).await {
                    Ok(()) => 1,
                    Err(fault) => {
                        assert!(matches!(fault, Fault::Busy(_)) && fault.is_unavailable(), "{fault}");
                        busy.fetch_add(1, Ordering::SeqCst);
                        0
                    }
                }
            })
        }).collect();
        // Room for one at most: two are refused while the first one still works.
        until!(busy.load(Ordering::SeqCst) >= 2);
        let_go.send(()).unwrap();
        first.await.unwrap().unwrap();
        let mut written = 1;
        for other in others {
            written += other.await.unwrap();
        }
        assert_eq!(count(&site.db).await, written);
    }

    async fn a_write_that_lost_is_rolled_back_whole(site) {
        make(&site.db).await;
        let lost = site.db.settle::<(), _>(async move |tx| { mark(tx, "a").await?; Ok(None) }).await.unwrap();
        assert!(lost.is_none());
        assert_eq!(count(&site.db).await, 0);
    }

    async fn all_in_a_transaction_has_no_bound(site) {
        make(&site.db).await;
        let touched = site.db.tx(async move |tx| {
            for i in 0..150 {
                mark(tx, &format!("m{i}")).await?;
            }
            Ok(tx.all("UPDATE marks SET used = TRUE WHERE used = FALSE RETURNING id", args![]).await?.len())
        }).await;
        assert_eq!(touched.unwrap(), 150);
    }
}
