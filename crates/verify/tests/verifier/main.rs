//! The judgement: an example for each reason that is not one claim's (those are in `claims`).

#![expect(clippy::unwrap_used, reason = "tests")]

mod claims;
mod laws;
mod listening;
mod remembered;
#[path = "../support/tokens.rs"]
mod tokens;

use sekisho_jose::{Algorithm, SigningKey};
use sekisho_verify::{ClaimName, Issuer, Policy, PolicyError, Reject, Verdict, Verifier};
use serde_json::{Value, json};
use tokens::*;

#[track_caller]
fn trusted(verdict: Verdict) -> std::sync::Arc<sekisho_verify::Claims> {
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
