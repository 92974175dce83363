//! The published examples: RFC 7515 appendix A, RFC 7520 section 4, RFC 8037 appendix A, RFC 7638 section 3.1.
//! `vectors/rfc.json` holds them as printed; `reproducible` ones have a deterministic signature and a header that we
//! would write byte for byte.

#![expect(clippy::unwrap_used, reason = "tests")]

use sekisho_jose::{Algorithm, Buffer, Error, Jwk, SigningKey, Unverified, VerifyingKey, jws};

#[derive(serde::Deserialize)]
struct Vector {
    source: String,
    alg: Algorithm,
    token: String,
    reproducible: bool,
    jwk: Jwk,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/rfc.json")).unwrap();
    assert_eq!(vectors.len(), 9);
    vectors
}

fn signing_key(vector: &Vector) -> SigningKey {
    let mut jwk = vector.jwk.clone();
    jwk.alg = Some(vector.alg.name().to_owned());
    SigningKey::from_jwk(&jwk).unwrap()
}

#[test]
fn every_published_token_verifies_with_its_jwk() {
    for vector in vectors() {
        let key = VerifyingKey::from_jwk_as(vector.alg, &vector.jwk).unwrap();
        let mut buffer = Buffer::new();
        let verified = jws::verify(&vector.token, &key, &mut buffer).expect(&vector.source);
        assert_eq!(verified.header().algorithm(), vector.alg, "{}", vector.source);
        assert_eq!(
            verified.payload(),
            Unverified::parse(&vector.token).unwrap().payload()
        );
    }
}

#[test]
fn every_published_private_key_signs_what_its_public_half_accepts() {
    for vector in vectors() {
        let key = signing_key(&vector);
        let payload = Unverified::parse(&vector.token).unwrap().payload().to_vec();
        let token = jws::sign(&payload, None, &key).unwrap();
        if vector.reproducible {
            assert_eq!(token, vector.token, "{}", vector.source);
        }
        let public = VerifyingKey::from_jwk_as(vector.alg, &vector.jwk).unwrap();
        assert_eq!(
            jws::verify(&token, &public, &mut Buffer::new())
                .unwrap()
                .payload(),
            payload
        );
    }
}

#[test]
fn every_published_key_survives_each_form() {
    for vector in vectors() {
        let key = signing_key(&vector);
        let jwk = key.private_jwk().unwrap();
        assert_eq!(
            jwk.thumbprint().unwrap(),
            vector.jwk.thumbprint().unwrap(),
            "{}",
            vector.source
        );
        let written = serde_json::to_value(&jwk).unwrap();
        let printed = serde_json::to_value(&vector.jwk).unwrap();
        for (member, value) in printed.as_object().unwrap() {
            assert_eq!(&written[member], value, "{} {member}", vector.source);
        }
        let token = |key: &SigningKey| jws::sign(b"x", None, key).unwrap();
        let mut buffer = Buffer::new();
        if vector.alg.is_symmetric() {
            assert!(key.to_pem().is_err() && key.public_jwk().is_none());
            continue;
        }
        let again = SigningKey::from_pem(vector.alg, &key.to_pem().unwrap()).unwrap();
        let public = VerifyingKey::from_pem(vector.alg, &key.verifying_key().to_pem().unwrap()).unwrap();
        jws::verify(&token(&again), &public, &mut buffer).unwrap();
        jws::verify(
            &token(&key),
            &VerifyingKey::from_jwk(&key.public_jwk().unwrap()).unwrap(),
            &mut buffer,
        )
        .unwrap();
        assert!(!key.public_jwk().unwrap().is_private());
    }
}

/// RFC 7515 appendix A.5: an unsecured JWS. There is no key with which it could verify; looking at it is possible.
#[test]
fn threat_j01_rfc_7515_a_5_is_refused() {
    let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    for vector in vectors() {
        let key = VerifyingKey::from_jwk_as(vector.alg, &vector.jwk).unwrap();
        assert!(matches!(
            jws::verify(token, &key, &mut Buffer::new()),
            Err(Error::Shape)
        ));
        let padded = format!("{token}AA");
        assert!(matches!(
            jws::verify(&padded, &key, &mut Buffer::new()),
            Err(Error::Algorithm)
        ));
    }
    assert_eq!(Unverified::parse(token).unwrap().alg(), Some("none"));
}

#[test]
fn rfc_7638_section_3_1_thumbprint() {
    let jwk = Jwk::parse(
        r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
    );
    assert_eq!(
        jwk.unwrap().thumbprint().unwrap(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}
