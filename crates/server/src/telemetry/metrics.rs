//! The metrics: what is counted, and the text Prometheus reads at `/metrics` (OpenMetrics 1.0).
//!
//! Nothing here is global, so two issuers in one process count apart. No label holds anything a visitor can choose:
//! routes are patterns, and what matches none is `unmatched`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::feed::Figures;
use crate::passwords::Passwords;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Put on an answer that a database fault caused, so that [`observe`] counts it.
#[derive(Clone, Copy)]
pub struct DatabaseFault;

/// Upper bounds in seconds.
const LATENCIES: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// The counters of one issuer. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Route, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    tokens: Family<GrantLabel, Counter>,
    database_faults: Counter,
    passwords_waiting: Gauge,
    passwords_hashed: Gauge<u64, AtomicU64>,
    leak_check_failures: Family<SourceLabel, Counter>,
    failures: Family<KindLabel, Counter>,
    suspicious: Family<SignLabel, Counter>,
    audit_dropped: Counter,
    bot_checks: Family<OutcomeLabel, Counter>,
    feed: FeedMetrics,
}

/// What is counted of the revocation feed.
#[derive(Default)]
struct FeedMetrics {
    streams: Gauge,
    verifiers: Gauge<u64, AtomicU64>,
    head: Gauge<u64, AtomicU64>,
    records: Gauge,
    age: Gauge<f64, AtomicU64>,
    acks: Gauge<u64, AtomicU64>,
    alarm: Gauge,
    alarms: Counter,
    dropped: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignLabel {
    sign: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GrantLabel {
    grant: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("sekisho"),
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCIES)),
            in_flight: Gauge::default(),
            tokens: Family::default(),
            database_faults: Counter::default(),
            passwords_waiting: Gauge::default(),
            passwords_hashed: Gauge::default(),
            leak_check_failures: Family::default(),
            failures: Family::default(),
            suspicious: Family::default(),
            audit_dropped: Counter::default(),
            bot_checks: Family::default(),
            feed: FeedMetrics::default(),
        };
        let registry = &mut inner.registry;
        registry.register("requests", "Requests answered", inner.requests.clone());
        registry.register(
            "request_seconds",
            "Time until a request was answered",
            inner.latency.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests being answered now",
            inner.in_flight.clone(),
        );
        registry.register("tokens_issued", "Token answers, by grant", inner.tokens.clone());
        registry.register(
            "database_faults",
            "Statements that failed",
            inner.database_faults.clone(),
        );
        registry.register(
            "passwords_waiting",
            "Logins waiting for a hash now",
            inner.passwords_waiting.clone(),
        );
        registry.register(
            "passwords_hashed",
            "Password hashes since the start",
            inner.passwords_hashed.clone(),
        );
        registry.register(
            "leak_check_failures",
            "New passwords that could not be looked for among the leaked ones, by source",
            inner.leak_check_failures.clone(),
        );
        registry.register(
            "failures",
            "What went wrong for people nobody knows, by the kind of its audit event",
            inner.failures.clone(),
        );
        registry.register(
            "suspicious_logins",
            "Logins that do not look like the ones before, by what is new",
            inner.suspicious.clone(),
        );
        registry.register(
            "audit_dropped",
            "Failures that were not written because too many waited",
            inner.audit_dropped.clone(),
        );
        registry.register(
            "bot_checks",
            "Bot checks that were due, by what came of them",
            inner.bot_checks.clone(),
        );
        inner.feed.register(registry);
        Self(Arc::new(inner))
    }

    /// A new password could not be looked for among the leaked ones. `source` is `list` or `service`.
    pub fn leak_check_failed(&self, source: &'static str, why: &str) {
        tracing::warn!(
            source,
            why,
            "a new password was taken without a look at the leaked ones"
        );
        self.0
            .leak_check_failures
            .get_or_create(&SourceLabel { source })
            .inc();
    }

    /// Takes over what the feed says of itself.
    pub fn feed(&self, figures: &Figures) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let feed = &self.0.feed;
        feed.streams.set(count(figures.streams));
        feed.verifiers.set(figures.verifiers);
        feed.head.set(figures.head);
        feed.records.set(count(figures.records));
        // Before the first reading there is no age; infinity is what an alert on age must see.
        let age = figures.age.map_or(f64::INFINITY, |millis| {
            Duration::from_millis(millis).as_secs_f64()
        });
        feed.age.set(age);
        feed.acks.set(figures.acks);
        feed.alarm.set(i64::from(figures.alarm));
    }

    /// The feed went backwards.
    pub fn feed_alarm(&self) {
        self.0.feed.alarms.inc();
    }

    /// A stream was ended because its reader was too slow.
    pub fn feed_dropped(&self) {
        self.0.feed.dropped.inc();
    }

    /// Tokens were issued by this grant; `grant` is a `grant_type` we know, never what was sent.
    pub fn tokens_issued(&self, grant: &'static str) {
        self.0.tokens.get_or_create(&GrantLabel { grant }).inc();
    }

    /// Something went wrong for a person nobody knows; `kind` is that of its audit event.
    pub fn failure(&self, kind: &'static str) {
        self.0.failures.get_or_create(&KindLabel { kind }).inc();
    }

    /// A bot check was due; `outcome` is what came of it, or `unknown` when the provider did not say.
    pub fn bot_check(&self, outcome: &'static str) {
        self.0.bot_checks.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// A login bears this sign.
    pub fn suspicious(&self, sign: &'static str) {
        self.0.suspicious.get_or_create(&SignLabel { sign }).inc();
    }

    /// So many failures were not written.
    pub fn audit_dropped(&self, many: u64) {
        self.0.audit_dropped.inc_by(many);
    }

    /// A statement failed for a reason that is ours.
    pub fn database_fault(&self) {
        self.0.database_faults.inc();
    }

    /// Everything in the text form of OpenMetrics.
    pub fn text(&self, passwords: &Passwords) -> String {
        self.0
            .passwords_waiting
            .set(i64::try_from(passwords.waiting()).unwrap_or(i64::MAX));
        self.0.passwords_hashed.set(passwords.hashes_done());
        let mut text = String::new();
        match text::encode(&mut text, &self.0.registry) {
            Ok(()) => text,
            // Writing into a string does not fail.
            Err(_) => String::new(),
        }
    }

    fn answered(&self, method: &Method, route: &str, answer: &Response, took: Duration) {
        let route = route.to_owned();
        let labels = Answered {
            method: word(method),
            route: route.clone(),
            status: answer.status().as_u16(),
        };
        self.0.requests.get_or_create(&labels).inc();
        self.0
            .latency
            .get_or_create(&Route { route })
            .observe(took.as_secs_f64());
    }
}

impl FeedMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "feed_streams",
            "Streams of the revocation feed now",
            self.streams.clone(),
        );
        registry.register(
            "feed_verifiers",
            "Verifiers that listen now",
            self.verifiers.clone(),
        );
        registry.register("feed_head", "The number of the newest record", self.head.clone());
        registry.register(
            "feed_records",
            "Records held for our own APIs",
            self.records.clone(),
        );
        registry.register(
            "feed_age_seconds",
            "Since the last reading of the feed that succeeded began",
            self.age.clone(),
        );
        registry.register(
            "feed_acks_received",
            "Acknowledgements since the start",
            self.acks.clone(),
        );
        registry.register(
            "feed_alarm",
            "1 while the feed is known to have gone backwards",
            self.alarm.clone(),
        );
        registry.register("feed_alarms", "Alarms raised", self.alarms.clone());
        registry.register(
            "feed_dropped",
            "Streams ended because their reader was too slow",
            self.dropped.clone(),
        );
    }
}

/// The middleware that counts requests: `router.layer(from_fn_with_state(metrics, metrics::observe))`.
pub async fn observe(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: how long an answer takes is no fact of the answer"
    )]
    let started = std::time::Instant::now();
    let in_flight = InFlight::enter(&metrics.0.in_flight);
    let answer = next.run(request).await;
    drop(in_flight);
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    metrics.answered(&method, route, &answer, started.elapsed());
    if answer.extensions().get::<DatabaseFault>().is_some() {
        metrics.database_fault();
    }
    answer
}

/// Counts down when the request is over, also when its connection was cut.
struct InFlight(Gauge);

impl InFlight {
    fn enter(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A method as a label; a visitor can invent methods.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::PasswordWork;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn requests_are_counted_by_pattern_and_nothing_a_visitor_chose_is_a_label() {
        let metrics = Metrics::new();
        let router = Router::new()
            .route("/users/{id}", get(|| async { "hello" }))
            .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
            .layer(from_fn_with_state(metrics.clone(), observe));
        for (method, path) in [
            ("GET", "/users/alice"),
            ("GET", "/users/bob"),
            ("GET", "/secret"),
            ("EVIL", "/x"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap();
            router.clone().oneshot(request).await.unwrap();
        }
        metrics.tokens_issued("refresh_token");
        metrics.database_fault();
        let passwords = Passwords::new(&PasswordWork::cheapest()).unwrap();
        let text = metrics.text(&passwords);
        for wanted in [
            "sekisho_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"200\"} 2",
            "sekisho_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
            "sekisho_requests_total{method=\"other\",route=\"unmatched\",status=\"404\"} 1",
            "sekisho_request_seconds_count{route=\"/users/{id}\"} 2",
            "sekisho_requests_in_flight 0",
            "sekisho_tokens_issued_total{grant=\"refresh_token\"} 1",
            "sekisho_database_faults_total 1",
            "sekisho_passwords_waiting 0",
            "# EOF",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert!(
            !text.contains("alice") && !text.contains("EVIL") && !text.contains("/secret"),
            "{text}"
        );
        assert_eq!(
            Metrics::new()
                .text(&passwords)
                .matches("sekisho_requests_total{")
                .count(),
            0
        );
    }
}
