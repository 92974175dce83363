//! Laws that hold for every token: what was signed is what is read, and any other token is refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use sekisho_jose::{Algorithm, Buffer, SigningKey, Unverified, base64url, jws, jwt};
use serde_json::Value;

static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    [
        Algorithm::Hs256,
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::EdDsa,
    ]
    .into_iter()
    .map(|alg| SigningKey::generate(alg).unwrap().with_kid(alg.name()))
    .collect()
});

fn json_object() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(".{0,8}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map(".{0,8}", nested, 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_signed_is_what_is_read(claims in json_object(), which in 0usize..5) {
        let key = &KEYS[which];
        let token = jwt::sign(&claims, "JWT", key).unwrap();
        let (trusted, mut buffer) = (key.verifying_key(), Buffer::new());
        let read = jwt::verify::<Value>(&token, &trusted, &mut buffer).unwrap();
        prop_assert_eq!(&read.claims, &claims);
        prop_assert_eq!(read.header().kid(), key.kid());
        prop_assert_eq!(Unverified::parse(&token).unwrap().claims::<Value>().unwrap(), claims);
    }

    #[test]
    fn threat_28_any_changed_character_is_refused(
        payload in proptest::collection::vec(any::<u8>(), 0..40), which in 0usize..5, at: prop::sample::Index, to in 0u8..128,
    ) {
        let key = &KEYS[which];
        let token = jws::sign(&payload, Some("JWT"), key).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone().into_bytes();
        prop_assume!(changed[at] != to);
        changed[at] = to;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(jws::verify(&changed, &key.verifying_key(), &mut Buffer::new()).is_err());
    }

    #[test]
    fn threat_28_any_cut_or_addition_is_refused(which in 0usize..5, at: prop::sample::Index, extra in "[A-Za-z0-9_.=-]{1,4}") {
        let key = &KEYS[which];
        let token = jws::sign(b"{}", None, key).unwrap();
        let at = at.index(token.len());
        let trusted = key.verifying_key();
        for changed in [token[..at].to_owned(), token[at + 1..].to_owned(), format!("{}{extra}{}", &token[..at], &token[at..])] {
            if changed != token {
                prop_assert!(jws::verify(&changed, &trusted, &mut Buffer::new()).is_err());
            }
        }
    }

    #[test]
    fn base64url_round_trips_and_has_one_spelling(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[A-Za-z0-9_=+/ -]{0,24}") {
        prop_assert_eq!(base64url::decode(&base64url::encode(&bytes)).unwrap(), bytes);
        if let Ok(bytes) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&bytes), text);
        }
    }

    #[test]
    fn arbitrary_text_never_verifies_and_never_panics(token in ".{0,300}", which in 0usize..5) {
        prop_assert!(jws::verify(&token, &KEYS[which].verifying_key(), &mut Buffer::new()).is_err());
        let _ = Unverified::parse(&token);
    }
}
