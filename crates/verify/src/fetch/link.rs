//! The requests that a verifier makes to its issuer about revocation: a token for itself, the snapshot, the stream, the long
//! poll, the acknowledgement and introspection. Owns their form, their limits and the measuring of the issuer's clock; when
//! each is made is `follow`'s.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, DATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use super::answer::{checked, media_type, oauth_error, read, unreachable, within};
use super::credentials::Credentials;
use super::edge::Clock;
use super::error::FeedClientError;
use super::fetcher::{Fetcher, Reach, allowed};
use super::offset::{Offset, RoundTrip, parse_date};
use crate::feed::{Batch, Snapshot, VERSION};

/// Where one has read up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) feed_id: String,
    pub(super) seq: u64,
}

/// How the issuer answers the wish for what comes after a position.
#[derive(Debug)]
pub(super) enum Opened {
    /// A stream of events.
    Stream(Response),
    /// The records themselves: the issuer, or a proxy before it, does not stream.
    Batch(Batch),
    /// That position is not one it can go on from.
    SnapshotRequired,
}

/// The longest a token request may take: an issuer that just ended a client's tokens makes it wait up to three seconds.
const TOKEN_TIME: Duration = Duration::from_secs(10);
/// The longest until the head of any other answer, and of a small answer whole.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// The longest a snapshot may take, and the longest pause within it.
const SNAPSHOT_TIME: Duration = Duration::from_secs(120);
/// The longest small answer, in bytes.
const SMALL: usize = 64 * 1024;
/// How long a long poll waits at the issuer, in seconds. Short: its answer is what keeps the verifier fresh.
const POLL_WAIT: u64 = 1;

/// A verifier's line to its issuer.
#[derive(Debug)]
pub(super) struct Link {
    http: Client,
    issuer: String,
    /// The issuer with a slash at its end.
    base: String,
    credentials: Credentials,
    /// Names this process to the issuer, so that it counts one verifier once.
    verifier_id: String,
    snapshot_limit: usize,
    clock: Clock,
    offset: Mutex<Offset>,
    token: Mutex<Option<Token>>,
    /// Held while a token is fetched, so that requests that need one at once fetch one.
    fetching: tokio::sync::Mutex<()>,
    endpoints: Mutex<Option<Endpoints>>,
}

#[derive(Debug, Clone)]
struct Endpoints {
    token: Url,
    introspection: Url,
}

#[derive(Clone)]
struct Token {
    text: String,
    /// Our time from which a new one is taken.
    renew_at: u64,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("renew_at", &self.renew_at)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// The longest snapshot by default, in bytes after decompression: some ten million records.
    pub(super) const SNAPSHOT_LIMIT: usize = 512 * 1024 * 1024;

    /// # Errors
    /// [`FeedClientError::Url`] when the issuer is no URL that may be asked.
    pub(super) fn new(
        http: Client,
        issuer: &str,
        credentials: Credentials,
        verifier_id: String,
        clock: Clock,
    ) -> Result<Self, FeedClientError> {
        let url = Url::parse(issuer).ok();
        if url.as_ref().and_then(Reach::of).is_none() {
            return Err(FeedClientError::Url(issuer.to_owned()));
        }
        let slash = if issuer.ends_with('/') { "" } else { "/" };
        Ok(Self {
            http,
            issuer: issuer.to_owned(),
            base: format!("{issuer}{slash}"),
            credentials,
            verifier_id,
            snapshot_limit: Self::SNAPSHOT_LIMIT,
            clock,
            offset: Mutex::default(),
            token: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            endpoints: Mutex::default(),
        })
    }

    /// The issuer's clock less ours in milliseconds; `None` before any answer told.
    pub(super) fn offset(&self) -> Option<i64> {
        lock(&self.offset).estimate()
    }

    /// Our clock was set back by this many milliseconds.
    pub(super) fn clock_set_back(&self, by: u64) {
        lock(&self.offset).set_back(by);
    }

    /// The snapshot. Its `as_of` also tells the issuer's clock.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, FeedClientError> {
        let url = self.url("revocations/snapshot", &[("v", VERSION.to_string())])?;
        let request = self.http.get(url.clone()).header(ACCEPT, "application/json");
        let trip = self.send(request, &url, ANSWER_TIME).await?;
        let (answer, timing) = (trip.answer, trip.timing);
        let body = within(&url, SNAPSHOT_TIME, read(answer, &url, self.snapshot_limit)).await?;
        let snapshot = Snapshot::parse(&body).map_err(FeedClientError::Document)?;
        lock(&self.offset).measure(&RoundTrip {
            not_before: Some(snapshot.as_of),
            ..timing
        });
        Ok(snapshot)
    }

    /// What comes after a position, as a stream.
    pub(super) async fn stream(&self, after: &Position) -> Result<Opened, FeedClientError> {
        let url = self.after(after, None)?;
        let request = self.http.get(url.clone());
        // Compressed events could be kept back until a block is full.
        let request = request
            .header(ACCEPT, "text/event-stream")
            .header(ACCEPT_ENCODING, "identity");
        self.open(request, url, ANSWER_TIME).await
    }

    /// What comes after a position, once there is something or [`POLL_WAIT`] has passed.
    pub(super) async fn poll(&self, after: &Position) -> Result<Opened, FeedClientError> {
        let url = self.after(after, Some(POLL_WAIT))?;
        let request = self.http.get(url.clone()).header(ACCEPT, "application/json");
        self.open(request, url, ANSWER_TIME + Duration::from_secs(POLL_WAIT))
            .await
    }

    async fn open(
        &self,
        request: RequestBuilder,
        url: Url,
        limit: Duration,
    ) -> Result<Opened, FeedClientError> {
        let trip = match self.send(request, &url, limit).await {
            Err(FeedClientError::Status { status: 410, .. }) => return Ok(Opened::SnapshotRequired),
            other => other?,
        };
        let answer = trip.answer;
        let kind = answer
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        if media_type(kind) == "text/event-stream" {
            return Ok(Opened::Stream(answer));
        }
        let body = within(&url, ANSWER_TIME, read(answer, &url, super::sse::Parser::LIMIT)).await?;
        Batch::parse(&body)
            .map(Opened::Batch)
            .map_err(FeedClientError::Document)
    }

    /// Tells the issuer that everything up to a position has been applied. The answer also tells its clock.
    pub(super) async fn acknowledge(&self, position: &Position) -> Result<(), FeedClientError> {
        let url = self.url("revocations/ack", &[])?;
        let body = serde_json::json!({
            "feed_id": position.feed_id, "seq": position.seq, "verifier": self.verifier_id,
        });
        let request = self.http.post(url.clone()).json(&body);
        self.send(request, &url, ANSWER_TIME).await.map(drop)
    }

    /// Asks the issuer whether a token is still good (RFC 7662): what a verifier does whose feed is too old.
    pub(super) async fn introspect(&self, token: &str) -> Result<Activity, FeedClientError> {
        #[derive(Deserialize)]
        struct Answer {
            active: bool,
        }
        let url = self.endpoints().await?.introspection;
        let request = self.http.post(url.clone()).form(&[
            ("token", token),
            ("token_type_hint", "access_token"),
            ("client_id", &self.credentials.client_id),
            ("client_secret", &self.credentials.client_secret),
        ]);
        let body = within(&url, ANSWER_TIME, async {
            let answer = request.send().await.map_err(|source| unreachable(&url, source))?;
            read(checked(answer, &url)?, &url, SMALL).await
        })
        .await?;
        match serde_json::from_slice(&body) {
            Ok(Answer { active: true }) => Ok(Activity::Active),
            Ok(Answer { active: false }) => Ok(Activity::Inactive),
            Err(_) => Err(FeedClientError::Answer(url.into())),
        }
    }

    /// Makes the next request take a new token; tells the error if there is none to be had.
    pub(super) async fn renew_token(&self) -> Result<(), FeedClientError> {
        let token = self.fetch_token().await?;
        *lock(&self.token) = Some(token);
        Ok(())
    }

    /// How long the present token is still used, in milliseconds.
    pub(super) fn token_left(&self) -> u64 {
        let now = self.clock.now();
        lock(&self.token)
            .as_ref()
            .map_or(0, |token| token.renew_at.saturating_sub(now))
    }

    async fn bearer(&self) -> Result<String, FeedClientError> {
        if let Some(text) = self.held() {
            return Ok(text);
        }
        let _turn = self.fetching.lock().await;
        if let Some(text) = self.held() {
            return Ok(text);
        }
        let token = self.fetch_token().await?;
        let text = token.text.clone();
        *lock(&self.token) = Some(token);
        Ok(text)
    }

    fn held(&self) -> Option<String> {
        let now = self.clock.now();
        let held = lock(&self.token);
        held.as_ref()
            .filter(|token| now < token.renew_at)
            .map(|token| token.text.clone())
    }

    async fn fetch_token(&self) -> Result<Token, FeedClientError> {
        let fetched = self.ask_for_token().await;
        if fetched.is_err() {
            // Perhaps the endpoint moved: look it up again the next time.
            *lock(&self.endpoints) = None;
        }
        fetched
    }

    async fn ask_for_token(&self) -> Result<Token, FeedClientError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: u64,
        }
        let url = self.endpoints().await?.token;
        let audience = format!("{}revocations", self.base);
        let request = self.http.post(url.clone()).form(&[
            ("grant_type", "client_credentials"),
            ("audience", &audience),
            ("scope", "read:revocations"),
            ("client_id", &self.credentials.client_id),
            ("client_secret", &self.credentials.client_secret),
        ]);
        let sent = self.clock.now();
        let body = within(&url, TOKEN_TIME, async {
            let answer = request.send().await.map_err(|source| unreachable(&url, source))?;
            self.measure(&answer, sent);
            if answer.status() == StatusCode::OK {
                return read(answer, &url, SMALL).await;
            }
            let status = answer.status().as_u16();
            let body = read(answer, &url, SMALL).await.unwrap_or_default();
            Err(FeedClientError::Token {
                status,
                error: oauth_error(&body),
            })
        })
        .await?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| FeedClientError::Answer(url.to_string()))?;
        if answer.access_token.is_empty() || !answer.access_token.is_ascii() {
            return Err(FeedClientError::Answer(url.into()));
        }
        // A fifth of its life early, at least a minute where it lives that long: a renewal may have to be tried again.
        let life = answer.expires_in.saturating_mul(1_000);
        let early = (life / 5).max(60_000.min(life / 2));
        Ok(Token {
            text: answer.access_token,
            renew_at: sent.saturating_add(life - early),
        })
    }

    async fn endpoints(&self) -> Result<Endpoints, FeedClientError> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            token_endpoint: Option<String>,
            introspection_endpoint: Option<String>,
        }
        let known = lock(&self.endpoints).clone();
        if let Some(endpoints) = known {
            return Ok(endpoints);
        }
        let url = self.url(".well-known/openid-configuration", &[])?;
        let request = self.http.get(url.clone()).header(ACCEPT, "application/json");
        let body = within(&url, ANSWER_TIME, async {
            let answer = request.send().await.map_err(|source| unreachable(&url, source))?;
            read(checked(answer, &url)?, &url, Fetcher::MAX_DOCUMENT_BYTES).await
        })
        .await?;
        let found: Discovery =
            serde_json::from_slice(&body).map_err(|_| FeedClientError::Answer(url.to_string()))?;
        if found.issuer != self.issuer {
            return Err(FeedClientError::Answer(url.into()));
        }
        let place = |told: Option<String>, usual: &str| {
            let text = told.unwrap_or_else(|| format!("{}{usual}", self.base));
            self.reachable(&text)
        };
        let endpoints = Endpoints {
            token: place(found.token_endpoint, "oauth/token")?,
            introspection: place(found.introspection_endpoint, "oauth/introspect")?,
        };
        *lock(&self.endpoints) = Some(endpoints.clone());
        Ok(endpoints)
    }

    fn after(&self, after: &Position, wait: Option<u64>) -> Result<Url, FeedClientError> {
        let mut query = vec![
            ("after", after.seq.to_string()),
            ("feed_id", after.feed_id.clone()),
            ("v", VERSION.to_string()),
            ("verifier", self.verifier_id.clone()),
        ];
        query.extend(wait.map(|seconds| ("wait", seconds.to_string())));
        self.url("revocations", &query)
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Result<Url, FeedClientError> {
        let mut url = self.reachable(&format!("{}{path}", self.base))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn reachable(&self, text: &str) -> Result<Url, FeedClientError> {
        let refuse = || FeedClientError::Url(text.to_owned());
        let reach = Url::parse(&self.issuer)
            .ok()
            .as_ref()
            .and_then(Reach::of)
            .ok_or_else(refuse)?;
        allowed(text, reach).map_err(|_| refuse())
    }

    /// Sends a request with the token, and waits for the head of a good answer.
    async fn send(
        &self,
        request: RequestBuilder,
        url: &Url,
        limit: Duration,
    ) -> Result<Trip, FeedClientError> {
        let request = request.bearer_auth(self.bearer().await?);
        let sent = self.clock.now();
        let answer = within(url, limit, async {
            request.send().await.map_err(|source| unreachable(url, source))
        })
        .await?;
        let timing = self.measure(&answer, sent);
        if answer.status() == StatusCode::UNAUTHORIZED {
            // Ended, or of an issuer that was restored: the next request takes another.
            *lock(&self.token) = None;
        }
        Ok(Trip {
            answer: checked(answer, url)?,
            timing,
        })
    }

    fn measure(&self, answer: &Response, sent: u64) -> RoundTrip {
        let date = answer.headers().get(DATE).and_then(|value| value.to_str().ok());
        let trip = RoundTrip {
            sent,
            received: self.clock.now(),
            date: date.and_then(parse_date),
            not_before: None,
        };
        lock(&self.offset).measure(&trip);
        trip
    }
}

/// What introspection says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Active,
    Inactive,
}

struct Trip {
    answer: Response,
    timing: RoundTrip,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing that holds one of these locks can panic half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
