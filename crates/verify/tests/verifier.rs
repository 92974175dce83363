//! The judgement: examples for each reason, and the law that a good pair of token and policy has no field that could
//! be another.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support {
    mod tokens;
    pub(crate) use tokens::*;
}

use proptest::prelude::*;
use sekisho_jose::{Algorithm, SigningKey};
use sekisho_verify::{ClaimName, Issuer, Policy, PolicyError, Reject, Scope, Verdict, Verifier};
use serde_json::{Value, json};
use support::*;

#[track_caller]
fn trusted(verdict: Verdict) -> sekisho_verify::Claims {
    match verdict {
        Verdict::Trusted(claims) => claims,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads well at the calls")]
fn refused(verdict: Verdict, reason: Reject) {
    assert_eq!(verdict, Verdict::Refused(reason));
}

fn id_policy() -> Policy {
    Policy::id(Issuer::pinned(ISS, keys(&[&KEY])), "client-1").algorithms([Algorithm::Es256])
}

fn id_claims() -> Value {
    json!({ "iss": ISS, "sub": "auth0|1", "aud": "client-1", "iat": NOW, "exp": NOW + 60, "nonce": "n", "sid": "s" })
}

#[test]
fn a_good_token_gives_typed_claims() {
    let claims = trusted(judge(&claims()));
    assert_eq!(claims.iss, ISS);
    assert_eq!(claims.aud, [AUD, "https://id.example.com/userinfo"]);
    assert_eq!(
        (claims.iat, claims.exp, claims.nbf),
        (NOW - 60, NOW + 240, Some(NOW - 60))
    );
    assert!(claims.has_scope("read:notes") && !claims.has_scope("read"));
    assert!(claims.has_permission("notes:write"));
    assert_eq!(claims.client_id.as_deref(), Some("client-1"));
    assert_eq!(
        (claims.jti.as_deref(), claims.gid.as_deref()),
        (Some("t-1"), Some("g-1"))
    );
    assert_eq!(
        (claims.sid.as_deref(), claims.gty.as_deref()),
        (Some("s-1"), Some("password"))
    );
    assert_eq!(claims.org_id.as_deref(), Some("org_1"));
    assert_eq!(claims.extra("https://example.com/roles"), Some(json!(["editor"])));
    assert_eq!(claims.extra("absent"), None);

    #[derive(serde::Deserialize)]
    struct Mine {
        #[serde(rename = "https://example.com/roles")]
        roles: Vec<String>,
    }
    assert_eq!(claims.decode::<Mine>().unwrap().roles, ["editor"]);
}

#[test]
fn rfc9068_form_is_read() {
    let mut claims = with("azp", Value::Null);
    claims["client_id"] = json!("client-9");
    claims["aud"] = json!(AUD);
    let verifier = Verifier::new(policy()).unwrap();
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        let claims = trusted(verifier.check(&sign(&KEY, typ, &claims), NOW));
        assert_eq!(claims.client_id.as_deref(), Some("client-9"));
    }
}

#[test]
fn a_machine_token_without_session_and_scope_is_read() {
    let mut machine = with("sid", Value::Null);
    machine
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !matches!(name.as_str(), "scope" | "permissions" | "nbf"));
    let claims = trusted(judge(&machine));
    assert!(claims.scope.is_empty() && claims.permissions.is_empty());
}

#[test]
fn threat_j09_an_id_token_is_refused_by_name() {
    for mark in ["nonce", "at_hash", "c_hash"] {
        refused(judge(&with(mark, json!("x"))), Reject::IdToken);
        // Presence decides, not type.
        refused(judge(&with(mark, json!(false))), Reject::IdToken);
    }
    // Of an issuer that promises `gid`, also one without any mark.
    refused(judge(&with("gid", Value::Null)), Reject::IdToken);
}

#[test]
fn threat_j09_logout_tokens_and_other_types_are_refused() {
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    refused(judge(&with("events", events)), Reject::LogoutToken);
    let verifier = Verifier::new(policy()).unwrap();
    refused(
        verifier.check(&sign(&KEY, "logout+jwt", &claims()), NOW),
        Reject::LogoutToken,
    );
    for typ in ["dpop+jwt", "jwt2", "", "application/jwt2", "secevent+jwt"] {
        refused(verifier.check(&sign(&KEY, typ, &claims()), NOW), Reject::Type);
    }
    let untyped = sign_raw(
        &KEY,
        r#"{"alg":"ES256","kid":"one"}"#,
        claims().to_string().as_bytes(),
    );
    refused(verifier.check(&untyped, NOW), Reject::Type);
}

#[test]
fn threat_j09_an_access_token_is_no_id_token() {
    let verifier = Verifier::new(id_policy()).unwrap();
    let good = id_claims();
    let claims = trusted(verifier.check(&sign(&KEY, "JWT", &good), NOW));
    assert_eq!(claims.extra("nonce"), Some(json!("n")));
    refused(
        verifier.check(&sign(&KEY, "at+jwt", &good), NOW),
        Reject::AccessToken,
    );
    let mut access = good.clone();
    access["gid"] = json!("g");
    refused(
        verifier.check(&sign(&KEY, "JWT", &access), NOW),
        Reject::AccessToken,
    );
    let mut logout = good.clone();
    logout["events"] = json!({});
    refused(
        verifier.check(&sign(&KEY, "JWT", &logout), NOW),
        Reject::LogoutToken,
    );
}

#[test]
fn oidc_core_3_1_3_7_azp_of_an_id_token() {
    let verifier = Verifier::new(id_policy()).unwrap();
    let mut claims = id_claims();
    claims["aud"] = json!(["client-1", "other"]);
    refused(
        verifier.check(&sign(&KEY, "JWT", &claims), NOW),
        Reject::Missing(ClaimName::Azp),
    );
    claims["azp"] = json!("other");
    refused(verifier.check(&sign(&KEY, "JWT", &claims), NOW), Reject::Party);
    claims["azp"] = json!("client-1");
    trusted(verifier.check(&sign(&KEY, "JWT", &claims), NOW));
}

#[test]
fn gid_is_asked_only_of_issuers_that_promise_it() {
    let foreign = Verifier::new(policy_of(Issuer::pinned(ISS, keys(&[&KEY])))).unwrap();
    let plain = with("gid", Value::Null);
    trusted(foreign.check(&sign(&KEY, "JWT", &plain), NOW));
    let ours = Verifier::new(policy()).unwrap();
    refused(
        ours.check(&sign(&KEY, "at+jwt", &plain), NOW),
        Reject::Missing(ClaimName::Gid),
    );
}

#[test]
fn threat_37_a_bound_token_is_no_bearer_token() {
    refused(judge(&with("cnf", json!({ "jkt": "x" }))), Reject::Bound);
    refused(judge(&with("cnf", json!("x"))), Reject::Bound);
}

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
fn one_issuer_cannot_speak_for_another() {
    let other = key("two");
    let policy = policy().also_issuer(Issuer::pinned("https://other.example.com/", keys(&[&other])));
    let verifier = Verifier::new(policy).unwrap();
    trusted(verifier.check(&sign(&KEY, "JWT", &claims()), NOW));
    refused(
        verifier.check(&sign(&other, "JWT", &claims()), NOW),
        Reject::Issuer,
    );
    trusted(verifier.check(
        &sign(&other, "JWT", &with("iss", json!("https://other.example.com/"))),
        NOW,
    ));
}

#[test]
fn two_issuers_may_use_one_key_id() {
    let other = key("one");
    let policy = policy().also_issuer(Issuer::pinned("https://other.example.com/", keys(&[&other])));
    let verifier = Verifier::new(policy).unwrap();
    trusted(verifier.check(
        &sign(&other, "JWT", &with("iss", json!("https://other.example.com/"))),
        NOW,
    ));
    refused(
        verifier.check(&sign(&key("one"), "JWT", &claims()), NOW),
        Reject::Signature,
    );
}

#[test]
fn threat_05_algorithm_confusion_is_refused() {
    let verifier = Verifier::new(policy()).unwrap();
    // HMAC with the public key's bytes as the secret, in the forms an attacker can get.
    let public = KEY.verifying_key();
    let jwk = serde_json::to_vec(&public.public_jwk().unwrap()).unwrap();
    for secret in [public.to_spki_der().unwrap(), jwk] {
        let forger = SigningKey::hmac(Algorithm::Hs256, &secret)
            .unwrap()
            .with_kid("one");
        refused(
            verifier.check(&sign(&forger, "JWT", &claims()), NOW),
            Reject::Algorithm,
        );
    }
    for alg in ["none", "None", "NONE", "nOnE", "ES512K"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"one"}}"#);
        refused(
            verifier.check(&sign_raw(&KEY, &header, claims().to_string().as_bytes()), NOW),
            Reject::Algorithm,
        );
    }
    // A key that signs well, by an algorithm that the policy does not list.
    let narrow = Verifier::new(policy().algorithms([Algorithm::Rs256])).unwrap();
    refused(
        narrow.check(&sign(&KEY, "JWT", &claims()), NOW),
        Reject::Algorithm,
    );
}

#[test]
fn a_shared_secret_works_where_it_is_pinned() {
    let secret = SigningKey::hmac(Algorithm::Hs256, &[7; 32])
        .unwrap()
        .with_kid("s");
    let issuer = Issuer::pinned(ISS, keys(&[&secret]));
    let verifier = Verifier::new(Policy::access(issuer, AUD).algorithms([Algorithm::Hs256])).unwrap();
    trusted(verifier.check(&sign(&secret, "JWT", &claims()), NOW));
}

#[test]
fn a_token_without_kid_needs_an_issuer_with_one_key() {
    let nameless = sign_raw(
        &KEY,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        claims().to_string().as_bytes(),
    );
    trusted(Verifier::new(policy()).unwrap().check(&nameless, NOW));
    let fresh = key("one");
    let nameless = sign_raw(
        &fresh,
        r#"{"alg":"ES256","typ":"JWT"}"#,
        claims().to_string().as_bytes(),
    );
    let two = policy_of(Issuer::pinned(ISS, keys(&[&fresh, &key("two")])));
    refused(Verifier::new(two).unwrap().check(&nameless, NOW), Reject::NoKeyId);
}

#[test]
fn threat_j12_long_tokens_are_refused_before_anything_is_decoded() {
    let verifier = Verifier::new(policy()).unwrap();
    let long = "a".repeat(sekisho_verify::MAX_TOKEN_BYTES + 1);
    refused(verifier.check(&long, NOW), Reject::TooLong);
    refused(verifier.check(&long[1..], NOW), Reject::NotJwt);
}

#[test]
fn opaque_tokens_are_told_apart_at_once() {
    let verifier = Verifier::new(policy()).unwrap();
    for token in ["", "abc", "a.b", "a.b.c.d", "a.b.c.d.e", "skat_0123456789"] {
        refused(verifier.check(token, NOW), Reject::NotJwt);
    }
    for token in ["a.b.c", " . . ", "e30.e30.e30", "\u{e9}.\u{e9}.\u{e9}"] {
        let Verdict::Refused(reason) = verifier.check(token, NOW) else {
            panic!("{token}")
        };
        assert!(
            matches!(reason, Reject::Malformed | Reject::Algorithm | Reject::NotJwt),
            "{token}: {reason:?}"
        );
    }
}

#[test]
fn threat_j13_no_claim_is_judged_before_the_signature() {
    let verifier = Verifier::new(policy()).unwrap();
    let forger = key("one");
    for claims in [
        claims(),
        with("exp", json!(1)),
        with("iss", json!("x")),
        with("aud", json!("x")),
        json!({}),
    ] {
        refused(
            verifier.check(&sign(&forger, "JWT", &claims), NOW),
            Reject::Signature,
        );
    }
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

#[test]
fn policies_that_cannot_work_are_refused() {
    let refuse = |policy: Policy, reason| assert_eq!(Verifier::new(policy).err(), Some(reason));
    refuse(policy().leeway(61), PolicyError::Leeway);
    refuse(policy().algorithms([]), PolicyError::NoAlgorithm);
    refuse(policy().also_audience(""), PolicyError::Audience);
    refuse(policy().also_issuer(Issuer::fetched(ISS)), PolicyError::Issuers);
    refuse(policy_of(Issuer::fetched("")), PolicyError::Issuers);
    let shared = policy_of(Issuer::fetched(ISS)).algorithms([Algorithm::Es256, Algorithm::Hs256]);
    refuse(shared, PolicyError::SymmetricFetched);
}

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
