//! Jobs: taken once, taken again when dropped, gone when long over. And who is told of a session's end.

use std::collections::BTreeMap;

use sekisho_rules::time::Timestamp;
use sekisho_store::jobs::{self, Job, NewJob, Outcome};
use sekisho_store::{Db, sweep};

use crate::Site;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn job(number: usize) -> NewJob {
    NewJob {
        id: format!("job{number:04}"),
        kind: "greet",
        payload: "{}".to_owned(),
        sealed: None,
    }
}

async fn add(db: &Db, job: NewJob) {
    db.tx(async move |tx| jobs::insert(tx, &job, NOW).await)
        .await
        .unwrap();
}

async fn claim(db: &Db, id: &str, lease: &str, now: Timestamp) -> Option<Job> {
    let (id, lease) = (id.to_owned(), lease.to_owned());
    db.tx(async move |tx| jobs::claim(tx, &id, &lease, now, now.plus_seconds(60)).await)
        .await
        .unwrap()
}

async fn finish(db: &Db, job: &Job, now: Timestamp) -> bool {
    let job = job.clone();
    db.tx(async move |tx| jobs::finish(tx, &job, Outcome::Done, "", now).await)
        .await
        .unwrap()
}

on_both!(
    async fn many_workers_never_take_the_same_job(site) {
        site.db.migrate().await.unwrap();
        for number in 0..40 {
            add(&site.db, job(number)).await;
        }
        let workers: Vec<_> = (0..16)
            .map(|worker| {
                let db = if worker % 2 == 0 { site.db.clone() } else { site.node() };
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    loop {
                        let due = jobs::due(&db, "greet", NOW).await.unwrap();
                        if due.is_empty() {
                            return taken;
                        }
                        for id in due {
                            if claim(&db, &id, &format!("worker{worker}"), NOW).await.is_some() {
                                taken.push(id);
                            }
                        }
                    }
                })
            })
            .collect();
        let mut times = BTreeMap::new();
        for worker in workers {
            for id in worker.await.unwrap() {
                *times.entry(id).or_insert(0) += 1;
            }
        }
        assert_eq!(times.len(), 40);
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    }

    async fn a_job_dropped_half_way_is_due_again_and_its_old_lease_is_worth_nothing(site) {
        site.db.migrate().await.unwrap();
        add(&site.db, job(1)).await;
        add(&site.db, job(1)).await;
        assert_eq!(jobs::due(&site.db, "greet", NOW).await.unwrap(), ["job0001"], "the same name is added once");
        let first = claim(&site.db, "job0001", "a", NOW).await.unwrap();
        assert_eq!(first.attempts, 1);
        assert!(jobs::due(&site.db, "greet", NOW.plus_seconds(59)).await.unwrap().is_empty());
        let later = NOW.plus_seconds(60);
        let second = claim(&site.db, "job0001", "b", later).await.unwrap();
        assert_eq!(second.attempts, 2);
        assert!(!finish(&site.db, &first, later).await, "somebody else has it now");
        let again = later.plus_seconds(5);
        let given_back = second.clone();
        assert!(site.db.tx(async move |tx| jobs::retry(tx, &given_back, again, "not yet").await).await.unwrap());
        assert!(claim(&site.db, "job0001", "c", later.plus_seconds(4)).await.is_none());
        let third = claim(&site.db, "job0001", "c", again).await.unwrap();
        assert!(finish(&site.db, &third, again).await);
        assert!(!finish(&site.db, &third, again).await, "it has ended");
        assert!(jobs::due(&site.db, "greet", again.plus_seconds(999)).await.unwrap().is_empty());
    }

    async fn what_a_node_does_not_know_stays_and_what_is_over_goes(site) {
        site.db.migrate().await.unwrap();
        add(&site.db, NewJob { kind: "of_a_later_release", ..job(1) }).await;
        add(&site.db, NewJob { sealed: Some(vec![7; 40]), ..job(2) }).await;
        assert_eq!(jobs::due(&site.db, "greet", NOW).await.unwrap(), ["job0002"]);
        assert_eq!(jobs::sealed(&site.db, "").await.unwrap(), [("job0002".to_owned(), vec![7; 40])]);
        let reseal = async |old: u8| {
            site.db.tx(async move |tx| jobs::reseal(tx, "job0002", vec![old; 40], vec![8; 40]).await).await.unwrap()
        };
        assert!(reseal(7).await && !reseal(7).await);
        let taken = claim(&site.db, "job0002", "a", NOW).await.unwrap();
        assert_eq!(taken.sealed, Some(vec![8; 40]));
        assert!(finish(&site.db, &taken, NOW).await);
        assert!(jobs::sealed(&site.db, "").await.unwrap().is_empty(), "wiped with the end");
        assert_eq!(sweep::batch(&site.db, NOW.plus_seconds(sweep::KEPT_SECONDS)).await.unwrap(), 0);
        assert_eq!(sweep::batch(&site.db, NOW.plus_seconds(sweep::KEPT_SECONDS + 1)).await.unwrap(), 1);
        assert_eq!(jobs::due(&site.db, "of_a_later_release", NOW).await.unwrap(), ["job0001"]);
    }
);
