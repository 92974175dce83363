//! The Config plan.

use crate::site::{ISSUER, Site};
use axum::http::StatusCode;
use std::collections::BTreeSet;

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let site = Site::standard().await;
    let answer = site.get("/.well-known/openid-configuration").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-type").starts_with("application/json"));
    let document = answer.json();
    assert_eq!(document["issuer"], ISSUER);
    for (name, wanted) in [
        ("response_types_supported", "code"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("grant_types_supported", "authorization_code"),
        ("grant_types_supported", "refresh_token"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("code_challenge_methods_supported", "S256"),
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("token_endpoint_auth_methods_supported", "client_secret_post"),
        ("ui_locales_supported", "ja"),
    ] {
        let list = document[name]
            .as_array()
            .unwrap_or_else(|| panic!("{name} is no list"));
        assert!(list.contains(&wanted.into()), "{name} lacks {wanted}");
    }
    // Every endpoint is https and at the issuer.
    let endpoints = document.as_object().unwrap().iter();
    let endpoints: BTreeSet<&str> = endpoints
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        .map(|(_, value)| value.as_str().unwrap())
        .collect();
    assert_eq!(endpoints.len(), 8, "{endpoints:?}");
    assert!(endpoints.iter().all(|endpoint| endpoint.starts_with(ISSUER)));
    // What is not built is not offered.
    for name in [
        "claims_parameter_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
    ] {
        assert_eq!(document[name], false, "{name}");
    }
    for name in ["registration_endpoint", "userinfo_signing_alg_values_supported"] {
        assert!(document.get(name).is_none(), "{name}");
    }
    assert_eq!(
        site.get("/.well-known/oauth-authorization-server").await.body,
        answer.body
    );

    let keys = site.get("/.well-known/jwks.json").await.json();
    let keys = keys["keys"].as_array().unwrap();
    let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), keys.len());
    for key in keys {
        assert_eq!((&key["kty"], &key["use"]), (&"RSA".into(), &"sig".into()));
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}
