//! `OnlineVerifier`: a verifier that gets by itself what it needs: keys when tokens name them, and, if it listens, the issuer's
//! revocation feed all the time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use super::client::{FeedClient, Line};
use super::edge::Clock;
use super::error::FeedClientError;
use super::fetcher::{FetchError, Fetcher};
use super::introspect::Introspections;
use super::key_fetches::KeyFetches;
use super::link::Activity;
use super::report::FeedCounts;
use crate::policy::{Policy, PolicyError};
use crate::reject::Reject;
use crate::revocations::{OnStale, Revocations, Say, State};
use crate::verifier::{Unavailable, Verdict, Verifier};

/// A [`Verifier`] that fetches the keys it needs and, made with [`OnlineVerifier::listening`], follows the issuer's revocation
/// feed. Cheap to clone; clones share everything.
///
/// Without a feed it starts nothing by itself: fetches happen when tokens come. With one it runs a task on the tokio runtime
/// that it was made in, until its last clone is dropped.
#[derive(Debug, Clone)]
pub struct OnlineVerifier {
    keys: Arc<KeyFetches>,
    clock: Clock,
    listening: Option<Arc<Listening>>,
}

#[derive(Debug)]
struct Listening {
    line: Arc<Line>,
    introspections: Introspections,
    task: AbortHandle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl OnlineVerifier {
    /// A verifier with a [`Fetcher`] of its own.
    ///
    /// # Errors
    /// [`OnlineError`].
    pub fn new(policy: Policy) -> Result<Self, OnlineError> {
        Ok(Self::with_fetcher(Verifier::new(policy)?, Fetcher::new()?))
    }

    /// A verifier with this fetcher.
    pub fn with_fetcher(verifier: Verifier, fetcher: Fetcher) -> Self {
        Self {
            keys: KeyFetches::new(verifier, fetcher),
            clock: Clock::system(),
            listening: None,
        }
    }

    /// A verifier that listens to the revocation feed of one of the policy's issuers, whose access tokens must say their
    /// `gid` then. It accepts no token of that issuer before the first snapshot is here; see [`OnlineVerifier::wait_ready`].
    ///
    /// # Errors
    /// [`OnlineError`].
    pub fn listening(policy: Policy, feed: FeedClient) -> Result<Self, OnlineError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| OnlineError::NoRuntime)?;
        let revocations = feed.revocations();
        let issuer = feed.issuer.clone();
        let policy = policy
            .listening(&issuer, Arc::clone(&revocations))
            .ok_or(OnlineError::Issuer)?;
        let http = feed.http()?;
        let keys = KeyFetches::new(Verifier::new(policy)?, Fetcher::with_client(http.clone()));
        let line = Arc::new(feed.line(http, revocations)?);
        let introspections = Introspections::new(
            Arc::clone(&line.link),
            Arc::clone(&line.revocations),
            Arc::clone(&line.report),
            line.clock.clone(),
        );
        let task = runtime.spawn(follow(Arc::clone(&line), issuer, Arc::clone(&keys)));
        let listening = Listening {
            line,
            introspections,
            task: task.abort_handle(),
        };
        Ok(Self {
            keys,
            clock: Clock::system(),
            listening: Some(Arc::new(listening)),
        })
    }

    /// Judges a token at the time `now` (Unix seconds), fetching keys if it must.
    ///
    /// A token whose key is unknown waits for the fetch that it causes, or that is running, at most as long as two
    /// documents may take. [`Verdict::NeedKeys`] then means that the issuer cannot be reached. Verifiers that listen also
    /// read the clock, for the age of the feed, and take the later time.
    pub async fn check(&self, token: &str, now: u64) -> Verdict {
        self.check_on_stale(token, now, self.verifier().policy().on_stale)
            .await
    }

    /// Judges a token as [`OnlineVerifier::check`] does, with a route's own word about what becomes of it while the feed is
    /// too old. [`OnStale::Introspect`] asks the issuer, so the answer is never [`Verdict::AskIssuer`].
    pub async fn check_on_stale(&self, token: &str, now: u64, on_stale: OnStale) -> Verdict {
        let now = now.saturating_mul(1_000);
        let Some(listening) = &self.listening else {
            return self.keys.check(token, now, on_stale).await;
        };
        let now = now.max(listening.line.clock.now());
        match self.keys.check(token, now, on_stale).await {
            Verdict::AskIssuer(claims) => match listening.introspections.ask(token).await {
                Some(Activity::Active) => Verdict::Trusted(claims),
                Some(Activity::Inactive) => Verdict::Refused(Reject::Inactive),
                None => Verdict::Unavailable(listening.unavailable(now)),
            },
            verdict => verdict,
        }
    }

    /// Fetches whatever keys are due and waits for them: call it at start-up to have the keys before the first request.
    ///
    /// # Errors
    /// What kept the last fetch from bringing keys.
    pub async fn warm_up(&self, now: u64) -> Result<(), Arc<FetchError>> {
        self.keys.warm_up(now).await
    }

    /// Whether tokens can be judged now: every issuer's keys are here and, if it listens, a snapshot of the feed that is
    /// young enough for the policy. What a readiness probe asks.
    pub fn is_ready(&self) -> bool {
        self.keys.verifier.is_ready(self.clock.now() / 1_000)
            && self.listening.as_ref().is_none_or(|listening| {
                let state = listening.state(0);
                let on_stale = self.verifier().policy().on_stale;
                state != State::NeverLoaded && on_stale.say(state) != Say::Nothing
            })
    }

    /// Waits until a verifier that listens is ready.
    ///
    /// # Errors
    /// [`NotReady`], with what last went wrong, after `limit`. It becomes ready later by itself.
    pub async fn wait_ready(&self, limit: Duration) -> Result<(), NotReady> {
        let Some(listening) = &self.listening else {
            return Ok(());
        };
        let ready = async {
            let mut changed = listening.line.changed.subscribe();
            let mut finished = self.keys.finished.subscribe();
            while !self.is_ready() {
                // Freshness also changes with time alone.
                tokio::select! {
                    _ = changed.changed() => {}
                    _ = finished.changed() => {}
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                }
            }
        };
        let done = tokio::time::timeout(limit, ready).await;
        done.map_err(|_| NotReady {
            feed: self.feed_error(),
            keys: self.last_error(),
        })
    }

    /// The verifier inside.
    pub fn verifier(&self) -> &Verifier {
        &self.keys.verifier
    }

    /// Why the last fetch of keys failed; `None` after one that succeeded. For logs.
    pub fn last_error(&self) -> Option<Arc<FetchError>> {
        self.keys.last_error()
    }

    /// What is known of the feed, for those who listen.
    pub fn revocations(&self) -> Option<&Revocations> {
        self.listening
            .as_ref()
            .map(|listening| &*listening.line.revocations)
    }

    /// How old the knowledge of the feed is, for those who listen.
    pub fn feed_state(&self) -> Option<State> {
        self.listening.as_ref().map(|listening| listening.state(0))
    }

    /// How often what happened to the feed; all zero for those who do not listen.
    pub fn feed_counts(&self) -> FeedCounts {
        self.listening
            .as_ref()
            .map_or_else(FeedCounts::default, |listening| listening.line.report.counts())
    }

    /// What went wrong last with the feed; `None` once a connection stands again. For logs.
    pub fn feed_error(&self) -> Option<Arc<FeedClientError>> {
        self.listening
            .as_ref()
            .and_then(|listening| listening.line.report.last_error())
    }

    /// Stops listening and writes the state file, if there is one. The verifier goes on with what it knows until that is
    /// too old. Dropping the last clone stops too, without writing.
    pub async fn close(&self) {
        let Some(listening) = &self.listening else { return };
        listening.task.abort();
        let line = &listening.line;
        if let Some(keeper) = &line.keeper {
            keeper.write(&line.revocations, &line.link, &line.report, 0).await;
        }
    }
}

/// Follows the feed, and again should that ever panic: a verifier that nobody feeds would refuse everything for good.
async fn follow(line: Arc<Line>, issuer: String, keys: Arc<KeyFetches>) {
    loop {
        // Whoever aborts this task aborts those in the set.
        let mut task = JoinSet::new();
        task.spawn(line.follower(issuer.clone(), Arc::clone(&keys)).run());
        task.join_next().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

impl Listening {
    fn state(&self, now: u64) -> State {
        self.line.revocations.freshness(now.max(self.line.clock.now()))
    }

    fn unavailable(&self, now: u64) -> Unavailable {
        match self.state(now) {
            State::Stale { age } | State::TooOld { age } => Unavailable::Stale { age },
            State::NeverLoaded | State::Fresh => Unavailable::NeverLoaded,
        }
    }
}

/// Why an [`OnlineVerifier`] cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnlineError {
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The feed cannot be listened to as it was described.
    #[error(transparent)]
    Feed(#[from] FeedClientError),
    /// The feed is of an issuer that is not one of the policy's.
    #[error("the feed is of an issuer that is not one of the policy's")]
    Issuer,
    /// There is no tokio runtime to run on.
    #[error("a verifier that listens must be made inside a tokio runtime")]
    NoRuntime,
}

/// A verifier was not ready in time.
#[derive(Debug)]
pub struct NotReady {
    /// What went wrong last with the feed.
    pub feed: Option<Arc<FeedClientError>>,
    /// What went wrong last with the keys.
    pub keys: Option<Arc<FetchError>>,
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the verifier was not ready in time")?;
        if let Some(error) = &self.feed {
            write!(f, "; the feed: {error}")?;
        }
        if let Some(error) = &self.keys {
            write!(f, "; the keys: {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotReady {}
