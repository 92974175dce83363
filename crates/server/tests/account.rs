//! The account page: what a person sees of their sessions, and what they end.

use crate::browser::{Answer, Browser};
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::{Method, StatusCode};

engines!(
    a_person_sees_every_place_and_ends_one,
    a_person_ends_all_other_places,
    ending_this_place_signs_out_here,
);

/// Opens the account page, signing in on the way when needed.
pub(crate) async fn open(browser: &mut Browser<'_>) -> Answer {
    let page = browser.open("/account").await;
    let page = match page.body.contains("name=\"password\"") {
        true => browser.log_in(&page, EMAIL, PASSWORD).await,
        false => page,
    };
    through(browser, page).await
}

/// Follows the answer to our own client, which is an absolute address of ours.
pub(crate) async fn through(browser: &mut Browser<'_>, mut page: Answer) -> Answer {
    while page.status.is_redirection() {
        let to = page.location().to_owned();
        assert!(
            to.starts_with('/') || to.starts_with("https://login.example/"),
            "{to}"
        );
        page = browser.get(&to).await;
    }
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page
}

/// The sessions on the page, this browser's first.
fn places(page: &Answer) -> Vec<String> {
    let buttons = page.body.match_indices("name=\"session\" value=\"");
    let ids = buttons.map(|(at, found)| {
        let rest = &page.body[at + found.len()..];
        rest[..rest.find('"').unwrap()].to_owned()
    });
    ids.filter(|id| id != "others").collect()
}

async fn end(browser: &mut Browser<'_>, page: &Answer, session: &str) -> Answer {
    let csrf = page.hidden("csrf");
    browser
        .submit("/account/sessions/end", &[("csrf", &csrf), ("session", session)])
        .await
}

pub(crate) async fn signed_in(browser: &mut Browser<'_>) -> bool {
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    silent.param("code").is_some()
}

async fn a_person_sees_every_place_and_ends_one(site: Site) {
    let mut phone = site.browser();
    let code = phone
        .sign_in(&authorize("spa", &[("scope", "openid offline_access")]))
        .await;
    let tokens = site.redeem("spa", &code.param("code").unwrap()).await.json();
    let mut desk = site.browser();
    let page = open(&mut desk).await;
    let listed = places(&page);
    assert_eq!(listed.len(), 2, "{}", page.body);
    assert!(page.body.contains("Where you are signed in") && page.body.contains("This browser"));
    assert!(
        page.body.contains("<bdi>App spa</bdi>"),
        "the app used at the phone: {}",
        page.body
    );

    let done = end(&mut desk, &page, &listed[1]).await;
    assert_eq!(done.location(), "/account?done=ended");
    let page = desk.get("/account?done=ended").await;
    assert!(page.body.contains("That device is signed out."));
    assert_eq!(places(&page), listed[..1]);
    assert!(!signed_in(&mut phone).await, "the cookie there is dead");
    assert_eq!(
        site.userinfo(tokens["access_token"].as_str().unwrap())
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", refresh).await.error(), "invalid_grant");
    assert!(signed_in(&mut desk).await, "here goes on");
    let again = end(&mut desk, &page, &listed[1]).await;
    assert_eq!(again.location(), "/account?done=already-ended");
}

async fn a_person_ends_all_other_places(site: Site) {
    let (mut first, mut second) = (site.browser(), site.browser());
    first.sign_in(&authorize("spa", &[])).await;
    second.sign_in(&authorize("web", &[])).await;
    let mut here = site.browser();
    let page = open(&mut here).await;
    assert_eq!(places(&page).len(), 3);
    let done = end(&mut here, &page, "others").await;
    assert_eq!(done.location(), "/account?done=others-ended");
    for other in [&mut first, &mut second] {
        assert!(!signed_in(other).await);
    }
    assert!(signed_in(&mut here).await);
    let page = here.get("/account?done=others-ended").await;
    assert!(page.body.contains("You are signed out everywhere but here.") && places(&page).len() == 1);
    assert!(!page.body.contains("Sign out everywhere else"));
}

async fn ending_this_place_signs_out_here(site: Site) {
    let mut here = site.browser();
    let page = open(&mut here).await;
    let done = end(&mut here, &page, &places(&page)[0]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(
        here.jar
            .keys()
            .all(|name| !name.contains("account") && name != "__Host-sekisho")
    );
    let page = here.open("/account").await;
    assert!(
        page.body.contains("name=\"password\""),
        "signs in again: {}",
        page.body
    );
}

#[tokio::test]
async fn the_single_sign_on_cookie_alone_ends_nothing() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let page = open(&mut browser).await;
    let (csrf, session) = (page.hidden("csrf"), places(&page)[0].clone());
    browser.jar.retain(|name, _| name == "__Host-sekisho");
    let fields = [("csrf", csrf.as_str()), ("session", &session)];
    let answer = browser.submit("/account/sessions/end", &fields).await;
    assert_eq!(answer.location(), "/account");
    assert!(signed_in(&mut browser).await);
}

#[tokio::test]
async fn a_form_of_another_site_or_another_person_ends_nothing() {
    let site = Site::new().await;
    site.add_user("auth0|taro", "taro@example.com", PASSWORD).await;
    let mut taro = site.browser();
    let page = taro.open("/account").await;
    let page = taro.log_in(&page, "taro@example.com", PASSWORD).await;
    let page = through(&mut taro, page).await;
    let of_taro = places(&page)[0].clone();

    let mut hanako = site.browser();
    let page = open(&mut hanako).await;
    let csrf = page.hidden("csrf");
    let done = end(&mut hanako, &page, &of_taro).await;
    assert_eq!(done.location(), "/account?done=already-ended");
    assert!(signed_in(&mut taro).await);

    let own = places(&page)[0].clone();
    let fields = [("csrf", csrf.as_str()), ("session", &own)];
    for headers in [
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        [
            ("sec-fetch-site", "same-site"),
            ("origin", "https://app.login.example"),
        ],
    ] {
        let answer = hanako
            .visit(Method::POST, "/account/sessions/end", &headers, &fields)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let forged = [("csrf", "0000"), ("session", own.as_str())];
    let answer = hanako.submit("/account/sessions/end", &forged).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let none = [("csrf", csrf.as_str())];
    let answer = hanako.submit("/account/sessions/end", &none).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(signed_in(&mut hanako).await);
}

#[tokio::test]
async fn the_way_in_is_bound_to_its_browser_and_used_once() {
    let site = Site::new().await;
    let mut hanako = site.browser();
    let page = hanako.open("/account").await;
    let back = hanako.log_in(&page, EMAIL, PASSWORD).await;
    let callback = back.location().to_owned();
    assert!(callback.starts_with("https://login.example/account/callback?code="));
    let stranger = site.browser().get(&callback).await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    assert!(stranger.headers.get("set-cookie").is_none());
    let first = hanako.get(&callback).await;
    assert_eq!(first.location(), "/account");
    let second = hanako.get(&callback).await;
    assert_eq!(second.status, StatusCode::BAD_REQUEST);
    // The client of this page is good for nothing else.
    let elsewhere = authorize("sekisho-account", &[("redirect_uri", CALLBACK)]);
    assert_eq!(
        site.browser().get(&elsewhere).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_page_speaks_japanese() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.language = "ja";
    let page = open(&mut browser).await;
    assert!(page.body.contains("サインイン中の場所") && page.body.contains("このブラウザー"));
}
