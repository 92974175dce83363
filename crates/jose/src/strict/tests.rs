//! The strict reader against serde_json.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn both(json: &str) -> (Option<Value>, Option<Value>) {
    (from_slice(json.as_bytes()).ok(), serde_json::from_str(json).ok())
}

#[test]
fn agrees_with_serde_json_on_what_is_valid() {
    for value in [
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "0.1",
        "1e5",
        "1E-5",
        "1.25e+10",
        "123456789012345678901234567890",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\"",
        "\"\\n\"",
        "\"\\\\\"",
        "\"\\\"\"",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"\u{e9}\u{1f600}\"",
        "[]",
        "[1,2]",
        "[ 1 , [ ] , { } ]",
        "{}",
        "{\"\":1}",
        "{\"a\":{\"b\":[{}]}}",
    ] {
        let (ours, theirs) = both(&format!(" {{ \"v\" : {value} }} \n"));
        assert!(ours.is_some(), "{value}");
        assert_eq!(ours, theirs, "{value}");
    }
}

#[test]
fn threat_j07_refuses_what_is_not_json() {
    for value in [
        "",
        "01",
        "-",
        "+1",
        "1.",
        ".1",
        "1e",
        "1e+",
        "0x1",
        "1_0",
        "--1",
        "1-1",
        "1.2.3",
        "1e400",
        "NaN",
        "tru",
        "nulll",
        "truefalse",
        "'a'",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\u12\"",
        "\"\n\"",
        "\"\u{1}\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "\\",
        "\u{a0}1",
        "\"\\\u{e9}\"",
    ] {
        let (ours, theirs) = both(&format!("{{\"v\":{value}}}"));
        assert_eq!((ours, theirs), (None, None), "{value}");
    }
}

#[test]
fn threat_25_depth_has_a_limit() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(both(&nested(64)).0.is_some());
    assert!(both(&nested(65)).0.is_none());
}

#[test]
fn threat_j07_duplicates_are_found_in_what_is_skipped() {
    #[derive(serde::Deserialize)]
    struct Nothing {}
    assert!(from_slice::<Nothing>(br#"{"a":{"b":1,"c":2},"d":[{"b":1}]}"#).is_ok());
    assert!(from_slice::<Nothing>(br#"{"a":{"b":1,"b":2}}"#).is_err());
    assert!(from_slice::<Nothing>(br#"{"a":[{"b":1,"\u0062":2}]}"#).is_err());
}

#[test]
fn enums_tuples_and_options_read_as_with_serde_json() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    enum Kind {
        Unit,
        New(u8),
        Struct { a: i8 },
    }
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct All {
        kinds: Vec<Kind>,
        pair: (u8, String),
        none: Option<u8>,
        some: Option<char>,
    }
    let text = r#"{"kinds":["Unit",{"New":3},{"Struct":{"a":-1}}],"pair":[1,"x"],"none":null,"some":"c"}"#;
    assert_eq!(
        from_slice::<All>(text.as_bytes()).unwrap(),
        serde_json::from_str::<All>(text).unwrap()
    );
    for bad in [
        text.replace("\"Unit\"", "{\"New\":1,\"Unit\":null}"),
        text.replace("[1,\"x\"]", "[1,\"x\",2]"),
        text.replace("\"Unit\"", "1"),
        text.replace("\"c\"", "\"cc\""),
    ] {
        assert!(from_slice::<All>(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_anything(text in r#"[\[\]{}:, "\\a-c0-2.eE+\-ntu\n\u{e9}]{0,24}"#) {
        let text = format!("{{\"v\":{text}}}");
        let (ours, theirs) = both(&text);
        if ours.is_some() {
            prop_assert_eq!(ours, theirs);
        } else if theirs.is_some() {
            // Only a duplicate may make the difference.
            let reason = from_slice::<Value>(text.as_bytes()).err().map(|error| error.to_string());
            prop_assert_eq!(reason.as_deref(), Some("a member is given twice"));
        }
    }
}

#[test]
fn a_quote_is_found_at_every_distance_from_both_ends() {
    for len in 8..40 {
        for at in 0..=len {
            for quote in at..=len {
                // Bytes that differ from a quote in the high bit or by one.
                let mut bytes: Vec<u8> = [0xa2, 0x21, 0x23, 0x20].into_iter().cycle().take(len).collect();
                bytes[..at].fill(b'"');
                bytes.iter_mut().skip(quote).for_each(|byte| *byte = b'"');
                let expected = (quote < len).then_some(quote);
                assert_eq!(scan::to_quote(&bytes, at), expected, "{len} {at}");
            }
        }
    }
}
