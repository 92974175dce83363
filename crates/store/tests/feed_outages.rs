//! What must not go wrong with the feed when something else does: connections that die, rows that are held, clocks that are off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::Site;
use sekisho_store::door::{Place, Trust};
use sekisho_store::revocations::{self, After};
use sekisho_store::{Db, Fault, Pending, Tx, args, meta};
use sekisho_verify::record::Record;

/// A node of a PostgreSQL whose clock differs from the machine's by so many milliseconds.
async fn node_with_server_clock(site: &Site, ahead: i64) -> Db {
    let make = format!(
        "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE SQL AS \
         $$ SELECT pg_catalog.clock_timestamp() + INTERVAL '{ahead} milliseconds' $$"
    );
    site.db
        .run(Box::leak(make.into_boxed_str()), args![])
        .await
        .unwrap();
    let mut options = site.options.clone();
    let Place::Postgres(place) = &mut options.place else {
        panic!("not PostgreSQL")
    };
    let mark = if place.url.contains('?') { '&' } else { '?' };
    place.url = format!("{}{mark}options=-csearch_path%3Dpublic,pg_catalog", place.url);
    Db::open(&options).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_knows_how_far_its_clock_is_from_the_database_servers() {
    let site = Site::postgres();
    site.db.migrate().await.unwrap();
    for (ahead, trust) in [(0, Trust::Trusted), (1_500, Trust::Off), (-5_000, Trust::Off)] {
        let node = node_with_server_clock(&site, ahead).await;
        let clock = node.clock().await.unwrap();
        assert_eq!(clock.trust, trust, "{clock:?}");
        assert!((clock.offset - ahead).abs() < 1000, "{clock:?}");
        // It mints nothing, revokes nothing and is not ready; whatever else it does goes on.
        let right = trust == Trust::Trusted;
        let before = revocations::head(&node).await.unwrap().seq;
        let revoked = node
            .tx(async |tx: &mut Tx| {
                tx.record(Record::issuer(1, 1));
                Ok(())
            })
            .await;
        let minted = node.settle(async |_: &mut Tx| Ok(None::<Pending<()>>)).await;
        assert_eq!(
            (revoked.is_ok(), minted.is_ok(), node.ping().await.is_ok()),
            (right, right, right)
        );
        assert_eq!(
            revocations::head(&node).await.unwrap().seq,
            before + u64::from(right)
        );
        assert!(right || matches!(minted, Err(Fault::Unavailable(what)) if what.contains("clock")));
        node.tx(async move |tx: &mut Tx| meta::claim(tx, &ahead.to_string(), "").await)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_machine_needs_no_other_clock() {
    let clock = Site::sqlite().db.clock().await.unwrap();
    assert_eq!((clock.offset, clock.trust), (0, Trust::Trusted));
}

/// Ends the server's processes for whoever has this database open but the asker, in the middle of whatever they do.
const KILL_OTHERS: &str = "SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_while_they_revoke_leave_no_hole_in_the_feed() {
    let site = Site::postgres();
    site.db.migrate().await.unwrap();
    let killer = site.node();
    let mut writers = Vec::new();
    for lane in 0..4u64 {
        let db = site.node();
        writers.push(tokio::spawn(async move {
            let mut sure = 0u64;
            for n in 0..40 {
                let done = db
                    .tx(async move |tx: &mut Tx| {
                        tx.record(Record::issuer(1 + lane * 1000 + n, 5_000_000_000));
                        Ok(())
                    })
                    .await;
                sure += u64::from(done.is_ok());
            }
            sure
        }));
    }
    let mut kills = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        kills += killer
            .one(KILL_OTHERS, args![])
            .await
            .unwrap()
            .get::<i64>("n")
            .unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut sure = 0;
    for writer in writers {
        sure += writer.await.unwrap();
    }
    assert!(kills > 0 && sure > 0, "{kills} {sure}");
    let (head, all) = revocations::snapshot(&site.db).await.unwrap();
    // A commit whose answer was lost may be there, too; a record that nobody numbered may not.
    assert!(head.seq >= sure && head.seq <= 160, "{head:?} {sure}");
    assert_eq!(all.len() as u64, head.seq);
    assert!(matches!(
        revocations::after(&site.db, 0, 1000).await.unwrap(),
        After::Records(_, records) if records == all
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_waits_too_long_for_its_number_starts_over() {
    let site = Site::postgres();
    site.db.migrate().await.unwrap();
    let (locked, hold) = (mpsc::channel(), mpsc::channel::<()>());
    let (entered, leave) = (locked.0, Mutex::new(hold.1));
    let holder = site.node();
    let holding = tokio::spawn(async move {
        holder
            .tx(async move |tx: &mut Tx| {
                tx.run("UPDATE feed SET changes = changes + 1 WHERE id = 1", args![])
                    .await?;
                entered.send(()).unwrap();
                leave.lock().unwrap().recv().unwrap();
                Ok(())
            })
            .await
    });
    tokio::task::spawn_blocking(move || locked.1.recv().unwrap())
        .await
        .unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let (db, count) = (site.node(), Arc::clone(&runs));
    let waiting = tokio::spawn(async move {
        db.tx(async move |tx: &mut Tx| {
            count.fetch_add(1, Ordering::Relaxed);
            tx.record(Record::issuer(1, 5_000_000_000));
            Ok(())
        })
        .await
    });
    until!(runs.load(Ordering::Relaxed) > 1);
    hold.0.send(()).unwrap();
    holding.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    let head = revocations::head(&site.db).await.unwrap();
    assert_eq!((head.seq, head.changes), (1, 1));
}
