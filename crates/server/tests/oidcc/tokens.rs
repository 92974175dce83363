//! The modules of the Basic plan about tokens and userinfo.

use super::{Suite, modules};
use crate::browser::{Answer, claims};
use crate::site::{CALLBACK, EMAIL, PASSWORD, SECRET, form, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::Value;

modules!(
    oidcc_idtoken_signature,
    oidcc_idtoken_unsigned,
    oidcc_userinfo_get,
    oidcc_userinfo_post_header,
    oidcc_userinfo_post_body,
    oidcc_scope_profile,
    oidcc_scope_email,
    oidcc_scope_address,
    oidcc_scope_phone,
    oidcc_scope_all,
    oidcc_codereuse,
    oidcc_codereuse_30seconds,
    oidcc_server_client_secret_post,
    oidcc_refresh_token,
);

/// The plan asks for a `kid` that names one published key; every sign-in here checks it.
async fn oidcc_idtoken_signature(suite: Suite) {
    let tokens = suite.sign_in(&mut suite.site.browser(), &[]).await;
    let header = tokens["id_token"].as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&sekisho_jose::base64url::decode(header).unwrap()).unwrap();
    assert_eq!(header["alg"], "RS256");
    assert!(header["kid"].is_string());
}

/// Skipped by the suite when discovery does not offer `none`.
async fn oidcc_idtoken_unsigned(suite: Suite) {
    let discovery = suite.site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(
        discovery["id_token_signing_alg_values_supported"],
        serde_json::json!(["RS256"])
    );
}

fn check_profile(answer: &Answer, tokens: &Value) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert_eq!(answer.json()["sub"], claims(&tokens["id_token"])["sub"]);
}

async fn oidcc_userinfo_get(suite: Suite) {
    let tokens = suite.sign_in(&mut suite.site.browser(), &[]).await;
    let answer = suite
        .site
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    check_profile(&answer, &tokens);
}

async fn oidcc_userinfo_post_header(suite: Suite) {
    let tokens = suite.sign_in(&mut suite.site.browser(), &[]).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let request = request(Method::POST, "/userinfo").header(header::AUTHORIZATION, bearer);
    check_profile(
        &suite.site.send(request.body(Body::empty()).unwrap()).await,
        &tokens,
    );
}

async fn oidcc_userinfo_post_body(suite: Suite) {
    let tokens = suite.sign_in(&mut suite.site.browser(), &[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let answer = suite
        .site
        .post("/userinfo", None, &[("access_token", token)])
        .await;
    check_profile(&answer, &tokens);
    // One way at a time (RFC 6750 section 2), and never in the query.
    let both = request(Method::POST, "/userinfo")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form(&[("access_token", token)])));
    let answer = suite.site.send(both.unwrap()).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
    let query = format!("/userinfo?{}", form(&[("access_token", token)]));
    assert_eq!(suite.site.get(&query).await.status, StatusCode::UNAUTHORIZED);
}

async fn profile_of(suite: &Suite, scope: &str) -> Value {
    let tokens = suite
        .sign_in(&mut suite.site.browser(), &[("scope", scope)])
        .await;
    let answer = suite
        .site
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    check_profile(&answer, &tokens);
    answer.json()
}

async fn oidcc_scope_profile(suite: Suite) {
    let profile = profile_of(&suite, "openid profile").await;
    for name in ["name", "nickname", "given_name", "family_name"] {
        assert!(profile[name].is_string(), "{name}");
    }
    assert!(
        profile["updated_at"].is_i64(),
        "a number of seconds by the standard"
    );
    assert!(profile.get("email").is_none());
}

async fn oidcc_scope_email(suite: Suite) {
    let profile = profile_of(&suite, "openid email").await;
    assert_eq!(profile["email"], EMAIL);
    assert_eq!(profile["email_verified"], true);
    assert!(profile.get("name").is_none());
}

/// A scope that discovery does not offer: the suite skips the module, a client that asks all the same signs in without it.
async fn not_offered(suite: &Suite, scope: &str) {
    let discovery = suite.site.get("/.well-known/openid-configuration").await.json();
    let offered = discovery["scopes_supported"].as_array().unwrap();
    assert!(!offered.contains(&scope.into()));
    let wanted = format!("openid {scope}");
    let tokens = suite
        .sign_in(&mut suite.site.browser(), &[("scope", &wanted)])
        .await;
    assert_eq!(tokens["scope"], "openid");
}

async fn oidcc_scope_address(suite: Suite) {
    not_offered(&suite, "address").await;
}

async fn oidcc_scope_phone(suite: Suite) {
    not_offered(&suite, "phone").await;
}

async fn oidcc_scope_all(suite: Suite) {
    let profile = profile_of(&suite, "openid profile email address phone").await;
    assert!(profile["name"].is_string() && profile["email"].is_string());
}

async fn reuse(suite: &Suite, seconds: i64) {
    let mut browser = suite.site.browser();
    let page = browser.open(&suite.url(&[])).await;
    let code = suite.code(&browser.log_in(&page, EMAIL, PASSWORD).await);
    let first = suite.exchange(&code).await.json();
    let token = first["access_token"].as_str().unwrap();
    assert_eq!(suite.site.userinfo(token).await.status, StatusCode::OK);
    suite.site.pass(seconds);
    let again = suite.exchange(&code).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "{}", again.body);
    assert_eq!(again.error(), "invalid_grant");
    // RFC 6749 section 4.1.2: what came of the code is revoked.
    assert_eq!(suite.site.userinfo(token).await.status, StatusCode::UNAUTHORIZED);
}

async fn oidcc_codereuse(suite: Suite) {
    reuse(&suite, 0).await;
}

async fn oidcc_codereuse_30seconds(suite: Suite) {
    reuse(&suite, 30).await;
}

async fn oidcc_server_client_secret_post(suite: Suite) {
    let mut browser = suite.site.browser();
    let page = browser.open(&suite.url(&[])).await;
    let code = suite.code(&browser.log_in(&page, EMAIL, PASSWORD).await);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", "web"),
        ("client_secret", SECRET),
    ];
    let answer = suite.site.post("/oauth/token", None, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    suite.check_id_token(&answer.json()["id_token"]).await;
}

async fn oidcc_refresh_token(suite: Suite) {
    let extra = [("scope", "openid offline_access"), ("prompt", "consent")];
    let first = suite.sign_in(&mut suite.site.browser(), &extra).await;
    let token = first["refresh_token"].as_str().unwrap();
    suite.site.pass(1);
    let answer = suite.site.refresh("web", token).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let second = answer.json();
    assert_ne!(first["access_token"], second["access_token"]);
    let (before, after) = (claims(&first["id_token"]), claims(&second["id_token"]));
    for name in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(after["iat"], suite.site.now().seconds());
    assert!(after.get("nonce").is_none_or(|nonce| *nonce == before["nonce"]));
    // Bound to its client.
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let answer = suite
        .site
        .post("/oauth/token", Some(("client2", SECRET)), &fields)
        .await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_grant".into())
    );
}
