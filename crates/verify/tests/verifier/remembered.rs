//! Tokens that come again: nothing may be believed of them that would not be believed of them the first time.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sekisho_jose::SigningKey;
use sekisho_verify::feed::Snapshot;
use sekisho_verify::record::{HashKey, Kind, Record};
use sekisho_verify::{
    FetchCause, Issuer, KeyTiming, OnStale, Policy, Reject, Remember, Revocations, Verdict, Verifier,
};
use serde_json::json;

use crate::tokens::*;
use crate::{refused, trusted};

const HASH: HashKey = HashKey::new([5; 16]);

fn snapshot(records: Vec<Record>) -> Snapshot {
    Snapshot {
        feed_id: "fd".to_owned(),
        seq: 0,
        as_of: NOW * 1_000,
        hash_key: HASH,
        jwks_etag: "e".to_owned(),
        records,
    }
}

fn listening(limits: Remember) -> (Arc<Revocations>, Verifier) {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(Vec::new()));
    let issuer = Issuer::pinned(ISS, keys(&[&KEY, &OTHER])).listening(Arc::clone(&feed));
    (feed, Verifier::new(policy_of(issuer).remember(limits)).unwrap())
}

static OTHER: LazyLock<SigningKey> = LazyLock::new(|| key("two"));

#[test]
fn a_token_that_comes_again_is_recalled() {
    let (_, verifier) = listening(Remember::default());
    let token = sign(&KEY, "JWT", &claims());
    let first = trusted(verifier.check(&token, NOW));
    let again = trusted(verifier.check(&token, NOW));
    assert!(Arc::ptr_eq(&first, &again));
    let stats = verifier.stats();
    assert_eq!((stats.recalled, stats.remembered), (1, 1));
    assert!((1_500..3_000).contains(&stats.remembered_bytes), "{stats:?}");
}

#[test]
fn time_is_asked_every_time() {
    let (_, verifier) = listening(Remember::default());
    let token = sign(&KEY, "JWT", &claims());
    trusted(verifier.check(&token, NOW));
    trusted(verifier.check_at(&token, (NOW + 239) * 1_000, OnStale::UntilExp));
    refused(verifier.check(&token, NOW + 240), Reject::Expired);
    refused(verifier.check(&token, NOW - 61), Reject::NotYet);
    assert!(matches!(
        verifier.check(&token, NOW + 40),
        Verdict::Unavailable(_)
    ));
}

#[test]
fn one_byte_makes_another_token() {
    let (_, verifier) = listening(Remember::default());
    let token = sign(&KEY, "JWT", &claims());
    trusted(verifier.check(&token, NOW));
    // The end, which is signature, stays.
    for at in [0, 40, token.len() / 2, token.len() - 60] {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(!verifier.check(&other, NOW).is_trusted());
    }
    assert_eq!(verifier.stats().recalled, 0);
}

#[test]
fn a_revoked_key_drops_everything_that_was_remembered() {
    let (feed, verifier) = listening(Remember::default());
    let (one, two) = (sign(&KEY, "JWT", &claims()), sign(&OTHER, "JWT", &claims()));
    trusted(verifier.check(&one, NOW));
    trusted(verifier.check(&two, NOW));
    assert_eq!(verifier.stats().remembered, 2);
    feed.load(&snapshot(vec![Record::signing_key(&HASH, "one", NOW + 300)]));
    trusted(verifier.check(&two, NOW));
    assert_eq!((verifier.stats().remembered, verifier.stats().recalled), (1, 0));
    for _ in 0..2 {
        refused(verifier.check(&one, NOW), Reject::Revoked(Kind::Key));
    }
    trusted(verifier.check(&two, NOW));
    assert_eq!(verifier.stats().recalled, 1);
}

#[test]
fn other_keys_are_asked_again() {
    let (_, verifier) = listening(Remember::default());
    let token = sign(&KEY, "JWT", &claims());
    trusted(verifier.check(&token, NOW));
    assert!(verifier.replace_keys(ISS, keys(&[&OTHER])));
    refused(verifier.check(&token, NOW), Reject::UnknownKey);
    assert!(verifier.replace_keys(ISS, keys(&[&KEY])));
    trusted(verifier.check(&token, NOW));
    assert_eq!(verifier.stats().recalled, 0);
}

#[test]
fn the_same_keys_fetched_again_change_nothing() {
    let timing = KeyTiming::default().max_stale(1_000);
    let verifier = Verifier::new(policy_of(Issuer::fetched(ISS)).key_timing(timing)).unwrap();
    let mut long = claims();
    long["exp"] = json!(NOW + 100_000);
    let token = sign(&KEY, "JWT", &long);
    let fetch = |now, brought| {
        let fetch = verifier.begin_fetch(FetchCause::Age, now).expect("one is due");
        verifier.finish_fetch(fetch, brought);
    };
    fetch(NOW, Some(keys(&[&KEY])));
    trusted(verifier.check(&token, NOW));
    fetch(NOW + 600, Some(keys(&[&KEY])));
    trusted(verifier.check(&token, NOW + 1_600));
    assert_eq!(verifier.stats().recalled, 1);
    // Nor do they live longer here than there.
    assert!(matches!(
        verifier.check(&token, NOW + 1_601),
        Verdict::NeedKeys(_)
    ));
    fetch(NOW + 1_601, None);
    assert!(matches!(
        verifier.check(&token, NOW + 1_602),
        Verdict::NeedKeys(_)
    ));
    fetch(NOW + 1_700, Some(keys(&[&OTHER])));
    assert!(matches!(
        verifier.check(&token, NOW + 1_700),
        Verdict::NeedKeys(_)
    ));
}

#[test]
fn what_is_remembered_is_bounded() {
    let token = |i: u32| sign(&KEY, "JWT", &with("jti", json!(format!("t-{i}"))));
    let (_, few) = listening(Remember::default().entries(10));
    let (_, small) = listening(Remember::default().bytes(20_000));
    let (_, none) = listening(Remember::nothing());
    // Signatures are random, so that each signing makes another token.
    let often = token(0);
    for i in 0..200 {
        for verifier in [&few, &small, &none] {
            trusted(verifier.check(&token(i), NOW));
        }
        // One that is met all the time stays.
        trusted(few.check(&often, NOW));
    }
    assert!((2..=10).contains(&few.stats().remembered));
    assert!(few.stats().recalled > 100, "{:?}", few.stats());
    assert!(small.stats().remembered > 5 && small.stats().remembered_bytes <= 20_000);
    let again = token(7);
    trusted(none.check(&again, NOW));
    trusted(none.check(&again, NOW));
    assert_eq!((none.stats().remembered, none.stats().recalled), (0, 0));
}

#[test]
fn as_many_tokens_as_may_be_remembered_find_a_place() {
    const MANY: usize = 1_000;
    let (_, verifier) = listening(Remember::default().entries(MANY));
    let tokens: Vec<String> = (0..MANY)
        .map(|i| sign(&KEY, "JWT", &with("jti", json!(format!("t-{i}")))))
        .collect();
    for _ in 0..2 {
        for token in &tokens {
            trusted(verifier.check(token, NOW));
        }
    }
    // A set is full by chance for about two in a thousand.
    let stats = verifier.stats();
    assert!(stats.remembered >= MANY * 98 / 100, "{stats:?}");
    assert!(stats.recalled >= MANY as u64 * 98 / 100, "{stats:?}");
}

#[derive(Debug, Clone)]
enum Step {
    Check { token: usize, after: u64 },
    Revoke(Kind, usize),
    Keys(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0_usize..6, 0_u64..300).prop_map(|(token, after)| Step::Check { token, after }),
        1 => (prop::sample::select(&Kind::ALL[..]), 0_usize..6).prop_map(|(kind, id)| Step::Revoke(kind, id)),
        1 => any::<bool>().prop_map(Step::Keys),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn law_memory_changes_no_answer(steps in steps()) {
        static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
            let token = |i: usize| {
                let mut claims = with("jti", json!(format!("{i}")));
                claims["sub"] = json!(format!("{}", i % 3));
                claims["sid"] = json!(format!("{}", i % 2));
                claims["gid"] = json!(format!("{i}"));
                claims["azp"] = json!(format!("{}", i % 4));
                claims["exp"] = json!(NOW + 50 * i as u64);
                sign(if i == 5 { &OTHER } else { &KEY }, "JWT", &claims)
            };
            (0..6).map(token).collect()
        });
        let (feed, remembers) = listening(Remember::default().entries(8));
        let issuer = Issuer::pinned(ISS, keys(&[&KEY, &OTHER])).listening(Arc::clone(&feed));
        let policy: Policy = policy_of(issuer).remember(Remember::nothing());
        let forgets = Verifier::new(policy).unwrap();
        for step in steps {
            match step {
                Step::Check { token, after } => {
                    let (token, at) = (&TOKENS[token], (NOW + after) * 1_000);
                    let one = remembers.check_at(token, at, OnStale::UntilExp);
                    prop_assert_eq!(one, forgets.check_at(token, at, OnStale::UntilExp));
                }
                Step::Revoke(kind, id) => {
                    let name = id.to_string();
                    let (nbf, exp) = (NOW - 59, NOW + 300);
                    let record = match kind {
                        // It would be over at once.
                        Kind::Issuer => continue,
                        Kind::Key => Record::signing_key(&HASH, if id == 5 { "two" } else { "none" }, exp),
                        kind if kind.has_nbf() => Record::from_parts(kind, HASH.key(kind, &name), nbf, exp),
                        kind => Record::from_parts(kind, HASH.key(kind, &name), 0, exp),
                    };
                    feed.load(&snapshot(vec![record]));
                }
                Step::Keys(both) => {
                    for verifier in [&remembers, &forgets] {
                        let set = if both { keys(&[&KEY, &OTHER]) } else { keys(&[&KEY]) };
                        verifier.replace_keys(ISS, set);
                    }
                }
            }
        }
    }
}
