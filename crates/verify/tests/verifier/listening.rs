//! A verifier that listens to the issuer's revocation feed.

use std::sync::Arc;

use sekisho_verify::feed::{Batch, Snapshot};
use sekisho_verify::record::{HashKey, Kind, Record};
use sekisho_verify::{
    ClaimName, Issuer, OnStale, Policy, Reject, Revocations, Scope, Unavailable, Verdict, Verifier,
};
use serde_json::{Value, json};

use crate::tokens::*;
use crate::{id_claims, refused, trusted};

const HASH: HashKey = HashKey::new([5; 16]);
const MS: u64 = NOW * 1_000;

fn snapshot(records: Vec<Record>) -> Snapshot {
    Snapshot {
        feed_id: "fd".to_owned(),
        seq: 0,
        as_of: MS,
        hash_key: HASH,
        jwks_etag: "e".to_owned(),
        records,
    }
}

/// A feed that is loaded, and a verifier that listens to it.
fn listening() -> (Arc<Revocations>, Verifier) {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(Vec::new()));
    let verifier = Verifier::new(listening_policy(&feed)).unwrap();
    (feed, verifier)
}

fn listening_policy(feed: &Arc<Revocations>) -> Policy {
    policy_of(Issuer::pinned(ISS, keys(&[&KEY])).listening(Arc::clone(feed)))
}

fn revoke(feed: &Revocations, record: Record) {
    let prev = feed.position().unwrap().seq;
    let batch = Batch {
        feed_id: "fd".to_owned(),
        prev,
        seq: prev + 1,
        as_of: MS,
        jwks_etag: "e".to_owned(),
        records: vec![record],
    };
    feed.apply(&batch).unwrap();
}

fn acted() -> Value {
    with(
        "act",
        json!({ "sub": "auth0|a1", "act": { "client_id": "x", "sub": "auth0|a2" } }),
    )
}

#[test]
fn each_kind_of_record_refuses_at_once() {
    let exp = NOW + 240;
    let user = "auth0|0123456789abcdef01234567";
    let records = [
        Record::session(&HASH, "s-1", exp),
        Record::grant(&HASH, "g-1", exp),
        Record::token(&HASH, "t-1", exp),
        Record::user(&HASH, user, NOW - 59, exp),
        Record::user(&HASH, "auth0|a1", NOW - 59, exp),
        Record::user(&HASH, "auth0|a2", NOW - 59, exp),
        Record::client(&HASH, "client-1", NOW - 59, exp),
        Record::issuer(NOW - 59, exp),
        Record::signing_key(&HASH, "one", exp),
    ];
    let token = sign(&KEY, "JWT", &acted());
    for record in records {
        let (feed, verifier) = listening();
        let claims = trusted(verifier.check(&token, NOW));
        assert_eq!(claims.actors, ["auth0|a1", "auth0|a2"]);
        revoke(&feed, record);
        for _ in 0..2 {
            refused(verifier.check(&token, NOW), Reject::Revoked(record.kind));
        }
        assert_eq!(verifier.stats().revoked(record.kind), 2);
    }
}

#[test]
fn what_a_record_does_not_name_stays_trusted() {
    let exp = NOW + 240;
    let (feed, verifier) = listening();
    let token = sign(&KEY, "JWT", &acted());
    for record in [
        Record::session(&HASH, "s-2", exp),
        // Another claim of the same text.
        Record::grant(&HASH, "s-1", exp),
        Record::token(&HASH, "g-1", exp),
        // Issued at nbf.
        Record::user(&HASH, "auth0|0123456789abcdef01234567", NOW - 60, exp),
        Record::client(&HASH, "client-1", NOW - 60, exp),
        Record::issuer(NOW - 60, exp),
        Record::signing_key(&HASH, "two", exp),
    ] {
        revoke(&feed, record);
        trusted(verifier.check(&token, NOW));
    }
}

#[test]
fn a_revoked_key_is_refused_though_its_token_names_none() {
    let (feed, verifier) = listening();
    let header = r#"{"alg":"ES256","typ":"JWT"}"#;
    let token = sign_raw(&KEY, header, claims().to_string().as_bytes());
    trusted(verifier.check(&token, NOW));
    revoke(&feed, Record::signing_key(&HASH, "one", NOW + 240));
    refused(verifier.check(&token, NOW), Reject::Revoked(Kind::Key));
}

#[test]
fn id_tokens_are_hit_by_their_audience() {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(Vec::new()));
    let issuer = Issuer::pinned(ISS, keys(&[&KEY])).listening(Arc::clone(&feed));
    let policy = Policy::id(issuer, "client-1").algorithms([sekisho_verify::Algorithm::Es256]);
    let verifier = Verifier::new(policy).unwrap();
    let token = sign(&KEY, "JWT", &id_claims());
    trusted(verifier.check(&token, NOW));
    revoke(&feed, Record::client(&HASH, "client-1", NOW + 1, NOW + 240));
    refused(verifier.check(&token, NOW), Reject::Revoked(Kind::Client));
}

#[test]
fn a_token_that_could_not_be_revoked_with_its_grant_is_refused() {
    let (_, verifier) = listening();
    let token = sign(&KEY, "at+jwt", &with("gid", Value::Null));
    refused(verifier.check(&token, NOW), Reject::Missing(ClaimName::Gid));
}

#[test]
fn a_verifier_that_has_never_loaded_trusts_nobody() {
    let feed = Arc::new(Revocations::default());
    let verifier = Verifier::new(listening_policy(&feed)).unwrap();
    let token = sign(&KEY, "JWT", &claims());
    assert!(!verifier.is_ready(NOW));
    for on_stale in [OnStale::Closed, OnStale::UntilExp] {
        let verdict = verifier.check_at(&token, MS, on_stale);
        assert_eq!(verdict, Verdict::Unavailable(Unavailable::NeverLoaded));
    }
    assert!(matches!(
        verifier.check_at(&token, MS, OnStale::Introspect),
        Verdict::AskIssuer(_)
    ));
    // What is bad anyway is said to be.
    refused(verifier.check(&token, NOW + 240), Reject::Expired);
    feed.load(&snapshot(Vec::new()));
    assert!(verifier.is_ready(NOW));
    trusted(verifier.check(&token, NOW));
}

#[test]
fn the_route_decides_when_the_feed_is_silent() {
    let (feed, verifier) = listening();
    let token = sign(&KEY, "JWT", &claims());
    let at = |later, on_stale| verifier.check_at(&token, MS + later, on_stale);
    trusted(at(2_000, OnStale::Closed));
    assert_eq!(verifier.stats().accepted_stale, 0);
    trusted(at(30_000, OnStale::Closed));
    assert_eq!(verifier.stats().accepted_stale, 1);
    let silent = Verdict::Unavailable(Unavailable::Stale { age: 30_001 });
    assert_eq!(at(30_001, OnStale::Closed), silent);
    assert!(matches!(at(30_001, OnStale::Introspect), Verdict::AskIssuer(_)));
    trusted(at(30_001, OnStale::UntilExp));
    let stats = verifier.stats();
    assert_eq!(
        (stats.unavailable, stats.ask_issuer, stats.accepted_stale),
        (1, 1, 2)
    );
    // What is known to be revoked stays so, however old the knowledge.
    revoke(&feed, Record::session(&HASH, "s-1", NOW + 240));
    for on_stale in [OnStale::Closed, OnStale::Introspect, OnStale::UntilExp] {
        refused(at(60_000, on_stale), Reject::Revoked(Kind::Session));
    }
}

#[test]
fn the_policy_says_what_a_check_does_not() {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(Vec::new()));
    let verifier = Verifier::new(listening_policy(&feed).on_stale(OnStale::UntilExp)).unwrap();
    trusted(verifier.check(&sign(&KEY, "JWT", &claims()), NOW + 100));
}

#[test]
fn revocation_is_said_before_want_of_scope() {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(vec![Record::grant(&HASH, "g-1", NOW + 240)]));
    let policy = listening_policy(&feed).require_scope(&Scope::parse("admin").unwrap());
    let verifier = Verifier::new(policy).unwrap();
    let token = sign(&KEY, "JWT", &claims());
    refused(verifier.check(&token, NOW), Reject::Revoked(Kind::Grant));
}

#[test]
fn a_feed_is_its_own_issuers_only() {
    let other = key("two");
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(vec![Record::user(
        &HASH,
        "auth0|1",
        NOW + 1,
        NOW + 240,
    )]));
    let policy =
        listening_policy(&feed).also_issuer(Issuer::pinned("https://b.example.com/", keys(&[&other])));
    let verifier = Verifier::new(policy).unwrap();
    let mut claims = with("sub", json!("auth0|1"));
    refused(
        verifier.check(&sign(&KEY, "JWT", &claims), NOW),
        Reject::Revoked(Kind::User),
    );
    claims["iss"] = json!("https://b.example.com/");
    trusted(verifier.check(&sign(&other, "JWT", &claims), NOW));
}

#[test]
fn rfc8693_4_1_actors_are_typed() {
    let (_, verifier) = listening();
    let chain = (0..9).fold(Value::Null, |act, i| match act {
        Value::Null => json!({ "sub": i.to_string() }),
        act => json!({ "sub": i.to_string(), "act": act }),
    });
    let shorter = chain["act"].clone();
    let token = |act| sign(&KEY, "JWT", &with("act", act));
    assert_eq!(trusted(verifier.check(&token(shorter), NOW)).actors.len(), 8);
    assert!(
        trusted(verifier.check(&token(json!({ "client_id": "x" })), NOW))
            .actors
            .is_empty()
    );
    for wrong in [
        json!("auth0|a1"),
        json!([]),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(true),
        json!({ "sub": 1 }),
        json!({ "sub": "" }),
        json!({ "sub": "a", "act": "b" }),
        json!({ "sub": "a", "act": { "sub": ["b"] } }),
        chain,
    ] {
        refused(
            verifier.check(&token(wrong), NOW),
            Reject::Mistyped(ClaimName::Act),
        );
    }
}
