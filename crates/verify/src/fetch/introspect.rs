//! Asking the issuer about one token when the feed is too old to tell. Owns the cache of its answers and their bound; what an
//! answer means is `online`'s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::edge::Clock;
use super::link::{Activity, Link};
use super::report::{Report, add};
use crate::revocations::Revocations;

/// How long an answer counts, in milliseconds.
const KEPT: u64 = 5_000;
/// The most answers kept.
const ANSWERS: usize = 4_096;
/// The most requests under way: an issuer that just came back must not be met by all at once.
const AT_ONCE: usize = 32;

/// What the issuer said of late.
#[derive(Debug)]
pub(super) struct Introspections {
    link: Arc<Link>,
    revocations: Arc<Revocations>,
    report: Arc<Report>,
    clock: Clock,
    answers: Mutex<Answers>,
    turns: Semaphore,
}

#[derive(Debug, Default)]
struct Answers {
    /// The generation of the revocations that they are of: any new record may speak against each of them.
    generation: u64,
    by_token: HashMap<Box<str>, Answer>,
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    activity: Activity,
    until: u64,
}

impl Introspections {
    pub(super) fn new(
        link: Arc<Link>,
        revocations: Arc<Revocations>,
        report: Arc<Report>,
        clock: Clock,
    ) -> Self {
        Self {
            link,
            revocations,
            report,
            clock,
            answers: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// What the issuer says of a token; `None` when it cannot be asked, or too many are asked about.
    pub(super) async fn ask(&self, token: &str) -> Option<Activity> {
        if let Some(known) = self.known(token) {
            return Some(known);
        }
        let _turn = self.turns.try_acquire().ok()?;
        let generation = self.revocations.generation();
        add(&self.report.counters.introspections, 1);
        match self.link.introspect(token).await {
            Ok(activity) => {
                self.keep(token, activity, generation);
                Some(activity)
            }
            Err(error) => {
                self.report.fail(error);
                None
            }
        }
    }

    fn known(&self, token: &str) -> Option<Activity> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.generation != self.revocations.generation() {
            return None;
        }
        let answer = answers.by_token.get(token)?;
        (self.clock.now() < answer.until).then_some(answer.activity)
    }

    /// Keeps an answer that was asked for under a generation.
    fn keep(&self, token: &str, activity: Activity, generation: u64) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if generation != self.revocations.generation() {
            return;
        }
        if answers.generation != generation || answers.by_token.len() >= ANSWERS {
            answers.by_token.clear();
            answers.generation = generation;
        }
        let until = self.clock.now().saturating_add(KEPT);
        answers.by_token.insert(token.into(), Answer { activity, until });
    }
}
