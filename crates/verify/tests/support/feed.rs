//! An issuer with a revocation feed, on loopback: it says what it is told to say, also wrong things, and counts.

#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part of this"
)]

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::channel::Channel;
use sekisho_jose::{JwkSet, SigningKey};
use sekisho_verify::feed::{Batch, Heartbeat, Snapshot};
use sekisho_verify::record::{HashKey, Record};
use serde_json::{Value, json};
use tokio::sync::broadcast;

pub(crate) const HASH: HashKey = HashKey::new([9; 16]);

/// How `GET /revocations` is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Streams {
    #[default]
    Good,
    /// A stream that never says anything: a proxy that collects answers.
    Mute,
    /// Always as a long poll.
    Polls,
}

/// What is put on every open stream.
#[derive(Debug, Clone)]
enum Said {
    /// Text as it is.
    Raw(String),
    /// The records after a number.
    Records,
    /// The streams end.
    Close,
}

struct Face {
    url: Mutex<String>,
    keys: Mutex<JwkSet>,
    feed: Mutex<Feed>,
    streams: Mutex<Streams>,
    said: broadcast::Sender<Said>,
    /// Milliseconds that this issuer's clock is ahead.
    ahead: AtomicI64,
    /// Seconds that its tokens live.
    token_life: AtomicU64,
    /// Whether heartbeats are sent.
    silent: AtomicUsize,
    refusals: AtomicUsize,
    /// Tokens that introspection calls ended.
    inactive: Mutex<Vec<String>>,
    acks: Mutex<Vec<Value>>,
    pub(crate) tokens: AtomicUsize,
    snapshots: AtomicUsize,
    opened: AtomicUsize,
    polls: AtomicUsize,
    key_fetches: AtomicUsize,
    introspections: AtomicUsize,
}

struct Feed {
    feed_id: String,
    /// The number before the first record of the log.
    base: u64,
    log: Vec<Record>,
    jwks_etag: String,
    /// Added to the numbers that heartbeats tell: an issuer that lost count.
    skew: u64,
}

impl Feed {
    fn head(&self) -> u64 {
        self.base + self.log.len() as u64
    }
}

/// Serves until the test's runtime ends.
#[derive(Clone)]
pub(crate) struct FeedIssuer {
    /// Its own place.
    pub(crate) address: std::net::SocketAddr,
    face: Arc<Face>,
}

impl FeedIssuer {
    /// Starts an issuer. Its name is its own address until [`FeedIssuer::known_as`].
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let face = Arc::new(Face {
            url: Mutex::new(format!("http://{address}/")),
            keys: Mutex::new(keys.iter().filter_map(|key| key.public_jwk()).collect()),
            feed: Mutex::new(Feed {
                feed_id: "fd_1".to_owned(),
                base: 7,
                log: Vec::new(),
                jwks_etag: "\"k1\"".to_owned(),
                skew: 0,
            }),
            streams: Mutex::default(),
            said: broadcast::channel(1_000).0,
            ahead: AtomicI64::new(0),
            token_life: AtomicU64::new(3_600),
            silent: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
            inactive: Mutex::default(),
            acks: Mutex::default(),
            tokens: AtomicUsize::new(0),
            snapshots: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            key_fetches: AtomicUsize::new(0),
            introspections: AtomicUsize::new(0),
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/oauth/token", post(token))
            .route("/oauth/introspect", post(introspect))
            .route("/revocations/snapshot", get(snapshot))
            .route("/revocations", get(revocations))
            .route("/revocations/ack", post(ack))
            .with_state(Arc::clone(&face));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, face }
    }

    /// Names itself by another address: that of a proxy before it.
    pub(crate) fn known_as(&self, address: std::net::SocketAddr) {
        *self.face.url.lock().unwrap() = format!("http://{address}/");
    }

    pub(crate) fn url(&self) -> String {
        self.face.url.lock().unwrap().clone()
    }

    /// Revokes, and tells the streams.
    pub(crate) fn revoke(&self, records: &[Record]) {
        self.face.feed.lock().unwrap().log.extend_from_slice(records);
        let _ = self.face.said.send(Said::Records);
    }

    /// Revokes without telling anybody.
    pub(crate) fn revoke_in_secret(&self, records: &[Record]) {
        self.face.feed.lock().unwrap().log.extend_from_slice(records);
    }

    /// Puts text on every stream as it is.
    pub(crate) fn say(&self, text: impl Into<String>) {
        let _ = self.face.said.send(Said::Raw(text.into()));
    }

    /// Ends every stream.
    pub(crate) fn close_streams(&self) {
        let _ = self.face.said.send(Said::Close);
    }

    /// Becomes what a backup brought back: another feed, and only these records.
    pub(crate) fn restore(&self, records: &[Record]) {
        let mut feed = self.face.feed.lock().unwrap();
        feed.feed_id = "fd_2".to_owned();
        feed.base = 3;
        feed.log = records.to_vec();
    }

    /// Forgets everything before the present head: positions before it need a snapshot.
    pub(crate) fn publish_keys(&self, keys: &[&SigningKey], etag: &str) {
        *self.face.keys.lock().unwrap() = keys.iter().filter_map(|key| key.public_jwk()).collect();
        self.face.feed.lock().unwrap().jwks_etag = etag.to_owned();
    }

    pub(crate) fn streams(&self, streams: Streams) {
        *self.face.streams.lock().unwrap() = streams;
    }

    /// Whether heartbeats are sent.
    pub(crate) fn beats(&self, beats: bool) {
        self.face.silent.store(usize::from(!beats), Ordering::SeqCst);
    }

    /// Heartbeats tell a number this much greater than the truth.
    pub(crate) fn lose_count(&self, by: u64) {
        self.face.feed.lock().unwrap().skew = by;
    }

    pub(crate) fn clock_ahead(&self, millis: i64) {
        self.face.ahead.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn token_life(&self, seconds: u64) {
        self.face.token_life.store(seconds, Ordering::SeqCst);
    }

    /// The next so many requests with a token are answered 401.
    pub(crate) fn refuse_tokens(&self, number: usize) {
        self.face.refusals.store(number, Ordering::SeqCst);
    }

    /// Introspection says that this token is not active.
    pub(crate) fn end_token(&self, token: &str) {
        self.face.inactive.lock().unwrap().push(token.to_owned());
    }

    pub(crate) fn tokens_given(&self) -> usize {
        self.face.tokens.load(Ordering::SeqCst)
    }

    pub(crate) fn snapshots(&self) -> usize {
        self.face.snapshots.load(Ordering::SeqCst)
    }

    pub(crate) fn streams_opened(&self) -> usize {
        self.face.opened.load(Ordering::SeqCst)
    }

    pub(crate) fn polls(&self) -> usize {
        self.face.polls.load(Ordering::SeqCst)
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.face.key_fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn introspections(&self) -> usize {
        self.face.introspections.load(Ordering::SeqCst)
    }

    /// Streams that are open, as far as this issuer knows.
    pub(crate) fn listeners(&self) -> usize {
        self.face.said.receiver_count()
    }

    pub(crate) fn acks(&self) -> Vec<Value> {
        self.face.acks.lock().unwrap().clone()
    }

    pub(crate) fn head(&self) -> u64 {
        self.face.feed.lock().unwrap().head()
    }
}

/// Unix milliseconds of the real clock.
pub(crate) fn real_time() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
    let now = SystemTime::now();
    u64::try_from(now.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Face {
    fn now(&self) -> u64 {
        real_time()
            .checked_add_signed(self.ahead.load(Ordering::SeqCst))
            .unwrap()
    }

    /// The answer with the time of this issuer's clock.
    fn dated(&self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        let date = http_date(self.now() / 1_000);
        answer.headers_mut().insert(header::DATE, date.parse().unwrap());
        answer
    }

    fn refuses(&self, headers: &HeaderMap) -> Option<Response> {
        let left = &self.refusals;
        let refused = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        let bearer = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value.as_bytes().starts_with(b"Bearer feed-"));
        (refused || !bearer).then(|| StatusCode::UNAUTHORIZED.into_response())
    }

    fn batch(&self, after: u64) -> Batch {
        let feed = self.feed.lock().unwrap();
        let from = usize::try_from(after.saturating_sub(feed.base))
            .unwrap()
            .min(feed.log.len());
        Batch {
            feed_id: feed.feed_id.clone(),
            prev: after,
            seq: feed.head(),
            as_of: self.now(),
            jwks_etag: feed.jwks_etag.clone(),
            records: feed.log[from..].to_vec(),
        }
    }

    fn beat(&self) -> String {
        let feed = self.feed.lock().unwrap();
        let beat = Heartbeat::new(
            feed.feed_id.clone(),
            feed.head() + feed.skew,
            self.now(),
            feed.jwks_etag.clone(),
        );
        format!("event: heartbeat\ndata: {}\n\n", beat.to_json())
    }
}

async fn discovery(State(face): State<Arc<Face>>) -> Response {
    let url = face.url.lock().unwrap().clone();
    let document = json!({
        "issuer": url, "jwks_uri": format!("{url}jwks"), "token_endpoint": format!("{url}oauth/token"),
        "introspection_endpoint": format!("{url}oauth/introspect"),
    });
    face.dated(Json(document))
}

async fn jwks(State(face): State<Arc<Face>>) -> Response {
    face.key_fetches.fetch_add(1, Ordering::SeqCst);
    let keys = face.keys.lock().unwrap().clone();
    face.dated(Json(keys))
}

async fn token(State(face): State<Arc<Face>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let url = face.url.lock().unwrap().clone();
    let wanted = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", "verifier".to_owned()),
        ("client_secret", "secret".to_owned()),
        ("audience", format!("{url}revocations")),
        ("scope", "read:revocations".to_owned()),
    ];
    if wanted.iter().any(|(name, value)| form.get(*name) != Some(value)) {
        let body = Json(json!({ "error": "invalid_client" }));
        return face.dated((StatusCode::UNAUTHORIZED, body));
    }
    let number = face.tokens.fetch_add(1, Ordering::SeqCst);
    let life = face.token_life.load(Ordering::SeqCst);
    face.dated(Json(json!({
        "access_token": format!("feed-{number}"), "token_type": "Bearer", "expires_in": life,
    })))
}

async fn introspect(State(face): State<Arc<Face>>, Form(form): Form<HashMap<String, String>>) -> Response {
    face.introspections.fetch_add(1, Ordering::SeqCst);
    let known = form.get("client_secret").is_some_and(|secret| secret == "secret");
    let token = form.get("token").cloned().unwrap_or_default();
    let active = known && !face.inactive.lock().unwrap().contains(&token);
    face.dated(Json(json!({ "active": active })))
}

async fn snapshot(State(face): State<Arc<Face>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = face.refuses(&headers) {
        return refusal;
    }
    face.snapshots.fetch_add(1, Ordering::SeqCst);
    let snapshot = {
        let feed = face.feed.lock().unwrap();
        Snapshot {
            feed_id: feed.feed_id.clone(),
            seq: feed.head(),
            as_of: face.now(),
            hash_key: HASH,
            jwks_etag: feed.jwks_etag.clone(),
            records: feed.log.clone(),
        }
    };
    face.dated(([(header::CONTENT_TYPE, "application/json")], snapshot.to_json()))
}

async fn revocations(
    State(face): State<Arc<Face>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = face.refuses(&headers) {
        return refusal;
    }
    let after: u64 = query["after"].parse().unwrap();
    let fits = {
        let feed = face.feed.lock().unwrap();
        query["feed_id"] == feed.feed_id && (feed.base..=feed.head()).contains(&after)
    };
    if !fits {
        let body = Json(json!({ "error": "snapshot_required", "reason": "feed_id" }));
        return face.dated((StatusCode::GONE, body));
    }
    let streams = *face.streams.lock().unwrap();
    let wants_stream = headers[header::ACCEPT] == "text/event-stream";
    if !wants_stream || streams == Streams::Polls {
        face.polls.fetch_add(1, Ordering::SeqCst);
        return poll(&face, after).await;
    }
    face.opened.fetch_add(1, Ordering::SeqCst);
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(64);
    let mut said = face.said.subscribe();
    let owner = Arc::clone(&face);
    tokio::spawn(async move {
        let face = owner;
        let mut sent = after;
        let mut beat = tokio::time::interval(Duration::from_millis(500));
        let mut missed = streams == Streams::Good && face.feed.lock().unwrap().head() > after;
        loop {
            let text = tokio::select! {
                () = std::future::ready(()), if missed => {
                    let batch = face.batch(sent);
                    (missed, sent) = (false, batch.seq);
                    format!("event: records\nid: {sent}\ndata: {}\n\n", batch.to_json())
                }
                _ = beat.tick(), if !missed => match face.silent.load(Ordering::SeqCst) {
                    0 if streams == Streams::Good => face.beat(),
                    _ => continue,
                },
                said = said.recv(), if !missed => match said {
                    Ok(Said::Raw(text)) => text,
                    // What was missed included it.
                    Ok(Said::Records) if face.feed.lock().unwrap().head() == sent => continue,
                    Ok(Said::Records) if streams == Streams::Good => {
                        let batch = face.batch(sent);
                        sent = batch.seq;
                        format!("event: records\nid: {sent}\ndata: {}\n\n", batch.to_json())
                    }
                    Ok(Said::Records) => continue,
                    _ => return,
                },
            };
            if sender.send_data(Bytes::from(text)).await.is_err() {
                return;
            }
        }
    });
    let said = ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(body));
    face.dated(said)
}

async fn poll(face: &Face, after: u64) -> Response {
    let mut said = face.said.subscribe();
    let news = async {
        while face.feed.lock().unwrap().head() == after {
            let _ = said.recv().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), news).await;
    let batch = face.batch(after);
    face.dated(([(header::CONTENT_TYPE, "application/json")], batch.to_json()))
}

async fn ack(State(face): State<Arc<Face>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(refusal) = face.refuses(&headers) {
        return refusal;
    }
    face.acks.lock().unwrap().push(body);
    face.dated(StatusCode::NO_CONTENT)
}

/// RFC 9110 section 5.6.7; the day of the week is not read by anybody here.
fn http_date(seconds: u64) -> String {
    let days = i64::try_from(seconds / 86_400).unwrap();
    // The civil date of a number of days since 1970-01-01, by years that begin in March.
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (
        doy - (153 * mp + 2) / 5 + 1,
        if mp < 10 { mp + 3 } else { mp - 9 },
    );
    let year = yoe + era * 400 + i64::from(month <= 2);
    let name = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let month = name[usize::try_from(month - 1).unwrap()];
    format!("Mon, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}
