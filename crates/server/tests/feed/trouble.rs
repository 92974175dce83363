//! When things go wrong: readers that lost their place, a database that went backwards, a node that stops.

use crate::site::{Site, engines};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use sekisho_store::args;
use serde_json::json;
use tower::ServiceExt as _;

engines!(
    a_feed_that_goes_backwards_is_an_alarm_and_nothing_is_revoked_by_it,
    a_verifier_that_has_read_more_than_there_is_raises_the_alarm,
    after_a_restore_readers_take_a_snapshot_of_the_new_feed,
);

/// Whether the node says that it is ready, and what else it says.
async fn ready(site: &Site) -> (StatusCode, String) {
    let router = sekisho::serve::router(site.app.clone());
    let request = Request::builder().method(Method::GET).uri("/readyz");
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn until_ready_is(site: &Site, status: StatusCode) {
    let wait = async {
        while ready(site).await.0 != status {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, wait).await.unwrap();
}

async fn set_head(site: &Site, head: i64) {
    let db = &site.app.db;
    db.run("DELETE FROM revocations WHERE seq > $1", args![head])
        .await
        .unwrap();
    db.run("UPDATE feed SET head = $1 WHERE id = 1", args![head])
        .await
        .unwrap();
}

async fn a_feed_that_goes_backwards_is_an_alarm_and_nothing_is_revoked_by_it(site: Site) {
    let token = site.feed_token().await;
    let seq = site.revoke(&[site.ended("s1"), site.ended("s2")]).await;
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    assert_eq!(ready(&site).await.0, StatusCode::OK);
    // A backup was restored and nobody said so.
    set_head(&site, i64::try_from(seq).unwrap() - 1).await;
    let said = stream.news().await.unwrap();
    assert_eq!(
        (said.name.as_str(), said.data),
        ("snapshot", json!({ "reason": "ahead" }))
    );
    assert!(stream.news().await.is_none(), "and the stream ends");
    let (status, words) = ready(&site).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        words.contains("went backwards") && words.contains("sekisho restored"),
        "{words}"
    );
    assert!(site.app.feed.figures(site.now()).alarm);
    // Nothing was revoked by it: the token is still good, and the stream goes on with what there is.
    let snapshot = site.snapshot(&token).await;
    assert_eq!(snapshot["seq"], seq - 1);
    let mut stream = site.listen(&token, &snapshot, "").await;
    site.revoke(&[site.ended("s3")]).await;
    assert_eq!(stream.records().await["seq"], seq);
    until_ready_is(&site, StatusCode::OK).await;
}

async fn a_verifier_that_has_read_more_than_there_is_raises_the_alarm(site: Site) {
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let (feed_id, seq) = (&snapshot["feed_id"], snapshot["seq"].as_u64().unwrap());
    let ahead = site.poll(&token, feed_id, seq + 2, 0).await;
    assert_eq!(ahead.status, StatusCode::GONE);
    assert_eq!(ahead.json()["reason"], "ahead");
    assert_eq!(ready(&site).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let other = site.poll(&token, &json!("fd_other"), seq + 9, 0).await;
    assert_eq!(
        other.json()["reason"],
        "feed_id",
        "of another feed it says nothing"
    );
    site.revoke(&[site.ended("s1"), site.ended("s2")]).await;
    until_ready_is(&site, StatusCode::OK).await;
}

async fn after_a_restore_readers_take_a_snapshot_of_the_new_feed(site: Site) {
    let token = site.feed_token().await;
    let seq = site.revoke(&[site.ended("s1")]).await;
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    set_head(&site, 0).await;
    site.app
        .db
        .run("UPDATE feed SET feed_id = 'fd_new' WHERE id = 1", args![])
        .await
        .unwrap();
    loop {
        let said = stream.news().await.unwrap();
        assert_eq!(said.name, "snapshot");
        // Between the two writes of this story it may look like a feed that went backwards.
        if said.data == json!({ "reason": "feed_id" }) {
            break;
        }
        stream = site.listen(&token, &site.snapshot(&token).await, "").await;
    }
    until_ready_is(&site, StatusCode::OK).await;
    let late = site.poll(&token, &snapshot["feed_id"], seq, 0).await;
    assert_eq!(late.json()["reason"], "feed_id");
    let fresh = site.snapshot(&token).await;
    assert_eq!((&fresh["feed_id"], &fresh["seq"]), (&json!("fd_new"), &json!(0)));
    assert_eq!(fresh["hash_key"], snapshot["hash_key"]);
}

#[tokio::test]
async fn a_reader_that_was_away_too_long_takes_a_snapshot() {
    let site = Site::new().await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let many: Vec<_> = (0..4097).map(|i| site.ended(&i.to_string())).collect();
    let head = site.revoke(&many).await;
    let wait = async {
        while site.app.feed.figures(site.now()).head < head {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, wait).await.unwrap();
    let gap = site.poll(&token, &snapshot["feed_id"], 0, 0).await;
    assert_eq!(
        (gap.status, &gap.json()["reason"]),
        (StatusCode::GONE, &json!("gap"))
    );
    assert_eq!(
        site.poll(&token, &snapshot["feed_id"], 1, 0).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn streams_end_cleanly_when_the_node_stops() {
    let site = Site::new().await;
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    let (poll, ()) = tokio::join!(site.poll(&token, &snapshot["feed_id"], 0, 25), async {
        while site.app.feed.figures(site.now()).streams < 2 {
            tokio::task::yield_now().await;
        }
        site.stop.send_replace(true);
    });
    assert_eq!(
        (poll.status, &poll.json()["records"]),
        (StatusCode::OK, &json!([]))
    );
    assert!(stream.news().await.is_none());
}
