//! A flood of sign-ins: whoever comes too late is told so, and machines get their tokens meanwhile.

use super::visitor::request;
use super::{Deployment, eventually};
use axum::http::StatusCode;

#[tokio::test]
async fn threat_25_a_flood_of_logins_does_not_stall_tokens() {
    let mut deployment = Deployment::sqlite().await;
    // An unknown address costs a hash at these parameters: far longer than the tokens below take.
    for (name, value) in [
        ("SEKISHO_PASSWORDS_MEMORY_KIB", "65536"),
        ("SEKISHO_PASSWORDS_PASSES", "20"),
        ("SEKISHO_PASSWORDS_CONCURRENCY", "1"),
        ("SEKISHO_PASSWORDS_QUEUE", "4"),
    ] {
        deployment.set(name, value);
    }
    let node = deployment.start().await;
    let mut machine = node.visitor();
    let mut logins = tokio::task::JoinSet::new();
    for i in 0..8 {
        let (mut visitor, request) = (node.visitor(), request(&deployment));
        logins.spawn(async move {
            let page = visitor.open(&request).await;
            visitor
                .fill_in(&page, &format!("nobody{i}@example.com"), "wrong password")
                .await
        });
    }
    let mut hashed = 0;
    eventually("the queue is full", async || {
        let metrics = machine.get("/metrics").await.body;
        hashed = count(&metrics, "sekisho_passwords_hashed ");
        count(&metrics, "sekisho_passwords_waiting ") == 4
    })
    .await;
    for _ in 0..20 {
        assert_eq!(machine.machine(&deployment).await.status, StatusCode::OK);
    }
    let metrics = machine.get("/metrics").await.body;
    assert!(
        count(&metrics, "sekisho_passwords_waiting ") > 0,
        "all tokens came before the last login's turn"
    );
    assert!(count(&metrics, "sekisho_passwords_hashed ") < hashed + 5);

    let mut surplus = 0;
    while let Some(answer) = logins.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                surplus += 1;
                assert!(
                    answer.body.contains("name=\"password\""),
                    "the form again: {}",
                    answer.body
                );
            }
            status => assert_eq!(status, StatusCode::BAD_REQUEST, "{}", answer.body),
        }
    }
    assert!(surplus >= 1, "eight came, one was served, four could wait");
}

fn count(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().parse().unwrap()
}
