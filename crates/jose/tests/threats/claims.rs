//! How strictly the claims are read, once the signature held.

use std::fmt::Write as _;

use sekisho_jose::claims::NumericDate;
use sekisho_jose::{Buffer, Claims, Error, jwt};
use serde_json::json;

use crate::forge::{check, claims, forge, hs256};

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
