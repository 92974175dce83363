//! After a backup was restored, nothing that was granted before is worth anything.

use crate::site::{API, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::restore;

engines!(threat_32_what_was_granted_before_a_restore_is_refused);

async fn threat_32_what_was_granted_before_a_restore_is_refused(site: Site) {
    let mut browser = site.browser();
    let request = authorize("spa", &[("scope", "openid offline_access"), ("audience", API)]);
    let code = browser.sign_in(&request).await.param("code").unwrap();
    let first = site.redeem("spa", &code).await.json();
    let rotated = site
        .refresh("spa", first["refresh_token"].as_str().unwrap())
        .await
        .json();
    let unused = browser.get(&request).await.param("code").unwrap();

    restore::restored(&site.app, Operator).await.unwrap();

    for tokens in [&first, &rotated] {
        let answer = site
            .refresh("spa", tokens["refresh_token"].as_str().unwrap())
            .await;
        assert_eq!(answer.error(), "invalid_grant", "{}", answer.body);
        let profile = site.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(profile.status, StatusCode::UNAUTHORIZED, "{}", profile.body);
    }
    assert_eq!(site.redeem("spa", &unused).await.error(), "invalid_grant");
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    // A restart forgets none of it, and signing in again works.
    let site = site.restart().await;
    let old = rotated["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", old).await.error(), "invalid_grant");
    site.pass(5);
    site.tokens("spa", &[]).await;
}
