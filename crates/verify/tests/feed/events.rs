//! Events that are wrong: each makes a snapshot necessary, and what was revoked meanwhile is in it. None is passed over.

use super::*;
use sekisho_verify::feed::{Batch, Heartbeat};
use sekisho_verify::revocations::State;

/// Revokes in secret, then says something wrong; a snapshot must bring the revocation.
async fn wrong(said: impl Fn(&FeedIssuer) -> String) {
    let (issuer, online) = ready().await;
    until(|| issuer.listeners() == 1).await;
    let (guilty, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"));
    assert!(is_trusted(&online, &guilty).await);
    // Without heartbeats only the wrong event can tell.
    issuer.beats(false);
    issuer.revoke_in_secret(&[session("s1")]);
    let text = said(&issuer);
    issuer.say(text.clone());
    until_answer(&online, &guilty, "revoked", &["trusted"]).await;
    assert!(issuer.snapshots() >= 2, "{text}");
    issuer.beats(true);
    until(|| online.feed_state() == Some(State::Fresh)).await;
    assert!(is_trusted(&online, &innocent).await);
}

fn batch(prev: u64, records: Vec<Record>) -> Batch {
    let seq = prev + records.len() as u64;
    Batch {
        feed_id: "fd_1".to_owned(),
        prev,
        seq,
        as_of: real_time(),
        jwks_etag: "\"k1\"".to_owned(),
        records,
    }
}

fn records_event(json: &str) -> String {
    format!("event: records\ndata: {json}\n\n")
}

#[tokio::test]
async fn a_name_that_is_not_known() {
    wrong(|_| "event: compaction\ndata: {}\n\n".to_owned()).await;
}

#[tokio::test]
async fn an_event_without_a_name() {
    wrong(|_| "data: {}\n\n".to_owned()).await;
}

#[tokio::test]
async fn a_batch_that_is_not_json() {
    wrong(|_| records_event("{\"v\":1,")).await;
}

#[tokio::test]
async fn a_batch_without_data() {
    wrong(|_| "event: records\n\n".to_owned()).await;
}

#[tokio::test]
async fn a_kind_of_record_that_is_not_known() {
    wrong(|issuer| {
        let json = batch(issuer.head() - 1, vec![session("s9")]).to_json();
        records_event(&json.replace("[\"S\",", "[\"Z\","))
    })
    .await;
}

#[tokio::test]
async fn another_version() {
    wrong(|issuer| {
        let json = batch(issuer.head() - 1, vec![session("s9")]).to_json();
        records_event(&json.replace("\"v\":1", "\"v\":2"))
    })
    .await;
}

#[tokio::test]
async fn a_gap() {
    wrong(|issuer| records_event(&batch(issuer.head(), vec![session("s9")]).to_json())).await;
}

#[tokio::test]
async fn a_batch_again() {
    wrong(|issuer| records_event(&batch(issuer.head() - 2, vec![session("s9")]).to_json())).await;
}

#[tokio::test]
async fn a_batch_that_lost_a_record() {
    wrong(|issuer| {
        let json = batch(issuer.head() - 1, vec![session("s9")]).to_json();
        records_event(&json.replace(
            &format!("\"seq\":{}", issuer.head()),
            &format!("\"seq\":{}", issuer.head() + 1),
        ))
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_that_knows_more() {
    wrong(|issuer| {
        let beat = Heartbeat::new("fd_1".to_owned(), issuer.head(), real_time(), "\"k1\"".to_owned());
        format!("event: heartbeat\ndata: {}\n\n", beat.to_json())
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_of_another_feed() {
    wrong(|issuer| {
        let beat = Heartbeat::new(
            "fd_0".to_owned(),
            issuer.head() - 1,
            real_time(),
            "\"k1\"".to_owned(),
        );
        format!("event: heartbeat\ndata: {}\n\n", beat.to_json())
    })
    .await;
}

#[tokio::test]
async fn the_issuers_wish() {
    wrong(|_| "event: snapshot\ndata: {\"reason\":\"slow\"}\n\n".to_owned()).await;
}

#[tokio::test]
async fn a_line_without_end() {
    wrong(|_| format!("data: {}", "x".repeat(9 * 1024 * 1024))).await;
}

#[tokio::test]
async fn an_issuer_that_loses_count_for_ever_makes_a_verifier_stale_and_not_a_storm() {
    let (issuer, online) = ready().await;
    until(|| issuer.listeners() == 1).await;
    issuer.lose_count(5);
    until(|| issuer.snapshots() >= 4).await;
    let (opened, snapshots) = (issuer.streams_opened(), issuer.snapshots());
    // Each costs a pause, twice as long as the one before.
    assert!(opened <= snapshots + 1, "{opened} streams, {snapshots} snapshots");
    assert!(online.feed_counts().surprises >= 2);
    issuer.lose_count(0);
    until(|| online.feed_state() == Some(State::Fresh)).await;
}

#[tokio::test]
async fn after_a_restore_old_records_stay_and_new_ones_come() {
    let (issuer, online) = ready().await;
    issuer.revoke(&[session("s1")]);
    let (lost, new, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"), token(&issuer, "s3"));
    until_answer(&online, &lost, "revoked", &["trusted"]).await;
    // The backup knows nothing of s1.
    issuer.restore(&[]);
    until(|| online.revocations().unwrap().position().unwrap().feed_id == "fd_2").await;
    assert_eq!(answer(&online, &lost).await, "revoked");
    issuer.revoke(&[session("s2")]);
    until_answer(&online, &new, "revoked", &["trusted"]).await;
    assert_eq!(answer(&online, &lost).await, "revoked");
    assert!(is_trusted(&online, &innocent).await);
}
