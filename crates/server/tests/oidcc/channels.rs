//! The plans Back-Channel, Front-Channel and Session Management, each beside RP-Initiated Logout.

use super::{Mode, Suite};
use crate::browser::{Answer, Browser, claims};
use crate::relying_party::RelyingParty;
use crate::site::{CALLBACK, ISSUER, Site, authorize, form};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use sekisho_rules::client::Client;
use sekisho_rules::session_state::session_state;
use serde_json::Value;

const BYE: &str = "https://app.example/bye";

async fn discovery(suite: &Suite) -> Value {
    let document = suite.site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["end_session_endpoint"], format!("{ISSUER}oidc/logout"));
    document
}

/// Registers `web` anew, as the suite's documents ask.
async fn register(suite: &Suite, change: impl FnOnce(&mut Client)) {
    let mut client = clients::find(&suite.site.app, "web").await.unwrap();
    change(&mut client);
    clients::update(&suite.site.app, Operator, client).await.unwrap();
}

/// Sends the browser to the end session endpoint with everything the suite sends.
async fn log_out(browser: &mut Browser<'_>, tokens: &Value) -> Answer {
    let fields = [
        ("id_token_hint", tokens["id_token"].as_str().unwrap()),
        ("post_logout_redirect_uri", BYE),
        ("state", "s-1"),
    ];
    browser.get(&format!("/oidc/logout?{}", form(&fields))).await
}

async fn is_signed_out(suite: &Suite, browser: &mut Browser<'_>) {
    let answer = browser.get(&suite.url(&[("prompt", "none")])).await;
    assert_eq!(suite.callback(&answer)["error"], "login_required");
}

#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    let suite = Suite::new(Mode::Default).await;
    let document = discovery(&suite).await;
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let suite = Suite::new(Mode::Default).await;
    let mut app = RelyingParty::start().await;
    app.stands_for(&suite.site, "web").await;
    register(&suite, |client| {
        client.notices.backchannel_session_required = true;
    })
    .await;
    let mut browser = suite.site.browser();
    let tokens = suite.sign_in(&mut browser, &[]).await;
    let answer = log_out(&mut browser, &tokens).await;
    assert_eq!(answer.location(), format!("{BYE}?state=s-1"));
    let told = app.told(&suite.site, "web").await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["sub"], &told[0]["sid"]), (&id["sub"], &id["sid"]));
    is_signed_out(&suite, &mut browser).await;
}

#[tokio::test]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    let suite = Suite::new(Mode::Default).await;
    let document = discovery(&suite).await;
    assert_eq!(document["frontchannel_logout_supported"], true);
    assert_eq!(document["frontchannel_logout_session_supported"], true);
}

#[tokio::test]
async fn oidcc_frontchannel_rp_initiated_logout() {
    let suite = Suite::new(Mode::Default).await;
    register(&suite, |client| {
        client.notices.frontchannel_url = Some("https://app.example/frontchannel_logout".to_owned());
        client.notices.frontchannel_session_required = true;
    })
    .await;
    let mut browser = suite.site.browser();
    let tokens = suite.sign_in(&mut browser, &[]).await;
    let page = log_out(&mut browser, &tokens).await;
    assert_eq!(page.status, StatusCode::OK);
    let id = claims(&tokens["id_token"]);
    let expected = form(&[("iss", ISSUER), ("sid", id["sid"].as_str().unwrap())]);
    let frame = page.body.split("<iframe ").nth(1).unwrap();
    let frame = Answer {
        body: frame.to_owned(),
        ..page
    };
    assert_eq!(
        frame.attribute("src"),
        format!("https://app.example/frontchannel_logout?{expected}")
    );
    is_signed_out(&suite, &mut browser).await;
}

#[tokio::test]
async fn oidcc_session_management_discovery_endpoint_verification() {
    let suite = Suite::new(Mode::Default).await;
    let document = discovery(&suite).await;
    let frame = document["check_session_iframe"].as_str().unwrap();
    assert!(frame.starts_with(ISSUER));
    let page = suite
        .site
        .get(frame.strip_prefix("https://login.example").unwrap())
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.headers.get("x-frame-options").is_none(),
        "applications frame it"
    );
    assert!(
        page.header("content-security-policy")
            .ends_with("frame-ancestors *")
    );
}

/// What the script of the frame says to this `session_state`; a story in a real browser runs the script itself.
fn frame_says(browser: &Browser<'_>, told: &str) -> &'static str {
    let state = browser.jar.get("__Host-sekisho-state").map_or("", String::as_str);
    let (_, salt) = told.split_once('.').unwrap();
    match session_state("web", "https://app.example", state, salt) == told {
        true => "unchanged",
        false => "changed",
    }
}

#[tokio::test]
async fn oidcc_session_management_rp_initiated_logout() {
    let suite = Suite::new(Mode::Default).await;
    let mut browser = suite.site.browser();
    let page = browser.open(&suite.url(&[])).await;
    let answer = browser
        .log_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
        .await;
    assert!(answer.location().starts_with(CALLBACK));
    let told = answer.param("session_state").unwrap();
    assert!(!told.contains(' '));
    assert_eq!(frame_says(&browser, &told), "unchanged");
    let tokens = suite.tokens(&answer).await;
    // Asking again changes nothing.
    let silent = browser.get(&suite.url(&[("prompt", "none")])).await;
    let again = silent.param("session_state").unwrap();
    assert_ne!(again, told, "another salt");
    assert_eq!(
        (frame_says(&browser, &told), frame_says(&browser, &again)),
        ("unchanged", "unchanged")
    );
    let answer = log_out(&mut browser, &tokens).await;
    assert_eq!(answer.location(), format!("{BYE}?state=s-1"));
    assert!(!browser.jar.contains_key("__Host-sekisho-state"));
    assert_eq!(frame_says(&browser, &told), "changed");
}

#[tokio::test]
async fn the_browser_state_changes_with_the_person_and_says_nothing() {
    let suite = Suite::new(Mode::Default).await;
    let mut browser = suite.site.browser();
    suite.sign_in(&mut browser, &[]).await;
    let first = browser.jar["__Host-sekisho-state"].clone();
    let secret = browser.jar["__Host-sekisho"].clone();
    assert!(!secret.contains(&first) && first.len() == 32);
    suite.sign_in(&mut browser, &[]).await;
    assert_eq!(
        browser.jar["__Host-sekisho-state"], first,
        "nobody signed in anew"
    );
    suite.sign_in(&mut browser, &[("prompt", "login")]).await;
    assert_ne!(browser.jar["__Host-sekisho-state"], first);
}

#[tokio::test]
async fn auth0s_wire_knows_nothing_of_session_management() {
    let site = Site::new().await;
    let document = site.get("/.well-known/openid-configuration").await.json();
    assert!(document.get("check_session_iframe").is_none());
    assert_eq!(site.get("/oidc/session").await.status, StatusCode::NOT_FOUND);
    let mut browser = site.browser();
    let answer = browser.sign_in(&authorize("spa", &[])).await;
    assert_eq!(answer.param("session_state"), None);
    assert!(!browser.jar.contains_key("__Host-sekisho-state"));
}

#[tokio::test]
async fn a_session_that_ended_elsewhere_takes_the_state_along_at_the_next_visit() {
    let suite = Suite::new(Mode::Default).await;
    let mut browser = suite.site.browser();
    suite.sign_in(&mut browser, &[]).await;
    assert!(browser.jar.contains_key("__Host-sekisho-state"));
    suite.site.pass(suite.site.app.config.session.absolute + 1);
    is_signed_out(&suite, &mut browser).await;
    assert!(!browser.jar.contains_key("__Host-sekisho-state"));
}
