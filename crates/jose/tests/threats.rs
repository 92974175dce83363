//! The vulnerability classes of JWT libraries, one test or more each, named for their number in the threat list.
//! J4 and J5 are also answered by the Wycheproof vectors beside the primitives, J6 by the tests of `base64url`.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::sync::LazyLock;

use sekisho_jose::claims::NumericDate;
use sekisho_jose::{
    Algorithm, Buffer, Claims, Error, Jwk, JwkSet, KeyError, KeySet, MAX_HEADER_LEN, MAX_KID_LEN,
    MAX_TOKEN_LEN, SigningKey, VerifyingKey, base64url, jws, jwt,
};
use serde_json::{Value, json};

const SECRET: &[u8; 64] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// One key per algorithm; RSA keys are slow to make without optimisation.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let rsa = SigningKey::generate(Algorithm::Rs256)
        .unwrap()
        .to_pkcs8_der()
        .unwrap();
    let make = |alg: Algorithm| match alg.name().as_bytes()[0] {
        b'R' | b'P' => SigningKey::from_pkcs8_der(alg, &rsa).unwrap(),
        _ => SigningKey::generate(alg).unwrap(),
    };
    Algorithm::ALL.into_iter().map(make).collect()
});

fn hs256() -> SigningKey {
    SigningKey::hmac(Algorithm::Hs256, SECRET).unwrap()
}

/// A token with any header and payload text and a true HS256 signature by [`SECRET`].
fn forge(header: &str, payload: &[u8]) -> String {
    forge_with(SECRET, header, payload)
}

fn forge_with(secret: &[u8], header: &str, payload: &[u8]) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(payload)
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", base64url::encode(tag.as_ref()))
}

fn check(token: &str, key: &VerifyingKey) -> Result<Value, Error> {
    jwt::verify::<Value>(token, key, &mut Buffer::new()).map(|token| token.claims)
}

/// Reads claims through a true signature; the error's text otherwise.
fn claims(payload: &str) -> Result<(), String> {
    let token = forge(r#"{"alg":"HS256"}"#, payload.as_bytes());
    match jwt::verify::<Claims>(&token, &hs256().verifying_key(), &mut Buffer::new()) {
        Ok(_) => Ok(()),
        Err(error @ Error::Claims(_)) => Err(error.to_string()),
        Err(other) => panic!("{other}"),
    }
}

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
fn threat_j07_duplicates_and_shapes() {
    for payload in [
        r#"{"exp":1,"exp":2}"#,
        r#"{"exp":1,"e\u0078p":2}"#,
        r#"{"e\u0078p":1,"exp":2}"#,
        r#"{"other":1,"other":1}"#,
        r#"{"\u006fther":1,"o\u0074her":1}"#,
        r#"[]"#,
        r#""text""#,
        "1",
        "null",
        "",
        " ",
        "{",
        r#"{"exp":1}{}"#,
        r#"{"exp":1}x"#,
        r#"{"exp":1,}"#,
        r#"{'exp':1}"#,
        r#"{exp:1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":01}"#,
        "\u{feff}{}",
    ] {
        assert!(claims(payload).is_err(), "{payload:?}");
    }
    assert!(claims(" {\"exp\":1}\n ").is_ok());
    let header = forge(r#"{"alg":"HS256","alg":"HS256"}"#, b"{}");
    assert!(matches!(
        check(&header, &hs256().verifying_key()),
        Err(Error::Header(_))
    ));
    let header = forge(r#"["alg","HS256"]"#, b"{}");
    assert!(matches!(
        check(&header, &hs256().verifying_key()),
        Err(Error::Header(_))
    ));
}

#[test]
fn threat_j07_nested_duplicates_are_found_where_they_are_read() {
    for payload in [
        r#"{"act":{"sub":"a","sub":"b"}}"#,
        r#"{"l":[{"a":1},{"b":[{"c":1,"c":1}]}]}"#,
    ] {
        let token = forge(r#"{"alg":"HS256"}"#, payload.as_bytes());
        assert!(
            matches!(check(&token, &hs256().verifying_key()), Err(Error::Claims(_))),
            "{payload}"
        );
    }
}

#[test]
fn threat_j07_bad_utf8_is_refused_even_in_skipped_members() {
    for payload in [
        &b"{\"x\":\"\xff\"}"[..],
        b"{\"x\":\"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf{}",
        b"{\"x\xc0\xaf\":1}",
    ] {
        let token = forge(r#"{"alg":"HS256"}"#, payload);
        let (key, mut buffer) = (hs256().verifying_key(), Buffer::new());
        assert!(matches!(
            jwt::verify::<Claims<'_>>(&token, &key, &mut buffer),
            Err(Error::Claims(_))
        ));
    }
}

#[test]
fn threat_25_depth_and_member_count_are_bounded() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let token = forge(r#"{"alg":"HS256"}"#, deep.as_bytes());
    assert!(matches!(
        check(&token, &hs256().verifying_key()),
        Err(Error::Claims(_))
    ));
    let members = |count: usize| {
        let mut text = String::from("{");
        for i in 0..count {
            write!(text, "\"m{i}\":0,").unwrap();
        }
        text + "\"last\":0}"
    };
    assert!(claims(&members(255)).is_ok());
    assert!(claims(&members(256)).is_err());
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

#[test]
fn threat_j10_malformed_times_are_refused_and_named() {
    for claim in ["exp", "nbf", "iat"] {
        for bad in [
            "\"1\"",
            "\"\"",
            "1.0",
            "1.5",
            "1e3",
            "1E+2",
            "-1",
            "-0.0",
            "1e400",
            "9223372036854775808",
            "18446744073709551616",
            "null",
            "true",
            "[]",
            "[1]",
            "{}",
            "{\"$numberLong\":\"1\"}",
        ] {
            let reason = claims(&format!("{{\"{claim}\":{bad}}}")).expect_err(bad);
            // A number too large for JSON libraries is refused before the claim is known.
            assert!(
                reason.contains(&format!("{claim}: ")) || bad == "1e400",
                "{claim} {bad}: {reason}"
            );
        }
        for good in ["0", "1", "1300819380", "9223372036854775807"] {
            claims(&format!("{{\"{claim}\":{good}}}")).expect(good);
        }
    }
    assert_eq!(NumericDate::from_seconds(-1), None);
    let absent: Claims<'_> = serde_json::from_str("{}").unwrap();
    assert_eq!(absent, Claims::default());
}

/// A type that treats `exp` as optional must not take a malformed one for an absent one.
#[test]
fn threat_06_a_malformed_claim_is_not_an_absent_one() {
    #[derive(serde::Deserialize)]
    struct Optional {
        #[serde(default, deserialize_with = "sekisho_jose::claims::present")]
        exp: Option<NumericDate>,
    }
    let read = |payload: &[u8]| {
        let (token, key) = (forge(r#"{"alg":"HS256"}"#, payload), hs256().verifying_key());
        let mut buffer = Buffer::new();
        jwt::verify::<Optional>(&token, &key, &mut buffer).map(|token| token.claims.exp)
    };
    assert!(matches!(read(b"{}"), Ok(None)));
    for bad in ["null", "\"1\"", "[]", "{}", "1.5", "-1", "1e400"] {
        assert!(
            matches!(
                read(format!("{{\"exp\":{bad}}}").as_bytes()),
                Err(Error::Claims(_))
            ),
            "{bad}"
        );
    }
    assert!(matches!(read(b"{\"exp\":1,\"exp\":2}"), Err(Error::Claims(_))));
}

#[test]
fn threat_j11_audience_and_issuer_are_compared_exactly() {
    for bad in [
        "[]",
        "[[\"a\"]]",
        "[\"a\",1]",
        "1",
        "null",
        "{}",
        "[null]",
        "true",
    ] {
        let reason = claims(&format!("{{\"aud\":{bad}}}")).expect_err(bad);
        assert!(reason.contains("aud: "), "{reason}");
    }
    for claim in ["iss", "sub", "jti"] {
        for bad in ["1", "null", "[\"a\"]", "{}"] {
            assert!(
                claims(&format!("{{\"{claim}\":{bad}}}"))
                    .unwrap_err()
                    .contains(&format!("{claim}: "))
            );
        }
    }
    let read = |json: &'static str| serde_json::from_str::<Claims<'_>>(json).unwrap();
    let one = read(r#"{"aud":"https://api.example/"}"#).aud.unwrap();
    assert!(one.contains("https://api.example/"));
    for near in [
        "https://api.example",
        "https://API.example/",
        "https://api.example//",
        "",
    ] {
        assert!(!one.contains(near));
    }
    let many: Vec<String> = (0..20).map(|i| format!("api{i}")).collect();
    let text = json!({"aud": many}).to_string();
    let many_read: Claims<'_> = serde_json::from_str(&text).unwrap();
    assert!(
        many.iter()
            .all(|aud| many_read.aud.as_ref().unwrap().contains(aud))
    );
    assert_eq!(serde_json::to_string(&many_read).unwrap(), text);
    // Two Unicode forms of the same letter are two issuers.
    assert_ne!(
        read("{\"iss\":\"https://\u{e9}.example\"}").iss,
        read("{\"iss\":\"https://e\u{301}.example\"}").iss
    );
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
