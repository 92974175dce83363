//! One spelling per token and one form per signature, and the order of work before it holds.

use sekisho_jose::{Algorithm, Error, MAX_HEADER_LEN, MAX_KID_LEN, MAX_TOKEN_LEN, base64url, jws};
use serde_json::json;

use crate::forge::{KEYS, check, forge, forge_with, hs256};

#[test]
fn threat_j04_ecdsa_edge_values_and_der_signatures() {
    for (alg, len, order) in [
        (
            Algorithm::Es256,
            32,
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        ),
        (
            Algorithm::Es384,
            48,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
        (
            Algorithm::Es512,
            66,
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        ),
    ] {
        let key = KEYS.iter().find(|key| key.algorithm() == alg).unwrap();
        let token = jws::sign(b"{}", None, key).unwrap();
        let (input, good) = token.rsplit_once('.').unwrap();
        let good = base64url::decode(good).unwrap();
        assert_eq!(good.len(), 2 * len);
        let zero = vec![0; len];
        let mut one = zero.clone();
        one[len - 1] = 1;
        let order: Vec<u8> = (0..len)
            .map(|i| u8::from_str_radix(&order[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let (r, s) = good.split_at(len);
        // The DER form of the very same numbers.
        let integer = |n: &[u8]| {
            let n: Vec<u8> = [0]
                .into_iter()
                .chain(n.iter().copied().skip_while(|&b| b == 0))
                .collect();
            [&[2, u8::try_from(n.len()).unwrap()], n.as_slice()].concat()
        };
        let body = [integer(r), integer(s)].concat();
        let der = [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
        for bad in [
            [&zero[..], &zero].concat(),
            [&zero[..], s].concat(),
            [r, &zero].concat(),
            [&order[..], s].concat(),
            [r, &order].concat(),
            [&one[..], &one].concat(),
            der,
            good[1..].to_vec(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            [&[0], &good[..]].concat(),
            [&[0], r, &[0], s].concat(),
            vec![0xff; 2 * len],
        ] {
            let token = format!("{input}.{}", base64url::encode(&bad));
            assert!(
                matches!(check(&token, &key.verifying_key()), Err(Error::Signature)),
                "{alg} {bad:x?}"
            );
        }
    }
}

#[test]
fn threat_j05_rsa_signature_length_is_the_modulus_length() {
    for alg in [Algorithm::Rs256, Algorithm::Ps256] {
        let key = KEYS.iter().find(|key| key.algorithm() == alg).unwrap();
        let token = jws::sign(b"{}", None, key).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = base64url::decode(signature).unwrap();
        let n = base64url::decode(
            serde_json::to_value(key.public_jwk().unwrap()).unwrap()["n"]
                .as_str()
                .unwrap(),
        )
        .unwrap();
        for bad in [
            [&[0], &signature[..]].concat(),
            [&signature[..], &[0]].concat(),
            signature[..255].to_vec(),
            n,
            vec![0; 256],
            vec![0xff; 256],
        ] {
            let token = format!("{input}.{}", base64url::encode(&bad));
            assert!(matches!(
                check(&token, &key.verifying_key()),
                Err(Error::Signature)
            ));
        }
    }
}

#[test]
fn threat_j06_one_spelling_per_token() {
    let key = hs256();
    let token = jws::sign(b"{\"a\":1}", None, &key).unwrap();
    let key = key.verifying_key();
    assert!(check(&token, &key).is_ok());
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for bad in [
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}=.{payload}.{signature}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{header}.{payload}.\n{signature}"),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
    ] {
        assert!(check(&bad, &key).is_err(), "{bad:?}");
    }
    // The last character of a 32-byte tag has two spare bits: all other spellings of them are refused.
    let (front, last) = token.split_at(token.len() - 1);
    let same_byte: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_'])
        .collect();
    let accepted = same_byte
        .iter()
        .filter(|last| check(&format!("{front}{last}"), &key).is_ok())
        .count();
    assert_eq!(accepted, 1, "only {last}");
}

#[test]
fn threat_j12_long_input_is_refused_before_any_work() {
    let key = hs256().verifying_key();
    let long = forge(r#"{"alg":"HS256"}"#, &vec![b' '; MAX_TOKEN_LEN]);
    assert!(matches!(check(&long, &key), Err(Error::TooLong)));
    assert!(matches!(
        sekisho_jose::Unverified::parse(&long),
        Err(Error::TooLong)
    ));
    assert!(matches!(check(&".".repeat(1_000_000), &key), Err(Error::TooLong)));
    let header = json!({"alg": "HS256", "x5c": ["A".repeat(MAX_HEADER_LEN)]}).to_string();
    assert!(matches!(check(&forge(&header, b"{}"), &key), Err(Error::TooLong)));
    for (len, fits) in [(MAX_KID_LEN, true), (MAX_KID_LEN + 1, false)] {
        let header = json!({"alg": "HS256", "kid": "k".repeat(len)}).to_string();
        assert_eq!(check(&forge(&header, b"{}"), &key).is_ok(), fits);
    }
}

#[test]
fn threat_j13_claims_are_not_looked_at_before_the_signature() {
    let key = hs256().verifying_key();
    for payload in [&b"not json"[..], b"{\"exp\":\"x\"}", b"\xff"] {
        let token = forge_with(
            b"another secret of enough bytes ....",
            r#"{"alg":"HS256"}"#,
            payload,
        );
        assert!(matches!(check(&token, &key), Err(Error::Signature)));
    }
    // Not even decoded: a payload that is no base64url still fails on the signature.
    assert!(matches!(
        check("eyJhbGciOiJIUzI1NiJ9.!!!!.AAAA", &key),
        Err(Error::Signature)
    ));
}
