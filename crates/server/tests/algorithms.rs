//! Access tokens signed with ES256: for APIs that ask for it, when the operator switched it on.

use crate::seed::api;
use crate::site::{SECRET, Site};
use axum::http::StatusCode;
use sekisho_jose::{Algorithm, Buffer, Jwk, VerifyingKey, jws};

const EC_API: &str = "https://ec.example/";

#[tokio::test]
async fn an_api_gets_es256_tokens_and_the_key_set_publishes_their_key() {
    let site = Site::with(&[("SEKISHO_NON_RSA_KEYS", "on")]).await;
    let mut ec = api(EC_API);
    ec.id = "ec".to_owned();
    ec.signing_alg = Algorithm::Es256;
    site.add_api(ec).await;
    site.allow("machine", EC_API, "read:notes").await;
    let fields = [("grant_type", "client_credentials"), ("audience", EC_API)];
    let answer = site
        .post("/oauth/token", Some(("machine", SECRET)), &fields)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let kid = jws::Unverified::parse(&token).unwrap().kid().unwrap().to_owned();

    let set = site.get("/.well-known/jwks.json").await.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.iter().filter(|key| key["alg"] == "ES256").count(), 2);
    assert_eq!(keys.iter().filter(|key| key["alg"] == "RS256").count(), 2);
    let key = keys.iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    let jwk: Jwk = serde_json::from_value(key.clone()).unwrap();
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    assert!(jws::verify(&token, &key, &mut Buffer::new()).is_ok());
    let discovery = site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(
        discovery["id_token_signing_alg_values_supported"],
        serde_json::json!(["RS256", "ES256"])
    );
}

#[tokio::test]
async fn the_key_set_holds_only_rsa_keys_until_the_operator_says_otherwise() {
    let site = Site::new().await;
    let set = site.get("/.well-known/jwks.json").await.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(
        keys.iter()
            .all(|key| key["kty"] == "RSA" && key["alg"] == "RS256"),
        "{set}"
    );
}
