//! Counting who has applied what, over all nodes.

use super::AUDIENCE;
use crate::site::{Site, engines};
use axum::http::StatusCode;
use sekisho::feed::wait_applied;
use serde_json::json;
use std::time::Duration;

engines!(a_revocation_can_wait_until_those_who_listen_have_applied_it);

const AT_MOST: Duration = Duration::from_secs(20);

async fn a_revocation_can_wait_until_those_who_listen_have_applied_it(site: Site) {
    let token = site.feed_token().await;
    let alone = wait_applied(&site.app, 1, AT_MOST).await.unwrap();
    assert_eq!(
        (alone.connected, alone.applied),
        (0, 0),
        "nobody listens, nobody waits"
    );
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "&verifier=verifier-1").await;
    let mut other = site.listen(&token, &snapshot, "").await;
    let seq = site.revoke(&[site.ended("s1")]).await;
    let nobody = wait_applied(&site.app, seq, Duration::ZERO).await.unwrap();
    assert_eq!((nobody.connected, nobody.applied), (2, 0));
    let (all, ()) = tokio::join!(wait_applied(&site.app, seq, AT_MOST), async {
        stream.records().await;
        other.records().await;
        let (named, unnamed) = (
            json!({ "feed_id": snapshot["feed_id"], "seq": seq, "verifier": "verifier-1" }),
            json!({ "feed_id": snapshot["feed_id"], "seq": seq }),
        );
        assert_eq!(
            site.acknowledge(&token, &named).await.status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(
            site.acknowledge(&token, &unnamed).await.status,
            StatusCode::NO_CONTENT
        );
    });
    let all = all.unwrap();
    assert_eq!((all.connected, all.applied), (2, 2));
    // Beside the server, a command sees the same by the nodes' rows.
    let command = sekisho::app::App::open(site.app.config.clone(), site.app.clock.clone())
        .await
        .unwrap();
    let seen = async {
        loop {
            let seen = wait_applied(&command, seq, Duration::ZERO).await.unwrap();
            if (seen.connected, seen.applied) == (2, 2) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(AT_MOST, seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_on_one_node_reaches_a_stream_on_another_and_its_acknowledgement_may_come_to_any() {
    let a = Site::on_postgres().await;
    let b = a.second_node().await;
    let token = a.feed_token().await;
    let snapshot = a.snapshot(&token).await;
    let mut stream = b.listen(&token, &snapshot, "&verifier=verifier-1").await;
    until_connected(&a, 1).await;
    let record = a.ended("s1");
    let seq = a.revoke(&[record]).await;
    assert_eq!(stream.records().await["records"], json!([super::wire(&record)]));
    // The balancer brings the acknowledgement to the other node.
    let ack = json!({ "feed_id": snapshot["feed_id"], "seq": seq, "verifier": "verifier-1" });
    let again = a.machine_token(AUDIENCE).await;
    assert_eq!(a.acknowledge(&again, &ack).await.status, StatusCode::NO_CONTENT);
    for node in [&a, &b] {
        let all = wait_applied(&node.app, seq, AT_MOST).await.unwrap();
        assert_eq!((all.connected, all.applied), (1, 1));
    }
    drop(stream);
    until_connected(&a, 0).await;
}

/// Nodes tell each other a few times a second.
async fn until_connected(node: &Site, verifiers: u64) {
    let wait = async {
        while wait_applied(&node.app, 0, Duration::ZERO)
            .await
            .unwrap()
            .connected
            != verifiers
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(AT_MOST, wait).await.unwrap();
}
