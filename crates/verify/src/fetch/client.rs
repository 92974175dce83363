//! `FeedClient`: what a program says about the revocation feed before it listens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::watch;

use super::credentials::Credentials;
use super::edge::{Clock, chance};
use super::error::FeedClientError;
use super::follow::{Follower, Wish};
use super::keeper::Keeper;
use super::key_fetches::KeyFetches;
use super::link::Link;
use super::report::{FeedEvent, Hook, Report};
use super::state_file::StateFile;
use crate::revocations::{Freshness, Revocations};

/// The revocation feed of one issuer, and how to listen to it: given to
/// [`OnlineVerifier::listening`](super::OnlineVerifier::listening).
///
/// ```
/// use std::time::Duration;
/// use sekisho_verify::fetch::{Credentials, FeedClient};
///
/// // As `sekisho verifier add` prints them.
/// let feed = FeedClient::new("https://id.example.com/", Credentials::new("client id", "client secret"))
///     .max_stale(Duration::from_secs(30))
///     .state_file("/var/lib/my-api/revocations.json");
/// # drop(feed);
/// ```
pub struct FeedClient {
    pub(super) issuer: String,
    credentials: Credentials,
    freshness: Freshness,
    state_file: Option<PathBuf>,
    http: Option<Client>,
    hook: Option<Hook>,
}

/// What stands once a feed is listened to.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) link: Arc<Link>,
    pub(super) revocations: Arc<Revocations>,
    pub(super) report: Arc<Report>,
    pub(super) clock: Clock,
    pub(super) keeper: Option<Keeper>,
    pub(super) changed: watch::Sender<u64>,
}

impl FeedClient {
    /// Listens to this issuer as this machine client.
    pub fn new(issuer: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            issuer: issuer.into(),
            credentials,
            freshness: Freshness::default(),
            state_file: None,
            http: None,
            hook: None,
        }
    }

    /// Sets for how long stale knowledge is used whatever a route says: 30 s unless you say otherwise.
    #[must_use]
    pub fn max_stale(mut self, age: Duration) -> Self {
        self.freshness = self.freshness.max_stale(age);
        self
    }

    /// Sets every bound of the knowledge.
    #[must_use]
    pub fn freshness(mut self, freshness: Freshness) -> Self {
        self.freshness = freshness;
        self
    }

    /// Keeps what is revoked in this file. From one that is not older than `max_stale` the program can start while the
    /// feed is away; an older one spares the snapshot. The issuer's keys are not in it. The file is made readable by its owner only; a verifier needs one of its own.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Uses this HTTP client: for a private certificate authority or a proxy. It should follow no redirects, speak HTTP/1.1
    /// only (a dead HTTP/2 connection takes every request with it) and take gzip.
    #[must_use]
    pub fn http_client(mut self, client: Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Tells what happens to the feed, for metrics and logs. It must not block.
    #[must_use]
    pub fn on_event(mut self, hook: impl Fn(&FeedEvent<'_>) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    pub(super) fn http(&self) -> Result<Client, FeedClientError> {
        match &self.http {
            Some(client) => Ok(client.clone()),
            None => Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(3))
                .http1_only()
                .pool_max_idle_per_host(2)
                .build()
                .map_err(FeedClientError::Client),
        }
    }

    pub(super) fn revocations(&self) -> Arc<Revocations> {
        Arc::new(Revocations::new(self.freshness))
    }

    pub(super) fn line(self, http: Client, revocations: Arc<Revocations>) -> Result<Line, FeedClientError> {
        let clock = Clock::system();
        let verifier_id = format!("{:016x}{:016x}", chance(), chance());
        let link = Link::new(http, &self.issuer, self.credentials, verifier_id, clock.clone())?;
        let keeper = self.state_file.map(|path| Keeper {
            file: StateFile::new(path, self.issuer),
        });
        Ok(Line {
            link: Arc::new(link),
            revocations,
            report: Arc::new(Report::to(self.hook)),
            clock,
            keeper,
            changed: watch::channel(0).0,
        })
    }
}

impl Line {
    /// The task that keeps it up to date.
    pub(super) fn follower(&self, issuer: String, keys: Arc<KeyFetches>) -> Follower {
        Follower {
            issuer,
            link: Arc::clone(&self.link),
            revocations: Arc::clone(&self.revocations),
            report: Arc::clone(&self.report),
            clock: self.clock.clone(),
            keeper: self.keeper.clone(),
            keys,
            wish: watch::channel(Wish::default()).0,
            changed: self.changed.clone(),
            applied: watch::channel(None).0,
        }
    }
}

impl std::fmt::Debug for FeedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedClient")
            .field("issuer", &self.issuer)
            .field("credentials", &self.credentials)
            .field("freshness", &self.freshness)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}
