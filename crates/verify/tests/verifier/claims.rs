//! One claim at a time: its type, its value, its time.

use sekisho_verify::{ClaimName, Policy, Reject, Scope, Verdict, Verifier};
use serde_json::{Value, json};

use crate::tokens::*;
use crate::{refused, trusted};

#[test]
fn threat_j10_time_claims_of_the_wrong_type_are_never_absent() {
    let wrong = [
        json!("1800000000"),
        json!(1_800_000_000.5),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MAX as u64 + 1),
        json!([]),
        json!({}),
        json!(true),
    ];
    for value in wrong {
        refused(
            judge(&with("exp", value.clone())),
            Reject::Mistyped(ClaimName::Exp),
        );
        refused(
            judge(&with("nbf", value.clone())),
            Reject::Mistyped(ClaimName::Nbf),
        );
        refused(
            judge(&with("iat", value.clone())),
            Reject::Mistyped(ClaimName::Iat),
        );
    }
    refused(judge(&with("exp", Value::Null)), Reject::Missing(ClaimName::Exp));
    refused(judge(&with("iat", Value::Null)), Reject::Missing(ClaimName::Iat));
}

/// The payload as text, for what `serde_json` would not write.
fn judge_text(edit: impl Fn(&str) -> String) -> Verdict {
    let payload = edit(&claims().to_string());
    let token = sign_raw(
        &KEY,
        r#"{"alg":"ES256","typ":"JWT","kid":"one"}"#,
        payload.as_bytes(),
    );
    Verifier::new(policy()).unwrap().check(&token, NOW)
}

#[test]
fn threat_06_null_duplicate_and_infinite_claims_are_refused() {
    trusted(judge_text(str::to_owned));
    let exp = format!("\"exp\":{}", NOW + 240);
    for (name, claim) in [
        ("exp", ClaimName::Exp),
        ("nbf", ClaimName::Nbf),
        ("iat", ClaimName::Iat),
    ] {
        let member = format!("\"{name}\":");
        let null = judge_text(|text| {
            let start = text.find(&member).unwrap() + member.len();
            let end = start + text[start..].find([',', '}']).unwrap();
            format!("{}null{}", &text[..start], &text[end..])
        });
        refused(null, Reject::Mistyped(claim));
    }
    refused(
        judge_text(|text| text.replace(&exp, "\"exp\":1e400")),
        Reject::Malformed,
    );
    refused(
        judge_text(|text| text.replace(&exp, &format!("{exp},{exp}"))),
        Reject::Malformed,
    );
    refused(
        judge_text(|text| text.replacen('{', "{\"x\":1,\"x\":2,", 1)),
        Reject::Malformed,
    );
    refused(judge_text(|text| format!("[{text}]")), Reject::Malformed);
    refused(judge_text(|text| format!("{text}x")), Reject::Malformed);
    refused(judge_text(|_| "null".to_owned()), Reject::Malformed);
}

#[test]
fn rfc7519_4_1_4_dead_at_exp_alive_at_nbf() {
    let verifier = Verifier::new(policy()).unwrap();
    let token = sign(&KEY, "JWT", &claims());
    trusted(verifier.check(&token, NOW + 239));
    refused(verifier.check(&token, NOW + 240), Reject::Expired);
    trusted(verifier.check(&token, NOW - 60));
    refused(verifier.check(&token, NOW - 61), Reject::NotYet);
    refused(judge(&with("iat", json!(NOW + 1))), Reject::FromTheFuture);

    let lenient = Verifier::new(policy().leeway(60)).unwrap();
    trusted(lenient.check(&token, NOW + 299));
    refused(lenient.check(&token, NOW + 300), Reject::Expired);
    trusted(lenient.check(&token, NOW - 120));
    refused(lenient.check(&token, NOW - 121), Reject::NotYet);
    // The largest date there is does not wrap round.
    trusted(lenient.check(&sign(&KEY, "JWT", &with("exp", json!(i64::MAX))), NOW));
}

#[test]
fn threat_j11_audiences_are_compared_exactly() {
    for aud in [json!(AUD), json!([AUD]), json!(["x", AUD])] {
        trusted(judge(&with("aud", aud)));
    }
    let others = [
        "https://api.example.com",
        "https://API.example.com/",
        "https://api.example.com/x",
        "*",
        " ",
    ];
    for aud in others {
        refused(judge(&with("aud", json!(aud))), Reject::Audience);
        refused(judge(&with("aud", json!([aud]))), Reject::Audience);
    }
    for aud in [
        json!([]),
        json!([[AUD]]),
        json!([AUD, 1]),
        json!(1),
        json!({ "aud": AUD }),
        json!([AUD, null]),
    ] {
        refused(judge(&with("aud", aud)), Reject::Mistyped(ClaimName::Aud));
    }
    refused(judge(&with("aud", Value::Null)), Reject::Missing(ClaimName::Aud));
}

#[test]
fn threat_j11_issuers_are_compared_exactly() {
    let others = [
        "https://id.example.com",
        "https://ID.example.com/",
        "http://id.example.com/",
        "https://id.example.com:443/",
        "https://id.example.com//",
        "https://i\u{0064}\u{0301}.example.com/",
        "",
    ];
    for iss in others {
        refused(judge(&with("iss", json!(iss))), Reject::Issuer);
    }
    for iss in [json!([ISS]), json!(1)] {
        refused(judge(&with("iss", iss)), Reject::Mistyped(ClaimName::Iss));
    }
    refused(judge(&with("iss", Value::Null)), Reject::Missing(ClaimName::Iss));
}

#[test]
fn threat_21_a_token_for_another_api_is_refused() {
    refused(
        judge(&with("aud", json!("https://other.example.com/"))),
        Reject::Audience,
    );
}

#[test]
fn scope_and_permissions_are_demanded_last() {
    let demand = |policy: Policy| {
        Verifier::new(policy)
            .unwrap()
            .check(&sign(&KEY, "JWT", &claims()), NOW)
    };
    trusted(demand(
        policy().require_scope(&Scope::parse("write:notes read:notes").unwrap()),
    ));
    let missing = Scope::parse("admin").unwrap();
    let verdict = demand(policy().require_scope(&Scope::parse("read:notes admin").unwrap()));
    refused(verdict, Reject::Scope(missing.clone()));
    assert!(Reject::Scope(missing).is_insufficient());
    trusted(demand(policy().require_permission("notes:read")));
    refused(
        demand(policy().require_permission("notes:all")),
        Reject::Permission("notes:all".to_owned()),
    );
    for scope in [json!(["read:notes"]), json!(1), json!("a\nb")] {
        refused(judge(&with("scope", scope)), Reject::Mistyped(ClaimName::Scope));
    }
    for permissions in [json!("notes:read"), json!([1]), json!({})] {
        refused(
            judge(&with("permissions", permissions)),
            Reject::Mistyped(ClaimName::Permissions),
        );
    }
}

#[test]
fn two_names_for_the_client_must_be_one() {
    refused(judge(&with("client_id", json!("client-2"))), Reject::Party);
    trusted(judge(&with("client_id", json!("client-1"))));
}
