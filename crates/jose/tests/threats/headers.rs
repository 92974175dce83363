//! What a header may say and what is made of it: `alg`, `kid`, `typ`, keys it brings along, extensions.

use sekisho_jose::{Algorithm, Buffer, Error, KeySet, SigningKey, jws, jwt};
use serde_json::{Value, json};

use crate::forge::{KEYS, check, forge, forge_with, hs256};

#[test]
fn threat_j01_none_in_any_case_and_missing_alg() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"NONE"}"#,
        r#"{"alg":"nOnE"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256 "}"#,
        r#"{"typ":"JWT"}"#,
        r#"{}"#,
    ] {
        for key in KEYS
            .iter()
            .map(SigningKey::verifying_key)
            .chain([hs256().verifying_key()])
        {
            let signed = forge(header, b"{}");
            assert!(matches!(check(&signed, &key), Err(Error::Algorithm)), "{header}");
            let unsigned = format!("{}.", signed.rsplit_once('.').unwrap().0);
            assert!(check(&unsigned, &key).is_err(), "{header}");
        }
    }
    for header in [r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, r#"{"alg":1}"#] {
        assert!(matches!(
            check(&forge(header, b"{}"), &hs256().verifying_key()),
            Err(Error::Header(_))
        ));
    }
    assert!("none".parse::<Algorithm>().is_err());
}

#[test]
fn threat_j03_keys_in_the_header_are_not_looked_at() {
    let attacker = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = attacker.public_jwk().unwrap();
    let ours = KEYS
        .iter()
        .find(|key| key.algorithm() == Algorithm::Es256)
        .unwrap()
        .verifying_key();
    let valid = jws::sign(b"{}", None, &attacker).unwrap();
    assert!(matches!(check(&valid, &ours), Err(Error::Signature)));
    for extra in [
        json!({"jwk": jwk}),
        json!({"jku": "https://attacker.example/jwks.json"}),
        json!({"x5u": "https://attacker.example/cert.pem"}),
        json!({"x5c": ["MIIB"]}),
    ] {
        let mut header = json!({"alg": "HS256"});
        header
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let token = forge_with(b"attacker's own secret, long enough", &header.to_string(), b"{}");
        assert!(matches!(
            check(&token, &hs256().verifying_key()),
            Err(Error::Signature)
        ));
        // And with the right key such a header is harmless: the member is ignored.
        assert!(check(&forge(&header.to_string(), b"{}"), &hs256().verifying_key()).is_ok());
    }
}

#[test]
fn threat_j03_kid_is_only_compared() {
    let key = hs256().with_kid("right");
    let set = KeySet::new(vec![
        key.verifying_key(),
        hs256().with_kid("other").verifying_key(),
    ]);
    for kid in [
        "../../dev/null",
        "' OR 1=1 --",
        "RIGHT",
        "right\0",
        "",
        "http://x/",
    ] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let token = forge(&header, b"{}");
        assert!(
            matches!(
                jws::verify(&token, &set, &mut Buffer::new()),
                Err(Error::UnknownKey)
            ),
            "{kid:?}"
        );
        assert!(
            matches!(check(&token, &key.verifying_key()), Err(Error::UnknownKey)),
            "{kid:?}"
        );
    }
    let token = forge(r#"{"alg":"HS256","kid":"right"}"#, b"{}");
    assert!(jws::verify(&token, &set, &mut Buffer::new()).is_ok());
    // Without `kid`, two keys fit: no guessing.
    let token = forge(r#"{"alg":"HS256"}"#, b"{}");
    assert!(matches!(
        jws::verify(&token, &set, &mut Buffer::new()),
        Err(Error::UnknownKey)
    ));
    assert!(
        jws::verify(
            &token,
            &KeySet::new(vec![key.verifying_key()]),
            &mut Buffer::new()
        )
        .is_ok()
    );
}

#[test]
fn threat_j08_extensions_nobody_asked_for() {
    for header in [
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","crit":"b64"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":true}"#,
        r#"{"alg":"HS256","crit":["alg"]}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"HS256","b64":null}"#,
    ] {
        assert!(
            matches!(
                check(&forge(header, b"{}"), &hs256().verifying_key()),
                Err(Error::Critical)
            ),
            "{header}"
        );
    }
}

/// What this crate owes J9: the header's `typ` is reported as written, so that the verifier above can tell.
#[test]
fn threat_j09_typ_is_reported_and_signed() {
    for typ in ["at+jwt", "JWT", "logout+jwt"] {
        let token = jwt::sign(&json!({}), typ, &hs256()).unwrap();
        let key = hs256().verifying_key();
        let mut buffer = Buffer::new();
        for _ in 0..2 {
            assert_eq!(
                jwt::verify::<Value>(&token, &key, &mut buffer)
                    .unwrap()
                    .header()
                    .typ(),
                Some(typ)
            );
        }
    }
}

/// A header is remembered only after its signature held, and only for its own key.
#[test]
fn remembered_headers_do_not_bypass_anything() {
    let key = hs256().with_kid("a").verifying_key();
    let good = forge(r#"{"alg":"HS256","kid":"a"}"#, b"{}");
    let forged = forge_with(
        b"another secret of enough bytes ....",
        r#"{"alg":"HS256","kid":"a","typ":"x"}"#,
        b"{}",
    );
    for _ in 0..3 {
        assert!(check(&good, &key).is_ok());
        assert!(matches!(check(&forged, &key), Err(Error::Signature)));
        // More spellings than a key remembers, all still right.
        for i in 0..10 {
            let token = forge(&format!("{{\"alg\":\"HS256\",\"kid\":\"a\",\"x\":{i}}}"), b"{}");
            assert!(check(&token, &key).is_ok());
        }
    }
    let renamed = key.clone().with_kid("b");
    assert!(matches!(check(&good, &renamed), Err(Error::UnknownKey)));
}

/// Which key of a set checks a token is decided by the set and the header, never by what the keys accepted elsewhere.
#[test]
fn threat_j03_what_a_key_accepted_elsewhere_decides_nothing() {
    let other = SigningKey::hmac(Algorithm::Hs256, &[7; 64]).unwrap();
    let (ours, other) = (hs256().verifying_key(), other.verifying_key());
    let [unnamed, named] =
        [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","kid":"a"}"#].map(|header| forge(header, b"{}"));
    let (ours_a, other_a, other_b) = (
        ours.clone().with_kid("a"),
        other.clone().with_kid("a"),
        other.clone().with_kid("b"),
    );
    for (token, used, set, accepted) in [
        // No `kid` in the token: both keys fit, so none is taken.
        (&unnamed, &ours_a, vec![ours_a.clone(), other_b.clone()], false),
        (&unnamed, &ours, vec![other.clone(), ours.clone()], false),
        // A key with the token's `kid` goes before one without a name.
        (&named, &ours, vec![ours.clone(), other_a.clone()], false),
        (&named, &ours_a, vec![other.clone(), ours_a.clone()], true),
        // Of two keys with one name the first is taken.
        (&named, &ours_a, vec![other_a.clone(), ours_a.clone()], false),
        (&named, &ours_a, vec![ours_a.clone(), other_b.clone()], true),
    ] {
        let set = KeySet::new(set);
        let holds = |set: &KeySet| jws::verify(token, set, &mut Buffer::new()).is_ok();
        assert_eq!(holds(&set), accepted, "{set:?}");
        assert!(check(token, used).is_ok());
        assert!(holds(&KeySet::new(vec![used.clone()])));
        assert_eq!(holds(&set), accepted, "after other uses: {set:?}");
    }
}
