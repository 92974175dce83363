//! Who does the work: a loop for each kind, so that a slow kind does not hold up the others.

use super::{Ended, Kind};
use crate::app::App;
use crate::http::moment::Moment;
use sekisho_rules::id::hex;
use sekisho_rules::job::Next;
use sekisho_store::jobs::{self as rows, Job, Outcome};
use sekisho_store::{Bell, Fault, audit};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many jobs of one kind a node does at once.
const AT_ONCE: usize = 16;
/// How often a worker looks when nobody rings: other nodes and the command line leave work behind too.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a worker that was woken waits for more: many revocations ring many times.
const GATHER: Duration = Duration::from_millis(10);
/// How long a worker waits after the database did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// Does what is due until `stop`, then lets the work at hand come to its end. What does not end in time is done again later.
pub async fn work(app: Arc<App>, stop: watch::Receiver<bool>) {
    let mut loops = JoinSet::new();
    for kind in Kind::ALL {
        loops.spawn(work_on(Arc::clone(&app), kind, stop.clone()));
    }
    while loops.join_next().await.is_some() {}
}

async fn work_on(app: Arc<App>, kind: Kind, stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    // It rings when access ends, here or on another node: then there are applications to be told.
    let mut ended = app.db.bell().ok();
    loop {
        let pause = match take(&app, kind, AT_ONCE.saturating_sub(running.len())).await {
            Ok(jobs) => {
                for job in jobs {
                    let app = Arc::clone(&app);
                    running.spawn(async move { carry_out(&app, kind, &job).await });
                }
                LOOK_EVERY
            }
            Err(fault) => {
                app.metrics.database_fault();
                tracing::error!(%fault, kind = kind.word(), "cannot look for work");
                PAUSE
            }
        };
        tokio::select! {
            () = crate::listen::stopped(stop.clone()) => break,
            () = app.jobs.rung() => {}
            () = heard(ended.as_mut()) => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(pause) => {}
            Some(_) = running.join_next() => {}
        }
    }
    let rest = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(app.config.server.drain, rest).await.is_err() {
        tracing::warn!(kind = kind.word(), "work was cut off; it will be done again");
    }
}

async fn heard(bell: Option<&mut Bell>) {
    match bell {
        Some(bell) => bell.rung().await,
        None => std::future::pending().await,
    }
}

/// Does everything that is due now, one after the other, and answers how many jobs that were.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn run_due(app: &App) -> Result<usize, Fault> {
    let mut done = 0;
    for kind in Kind::ALL {
        loop {
            let jobs = take(app, kind, AT_ONCE).await?;
            if jobs.is_empty() {
                break;
            }
            for job in &jobs {
                carry_out(app, kind, job).await;
            }
            done += jobs.len();
        }
    }
    Ok(done)
}

/// Takes up to `room` jobs. Workers begin at different places of the same list, so that they seldom want the same job.
async fn take(app: &App, kind: Kind, room: usize) -> Result<Vec<Job>, Fault> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let moment = Moment { now: app.clock.now() };
    let mut due = rows::due(&app.db, kind.word(), moment.now).await?;
    let first = usize::from(u16::from_be_bytes(moment.bytes())) % due.len().max(1);
    due.rotate_left(first);
    let mut taken = Vec::new();
    for id in due {
        if taken.len() == room {
            break;
        }
        let lease = hex(&moment.bytes::<16>());
        let until = moment.now.plus_seconds(kind.lease());
        let claimed = app
            .db
            .tx(async move |tx| rows::claim(tx, &id, &lease, moment.now, until).await);
        taken.extend(claimed.await?);
    }
    Ok(taken)
}

async fn carry_out(app: &App, kind: Kind, job: &Job) {
    let policy = kind.retries();
    // A job whose every try took its node down with it comes here once more than it may be tried.
    let ended = match job.attempts > policy.tries {
        true => Ended::Failed("no try came to an end".to_owned()),
        false => match kind.run(app, job).await {
            Ok(ended) => ended,
            Err(fault) => Ended::Again(fault.to_string()),
        },
    };
    if let Err(fault) = settle(app, kind, job, ended).await {
        app.metrics.database_fault();
        tracing::error!(%fault, job = job.id, kind = kind.word(), "cannot note how work ended; it will be done again");
    }
}

async fn settle(app: &App, kind: Kind, job: &Job, ended: Ended) -> Result<(), Fault> {
    let moment = Moment { now: app.clock.now() };
    let chance = u32::from_be_bytes(moment.bytes());
    let (outcome, note, event) = match ended {
        Ended::Done(note) => (
            Outcome::Done,
            note.clone(),
            kind.event(job, Outcome::Done, &note, moment),
        ),
        Ended::Moot => (Outcome::Done, "nothing to do".to_owned(), None),
        Ended::Again(why) => match kind.retries().after(job.attempts, moment.now, chance) {
            Next::Again(at) => {
                tracing::warn!(
                    job = job.id,
                    kind = kind.word(),
                    tries = job.attempts,
                    why,
                    "will be tried again"
                );
                let row = job.clone();
                let noted = app.db.tx(async move |tx| rows::retry(tx, &row, at, &why).await);
                return noted.await.map(drop);
            }
            Next::GiveUp => failed(kind, job, why, moment),
        },
        Ended::Failed(why) => failed(kind, job, why, moment),
    };
    let row = job.clone();
    let noted = app.db.tx(async move |tx| {
        let ours = rows::finish(tx, &row, outcome, &note, moment.now).await?;
        if let (true, Some(event)) = (ours, &event) {
            audit::insert(tx, event).await?;
        }
        Ok(())
    });
    noted.await
}

fn failed(kind: Kind, job: &Job, why: String, moment: Moment) -> (Outcome, String, Option<audit::Event>) {
    tracing::error!(
        job = job.id,
        kind = kind.word(),
        tries = job.attempts,
        why,
        "given up"
    );
    let event = kind.event(job, Outcome::Failed, &why, moment);
    (Outcome::Failed, why, event)
}
