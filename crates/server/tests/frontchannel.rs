//! Front-channel logout: the applications' own pages in frames on the signed-out page, and on from there.

use crate::browser::{Answer, Browser, claims};
use crate::site::{EMAIL, PASSWORD, Site, authorize, form, wires};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use serde_json::Value;

wires!(
    applications_that_took_part_are_framed_and_the_browser_goes_on,
    without_an_address_to_return_to_the_page_stays,
    without_frames_nothing_is_in_the_way,
    ending_this_place_on_the_account_page_frames_them_too,
    a_refused_logout_frames_nobody,
);

async fn framed(site: &Site, client: &str, url: &str, session_required: bool) {
    let mut client = clients::find(&site.app, client).await.unwrap();
    client.callbacks.push("https://other.example/cb".to_owned());
    client.notices.frontchannel_url = Some(url.to_owned());
    client.notices.frontchannel_session_required = session_required;
    clients::update(&site.app, Operator, client).await.unwrap();
}

async fn sign_in(site: &Site, browser: &mut Browser<'_>, client: &str) -> Value {
    let page = browser.open(&authorize(client, &[])).await;
    let answer = match page.status.is_redirection() {
        true => page,
        false => browser.log_in(&page, EMAIL, PASSWORD).await,
    };
    let tokens = site.redeem(client, &answer.param("code").unwrap()).await.json();
    claims(&tokens["id_token"])
}

fn frames(page: &Answer) -> Vec<String> {
    let tags = page.body.split("<iframe ").skip(1);
    tags.map(|tag| {
        let tag = Answer {
            status: page.status,
            headers: page.headers.clone(),
            body: tag.to_owned(),
        };
        assert!(tag.body.contains("sandbox=\"allow-scripts allow-same-origin\""));
        tag.attribute("src")
    })
    .collect()
}

async fn two_apps(site: &Site, browser: &mut Browser<'_>) -> String {
    framed(site, "spa", "https://app.example/out?a=b&c", true).await;
    framed(site, "web", "https://other.example/out", false).await;
    framed(site, "native", "https://app.example/never", false).await;
    let id = sign_in(site, browser, "spa").await;
    sign_in(site, browser, "web").await;
    id["sid"].as_str().unwrap().to_owned()
}

async fn applications_that_took_part_are_framed_and_the_browser_goes_on(site: Site) {
    let mut browser = site.browser();
    let sid = two_apps(&site, &mut browser).await;
    let bye = "https://app.example/bye?from=here&x='%22;y";
    let fields = [("client_id", "spa"), ("returnTo", bye)];
    let page = browser.get(&format!("/v2/logout?{}", form(&fields))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert_eq!(
        frames(&page),
        [
            format!("https://app.example/out?a=b&c&iss=https%3A%2F%2Flogin.example%2F&sid={sid}"),
            "https://other.example/out".to_owned()
        ]
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.ends_with("; frame-src https://app.example https://other.example"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"));
    assert_eq!(page.header("x-frame-options"), "DENY");
    let onward = page.body.split("id=\"onward\"").nth(1).unwrap();
    let onward = Answer {
        body: onward.to_owned(),
        ..page
    };
    assert_eq!(onward.attribute("href"), bye);
    assert!(!browser.jar.contains_key("__Host-sekisho"));
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    // Again: the session is over, nobody has to be framed.
    let again = browser.get(&format!("/v2/logout?{}", form(&fields))).await;
    assert_eq!(again.location(), bye);
}

async fn without_an_address_to_return_to_the_page_stays(site: Site) {
    let mut browser = site.browser();
    two_apps(&site, &mut browser).await;
    let page = browser.get("/v2/logout?client_id=spa").await;
    assert_eq!(frames(&page).len(), 2);
    assert!(!page.body.contains("http-equiv=\"refresh\"") && !page.body.contains("id=\"onward\""));
    assert!(
        page.body.contains("href=\"https://app.example/bye\""),
        "the way back of the application"
    );
}

async fn without_frames_nothing_is_in_the_way(site: Site) {
    let mut browser = site.browser();
    sign_in(&site, &mut browser, "spa").await;
    let page = browser.get("/v2/logout?client_id=spa").await;
    assert!(frames(&page).is_empty() && !page.header("content-security-policy").contains("frame-src"));
}

async fn ending_this_place_on_the_account_page_frames_them_too(site: Site) {
    let mut browser = site.browser();
    two_apps(&site, &mut browser).await;
    let mut page = browser.open("/account").await;
    while page.status.is_redirection() {
        let to = page.location().to_owned();
        page = browser.get(&to).await;
    }
    let (csrf, here) = (page.hidden("csrf"), page.hidden("session"));
    let page = browser
        .submit("/account/sessions/end", &[("csrf", &csrf), ("session", &here)])
        .await;
    assert_eq!(frames(&page).len(), 2, "{}", page.body);
}

async fn a_refused_logout_frames_nobody(site: Site) {
    let mut browser = site.browser();
    two_apps(&site, &mut browser).await;
    for path in [
        "/v2/logout?client_id=spa&returnTo=https://evil.example/",
        "/oidc/logout",
    ] {
        let page = browser.get(path).await;
        assert!(frames(&page).is_empty(), "{path}");
    }
}
