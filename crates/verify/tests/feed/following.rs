//! The usual life: a token, a snapshot, a stream, acknowledgements, keys.

use super::*;
use crate::feed::Streams;
use crate::tokens::key;
use sekisho_verify::fetch::FeedClientError;
use sekisho_verify::revocations::State;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn what_is_revoked_is_refused_and_nothing_else() {
    let (issuer, online) = ready().await;
    let (guilty, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"));
    assert!(is_trusted(&online, &guilty).await);
    issuer.revoke(&[session("s1")]);
    until_answer(&online, &guilty, "revoked", &["trusted"]).await;
    assert!(is_trusted(&online, &innocent).await);
    // It said so, and that it is so now.
    until(|| issuer.acks().iter().any(|ack| ack["seq"] == issuer.head())).await;
    let ack = issuer.acks().pop().unwrap();
    assert_eq!(ack["feed_id"], "fd_1");
    let name = ack["verifier"].as_str().unwrap();
    assert!((8..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(issuer.snapshots(), 1);
    assert_eq!(online.feed_state(), Some(State::Fresh));
}

#[tokio::test]
async fn what_was_revoked_before_is_in_the_snapshot() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.revoke(&[session("s1")]);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    assert_eq!(answer(&online, &token(&issuer, "s1")).await, "revoked");
}

#[tokio::test]
async fn an_empty_verifier_is_not_one_with_nothing_revoked() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.refuse_tokens(usize::MAX / 2);
    let online = listening(&issuer);
    let token = token(&issuer, "s1");
    until(|| online.feed_error().is_some()).await;
    assert_eq!(answer(&online, &token).await, "unavailable");
    assert!(!online.is_ready());
    issuer.refuse_tokens(0);
    online.wait_ready(PATIENCE).await.unwrap();
    assert!(is_trusted(&online, &token).await);
}

#[tokio::test]
async fn until_exp_too_accepts_nothing_before_the_first_snapshot() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.refuse_tokens(usize::MAX / 2);
    let online =
        OnlineVerifier::listening(policy(&issuer).on_stale(OnStale::UntilExp), client(&issuer)).unwrap();
    until(|| online.feed_error().is_some()).await;
    assert_eq!(answer(&online, &token(&issuer, "s1")).await, "unavailable");
}

#[tokio::test]
async fn a_wrong_secret_is_told_by_name() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let wrong = FeedClient::new(issuer.url(), Credentials::new("verifier", "wrong"));
    assert!(!format!("{wrong:?}").contains("wrong"));
    let online = OnlineVerifier::listening(policy(&issuer), wrong).unwrap();
    until(|| online.feed_error().is_some()).await;
    let not_ready = online.wait_ready(Duration::from_millis(1)).await.unwrap_err();
    assert!(not_ready.to_string().contains("invalid_client"), "{not_ready}");
    assert!(matches!(
        not_ready.feed.as_deref(),
        Some(FeedClientError::Token { status: 401, .. })
    ));
}

#[tokio::test]
async fn a_token_that_was_refused_is_replaced() {
    let (issuer, online) = ready().await;
    let given = issuer.tokens_given();
    issuer.refuse_tokens(1);
    issuer.close_streams();
    until(|| issuer.tokens_given() > given).await;
    issuer.revoke(&[session("s1")]);
    until_answer(&online, &token(&issuer, "s1"), "revoked", &["trusted"]).await;
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.token_life(4);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.tokens_given() >= 3).await;
    assert_eq!(online.feed_counts().failures, 0);
    assert_eq!(issuer.snapshots(), 1);
    issuer.revoke(&[session("s1")]);
    until_answer(&online, &token(&issuer, "s1"), "revoked", &["trusted"]).await;
}

#[tokio::test]
async fn when_asked_to_it_takes_another_token_and_connects_again() {
    let (issuer, online) = ready().await;
    until(|| issuer.streams_opened() == 1).await;
    let given = issuer.tokens_given();
    issuer.say("event: reauth\ndata: {}\n\n");
    until(|| issuer.streams_opened() == 2).await;
    assert_eq!(issuer.tokens_given(), given + 1);
    assert_eq!((issuer.snapshots(), online.feed_counts().failures), (1, 0));
}

#[tokio::test]
async fn other_keys_are_fetched_when_the_feed_tells_of_them() {
    let (issuer, online) = ready().await;
    until(|| issuer.key_fetches() == 1).await;
    let next = key("two");
    issuer.publish_keys(&[&next], "\"k2\"");
    until(|| issuer.key_fetches() == 2).await;
    until_answer(&online, &token(&issuer, "s1"), "unknown_key", &["trusted"]).await;
    assert_eq!(
        answer(&online, &token_by(&issuer, &next, json!({}))).await,
        "trusted"
    );
}

#[tokio::test]
async fn a_removed_key_is_refused_and_the_keys_are_fetched() {
    let next = key("two");
    let issuer = FeedIssuer::start(&[&KEY, &next]).await;
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.key_fetches() == 1).await;
    let (old, new) = (token(&issuer, "s1"), token_by(&issuer, &next, json!({})));
    // Its key is still published: the record alone counts.
    issuer.revoke(&[Record::signing_key(&HASH, "one", LATE)]);
    until_answer(&online, &old, "revoked", &["trusted"]).await;
    until(|| issuer.key_fetches() == 2).await;
    assert!(is_trusted(&online, &new).await);
}

#[tokio::test]
async fn a_removed_key_that_is_gone_already_is_not_fetched_again() {
    let next = key("two");
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    issuer.publish_keys(&[&next], "\"k2\"");
    until_answer(
        &online,
        &token_by(&issuer, &next, json!({})),
        "trusted",
        &["unknown_key"],
    )
    .await;
    issuer.revoke(&[Record::signing_key(&HASH, "one", LATE)]);
    until_answer(&online, &token(&issuer, "s1"), "revoked", &["unknown_key"]).await;
    let fetches = issuer.key_fetches();
    for _ in 0..5 {
        assert_eq!(answer(&online, &token(&issuer, "s1")).await, "revoked");
    }
    assert!(
        issuer.key_fetches() <= fetches + 1,
        "only what the record itself asked for"
    );
}

#[tokio::test]
async fn where_streams_do_not_get_through_it_polls() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.streams(Streams::Mute);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.polls() >= 2).await;
    issuer.revoke(&[session("s1")]);
    until_answer(
        &online,
        &token(&issuer, "s1"),
        "revoked",
        &["trusted", "unavailable"],
    )
    .await;
    until(|| online.feed_state() == Some(State::Fresh)).await;
    assert!(online.feed_counts().stalls >= 2);
}

#[tokio::test]
async fn an_issuer_that_only_polls_is_followed() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.streams(Streams::Polls);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    issuer.revoke(&[session("s1")]);
    until_answer(&online, &token(&issuer, "s1"), "revoked", &["trusted"]).await;
    until(|| issuer.polls() >= 4).await;
    assert_eq!(issuer.streams_opened(), 0);
}

#[tokio::test]
async fn a_verifier_that_is_dropped_stops() {
    let (issuer, online) = ready().await;
    until(|| issuer.listeners() == 1).await;
    let other = online.clone();
    drop(online);
    assert!(is_trusted(&other, &token(&issuer, "s1")).await);
    drop(other);
    until(|| issuer.listeners() == 0).await;
}

#[tokio::test]
async fn what_happens_is_told() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let client = client(&issuer).on_event(move |event| {
        assert!(
            !matches!(event, sekisho_verify::fetch::FeedEvent::Loaded { .. }),
            "a hook that panics"
        );
        if matches!(
            event,
            sekisho_verify::fetch::FeedEvent::Applied {
                records: 2,
                age: Some(_)
            }
        ) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let online = OnlineVerifier::listening(policy(&issuer), client).unwrap();
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.listeners() == 1).await;
    issuer.revoke(&[session("s1"), session("s2")]);
    until(|| seen.load(Ordering::SeqCst) == 1).await;
    let counts = online.feed_counts();
    assert_eq!((counts.snapshots, counts.records, counts.connections), (1, 2, 1));
}

#[tokio::test]
async fn the_feed_must_be_of_an_issuer_of_the_policy() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let other = FeedClient::new("https://other.example.com/", Credentials::new("a", "b"));
    assert!(OnlineVerifier::listening(policy(&issuer), other).is_err());
}

#[test]
fn outside_a_runtime_it_says_so() {
    let policy = policy_of(Issuer::fetched("https://id.example.com/"));
    let client = FeedClient::new("https://id.example.com/", Credentials::new("a", "b"));
    let error = OnlineVerifier::listening(policy, client).unwrap_err();
    assert!(error.to_string().contains("runtime"), "{error}");
}
