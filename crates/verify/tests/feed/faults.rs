//! Trouble on the way, through a proxy that can be cut, hold its breath or crawl; and clocks that differ. Whatever happens, a
//! revoked token does not pass beyond `max_stale`, and afterwards good tokens pass again.

use super::*;
use crate::wire::{Flow, Wire};
use sekisho_verify::revocations::State;

/// What the clocks of both sides may be wrong by when they were compared by whole seconds, in milliseconds.
const CLOCK_SLACK: u64 = 1_200;

async fn behind_a_wire() -> (FeedIssuer, Wire, OnlineVerifier) {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let wire = Wire::before(issuer.address).await;
    issuer.known_as(wire.address);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.listeners() == 1).await;
    (issuer, wire, online)
}

/// Asks until the token passes no more; what passed was asked about before the bound. However slow this machine is, that holds.
async fn bounded(online: &OnlineVerifier, guilty: &str, revoked_at: u64, flow: Flow) {
    let bound = u64::try_from(MAX_STALE.as_millis()).unwrap() + CLOCK_SLACK;
    let outage = async {
        loop {
            let asked_at = real_time();
            match answer(online, guilty).await.as_str() {
                "trusted" => assert!(
                    asked_at < revoked_at + bound,
                    "passed {} ms late",
                    asked_at - revoked_at
                ),
                "unavailable" => return,
                // A crawling wire may bring it after all.
                "revoked" if flow == Flow::Crawling => return,
                other => panic!("{other}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, outage).await.unwrap();
}

/// Revokes while the wire is in trouble: the token passes at most for `max_stale`, then nothing does. Once the wire is open
/// again the good token passes, and the revoked one never again.
async fn trouble(flow: Flow) {
    let (issuer, wire, online) = behind_a_wire().await;
    let (guilty, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"));
    assert!(is_trusted(&online, &guilty).await);
    wire.set(flow);
    issuer.revoke(&[session("s1")]);
    bounded(&online, &guilty, real_time(), flow).await;
    if flow != Flow::Crawling {
        assert_eq!(answer(&online, &innocent).await, "unavailable");
    }
    wire.set(Flow::Open);
    until_answer(&online, &guilty, "revoked", &["unavailable"]).await;
    until_answer(&online, &innocent, "trusted", &["unavailable"]).await;
    until(|| online.feed_state() == Some(State::Fresh)).await;
}

#[tokio::test]
async fn a_wire_that_was_cut() {
    trouble(Flow::Cut).await;
}

#[tokio::test]
async fn a_wire_that_stands_still_without_closing() {
    trouble(Flow::Stalled).await;
}

#[tokio::test]
async fn a_wire_that_crawls() {
    trouble(Flow::Crawling).await;
}

#[tokio::test]
async fn a_short_cut_is_not_noticed_by_anybody() {
    let (issuer, wire, online) = behind_a_wire().await;
    let innocent = token(&issuer, "s2");
    for _ in 0..3 {
        let connections = online.feed_counts().connections;
        wire.set(Flow::Cut);
        wire.set(Flow::Open);
        issuer.close_streams();
        until(|| online.feed_counts().connections > connections).await;
        assert!(is_trusted(&online, &innocent).await);
    }
    assert_eq!(issuer.snapshots(), 1);
}

#[tokio::test]
async fn heartbeats_alone_that_stop_are_a_stall() {
    let (issuer, online) = ready().await;
    until(|| issuer.listeners() == 1).await;
    issuer.beats(false);
    until(|| online.feed_counts().stalls >= 1).await;
    issuer.beats(true);
    until(|| online.feed_state() == Some(State::Fresh)).await;
}

/// An issuer whose clock differs: fresh all the same, and the bound holds.
async fn clocks_apart(ahead: i64) {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.clock_ahead(ahead);
    let wire = Wire::before(issuer.address).await;
    issuer.known_as(wire.address);
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| online.feed_state() == Some(State::Fresh)).await;
    let (guilty, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"));
    assert!(is_trusted(&online, &innocent).await);
    until(|| issuer.listeners() == 1).await;
    wire.set(Flow::Cut);
    issuer.revoke(&[session("s1")]);
    bounded(&online, &guilty, real_time(), Flow::Cut).await;
    wire.set(Flow::Open);
    until_answer(&online, &guilty, "revoked", &["unavailable"]).await;
    until_answer(&online, &innocent, "trusted", &["unavailable"]).await;
}

#[tokio::test]
async fn an_issuer_whose_clock_is_five_seconds_ahead() {
    clocks_apart(5_000).await;
}

#[tokio::test]
async fn an_issuer_whose_clock_is_five_seconds_behind() {
    clocks_apart(-5_000).await;
}

#[tokio::test]
async fn a_clock_beyond_the_limit_is_never_fresh() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    issuer.clock_ahead(-90_000);
    let online = listening(&issuer);
    until(|| matches!(online.feed_state(), Some(State::Stale { .. }))).await;
    assert!(is_trusted(&online, &token(&issuer, "s1")).await);
    assert!(online.verifier().stats().accepted_stale >= 1);
}

#[tokio::test]
async fn while_the_feed_is_away_the_issuer_is_asked_for_those_who_want_it() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let online = introspecting(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    until(|| issuer.listeners() == 1).await;
    let (guilty, innocent) = (token(&issuer, "s1"), token(&issuer, "s2"));
    // The feed refuses; introspection does not.
    issuer.refuse_tokens(usize::MAX / 2);
    issuer.close_streams();
    issuer.revoke(&[session("s1")]);
    issuer.end_token(&guilty);
    until_answer(&online, &guilty, "inactive", &["trusted"]).await;
    let asked = issuer.introspections();
    for _ in 0..20 {
        assert_eq!(answer(&online, &innocent).await, "trusted");
        assert_eq!(answer(&online, &guilty).await, "inactive");
    }
    assert!(
        issuer.introspections() <= asked + 1,
        "answers are kept for a while"
    );
    let closed = online
        .check_on_stale(&innocent, real_time() / 1_000, OnStale::Closed)
        .await;
    assert!(matches!(closed, Verdict::Unavailable(_)), "{closed:?}");
    let open = online
        .check_on_stale(&guilty, real_time() / 1_000, OnStale::UntilExp)
        .await;
    assert!(open.is_trusted(), "{open:?}");
    issuer.refuse_tokens(0);
    until_answer(&online, &guilty, "revoked", &["inactive"]).await;
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_says_nothing_good() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let wire = Wire::before(issuer.address).await;
    issuer.known_as(wire.address);
    let online = introspecting(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    let innocent = token(&issuer, "s2");
    wire.set(Flow::Cut);
    until_answer(&online, &innocent, "unavailable", &["trusted"]).await;
    wire.set(Flow::Open);
    until_answer(&online, &innocent, "trusted", &["unavailable"]).await;
}
