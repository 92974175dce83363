//! The layer around a real axum router: which answer each request gets (RFC 6750 section 3).

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/feed.rs"]
mod feed;
#[path = "support/issuer.rs"]
mod issuer;
#[path = "support/tokens.rs"]
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use feed::FeedIssuer;
use issuer::{LocalIssuer, Mood};
use sekisho_verify::fetch::{Credentials, FeedClient, Fetcher, OnlineVerifier};
use sekisho_verify::tower::{AuthLayer, Authorized, Denied, ScopeLayer};
use sekisho_verify::{Claims, Issuer, OnStale, Policy, Scope, Verifier};
use serde_json::{Value, json};
use tokens::*;
use tower::ServiceExt;

fn layer(policy: Policy) -> AuthLayer {
    let online = OnlineVerifier::with_fetcher(Verifier::new(policy).unwrap(), Fetcher::new().unwrap());
    AuthLayer::new(online).clock(|| NOW).realm("notes")
}

fn app(layer: AuthLayer) -> Router {
    let admin = ScopeLayer::new(Scope::parse("read:notes admin").unwrap());
    let write = ScopeLayer::new(Scope::parse("write:notes").unwrap());
    Router::new()
        .route(
            "/me",
            get(|Authorized(claims): Authorized| async move { claims.sub.clone() }),
        )
        .route(
            "/extension",
            get(|Extension(claims): Extension<Arc<Claims>>| async move { claims.iss.clone() }),
        )
        .route("/write", get(|| async { "written" }).layer(write))
        .route("/admin", get(|| async { "secret" }).layer(admin))
        .route("/inside", get(inside))
        .layer(layer)
}

async fn inside(caller: Authorized) -> Result<&'static str, Denied> {
    caller.require_scope(&Scope::parse("admin").unwrap())?;
    Ok("secret")
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn challenge(&self) -> Option<&str> {
        self.headers
            .get(WWW_AUTHENTICATE)
            .map(|value| value.to_str().unwrap())
    }

    fn error(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers[CACHE_CONTROL], "no-store");
        assert!(body["error_description"].is_string());
        body["error"].clone()
    }
}

async fn send(app: Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn ask(path: &str, authorization: &[&str]) -> Request<Body> {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn get_with(path: &str, authorization: &[&str]) -> Answer {
    send(app(layer(policy())), ask(path, authorization)).await
}

async fn get_token(path: &str, claims: &Value) -> Answer {
    get_with(path, &[&format!("Bearer {}", sign(&KEY, "JWT", claims))]).await
}

#[tokio::test]
async fn a_good_token_passes_and_gives_its_claims() {
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        let answer = get_with("/me", &[&format!("{scheme} {}", sign(&KEY, "JWT", &claims()))]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::OK, "auth0|0123456789abcdef01234567")
        );
        assert_eq!(answer.challenge(), None);
    }
    assert_eq!(get_token("/extension", &claims()).await.body, ISS);
    assert_eq!(get_token("/write", &claims()).await.body, "written");
}

#[tokio::test]
async fn rfc6750_3_1_no_token_gets_a_bare_challenge() {
    for authorization in [&[][..], &["Basic YTpi"], &["DPoP abc"], &["Bearerx abc"], &[""]] {
        let answer = get_with("/me", authorization).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert_eq!(answer.challenge(), Some("Bearer realm=\"notes\""));
        assert_eq!(answer.error(), "invalid_token");
    }
}

#[tokio::test]
async fn rfc6750_3_1_a_malformed_header_is_an_invalid_request() {
    let good = format!("Bearer {}", sign(&KEY, "JWT", &claims()));
    for authorization in [
        &["Bearer"][..],
        &["Bearer "],
        &["Bearer a b"],
        &[&good, &good],
        &["Basic YTpi", &good],
    ] {
        let answer = get_with("/me", authorization).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{authorization:?}");
        assert!(
            answer
                .challenge()
                .unwrap()
                .starts_with("Bearer realm=\"notes\", error=\"invalid_request\"")
        );
        assert_eq!(answer.error(), "invalid_request");
    }
}

#[tokio::test]
async fn rfc6750_3_1_a_bad_token_is_an_invalid_token_and_says_why() {
    let answer = get_token("/me", &with("exp", json!(NOW))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.challenge().unwrap(),
        "Bearer realm=\"notes\", error=\"invalid_token\", error_description=\"The token has expired\""
    );
    assert_eq!(answer.error(), "invalid_token");
    let broken = get_with("/me", &["Bearer a.b.c"]).await;
    assert_eq!(
        (broken.status, broken.error()),
        (StatusCode::UNAUTHORIZED, json!("invalid_token"))
    );
}

#[tokio::test]
async fn threat_j09_an_id_token_gets_an_answer_that_helps() {
    let answer = get_token("/me", &with("nonce", json!("n"))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.challenge().unwrap().contains("This is an ID token"));
}

#[tokio::test]
async fn rfc6750_3_1_too_little_scope_is_forbidden_and_named() {
    for (path, realm) in [("/admin", "notes"), ("/inside", "api")] {
        let answer = get_token(path, &claims()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            answer
                .challenge()
                .unwrap()
                .contains("error=\"insufficient_scope\"")
        );
        assert!(
            answer.challenge().unwrap().ends_with("scope=\"admin\""),
            "{:?}",
            answer.challenge()
        );
        assert!(
            answer
                .challenge()
                .unwrap()
                .starts_with(&format!("Bearer realm=\"{realm}\"")),
            "{path}"
        );
        assert_eq!(answer.error(), "insufficient_scope");
    }
}

#[tokio::test]
async fn the_token_comes_from_the_header_only() {
    let token = sign(&KEY, "JWT", &claims());
    let query = get_with(&format!("/me?access_token={token}"), &[]).await;
    assert_eq!(query.status, StatusCode::UNAUTHORIZED);
    let cookie = Request::get("/me").header("cookie", format!("access_token={token}"));
    let answer = send(app(layer(policy())), cookie.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_forgotten_layer_opens_nothing() {
    let scope = ScopeLayer::new(Scope::parse("a").unwrap());
    let app = Router::new()
        .route(
            "/me",
            get(|Authorized(claims): Authorized| async move { claims.sub.clone() }),
        )
        .route("/scoped", get(|| async { "secret" }).layer(scope));
    for path in ["/me", "/scoped"] {
        let good = format!("Bearer {}", sign(&KEY, "JWT", &claims()));
        let answer = send(app.clone(), ask(path, &[&good])).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn threat_29_no_answer_lets_an_origin_in() {
    for authorization in [vec![], vec![format!("Bearer {}", sign(&KEY, "JWT", &claims()))]] {
        let mut request = Request::get("/me").header("origin", "https://evil.example.com");
        for value in &authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let answer = send(app(layer(policy())), request.body(Body::empty()).unwrap()).await;
        assert!(
            answer
                .headers
                .keys()
                .all(|name| !name.as_str().starts_with("access-control"))
        );
    }
}

#[tokio::test]
async fn threat_43_each_request_gets_its_own_claims() {
    let app = app(layer(policy()));
    let (one, two) = (with("sub", json!("user-1")), with("sub", json!("user-2")));
    for _ in 0..3 {
        for (claims, sub) in [(&one, "user-1"), (&two, "user-2")] {
            let request = ask("/me", &[&format!("Bearer {}", sign(&KEY, "JWT", claims))]);
            assert_eq!(send(app.clone(), request).await.body, sub);
        }
    }
}

#[tokio::test]
async fn without_keys_the_answer_is_unavailable_and_says_when_to_retry() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    issuer.mood(Mood::Broken);
    let time = Arc::new(AtomicU64::new(NOW));
    let clock = Arc::clone(&time);
    let layer = layer(policy_of(Issuer::fetched(&issuer.url))).clock(move || clock.load(Ordering::SeqCst));
    let app = app(layer);
    let token = format!("Bearer {}", sign(&KEY, "JWT", &with("iss", json!(issuer.url))));

    let answer = send(app.clone(), ask("/me", &[&token])).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers[RETRY_AFTER], "1");
    assert_eq!(answer.challenge(), None);
    assert_eq!(answer.error(), "temporarily_unavailable");

    issuer.mood(Mood::Good);
    time.store(NOW + 1, Ordering::SeqCst);
    assert_eq!(send(app, ask("/me", &[&token])).await.status, StatusCode::OK);
}

/// A layer that listens, whose knowledge is too old as soon as it is a moment old.
fn impatient(issuer: &FeedIssuer) -> (OnlineVerifier, AuthLayer) {
    let feed =
        FeedClient::new(issuer.url(), Credentials::new("verifier", "secret")).max_stale(Duration::ZERO);
    let online = OnlineVerifier::listening(policy_of(Issuer::fetched(issuer.url())), feed).unwrap();
    let layer = AuthLayer::new(online.clone()).clock(|| feed::real_time() / 1_000);
    (online, layer)
}

fn fresh_token(issuer: &FeedIssuer) -> String {
    let now = feed::real_time() / 1_000;
    let mut claims = with("iss", json!(issuer.url()));
    for (claim, value) in [("iat", now - 5), ("nbf", now - 5), ("exp", now + 60)] {
        claims[claim] = json!(value);
    }
    format!("Bearer {}", sign(&KEY, "JWT", &claims))
}

#[tokio::test]
async fn without_a_feed_the_answer_is_unavailable_whatever_the_route_says() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.refuse_tokens(usize::MAX / 2);
    let (online, layer) = impatient(&issuer);
    online.warm_up(feed::real_time() / 1_000).await.unwrap();
    for on_stale in [OnStale::Closed, OnStale::UntilExp] {
        let answer = send(
            app(layer.clone().on_stale(on_stale)),
            ask("/me", &[&fresh_token(&issuer)]),
        )
        .await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[RETRY_AFTER], "1");
        assert_eq!(answer.challenge(), None);
        assert_eq!(answer.error(), "temporarily_unavailable");
    }
}

#[tokio::test]
async fn each_route_has_its_own_word_about_a_feed_that_is_away() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let (online, layer) = impatient(&issuer);
    let loaded = async {
        while online.feed_counts().snapshots == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), loaded)
        .await
        .unwrap();
    issuer.beats(false);
    let token = fresh_token(&issuer);
    issuer.end_token(token.trim_start_matches("Bearer "));
    let status = async |on_stale| {
        let answer = send(app(layer.clone().on_stale(on_stale)), ask("/me", &[&token])).await;
        answer.status
    };
    // A moment passes between the last word of the feed and the question.
    let closed = async { while status(OnStale::Closed).await != StatusCode::SERVICE_UNAVAILABLE {} };
    tokio::time::timeout(Duration::from_secs(30), closed)
        .await
        .unwrap();
    assert_eq!(status(OnStale::UntilExp).await, StatusCode::OK);
    assert_eq!(status(OnStale::Introspect).await, StatusCode::UNAUTHORIZED);
}
