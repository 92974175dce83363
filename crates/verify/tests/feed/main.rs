//! Verifiers that listen, against an issuer on loopback that misbehaves on request, in real time.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../support/feed.rs"]
mod feed;
#[path = "../support/tokens.rs"]
mod tokens;
#[path = "../support/wire.rs"]
mod wire;

mod events;
mod faults;
mod following;
mod state;

use std::time::Duration;

use feed::{FeedIssuer, HASH, real_time};
use sekisho_jose::SigningKey;
use sekisho_verify::fetch::{Credentials, FeedClient, OnlineVerifier};
use sekisho_verify::record::Record;
use sekisho_verify::{Issuer, OnStale, Policy, Verdict};
use serde_json::{Value, json};
use tokens::{KEY, policy_of};

/// Short, so that outages are over soon; longer than what a busy machine takes for a breath.
const MAX_STALE: Duration = Duration::from_secs(4);

/// When records of the tests end.
const LATE: u64 = 4_000_000_000;

fn policy(issuer: &FeedIssuer) -> Policy {
    policy_of(Issuer::fetched(issuer.url()))
}

fn client(issuer: &FeedIssuer) -> FeedClient {
    FeedClient::new(issuer.url(), Credentials::new("verifier", "secret")).max_stale(MAX_STALE)
}

fn listening(issuer: &FeedIssuer) -> OnlineVerifier {
    OnlineVerifier::listening(policy(issuer), client(issuer)).unwrap()
}

/// An issuer and a verifier that is ready.
async fn ready() -> (FeedIssuer, OnlineVerifier) {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let online = listening(&issuer);
    online.wait_ready(PATIENCE).await.unwrap();
    (issuer, online)
}

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until it is so.
async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it never came to be");
}

/// A good token of the issuer at this moment, of a session.
fn token(issuer: &FeedIssuer, sid: &str) -> String {
    token_by(issuer, &KEY, json!({ "sid": sid, "jti": format!("t-{sid}") }))
}

#[expect(clippy::needless_pass_by_value, reason = "reads well at the calls")]
fn token_by(issuer: &FeedIssuer, key: &SigningKey, more: Value) -> String {
    let now = real_time() / 1_000;
    let mut claims = json!({
        "iss": issuer.url(), "sub": "auth0|1", "aud": tokens::AUD, "azp": "client-1", "iat": now - 10, "exp": now + 600,
        "scope": "read:notes", "jti": "t", "gid": "g", "sid": "s",
    });
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    tokens::sign(key, "JWT", &claims)
}

fn session(sid: &str) -> Record {
    Record::session(&HASH, sid, LATE)
}

async fn check(online: &OnlineVerifier, token: &str) -> Verdict {
    online.check(token, real_time() / 1_000).await
}

async fn is_trusted(online: &OnlineVerifier, token: &str) -> bool {
    check(online, token).await.is_trusted()
}

/// The name of the answer.
async fn answer(online: &OnlineVerifier, token: &str) -> String {
    match check(online, token).await {
        Verdict::Trusted(_) => "trusted".to_owned(),
        Verdict::Refused(reject) => reject.name().to_owned(),
        Verdict::NeedKeys(_) => "need_keys".to_owned(),
        Verdict::Unavailable(_) => "unavailable".to_owned(),
        Verdict::AskIssuer(_) => "ask_issuer".to_owned(),
    }
}

/// Waits for an answer; until then only those named may come.
async fn until_answer(online: &OnlineVerifier, token: &str, wanted: &str, meanwhile: &[&str]) {
    let wait = async {
        loop {
            let answer = answer(online, token).await;
            if answer == wanted {
                return;
            }
            assert!(
                meanwhile.contains(&answer.as_str()),
                "{answer} while waiting for {wanted}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("the answer never came");
}

fn introspecting(issuer: &FeedIssuer) -> OnlineVerifier {
    OnlineVerifier::listening(policy(issuer).on_stale(OnStale::Introspect), client(issuer)).unwrap()
}
