//! Which keys are trusted at all, and that each serves its own algorithm only.

use sekisho_jose::{
    Algorithm, Buffer, Error, Jwk, JwkSet, KeyError, KeySet, SigningKey, VerifyingKey, base64url, jws, jwt,
};
use serde_json::json;

use crate::forge::{KEYS, SECRET, check, forge_with, hs256};

#[test]
fn threat_j02_a_public_key_is_never_an_hmac_secret() {
    for key in KEYS.iter().filter(|key| !key.algorithm().is_symmetric()) {
        let public = key.verifying_key();
        let jwk = serde_json::to_string(&key.public_jwk().unwrap()).unwrap();
        let pem = public.to_pem().unwrap();
        for secret in [
            pem.as_bytes(),
            pem.trim().as_bytes(),
            &public.to_spki_der().unwrap(),
            jwk.as_bytes(),
        ] {
            let token = forge_with(secret, r#"{"alg":"HS256"}"#, b"{}");
            let refused = check(&token, &public);
            assert!(
                matches!(refused, Err(Error::AlgorithmMismatch { expected }) if expected == key.algorithm())
            );
            let set = KeySet::new(vec![public.clone()]);
            assert!(jws::verify(&token, &set, &mut Buffer::new()).is_err());
        }
        assert!(matches!(
            SigningKey::hmac(Algorithm::Hs256, pem.as_bytes()),
            Err(KeyError::Unsafe(_))
        ));
    }
}

#[test]
fn threat_05_no_algorithm_passes_for_another() {
    for signer in KEYS.iter() {
        let token = jwt::sign(&json!({}), "JWT", signer).unwrap();
        for key in KEYS.iter() {
            let accepted = check(&token, &key.verifying_key()).is_ok();
            assert_eq!(
                accepted,
                signer.algorithm() == key.algorithm(),
                "{signer:?} {key:?}"
            );
        }
    }
}

#[test]
fn threat_j02_a_published_oct_key_is_never_trusted() {
    let key = hs256().with_kid("k");
    let set: JwkSet = [key.private_jwk().unwrap()].into_iter().collect();
    assert!(KeySet::from_jwks(&set, &Algorithm::ALL).keys().is_empty());
}

#[test]
fn threat_j04_points_off_the_curve_and_of_small_order_are_no_keys() {
    let ec = |x: &[u8], y: &[u8]| json!({"kty":"EC","crv":"P-256","x":base64url::encode(x),"y":base64url::encode(y)});
    for (x, y) in [
        (vec![0; 32], vec![0; 32]),
        (vec![1; 32], vec![2; 32]),
        (vec![0xff; 32], vec![0xff; 32]),
    ] {
        let jwk = Jwk::parse(&ec(&x, &y).to_string()).unwrap();
        assert!(VerifyingKey::from_jwk(&jwk).is_err());
    }
    let mut small: Vec<[u8; 32]> = Vec::new();
    for low in [0x00, 0x01] {
        let mut point = [0; 32];
        point[0] = low;
        small.push(point);
    }
    for low in 0xec..=0xffu8 {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (low, 0x7f);
        small.push(point);
    }
    let order_8 = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    small.extend(
        order_8.map(|hex| std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())),
    );
    for mut point in small {
        for sign in [0, 0x80] {
            point[31] = point[31] & 0x7f | sign;
            let jwk = json!({"kty":"OKP","crv":"Ed25519","x":base64url::encode(&point)}).to_string();
            let refused = VerifyingKey::from_jwk(&Jwk::parse(&jwk).unwrap());
            assert!(
                matches!(refused, Err(KeyError::Unsafe(_) | KeyError::Malformed(_))),
                "{point:x?}"
            );
        }
    }
}

#[test]
fn threat_j05_weak_rsa_keys_are_refused_at_import() {
    let rsa = |n: &[u8], e: &[u8]| {
        let jwk =
            json!({"kty":"RSA","alg":"RS256","n":base64url::encode(n),"e":base64url::encode(e)}).to_string();
        VerifyingKey::from_jwk(&Jwk::parse(&jwk).unwrap())
    };
    let strong = [0xff; 256];
    assert!(matches!(rsa(&strong, &[1]), Err(KeyError::Unsafe(_))));
    assert!(matches!(rsa(&strong, &[0, 0, 1]), Err(KeyError::Unsafe(_))));
    assert!(matches!(rsa(&strong, &[]), Err(KeyError::Unsafe(_))));
    assert!(matches!(rsa(&strong, &[0]), Err(KeyError::Unsafe(_))));
    assert!(matches!(rsa(&strong, &[1, 0, 0]), Err(KeyError::Unsafe(_))));
    assert!(matches!(rsa(&strong, &[0xff; 9]), Err(KeyError::Unsafe(_))));
    for bytes in [0, 1, 64, 128, 255] {
        assert!(
            matches!(
                rsa(&vec![0xff; bytes], &[1, 0, 1]),
                Err(KeyError::TooShort { .. })
            ),
            "{bytes}"
        );
    }
    // 2047 bits, and 1024 bits behind leading zeros.
    assert!(matches!(
        rsa(&[&[0x7f], &strong[1..]].concat(), &[1, 0, 1]),
        Err(KeyError::TooShort { got: 2047, .. })
    ));
    assert!(matches!(
        rsa(&[&[0; 128], &strong[..128]].concat(), &[1, 0, 1]),
        Err(KeyError::TooShort { .. })
    ));
    assert!(matches!(rsa(&[0xff; 1025], &[1, 0, 1]), Err(KeyError::TooLong)));
    let mut even = strong;
    even[255] = 0xfe;
    assert!(matches!(rsa(&even, &[1, 0, 1]), Err(KeyError::Unsafe(_))));
}

#[test]
fn threat_23_empty_and_short_secrets_are_no_keys() {
    for (alg, least) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        for len in [0, 1, least - 1] {
            assert!(matches!(
                VerifyingKey::hmac(alg, &SECRET[..len]),
                Err(KeyError::TooShort { .. })
            ));
        }
        assert!(VerifyingKey::hmac(alg, &SECRET[..least]).is_ok());
    }
}

#[test]
fn unreadable_and_foreign_keys_in_a_set_are_left_out() {
    let good = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_kid("good")
        .public_jwk()
        .unwrap();
    let set = json!({"keys": [
        {"kty": "OKP", "crv": "X448", "x": "AA", "kid": "exotic"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "RSA", "n": 1},
        {"no": "kty"},
        "text",
        {"kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "n": "AA", "e": "AQAB"},
        good,
    ]});
    let set = JwkSet::parse(set.to_string().as_bytes()).unwrap();
    let trusted = KeySet::from_jwks(&set, &Algorithm::ALL);
    assert_eq!(
        trusted
            .keys()
            .iter()
            .filter_map(VerifyingKey::kid)
            .collect::<Vec<_>>(),
        ["good"]
    );
    assert!(trusted.has_kid("good") && !trusted.has_kid("exotic"));
    assert!(JwkSet::parse(b"[]").is_err() && JwkSet::parse(b"{}").is_err() && JwkSet::parse(b"").is_err());
}

#[test]
fn an_rsa_key_without_alg_serves_each_allowed_algorithm_and_no_other() {
    let key = KEYS
        .iter()
        .find(|key| key.algorithm() == Algorithm::Ps256)
        .unwrap();
    let mut jwk = key.clone().with_kid("k").public_jwk().unwrap();
    jwk.alg = None;
    let set: JwkSet = [jwk].into_iter().collect();
    let token = jws::sign(b"{}", None, &key.clone().with_kid("k")).unwrap();
    let accepts = |allowed: &[Algorithm]| {
        jws::verify(&token, &KeySet::from_jwks(&set, allowed), &mut Buffer::new()).is_ok()
    };
    assert!(accepts(&[Algorithm::Rs256, Algorithm::Ps256]));
    assert!(!accepts(&[Algorithm::Rs256, Algorithm::Es256]));
    assert!(!accepts(&[]));
}

#[test]
fn debug_shows_no_key_material() {
    for key in KEYS.iter() {
        let jwk = key.private_jwk().unwrap();
        let shown = format!("{key:?} {:?} {jwk:?}", key.verifying_key());
        let members = serde_json::to_value(&jwk).unwrap();
        for member in ["d", "k", "p", "n", "x"] {
            if let Some(text) = members[member].as_str() {
                assert!(!shown.contains(text));
            }
        }
    }
}
