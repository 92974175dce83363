//! Who may read the feed, and what is said to who may not or who asks in a way that is not understood.

use super::AUDIENCE;
use crate::site::{API, Site};
use axum::http::StatusCode;
use sekisho_verify::record::Record;

const PATHS: [&str; 2] = ["/revocations/snapshot?v=1", "/revocations?v=1&feed_id=fd&after=0"];

#[tokio::test]
async fn only_a_token_for_the_feed_that_may_read_revocations_opens_it() {
    let site = Site::new().await;
    for path in PATHS {
        let nobody = site.get(path).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{}", nobody.body);
        assert_eq!(nobody.header("www-authenticate"), "Bearer");
        assert!(
            nobody.json()["error_description"]
                .as_str()
                .unwrap()
                .contains(AUDIENCE)
        );
        for token in ["x", "a.b.c", &site.machine_token(API).await] {
            let refused = site.ask(token, path, &[]).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{token}");
            assert_eq!(refused.error(), "invalid_token");
            assert!(
                refused
                    .header("www-authenticate")
                    .starts_with("Bearer error=\"invalid_token\"")
            );
        }
        let user = site.tokens("spa", &[("audience", API)]).await;
        let refused = site.ask(user["access_token"].as_str().unwrap(), path, &[]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    // A grant for the feed without its scope.
    site.allow("machine", AUDIENCE, "").await;
    let token = site.machine_token(AUDIENCE).await;
    for path in PATHS {
        let poor = site.ask(&token, path, &[]).await;
        assert_eq!(poor.status, StatusCode::FORBIDDEN, "{}", poor.body);
        assert_eq!(poor.error(), "insufficient_scope");
        assert!(
            poor.header("www-authenticate")
                .contains("scope=\"read:revocations\"")
        );
    }
    let ack = site.acknowledge("x", &serde_json::json!({})).await;
    assert_eq!(ack.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_revoked_token_does_not_open_the_feed() {
    let site = Site::new().await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let claims = crate::browser::claims(&serde_json::json!(token));
    let record = Record::token(
        site.app.feed.hash_key(),
        claims["jti"].as_str().unwrap(),
        4_000_000_000,
    );
    site.revoke(&[record]).await;
    let mut refused = site.ask(&token, PATHS[0], &[]).await;
    while refused.status == StatusCode::OK {
        tokio::task::yield_now().await;
        refused = site.ask(&token, PATHS[0], &[]).await;
    }
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let poll = site.poll(&token, &snapshot["feed_id"], 0, 0).await;
    assert_eq!(poll.status, StatusCode::UNAUTHORIZED);
    site.snapshot(&site.machine_token(AUDIENCE).await).await;
}

#[tokio::test]
async fn what_is_not_understood_is_refused_in_plain_words() {
    let site = Site::new().await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let feed_id = snapshot["feed_id"].as_str().unwrap();
    for (path, status, said) in [
        ("/revocations/snapshot", 400, "v is missing"),
        ("/revocations/snapshot?v=2", 406, "send v=1"),
        ("/revocations/snapshot?v=x", 400, "v is a whole number"),
        ("/revocations/snapshot?v=1&after=3", 400, "Only these parameters"),
        ("/revocations?v=1&after=0", 400, "feed_id is missing"),
        ("/revocations?v=9&feed_id=x&after=0", 406, "send v=1"),
        ("/revocations?v=1&feed_id=other&after=0", 410, "Take a snapshot"),
    ] {
        let answer = site.ask(&token, path, &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {}", answer.body);
        assert!(
            answer.json()["error_description"]
                .as_str()
                .unwrap()
                .contains(said),
            "{path} {}",
            answer.body
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let other = site
        .ask(&token, "/revocations?v=1&feed_id=other&after=0", &[])
        .await
        .json();
    assert_eq!(
        (&other["error"], &other["reason"]),
        (&"snapshot_required".into(), &"feed_id".into())
    );
    for (body, said) in [
        (serde_json::json!({ "feed_id": feed_id }), "seq is missing"),
        (
            serde_json::json!({ "feed_id": feed_id, "seq": -1 }),
            "seq is a whole number",
        ),
        (
            serde_json::json!({ "feed_id": feed_id, "seq": 1.5 }),
            "seq is a whole number",
        ),
        (
            serde_json::json!({ "feed_id": feed_id, "seq": 0, "verifier": "x" }),
            "verifier has 8",
        ),
        (serde_json::json!({ "seq": 0 }), "feed_id is missing"),
    ] {
        let answer = site.acknowledge(&token, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.body.contains(said), "{body} {}", answer.body);
    }
    let other = site
        .acknowledge(&token, &serde_json::json!({"feed_id": "other", "seq": 0}))
        .await;
    assert_eq!(other.status, StatusCode::GONE);
    let posted = site.post("/revocations", None, &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let site = Site::with(&[("SEKISHO_FEED_MAX_STREAMS", "2")]).await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let one = site.listen(&token, &snapshot, "").await;
    let _two = site.listen(&token, &snapshot, "").await;
    let full = site.poll(&token, &snapshot["feed_id"], 0, 0).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (full.error().as_str(), full.header("retry-after")),
        ("temporarily_unavailable", "1")
    );
    drop(one);
    while site.app.feed.figures(site.now()).streams == 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        site.poll(&token, &snapshot["feed_id"], 0, 0).await.status,
        StatusCode::OK
    );
    let site = Site::with(&[("SEKISHO_FEED_MAX_STREAMS_PER_CLIENT", "1")]).await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let _one = site.listen(&token, &snapshot, "").await;
    let full = site.poll(&token, &snapshot["feed_id"], 0, 0).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
}
