//! The feed's numbers follow commit order without a gap, whoever commits at once and whatever is rolled back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Site;
use sekisho_rules::time::Timestamp;
use sekisho_store::revocations::{self, After, Identity};
use sekisho_store::{Db, Fault, Tx, args};
use sekisho_verify::record::{HashKey, Kind, Record};

const HASH: HashKey = HashKey::new([3; 16]);
const NOW: Timestamp = Timestamp::from_seconds(4_000_000_000);
const EXP: u64 = 5_000_000_000;

fn ended(n: u64) -> Record {
    Record::session(&HASH, &format!("s{n}"), EXP)
}

async fn end(db: &Db, n: u64) -> Result<(), Fault> {
    db.tx(async move |tx: &mut Tx| {
        tx.record(ended(n));
        Ok(())
    })
    .await
}

async fn seq(db: &Db) -> u64 {
    revocations::head(db).await.unwrap().seq
}

/// What follows a number; fails on a gap.
async fn follow(db: &Db, seq: u64) -> Vec<Record> {
    match revocations::after(db, seq, 1000).await.unwrap() {
        After::Records(_, records) => records,
        other => panic!("{other:?}"),
    }
}

/// Reads the feed from its start until it is told to stop and has caught up, as a node does.
async fn read_along(db: Db, stop: Arc<AtomicBool>) -> Vec<Record> {
    let mut seen = Vec::new();
    loop {
        let last = stop.load(Ordering::Acquire);
        let news = follow(&db, seen.len() as u64).await;
        let idle = news.is_empty();
        seen.extend(news);
        if last && idle {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

on_both! {
    async fn records_are_numbered_one_by_one_in_the_order_they_were_queued(site) {
        site.db.migrate().await.unwrap();
        assert_eq!(seq(&site.db).await, 0);
        let kinds = [
            Record::session(&HASH, "s", EXP),
            Record::grant(&HASH, "g", EXP),
            Record::token(&HASH, "j", EXP),
            Record::user(&HASH, "auth0|u", 7, EXP),
            Record::client(&HASH, "c", 8, EXP),
            Record::issuer(9, EXP),
            Record::signing_key(&HASH, "k", EXP),
        ];
        site.db.tx(async move |tx: &mut Tx| {
            for record in kinds {
                tx.record(record);
            }
            Ok(())
        }).await.unwrap();
        assert_eq!(follow(&site.db, 0).await, kinds);
        assert_eq!(follow(&site.db, 5).await, kinds[5..]);
        assert_eq!(follow(&site.db, 7).await, []);
        assert!(matches!(revocations::after(&site.db, 8, 10).await.unwrap(), After::Ahead(head) if head.seq == 7));
        let (head, all) = revocations::snapshot(&site.db).await.unwrap();
        assert_eq!((head.seq, all), (7, kinds.to_vec()));
        assert_eq!(kinds.iter().map(|record| record.kind).collect::<BTreeSet<_>>(), Kind::ALL.into());
    }

    async fn a_bulk_of_records_takes_its_numbers_at_once(site) {
        site.db.migrate().await.unwrap();
        end(&site.db, 0).await.unwrap();
        for count in [1u64, 7, 8, 9, 1203] {
            let before = seq(&site.db).await;
            site.db.tx(async move |tx: &mut Tx| {
                (0..count).for_each(|n| tx.record(ended(n)));
                Ok(())
            }).await.unwrap();
            assert_eq!(seq(&site.db).await, before + count);
            let wanted: Vec<_> = (0..count).map(ended).collect();
            let mut found = follow(&site.db, before).await;
            found.extend(follow(&site.db, before + found.len() as u64).await);
            assert_eq!(found, wanted);
        }
        let (head, all) = revocations::snapshot(&site.db).await.unwrap();
        assert_eq!(all.len() as u64, head.seq);
    }

    async fn what_is_rolled_back_leaves_no_number(site) {
        site.db.migrate().await.unwrap();
        let mut tasks = Vec::new();
        for n in 0..60u64 {
            let db = site.db.clone();
            tasks.push(tokio::spawn(async move {
                db.tx(async move |tx: &mut Tx| {
                    tx.record(ended(n));
                    match n % 3 {
                        0 => Ok(()),
                        1 => Err(Fault::corrupt("feed", "refused by the test")),
                        _ => panic!("a panic the test wants"),
                    }
                })
                .await
                .is_ok()
            }));
        }
        let mut won = 0;
        for task in tasks {
            won += u64::from(task.await.unwrap());
        }
        assert_eq!((won, seq(&site.db).await), (20, 20));
        assert_eq!(follow(&site.db, 0).await.len(), 20);
    }

    async fn a_record_that_makes_no_sense_takes_its_whole_transaction_with_it(site) {
        site.db.migrate().await.unwrap();
        let refused = site.db.tx(async |tx: &mut Tx| {
            tx.run("UPDATE feed SET kept_from = 5 WHERE id = 1", args![]).await?;
            tx.record(Record::issuer(0, EXP));
            Ok(())
        }).await;
        assert!(matches!(refused, Err(Fault::Bug(_))), "{refused:?}");
        let head = revocations::head(&site.db).await.unwrap();
        assert_eq!((head.seq, head.kept_from), (0, 0));
    }

    async fn a_reader_never_meets_a_gap_and_never_misses_a_record(site) {
        site.db.migrate().await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn(read_along(site.node(), Arc::clone(&stop)));
        let mut writers = Vec::new();
        for (node, db) in [site.db.clone(), site.node()].into_iter().enumerate() {
            for lane in 0..4u64 {
                let db = db.clone();
                writers.push(tokio::spawn(async move {
                    let mut written = Vec::new();
                    for n in 0..25 {
                        let id = node as u64 * 10_000 + lane * 1000 + n * 10;
                        let many = n % 3 + 1;
                        let done = db.tx(async move |tx: &mut Tx| {
                            (id..id + many).for_each(|id| tx.record(ended(id)));
                            // Something else in the same transaction, and now and then a change of mind.
                            tx.one("SELECT COUNT(*) AS n FROM users", args![]).await?;
                            if n % 5 == 4 { Err(Fault::corrupt("feed", "refused by the test")) } else { Ok(()) }
                        }).await;
                        assert_eq!(done.is_ok(), n % 5 != 4, "{done:?}");
                        if done.is_ok() {
                            written.extend((id..id + many).map(ended));
                        }
                    }
                    written
                }));
            }
        }
        let mut written = BTreeSet::new();
        for writer in writers {
            written.extend(writer.await.unwrap());
        }
        stop.store(true, Ordering::Release);
        let seen = reader.await.unwrap();
        assert_eq!(seen.len(), written.len());
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), written);
    }

    async fn the_bell_rings_for_this_process_and_for_others(site) {
        site.db.migrate().await.unwrap();
        let other = site.node();
        let (mut own, mut far) = (site.db.bell().unwrap(), other.bell().unwrap());
        for n in 1..=3 {
            end(&site.db, n).await.unwrap();
            for (bell, db) in [(&mut own, &site.db), (&mut far, &other)] {
                tokio::time::timeout(Duration::from_secs(30), async {
                    while seq(db).await < n {
                        bell.rung().await;
                    }
                    // It may still have to ring for what was already seen.
                    bell.rung().await;
                })
                .await
                .unwrap();
            }
        }
    }

    async fn edits_are_counted_without_a_record(site) {
        site.db.migrate().await.unwrap();
        site.db.tx(async |tx: &mut Tx| { tx.changed(); tx.changed(); Ok(()) }).await.unwrap();
        let lost = site.db.tx(async |tx: &mut Tx| { tx.changed(); Err::<(), _>(Fault::corrupt("feed", "no")) }).await;
        assert!(lost.is_err());
        let head = revocations::head(&site.db).await.unwrap();
        assert_eq!((head.seq, head.changes), (0, 1));
    }

    async fn nodes_that_start_at_once_agree_on_the_feed(site) {
        site.db.migrate().await.unwrap();
        assert!(revocations::identity(&site.db).await.unwrap().is_none());
        let mut tasks = Vec::new();
        for n in 0..6u8 {
            let db = site.node();
            tasks.push(tokio::spawn(async move {
                let first = Identity { feed_id: format!("fd_{n}"), sealed_hash_key: vec![n; 40] };
                let agreed = revocations::open(&db, first).await.unwrap();
                (agreed.feed_id, agreed.sealed_hash_key)
            }));
        }
        let mut answers = BTreeSet::new();
        for task in tasks {
            answers.insert(task.await.unwrap());
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        let (feed_id, key) = answers.pop_first().unwrap();
        assert_eq!(feed_id, format!("fd_{}", key[0]));
        let (old, new) = (key.clone(), vec![9; 41]);
        assert!(site.db.tx(async move |tx: &mut Tx| revocations::reseal(tx, old.clone(), new.clone()).await).await.unwrap());
        assert!(!site.db.tx(async move |tx: &mut Tx| revocations::reseal(tx, key.clone(), vec![1]).await).await.unwrap());
        assert_eq!(revocations::identity(&site.db).await.unwrap().unwrap().sealed_hash_key, [9; 41]);
    }

    async fn a_restored_feed_has_another_name_and_the_same_records(site) {
        site.db.migrate().await.unwrap();
        let first = Identity { feed_id: "fd_1".to_owned(), sealed_hash_key: vec![1; 40] };
        revocations::open(&site.db, first).await.unwrap();
        end(&site.db, 1).await.unwrap();
        site.db.tx(async |tx: &mut Tx| {
            revocations::restored(tx, "fd_2").await?;
            tx.record(Record::issuer(9, EXP));
            Ok(())
        }).await.unwrap();
        let head = revocations::head(&site.db).await.unwrap();
        assert_eq!((head.feed_id.as_str(), head.seq, head.changes), ("fd_2", 2, 1));
        assert_eq!(follow(&site.db, 0).await, [ended(1), Record::issuer(9, EXP)]);
        let identity = revocations::identity(&site.db).await.unwrap().unwrap();
        assert_eq!((identity.feed_id.as_str(), identity.sealed_hash_key), ("fd_2", vec![1; 40]));
    }

    async fn the_sweep_takes_what_is_over_and_says_from_where_nothing_is_missing(site) {
        site.db.migrate().await.unwrap();
        let over = NOW.seconds() as u64 - 601;
        let kept = NOW.seconds() as u64 - 599;
        site.db.tx(async move |tx: &mut Tx| {
            for n in 0..1200 {
                tx.record(Record::session(&HASH, &format!("s{n}"), if n == 3 || n == 1199 { kept } else { over }));
            }
            Ok(())
        }).await.unwrap();
        // The rows are younger than ten minutes by the clock of the machine, which is long before NOW.
        assert_eq!(revocations::sweep(&site.db, Timestamp::from_seconds(1)).await.unwrap(), 0);
        let mut batches = Vec::new();
        loop {
            match revocations::sweep(&site.db, NOW).await.unwrap() {
                0 => break,
                swept => batches.push(swept),
            }
        }
        assert_eq!(batches, [500, 500, 198]);
        let head = revocations::head(&site.db).await.unwrap();
        assert_eq!((head.seq, head.kept_from), (1200, 1199));
        for before in [0, 3, 1198] {
            assert!(matches!(revocations::after(&site.db, before, 1000).await.unwrap(), After::Gap(_)), "{before}");
        }
        assert_eq!(follow(&site.db, 1199).await.len(), 1);
        assert_eq!(follow(&site.db, 1200).await, []);
        let (head, all) = revocations::snapshot(&site.db).await.unwrap();
        assert_eq!((head.seq, all.len()), (1200, 2));
        // A number that was swept is never given again.
        end(&site.db, 1).await.unwrap();
        assert_eq!(follow(&site.db, 1200).await, [ended(1)]);
    }
}
