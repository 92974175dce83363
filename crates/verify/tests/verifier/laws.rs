//! The laws: no field of a good pair of token and policy could be another, and every reason can be said in a header.

use proptest::prelude::*;
use sekisho_jose::Algorithm;
use sekisho_verify::{Issuer, Policy, Reject, Scope, Verdict, Verifier};
use serde_json::{Value, json};

use crate::tokens::*;

/// One change to the good pair.
#[derive(Debug, Clone)]
enum Spoil {
    Claim(&'static str, Value),
    Absent(&'static str),
    TokenByte(usize, u8),
    Later(u64),
    Earlier(u64),
    Key,
    Kid,
    PolicyAudience(String),
    PolicyIssuer(String),
    PolicyAlgorithm,
    PolicyScope(String),
    PolicyPermission(String),
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let text = "[ -~]{0,24}";
    let other = prop_oneof![
        text.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        proptest::collection::vec(text, 0..3).prop_map(Value::from),
        Just(json!({ "a": 1 })),
    ];
    let judged = proptest::sample::select(vec!["iss", "aud"]);
    let typed = proptest::sample::select(vec![
        "exp",
        "iat",
        "nbf",
        "scope",
        "sub",
        "gid",
        "azp",
        "permissions",
    ]);
    let not_that = Just(json!({ "not": "that type" }));
    let demanded = proptest::sample::select(vec!["iss", "sub", "aud", "exp", "iat", "gid"]);
    let marks = proptest::sample::select(vec!["nonce", "at_hash", "events", "cnf"]);
    prop_oneof![
        (judged, other.clone()).prop_map(|(name, value)| Spoil::Claim(name, value)),
        (typed, not_that).prop_map(|(name, value)| Spoil::Claim(name, value)),
        (marks, other).prop_map(|(name, value)| Spoil::Claim(name, value)),
        demanded.prop_map(Spoil::Absent),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Spoil::TokenByte(at, byte)),
        (240..u64::MAX - NOW).prop_map(Spoil::Later),
        (61..=NOW).prop_map(Spoil::Earlier),
        Just(Spoil::Key),
        Just(Spoil::Kid),
        "[ -~]{1,24}".prop_map(Spoil::PolicyAudience),
        "[ -~]{1,24}".prop_map(Spoil::PolicyIssuer),
        Just(Spoil::PolicyAlgorithm),
        "[a-z]{1,12}".prop_map(Spoil::PolicyScope),
        text.prop_map(Spoil::PolicyPermission),
    ]
}

proptest! {
    #[test]
    fn law_any_one_altered_field_is_refused(spoil in spoils()) {
        let mut claims = claims();
        let mut policy = policy();
        let mut now = NOW;
        let mut signer = KEY.clone();
        let mut flip = None;
        match spoil {
            Spoil::Claim(name, value) => claims[name] = value,
            Spoil::Absent(name) => { claims.as_object_mut().unwrap().remove(name); }
            Spoil::TokenByte(at, byte) => flip = Some((at, byte)),
            Spoil::Later(by) => now += by,
            Spoil::Earlier(by) => now -= by,
            Spoil::Key => signer = key("one"),
            Spoil::Kid => signer = signer.with_kid("two"),
            Spoil::PolicyAudience(audience) => {
                let issuer = Issuer::pinned(ISS, keys(&[&KEY]));
                policy = Policy::access(issuer, audience).algorithms([Algorithm::Es256]);
            }
            Spoil::PolicyIssuer(name) => policy = policy_of(Issuer::pinned(name, keys(&[&KEY]))),
            Spoil::PolicyAlgorithm => policy = policy.algorithms([Algorithm::Rs256, Algorithm::EdDsa]),
            Spoil::PolicyScope(word) => policy = policy.require_scope(&Scope::parse(&word).unwrap()),
            Spoil::PolicyPermission(name) => policy = policy.require_permission(name),
        }
        let mut token = sign(&signer, "JWT", &claims).into_bytes();
        if let Some((at, byte)) = flip {
            let at = at % token.len();
            prop_assume!(token[at] != byte);
            token[at] = byte;
        }
        if let Ok(token) = String::from_utf8(token) {
            let verdict = Verifier::new(policy).unwrap().check(&token, now);
            prop_assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        }
    }

    #[test]
    fn law_every_reason_may_stand_in_a_header(token in ".{0,200}", permission in ".{0,20}") {
        let verifier = Verifier::new(policy()).unwrap();
        let allowed = |text: String| text.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        if let Verdict::Refused(reason) = verifier.check(&token, NOW) {
            prop_assert!(allowed(reason.to_string()));
        }
        prop_assert!(allowed(Reject::Permission(permission).to_string()));
    }
}
