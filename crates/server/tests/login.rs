//! Signing in on a hosted page, and the tokens that come of it.

use crate::browser::claims;
use crate::site::{API, CALLBACK, EMAIL, ISSUER, PASSWORD, Site, authorize};
use axum::http::StatusCode;

#[tokio::test]
async fn a_person_signs_in_and_the_application_gets_tokens_that_say_who_they_are() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let extra = [
        ("audience", API),
        ("nonce", "n-0S6=/+"),
        ("scope", "openid profile email offline_access read:notes admin"),
    ];
    let answer = browser.sign_in(&authorize("spa", &extra)).await;
    assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
    assert_eq!(answer.param("state").as_deref(), Some("xyz"));
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    assert_eq!(tokens["scope"], "openid profile email offline_access read:notes");

    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (id["iss"].as_str(), id["aud"].as_str()),
        (Some(ISSUER), Some("spa"))
    );
    assert_eq!(id["nonce"], "n-0S6=/+");
    assert_eq!(id["email"], EMAIL);
    assert_eq!(id["updated_at"], "2027-01-15T08:00:00.000Z");
    assert!(id["gid"].is_null() && id["sid"].is_string());

    let access = claims(&tokens["access_token"]);
    assert_eq!(
        access["aud"],
        serde_json::json!([API, format!("{ISSUER}userinfo")])
    );
    assert_eq!(access["azp"], "spa");
    assert_eq!(access["sid"], id["sid"]);
    assert!(access["gid"].is_string() && access["jti"].is_string() && access["gty"].is_null());

    let profile = site.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(profile.status, StatusCode::OK, "{}", profile.body);
    assert_eq!(profile.json()["sub"], id["sub"]);
}

#[tokio::test]
async fn the_second_application_signs_in_without_a_form() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let answer = browser.get(&authorize("web", &[])).await;
    assert!(answer.param("code").is_some());
    assert_eq!(
        site.redeem("web", &answer.param("code").unwrap()).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn threat_24_a_wrong_password_and_an_unknown_address_look_and_cost_the_same() {
    let site = Site::new().await;
    let mut seen = Vec::new();
    for (email, password) in [(EMAIL, "wrong password"), ("nobody@example.com", PASSWORD)] {
        let mut browser = site.browser();
        let page = browser.open(&authorize("spa", &[])).await;
        let before = site.app.passwords.hashes_done();
        let answer = browser.log_in(&page, email, password).await;
        let work = site.app.passwords.hashes_done() - before;
        let state = page.hidden("state");
        let body = answer
            .body
            .replace(email, "E")
            .replace(&state, "S")
            .replace(&page.hidden("csrf"), "C");
        let body = body.replace(answer.header("x-request-id"), "R");
        seen.push((
            answer.status,
            work,
            body.len(),
            browser.jar.contains_key("__Host-sekisho"),
        ));
    }
    assert_eq!(seen[0].1, 1);
    assert_eq!(seen[0], seen[1]);
    assert!(!seen[0].3);
}

#[tokio::test]
async fn an_unknown_path_is_json_for_a_program_and_a_page_for_a_person() {
    let site = Site::new().await;
    for path in ["/oauth/device/code", "/oauth/par", "/mfa/nothing"] {
        let answer = site.get(path).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{path}"
        );
    }
    let answer = site.get("/oauth/token").await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    );
    let mut browser = site.browser();
    let headers = [("accept", "text/html,application/xhtml+xml")];
    let page = browser
        .visit(axum::http::Method::GET, "/nowhere", &headers, &[])
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("<!doctype html>"), "{}", page.body);
}
