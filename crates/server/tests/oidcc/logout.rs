//! The RP-Initiated Logout plan.

use super::{Mode, Suite};
use crate::browser::{Answer, Browser};
use crate::site::{ISSUER, form};
use axum::http::StatusCode;
use sekisho_jose::{Algorithm, SigningKey, jwt};
use serde_json::json;

const BYE: &str = "https://app.example/bye";

/// Signs in and sends the browser to the end session endpoint; `{hint}` stands for the ID token.
async fn logout<'a>(suite: &'a Suite, fields: &[(&str, &str)]) -> (Browser<'a>, Answer) {
    let mut browser = suite.site.browser();
    let tokens = suite.sign_in(&mut browser, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, if *value == "{hint}" { hint } else { value }))
        .collect();
    let answer = browser.get(&format!("/oidc/logout?{}", form(&fields))).await;
    (browser, answer)
}

async fn signed_in(suite: &Suite, browser: &mut Browser<'_>) -> bool {
    let answer = browser.get(&suite.url(&[("prompt", "none")])).await;
    let callback = suite.callback(&answer);
    match callback.get("error") {
        None => true,
        Some(error) => {
            assert_eq!(error, "login_required");
            false
        }
    }
}

/// The page asks; saying yes ends the session.
async fn confirm(suite: &Suite, browser: &mut Browser<'_>, page: &Answer) -> Answer {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(
        signed_in(suite, browser).await,
        "nothing ends before the person says yes"
    );
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let answer = browser
        .submit(&page.action(), &[("state", &state), ("csrf", &csrf)])
        .await;
    assert!(!signed_in(suite, browser).await);
    answer
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let suite = Suite::new(Mode::Default).await;
    let document = suite.site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["end_session_endpoint"], format!("{ISSUER}oidc/logout"));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let suite = Suite::new(Mode::Default).await;
    let fields = [
        ("id_token_hint", "{hint}"),
        ("post_logout_redirect_uri", BYE),
        ("state", "a/b+c=d e%"),
    ];
    let (mut browser, answer) = logout(&suite, &fields).await;
    assert_eq!(answer.location().split('?').next(), Some(BYE));
    assert_eq!(answer.param("state").as_deref(), Some("a/b+c=d e%"));
    assert!(!signed_in(&suite, &mut browser).await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let suite = Suite::new(Mode::Default).await;
    let (mut browser, answer) = logout(
        &suite,
        &[("id_token_hint", "{hint}"), ("post_logout_redirect_uri", BYE)],
    )
    .await;
    assert_eq!(answer.location(), BYE, "no state is made up");
    assert!(!signed_in(&suite, &mut browser).await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let suite = Suite::new(Mode::Default).await;
    let (mut browser, answer) = logout(&suite, &[("id_token_hint", "{hint}"), ("state", "s")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.get("location").is_none());
    assert!(!signed_in(&suite, &mut browser).await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let suite = Suite::new(Mode::Default).await;
    let (mut browser, answer) = logout(&suite, &[("post_logout_redirect_uri", BYE), ("state", "s")]).await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "nobody is named for whom the address counts"
    );
    assert!(answer.headers.get("location").is_none() && signed_in(&suite, &mut browser).await);
    // With the client's name the person is asked, and then returns.
    let fields = [
        ("post_logout_redirect_uri", BYE),
        ("client_id", "web"),
        ("state", "s"),
    ];
    let page = browser.get(&format!("/oidc/logout?{}", form(&fields))).await;
    let answer = confirm(&suite, &mut browser, &page).await;
    assert_eq!(answer.location(), format!("{BYE}?state=s"));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    let suite = Suite::new(Mode::Default).await;
    let (mut browser, page) = logout(&suite, &[]).await;
    let answer = confirm(&suite, &mut browser, &page).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    let suite = Suite::new(Mode::Default).await;
    let (mut browser, page) = logout(&suite, &[("state", "s")]).await;
    let answer = confirm(&suite, &mut browser, &page).await;
    assert_eq!(answer.status, StatusCode::OK);
}

async fn refused(suite: &Suite, fields: &[(&str, &str)]) {
    let (mut browser, answer) = logout(suite, fields).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert!(answer.headers.get("location").is_none());
    assert!(
        signed_in(suite, &mut browser).await,
        "a refused logout ends nothing"
    );
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let suite = Suite::new(Mode::Default).await;
    let bad = "https://app.example/bye/foo";
    refused(
        &suite,
        &[("id_token_hint", "{hint}"), ("post_logout_redirect_uri", bad)],
    )
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let suite = Suite::new(Mode::Default).await;
    let bad = "https://app.example/bye?extra=1";
    refused(
        &suite,
        &[("id_token_hint", "{hint}"), ("post_logout_redirect_uri", bad)],
    )
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let suite = Suite::new(Mode::Default).await;
    let mut browser = suite.site.browser();
    let tokens = suite.sign_in(&mut browser, &[]).await;
    let token = tokens["id_token"].as_str().unwrap();
    let (start, signature) = token.rsplit_once('.').unwrap();
    let changed: String = signature.chars().rev().collect();
    let modified = format!("{start}.{changed}");
    refused(
        &suite,
        &[("id_token_hint", &modified), ("post_logout_redirect_uri", BYE)],
    )
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let suite = Suite::new(Mode::Default).await;
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("suite");
    let claims = json!({ "iss": ISSUER, "sub": "auth0|0123456789abcdef01234567", "aud": "web", "iat": 1, "exp": 4_000_000_000_i64 });
    let forged = jwt::sign(&claims, "JWT", &key).unwrap();
    refused(
        &suite,
        &[("id_token_hint", &forged), ("post_logout_redirect_uri", BYE)],
    )
    .await;
    refused(&suite, &[("id_token_hint", "nonsense")]).await;
}
