//! What went wrong for people nobody knows: noted in memory, and written to the audit table a second later in one batch. So a flood of
//! guesses makes no flood of writes, and an answer takes the same time whether or not there is an account. The memory is bounded: what
//! does not fit is dropped and counted.

use crate::app::App;
use crate::http::moment::Moment;
use crate::jobs::{Draft, mail};
use crate::mail::Envelope;
use crate::text::{Language, pick};
use sekisho_rules::id::UserId;
use sekisho_rules::identity::Email;
use sekisho_rules::login::attempts::{Bucket, mails_about};
use sekisho_rules::user::User;
use sekisho_store::audit::{self, Event};
use sekisho_store::{Fault, counters, users};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The most that waits to be written.
pub const MOST_WAITING: usize = 2000;
/// The most that is written at once.
const BATCH: usize = 200;
/// How often it is written.
const EVERY: Duration = Duration::from_secs(1);
/// The most repetitions that are known.
const MOST_REPEATED: usize = 10_000;
/// Milliseconds in which a repetition is not written again.
const REPEATED: i64 = 60_000;

/// What waits to be written.
#[derive(Default)]
pub struct Failures(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    noted: VecDeque<Noted>,
    repeated: HashSet<String>,
    since: i64,
}

#[derive(Clone)]
struct Noted {
    event: Event,
    told: Option<Told>,
}

/// A mail to the owner of an account, if there is one. Whoever was guessing must not be able to tell.
#[derive(Clone, Debug)]
pub struct Told {
    /// The account, as attempts at it are counted.
    pub account: String,
    /// What the owner reads, in every language: which one they chose is known only when their row is read.
    pub letters: Vec<Envelope>,
    /// The language for who chose none.
    pub otherwise: Language,
}

impl Told {
    fn letter(&self, user: &User) -> Option<&Envelope> {
        let chosen = pick(user.locale.as_deref(), Some(self.otherwise.tag())).language;
        self.letters.iter().find(|letter| letter.language == chosen)
    }
}

impl Failures {
    /// Notes a failure. `told` goes to the owner of the account.
    pub fn note(&self, app: &App, event: Event, told: Option<Told>) {
        app.metrics.failure(event.kind);
        let mut waiting = self.waiting();
        match waiting.noted.len() < MOST_WAITING {
            true => waiting.noted.push_back(Noted { event, told }),
            false => app.metrics.audit_dropped(1),
        }
    }

    /// Notes a failure that repeats itself: once a minute for each `whose`.
    pub fn note_seldom(&self, app: &App, event: Event, whose: &str) {
        let first = {
            let (mut waiting, now) = (self.waiting(), event.at.millis());
            if now - waiting.since >= REPEATED || waiting.repeated.len() >= MOST_REPEATED {
                waiting.repeated.clear();
                waiting.since = now;
            }
            waiting.repeated.insert(format!("{} {whose}", event.kind))
        };
        match first {
            true => self.note(app, event, None),
            false => app.metrics.failure(event.kind),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Noted> {
        let mut waiting = self.waiting();
        let some = waiting.noted.len().min(BATCH);
        waiting.noted.drain(..some).collect()
    }

    /// Puts back what could not be written, as far as there is room.
    fn put_back(&self, app: &App, noted: Vec<Noted>) {
        let mut waiting = self.waiting();
        let room = MOST_WAITING.saturating_sub(waiting.noted.len());
        app.metrics
            .audit_dropped(u64::try_from(noted.len().saturating_sub(room)).unwrap_or(0));
        for one in noted.into_iter().take(room).rev() {
            waiting.noted.push_front(one);
        }
    }
}

/// Writes what waits, every second until `stop`, and what is left then.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        let stopped = tokio::select! {
            () = crate::listen::stopped(stop.clone()) => true,
            _ = tick.tick() => false,
        };
        if let Err(fault) = flush(&app).await {
            app.metrics.database_fault();
            tracing::error!(%fault, "cannot write what went wrong");
        }
        if stopped {
            return;
        }
    }
}

/// Writes all that waits; answers how much that was.
///
/// # Errors
/// [`Fault`] when the database does not answer. What was not written waits on.
pub async fn flush(app: &App) -> Result<usize, Fault> {
    let mut written = 0;
    loop {
        let batch = app.failures.take();
        if batch.is_empty() {
            return Ok(written);
        }
        if let Err(fault) = write(app, &batch).await {
            app.failures.put_back(app, batch);
            return Err(fault);
        }
        written += batch.len();
    }
}

async fn write(app: &App, batch: &[Noted]) -> Result<(), Fault> {
    let moment = Moment { now: app.clock.now() };
    let mut letters: Vec<(Bucket, Draft)> = Vec::new();
    for told in batch.iter().filter_map(|noted| noted.told.as_ref()) {
        if let Some(user) = owner(app, &told.account).await?
            && app.post.is_open()
            && !user.blocked
        {
            let Some(letter) = told.letter(&user) else {
                continue;
            };
            let envelope = Envelope {
                to: user.email,
                ..letter.clone()
            };
            match mail::draft(app, &envelope, moment) {
                Ok(draft) => letters.push((mails_about(user.id.as_str()), draft)),
                Err(trouble) => tracing::error!(?trouble, "a mail cannot be written"),
            }
        }
    }
    let events: Vec<Event> = batch.iter().map(|noted| noted.event.clone()).collect();
    let written = app.db.tx(async move |tx| {
        for event in &events {
            audit::insert(tx, event).await?;
        }
        for (bucket, draft) in &letters {
            if counters::take(tx, bucket, moment.now).await? {
                mail::enqueue(tx, Some(draft), moment).await?;
            }
        }
        Ok(())
    });
    written.await?;
    app.jobs.ring();
    Ok(())
}

/// Whose account it is: a folded address, or the id of a user.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn owner(app: &App, account: &str) -> Result<Option<User>, Fault> {
    match Email::parse(account) {
        Ok(email) => users::by_email(&app.db, &email.folded).await,
        Err(_) => users::by_id(&app.db, &UserId::new(account)).await,
    }
}
