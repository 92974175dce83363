//! Keys over time, against a real issuer on loopback. The time is an argument, so hours pass at once.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/issuer.rs"]
mod issuer;
#[path = "support/tokens.rs"]
mod tokens;

use std::time::Duration;

use issuer::{LocalIssuer, Mood};
use sekisho_jose::SigningKey;
use sekisho_verify::fetch::{FetchError, Fetcher, OnlineVerifier};
use sekisho_verify::{Issuer, KeyTiming, Reject, Verdict, Verifier};
use serde_json::json;
use tokens::*;

fn online(issuer: &LocalIssuer) -> OnlineVerifier {
    online_with(issuer, Fetcher::new().unwrap())
}

fn online_with(issuer: &LocalIssuer, fetcher: Fetcher) -> OnlineVerifier {
    let verifier = Verifier::new(policy_of(Issuer::fetched(&issuer.url))).unwrap();
    OnlineVerifier::with_fetcher(verifier, fetcher)
}

/// A good token of this issuer and key at the time `now`.
fn token_at(issuer: &LocalIssuer, key: &SigningKey, now: u64) -> String {
    let mut claims = with("iss", json!(issuer.url));
    claims["iat"] = json!(now);
    claims["nbf"] = json!(now);
    claims["exp"] = json!(now + 60);
    sign(key, "JWT", &claims)
}

async fn check(online: &OnlineVerifier, issuer: &LocalIssuer, key: &SigningKey, now: u64) -> Verdict {
    online.check(&token_at(issuer, key, now), now).await
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads well at the calls")]
fn trusted(verdict: Verdict) {
    assert!(matches!(verdict, Verdict::Trusted(_)), "{verdict:?}");
}

#[track_caller]
fn no_keys(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::NeedKeys(need) => need.retry_after,
        other => panic!("{other:?}"),
    }
}

/// Waits until the issuer was asked this often and the answer has been taken in.
async fn until(what: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(30), async {
        while !what() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_first_token_fetches_the_keys_and_the_next_do_not() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    assert!(!online.verifier().is_ready(NOW));
    for _ in 0..5 {
        trusted(check(&online, &issuer, &KEY, NOW).await);
    }
    assert_eq!(issuer.fetches(), 1);
    assert!(online.verifier().is_ready(NOW));
}

#[tokio::test]
async fn warming_up_fetches_before_the_first_token() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    online.warm_up(NOW).await.unwrap();
    online.warm_up(NOW).await.unwrap();
    trusted(online.verifier().check(&token_at(&issuer, &KEY, NOW), NOW));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn many_first_tokens_at_once_cause_one_fetch() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    let token = token_at(&issuer, &KEY, NOW);
    let requests: Vec<_> = (0..32)
        .map(|_| {
            let (online, token) = (online.clone(), token.clone());
            tokio::spawn(async move { online.check(&token, NOW).await })
        })
        .collect();
    for request in requests {
        trusted(request.await.unwrap());
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn a_new_key_is_fetched_once() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    trusted(check(&online, &issuer, &KEY, NOW).await);
    let next = key("two");
    issuer.publish(&[&KEY, &next]);
    for _ in 0..3 {
        trusted(check(&online, &issuer, &next, NOW + 1).await);
        trusted(check(&online, &issuer, &KEY, NOW + 1).await);
    }
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn threat_25_a_flood_of_unknown_keys_is_few_fetches() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    trusted(check(&online, &issuer, &KEY, NOW).await);
    let forger = key("x");
    for n in 0..300 {
        let made_up = forger.clone().with_kid(format!("made-up-{n}"));
        // Ten a second, for thirty seconds.
        let verdict = check(&online, &issuer, &made_up, NOW + n / 10).await;
        assert_eq!(verdict, Verdict::Refused(Reject::UnknownKey));
    }
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(
        check(&online, &issuer, &forger, NOW + 30).await,
        Verdict::Refused(Reject::UnknownKey)
    );
    assert_eq!(issuer.fetches(), 3);
}

#[tokio::test]
async fn threat_31_a_removed_key_is_dropped() {
    let next = key("two");
    let issuer = LocalIssuer::start(&[&KEY, &next]).await;
    let online = online(&issuer);
    trusted(check(&online, &issuer, &KEY, NOW).await);
    issuer.publish(&[&next]);
    trusted(check(&online, &issuer, &KEY, NOW + 599).await);
    // The set's age makes a fetch beside the request, which itself does not wait.
    trusted(check(&online, &issuer, &next, NOW + 600).await);
    until(|| {
        !online
            .verifier()
            .check(&token_at(&issuer, &KEY, NOW + 600), NOW + 600)
            .is_trusted()
    })
    .await;
    assert_eq!(
        check(&online, &issuer, &KEY, NOW + 631).await,
        Verdict::Refused(Reject::UnknownKey)
    );
}

#[tokio::test]
async fn threat_31_an_issuer_without_any_key_trusts_nothing() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    trusted(check(&online, &issuer, &KEY, NOW).await);
    issuer.publish(&[]);
    let forger = key("two");
    assert_eq!(
        check(&online, &issuer, &forger, NOW + 1).await,
        Verdict::Refused(Reject::UnknownKey)
    );
    assert_eq!(
        check(&online, &issuer, &KEY, NOW + 1).await,
        Verdict::Refused(Reject::UnknownKey)
    );
}

#[tokio::test]
async fn threat_31_stale_keys_outlive_an_outage_but_not_for_ever() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let online = online(&issuer);
    trusted(check(&online, &issuer, &KEY, NOW).await);
    issuer.mood(Mood::Broken);
    trusted(check(&online, &issuer, &KEY, NOW + 3600).await);
    until(|| online.last_error().is_some()).await;
    trusted(check(&online, &issuer, &KEY, NOW + 86_400).await);
    until(|| issuer.fetches() == 3).await;
    // A new key cannot be told from a made-up one now: not the token's fault.
    let unknown = check(&online, &issuer, &key("two"), NOW + 86_400).await;
    assert!(no_keys(unknown) <= 30);
    // Older than the limit.
    no_keys(check(&online, &issuer, &KEY, NOW + 86_401 + 30).await);
    // It recovers by itself.
    issuer.mood(Mood::Good);
    trusted(check(&online, &issuer, &KEY, NOW + 86_500).await);
    assert!(online.last_error().is_none());
}

#[tokio::test]
async fn an_issuer_that_was_never_there_is_asked_again_soon() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    issuer.mood(Mood::Broken);
    let online = online(&issuer);
    assert_eq!(no_keys(check(&online, &issuer, &KEY, NOW).await), 1);
    assert_eq!(no_keys(check(&online, &issuer, &KEY, NOW).await), 1);
    assert_eq!(issuer.fetches(), 1);
    assert_eq!(no_keys(check(&online, &issuer, &KEY, NOW + 1).await), 2);
    assert_eq!(issuer.fetches(), 2);
    issuer.mood(Mood::Good);
    trusted(check(&online, &issuer, &KEY, NOW + 3).await);
}

async fn fetch_error(issuer: &LocalIssuer, fetcher: Fetcher) -> FetchError {
    fetcher.keys(&issuer.url).await.unwrap_err()
}

#[tokio::test]
async fn threat_25_bad_answers_are_refused_by_name() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let fetcher = Fetcher::new().unwrap();
    assert_eq!(fetcher.keys(&issuer.url).await.unwrap().keys().len(), 1);

    issuer.mood(Mood::Silent);
    let hasty = fetcher.clone().timeout(Duration::from_millis(50));
    assert!(matches!(
        fetch_error(&issuer, hasty).await,
        FetchError::TimedOut(_)
    ));
    issuer.mood(Mood::Huge);
    assert!(matches!(
        fetch_error(&issuer, fetcher.clone()).await,
        FetchError::TooLong(_)
    ));
    issuer.mood(Mood::Html);
    assert!(matches!(
        fetch_error(&issuer, fetcher.clone()).await,
        FetchError::Keys { .. }
    ));
    issuer.mood(Mood::Broken);
    assert!(matches!(
        fetch_error(&issuer, fetcher.clone()).await,
        FetchError::Status { status: 500, .. }
    ));
    issuer.mood(Mood::OtherIssuer(issuer.url.trim_end_matches('/').to_owned()));
    assert!(matches!(
        fetch_error(&issuer, fetcher.clone()).await,
        FetchError::IssuerMismatch { .. }
    ));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    issuer.mood(Mood::Redirect);
    let error = fetch_error(&issuer, Fetcher::new().unwrap()).await;
    assert!(
        matches!(error, FetchError::Status { status: 303, .. }),
        "{error:?}"
    );
    // Not even by a client that does.
    let eager = Fetcher::with_client(reqwest::Client::new());
    assert!(matches!(
        fetch_error(&issuer, eager).await,
        FetchError::Status { .. }
    ));
}

#[tokio::test]
async fn keys_of_a_loopback_issuer_lie_on_loopback() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    for place in [
        "http://example.com/jwks",
        "https://example.com/jwks",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/jwks",
        "http://127.0.0.1.example.com/",
        "/jwks",
        "",
    ] {
        issuer.mood(Mood::KeysAt(place.to_owned()));
        let error = fetch_error(&issuer, Fetcher::new().unwrap()).await;
        assert!(matches!(error, FetchError::Url(_)), "{place}: {error:?}");
    }
}

#[tokio::test]
async fn issuers_beyond_loopback_need_tls() {
    let fetcher = Fetcher::new().unwrap();
    for issuer in [
        "http://id.example.com/",
        "ftp://localhost/",
        "id.example.com",
        "",
        "https://id.example.com/?a=b",
    ] {
        let error = fetcher.keys(issuer).await.unwrap_err();
        assert!(matches!(error, FetchError::Url(_)), "{issuer}: {error:?}");
    }
}

#[tokio::test]
async fn two_issuers_are_fetched_for_one_unknown_key() {
    let (first, second) = (
        LocalIssuer::start(&[&KEY]).await,
        LocalIssuer::start(&[&key("two")]).await,
    );
    let later = key("three");
    let policy = policy_of(Issuer::fetched(&first.url)).also_issuer(Issuer::fetched(&second.url));
    let online = OnlineVerifier::with_fetcher(Verifier::new(policy).unwrap(), Fetcher::new().unwrap());
    online.warm_up(NOW).await.unwrap();
    second.publish(&[&later]);
    trusted(check(&online, &second, &later, NOW + 1).await);
    assert_eq!((first.fetches(), second.fetches()), (2, 2));
    // One's key cannot sign for the other.
    assert_eq!(
        check(&online, &first, &later, NOW + 1).await,
        Verdict::Refused(Reject::Issuer)
    );
}

#[tokio::test]
async fn the_timing_is_the_policys() {
    let issuer = LocalIssuer::start(&[&KEY]).await;
    let timing = KeyTiming::default().max_stale(60);
    let verifier = Verifier::new(policy_of(Issuer::fetched(&issuer.url)).key_timing(timing)).unwrap();
    let online = OnlineVerifier::with_fetcher(verifier, Fetcher::new().unwrap());
    trusted(check(&online, &issuer, &KEY, NOW).await);
    issuer.mood(Mood::Broken);
    trusted(check(&online, &issuer, &KEY, NOW + 60).await);
    no_keys(check(&online, &issuer, &KEY, NOW + 61).await);
}
