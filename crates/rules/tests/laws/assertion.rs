//! Laws of client assertions: change any one claim, the key or the kind of token, and nobody is authenticated.

use crate::world::{ISSUER, NOW, RECIPIENT, client, parameters};
use proptest::prelude::*;
use sekisho_jose::{Algorithm, JwkSet, SigningKey, jwt};
use sekisho_rules::client::{AuthMethod, Client, Standing};
use sekisho_rules::client_auth::{ASSERTION_ALGORITHMS, AssertionUse, Presented, authenticate, present};
use sekisho_rules::id::ClientId;
use sekisho_rules::refusal::Reason;
use serde_json::{Value, json};
use std::sync::LazyLock;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap().with_kid("k1"));
static OTHER_KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(Algorithm::Es256).unwrap());

fn set_of(keys: &[&SigningKey]) -> String {
    let set: JwkSet = keys.iter().filter_map(|key| key.public_jwk()).collect();
    serde_json::to_string(&set).unwrap()
}

fn with_key(keys: &[&SigningKey]) -> Client {
    Client {
        id: ClientId::new("service"),
        auth_method: AuthMethod::PrivateKeyJwt,
        jwks: Some(set_of(keys)),
        ..client()
    }
}

fn good_claims() -> Value {
    json!({
        "iss": "service", "sub": "service", "aud": ISSUER, "jti": "j1",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 60,
    })
}

/// The good claims with one of them replaced; `null` takes it away.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = good_claims();
    let object = claims.as_object_mut().unwrap();
    match value {
        Value::Null => object.remove(name),
        value => object.insert(name.to_owned(), value),
    };
    claims
}

fn presenting(token: &str) -> Presented {
    let body = parameters(&[
        ("client_id", "service"),
        ("client_assertion", token),
        ("client_assertion_type", JWT_BEARER),
    ]);
    present(None, &body).ok().unwrap()
}

fn outcome(client: Client, token: &str) -> Option<AssertionUse> {
    match authenticate(client, Some("s3cret"), &presenting(token), RECIPIENT, NOW) {
        Ok(authenticated) => Some(authenticated.assertion().unwrap().clone()),
        Err(refusal) => {
            assert_eq!(refusal.reason, Reason::ClientAuthentication);
            assert!(!refusal.private.contains("s3cret") && !refusal.private.is_empty());
            None
        }
    }
}

fn accepted(claims: &Value) -> bool {
    outcome(with_key(&[&KEY]), &jwt::sign(claims, "JWT", &KEY).unwrap()).is_some()
}

#[test]
fn rfc7523_section_3_a_good_assertion_authenticates_and_must_be_claimed() {
    let token = jwt::sign(&good_claims(), "JWT", &KEY).unwrap();
    let claim = AssertionUse {
        jti: "j1".to_owned(),
        expires_at: NOW.plus_seconds(60),
    };
    assert_eq!(outcome(with_key(&[&KEY]), &token), Some(claim));
    assert!(accepted(&claims_with("aud", json!(RECIPIENT.token_endpoint))));
    assert!(accepted(&claims_with("aud", json!([ISSUER]))));
    assert!(accepted(&claims_with(
        "aud",
        json!([ISSUER, RECIPIENT.token_endpoint])
    )));
    assert!(accepted(&claims_with("iat", Value::Null)));
    assert!(accepted(&claims_with("nbf", json!(NOW.seconds()))));
    assert!(accepted(&claims_with("iat", json!(NOW.seconds() + 60))));
    assert!(accepted(&claims_with("exp", json!(NOW.seconds() + 600))));
}

#[test]
fn rfc7523_section_3_any_one_claim_changed_refuses() {
    let at = |seconds: i64| json!(NOW.seconds() + seconds);
    for (name, value) in [
        ("iss", Value::Null),
        ("iss", json!("other")),
        ("iss", json!("Service")),
        ("iss", json!(ISSUER)),
        ("sub", Value::Null),
        ("sub", json!("other")),
        ("sub", json!("service@clients")),
        ("aud", Value::Null),
        ("aud", json!("https://id.example")),
        ("aud", json!("https://other.example/")),
        ("aud", json!([ISSUER, "https://other.example/"])),
        ("aud", json!([])),
        ("aud", json!([[ISSUER]])),
        ("aud", json!("https://id.example/userinfo")),
        ("exp", Value::Null),
        ("exp", at(0)),
        ("exp", at(-1)),
        ("exp", at(601)),
        ("exp", json!(NOW.seconds().to_string())),
        ("exp", json!(NOW.seconds() as f64 + 60.5)),
        ("iat", at(61)),
        ("nbf", at(61)),
        ("nbf", json!([])),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("a\0b")),
        ("jti", json!("a".repeat(256))),
    ] {
        assert!(!accepted(&claims_with(name, value.clone())), "{name} {value}");
    }
}

#[test]
fn threat_05_the_key_must_be_the_clients_and_fit_the_algorithm() {
    let claims = good_claims();
    let token = jwt::sign(&claims, "JWT", &KEY).unwrap();
    assert!(outcome(with_key(&[&OTHER_KEY]), &token).is_none());
    assert!(outcome(with_key(&[]), &token).is_none());
    for jwks in [
        None,
        Some(""),
        Some("{}"),
        Some("[]"),
        Some("{\"keys\":[{\"kty\":\"oct\",\"k\":\"czNjcmV0\"}]}"),
    ] {
        let client = Client {
            jwks: jwks.map(str::to_owned),
            ..with_key(&[])
        };
        assert!(outcome(client, &token).is_none(), "{jwks:?}");
    }
    // HMAC with what everybody can read, or with the client's secret.
    for secret in [
        set_of(&[&KEY]).into_bytes(),
        KEY.verifying_key().to_spki_der().unwrap(),
        b"s3cret".repeat(8),
    ] {
        let hmac = SigningKey::hmac(Algorithm::Hs256, &secret).unwrap();
        let forged = jwt::sign(&claims, "JWT", &hmac).unwrap();
        assert!(outcome(with_key(&[&KEY]), &forged).is_none());
        let named = jwt::sign(&claims, "JWT", &hmac.with_kid("k1")).unwrap();
        assert!(outcome(with_key(&[&KEY]), &named).is_none());
    }
    // A shared secret among the keys is never taken.
    let hmac = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap();
    let shared =
        json!({"keys": [{"kty": "oct", "alg": "HS256", "k": sekisho_jose::base64url::encode(&[7; 32])}]});
    let client = Client {
        jwks: Some(shared.to_string()),
        ..with_key(&[])
    };
    assert!(outcome(client, &jwt::sign(&claims, "JWT", &hmac).unwrap()).is_none());
    let (_, rest) = token.split_once('.').unwrap();
    let none = format!(
        "{}.{rest}",
        sekisho_jose::base64url::encode(b"{\"alg\":\"none\"}")
    );
    assert!(outcome(with_key(&[&KEY]), &none).is_none());
}

#[test]
fn keys_can_be_replaced_with_and_without_names() {
    let unnamed = SigningKey::generate(Algorithm::Es256).unwrap();
    let both = || with_key(&[&OTHER_KEY, &unnamed]);
    for key in [&*OTHER_KEY, &unnamed] {
        assert!(outcome(both(), &jwt::sign(&good_claims(), "JWT", key).unwrap()).is_some());
    }
    // A client that names its key although its set does not, and the other way round.
    assert!(
        outcome(
            both(),
            &jwt::sign(&good_claims(), "JWT", &unnamed.with_kid("x")).unwrap()
        )
        .is_some()
    );
    let pem = KEY.to_pem().unwrap();
    let nameless = SigningKey::from_pem(Algorithm::Es256, &pem).unwrap();
    assert!(
        outcome(
            with_key(&[&KEY]),
            &jwt::sign(&good_claims(), "JWT", &nameless).unwrap()
        )
        .is_some()
    );
    assert!(
        outcome(
            with_key(&[&KEY]),
            &jwt::sign(&good_claims(), "JWT", &nameless.with_kid("x")).unwrap()
        )
        .is_none()
    );
}

#[test]
fn every_advertised_algorithm_works_and_the_others_do_not() {
    let rsa = SigningKey::generate(Algorithm::Rs256).unwrap().to_pem().unwrap();
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps512,
    ] {
        let key = SigningKey::from_pem(algorithm, &rsa).unwrap();
        let token = jwt::sign(&good_claims(), "JWT", &key).unwrap();
        let advertised = ASSERTION_ALGORITHMS.contains(&algorithm);
        assert_eq!(
            outcome(with_key(&[&key]), &token).is_some(),
            advertised,
            "{algorithm}"
        );
    }
    for algorithm in [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = jwt::sign(&good_claims(), "JWT", &key).unwrap();
        let advertised = ASSERTION_ALGORITHMS.contains(&algorithm);
        assert_eq!(
            outcome(with_key(&[&key]), &token).is_some(),
            advertised,
            "{algorithm}"
        );
    }
}

#[test]
fn threat_j09_another_kind_of_token_is_no_assertion() {
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/jwt"] {
        assert!(
            outcome(with_key(&[&KEY]), &jwt::sign(&good_claims(), typ, &KEY).unwrap()).is_some(),
            "{typ}"
        );
    }
    for typ in [
        "at+jwt",
        "application/at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "",
    ] {
        assert!(
            outcome(with_key(&[&KEY]), &jwt::sign(&good_claims(), typ, &KEY).unwrap()).is_none(),
            "{typ}"
        );
    }
    // Tokens of ours, signed with our key, even for a client that published our keys as its own.
    let access = json!({
        "iss": ISSUER, "sub": "service@clients", "aud": "https://api.example", "azp": "service", "jti": "j", "gid": "g",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 60,
    });
    let id_token = json!({
        "iss": ISSUER, "sub": "auth0|1", "aud": "service", "iat": NOW.seconds(), "exp": NOW.seconds() + 60, "nonce": "n",
    });
    for claims in [access, id_token] {
        assert!(!accepted(&claims), "{claims}");
    }
}

#[test]
fn rfc7521_section_4_2_the_client_id_may_be_left_out_and_must_not_differ() {
    let token = jwt::sign(&good_claims(), "JWT", &KEY).unwrap();
    let pairs = [
        ("client_assertion", token.as_str()),
        ("client_assertion_type", JWT_BEARER),
    ];
    let presented = present(None, &parameters(&pairs)).ok().unwrap();
    assert_eq!(presented.client_ids().next(), Some(&ClientId::new("service")));
    assert!(authenticate(with_key(&[&KEY]), None, &presented, RECIPIENT, NOW).is_ok());
    // Said to be another client's: it is looked up, and its own key decides.
    let pairs = [pairs.as_slice(), &[("client_id", "other")]].concat();
    let presented = present(None, &parameters(&pairs)).ok().unwrap();
    let other = Client {
        id: ClientId::new("other"),
        ..with_key(&[&KEY])
    };
    assert!(authenticate(other, None, &presented, RECIPIENT, NOW).is_err());
    assert!(authenticate(with_key(&[&KEY]), None, &presented, RECIPIENT, NOW).is_err());
    for (assertion, kind) in [
        ("junk", JWT_BEARER),
        ("a.b.c", JWT_BEARER),
        (token.as_str(), "x"),
        (token.as_str(), ""),
    ] {
        let pairs = [("client_assertion", assertion), ("client_assertion_type", kind)];
        assert!(present(None, &parameters(&pairs)).is_err(), "{kind}");
    }
}

#[test]
fn threat_18_a_disabled_client_cannot_use_its_key() {
    let token = jwt::sign(&good_claims(), "JWT", &KEY).unwrap();
    assert!(
        outcome(
            Client {
                standing: Standing::Disabled,
                ..with_key(&[&KEY])
            },
            &token
        )
        .is_none()
    );
    for method in [AuthMethod::None, AuthMethod::SecretBasic, AuthMethod::SecretPost] {
        assert!(
            outcome(
                Client {
                    auth_method: method,
                    ..with_key(&[&KEY])
                },
                &token
            )
            .is_none(),
            "{method:?}"
        );
    }
}

proptest! {
    #[test]
    fn an_assertion_changed_in_one_character_is_refused(at in any::<prop::sample::Index>(), other in "[A-Za-z0-9_.=-]") {
        let token = jwt::sign(&good_claims(), "JWT", &KEY).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &other);
        prop_assert_eq!(outcome(with_key(&[&KEY]), &changed).is_some(), changed == token);
    }

    #[test]
    fn an_assertion_is_good_until_exp_and_exp_is_near(ahead in -100_i64..1_000, late in -100_i64..1_000) {
        let token = jwt::sign(&claims_with("exp", json!(NOW.seconds() + ahead)), "JWT", &KEY).unwrap();
        let now = NOW.plus_seconds(late);
        let claims = claims_with("exp", json!(NOW.seconds() + ahead));
        let issued = claims["iat"].as_i64().unwrap();
        let good = authenticate(with_key(&[&KEY]), None, &presenting(&token), RECIPIENT, now).is_ok();
        let expected = ahead > late && ahead - late <= 600 && issued <= now.seconds() + 60;
        prop_assert_eq!(good, expected);
    }
}
