//! The sections of the account page where a person takes something back: access of applications, their data, and the account itself.

use crate::account::{open, signed_in};
use crate::account_sections::{mails, section, send, with_factor};
use crate::browser::{Answer, Browser};
use crate::site::{EMAIL, PASSWORD, SECRET, Site, authorize, engines};
use axum::http::{Method, StatusCode};
use sekisho_store::{consents, users};

engines!(
    access_of_an_application_ends_when_it_is_taken_back,
    everything_that_is_stored_can_be_taken_along,
    threat_31_a_deleted_account_opens_nothing_any_more,
);

/// Signs in to the application of somebody else, and allows what it asks for.
async fn allow(site: &Site, browser: &mut Browser<'_>, extra: &[(&str, &str)]) -> serde_json::Value {
    let page = browser.open(&authorize("third", extra)).await;
    let page = match page.body.contains("name=\"password\"") {
        true => browser.log_in(&page, EMAIL, PASSWORD).await,
        false => page,
    };
    assert!(page.body.contains("name=\"decision\""), "{}", page.body);
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [("state", state.as_str()), ("csrf", &csrf), ("decision", "allow")];
    let answer = browser.submit(&page.action(), &fields).await;
    let back = browser.follow(answer).await;
    let answer = site.redeem("third", &back.param("code").unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn refused(site: &Site, access: &str) -> bool {
    site.userinfo(access).await.status == StatusCode::UNAUTHORIZED
}

async fn access_of_an_application_ends_when_it_is_taken_back(site: Site) {
    let mut here = site.browser();
    let page = open(&mut here).await;
    assert!(page.body.contains("/account/apps\""));
    let none = section(&mut here, "/account/apps").await;
    assert!(none.body.contains("No app has access"), "{}", none.body);
    let tokens = allow(&site, &mut here, &[("scope", "openid email offline_access")]).await;
    let own = site.tokens("spa", &[("scope", "openid offline_access")]).await;
    site.pass(30);
    let page = section(&mut here, "/account/apps").await;
    for said in [
        "<bdi>App third</bdi>",
        "<bdi>App spa</bdi>",
        "See your e-mail address",
        "Other provider",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("client", "third")];
    let done = here.submit("/account/apps/end", &fields).await;
    assert_eq!(done.location(), "/account/apps?done=ended");
    let after = here.get(done.location()).await;
    assert!(after.body.contains("no longer has access") && !after.body.contains("App third"));
    assert!(refused(&site, tokens["access_token"].as_str().unwrap()).await);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("third", refresh).await.error(), "invalid_grant");
    let asked = here
        .open(&authorize("third", &[("scope", "openid email offline_access")]))
        .await;
    assert!(asked.body.contains("name=\"decision\""), "it has to ask again");
    assert!(
        !refused(&site, own["access_token"].as_str().unwrap()).await,
        "the other one goes on"
    );

    let fields = [("csrf", csrf.as_str()), ("client", "spa")];
    let done = here.submit("/account/apps/end", &fields).await;
    assert_eq!(done.location(), "/account/apps?done=ended");
    let refresh = own["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", refresh).await.error(), "invalid_grant");
    let again = here.submit("/account/apps/end", &fields).await;
    assert_eq!(again.location(), "/account/apps?done=already-ended");
    assert!(signed_in(&mut here).await, "the person stays signed in");
}

async fn everything_that_is_stored_can_be_taken_along(site: Site) {
    site.add_user("auth0|taro", "taro@example.com", PASSWORD).await;
    let mut here = site.browser();
    open(&mut here).await;
    allow(&site, &mut here, &[("scope", "openid offline_access")]).await;
    let page = section(&mut here, "/account/data").await;
    let file = send(&mut here, &page, &[]).await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    assert_eq!(file.header("content-type"), "application/json");
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert_eq!(file.header("cache-control"), "no-store");
    let data = file.json();
    assert_eq!(data["profile"]["email"], EMAIL);
    assert_eq!(data["profile"]["has_password"], true);
    assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(data["allowed"][0]["client_id"], "third");
    assert_eq!(data["grants"][0]["client_id"], "third");
    assert_eq!(data["events_complete"], true);
    let kinds: Vec<&str> = data["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"s") && kinds.contains(&"seacft"), "{kinds:?}");
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    for secret in [
        user.password_hash.unwrap().as_str(),
        "$argon2",
        "taro",
        here.jar["__Host-sekisho"].as_str(),
    ] {
        assert!(!file.body.contains(secret), "{secret}");
    }
    assert!(mails(&site).await[0].text.contains("was downloaded"));
    // A link of another site fetches nothing, and neither does a browser that was left open.
    assert_eq!(
        here.get("/account/data/download").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    site.pass(601);
    let away = send(&mut here, &page, &[]).await;
    assert!(away.location().starts_with("/authorize?") && away.param("prompt").as_deref() == Some("login"));
}

/// The form that deletes, filled in.
async fn delete(browser: &mut Browser<'_>, typed: &str) -> Answer {
    let page = section(browser, "/account/data/delete").await;
    assert!(
        page.body.contains("Nobody") || page.body.contains("for good"),
        "{}",
        page.body
    );
    send(browser, &page, &[("confirm", typed)]).await
}

async fn threat_31_a_deleted_account_opens_nothing_any_more(site: Site) {
    let spa = site.tokens("spa", &[("scope", "openid offline_access")]).await;
    let mut here = site.browser();
    open(&mut here).await;
    let third = allow(&site, &mut here, &[("scope", "openid offline_access")]).await;
    let pending = here
        .get(&authorize("spa", &[("prompt", "none")]))
        .await
        .param("code")
        .unwrap();
    let cookie = here.jar.clone();
    for wrong in ["", "taro@example.com", "delete"] {
        let again = delete(&mut here, wrong).await;
        assert_eq!(again.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(again.body.contains("not the e-mail address of this account"));
    }
    let gone = delete(&mut here, " Hanako@Example.com ").await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.body);
    assert!(gone.body.contains("Your account was deleted"));
    assert!(
        here.jar
            .keys()
            .all(|name| !name.contains("account") && name != "__Host-sekisho")
    );

    for tokens in [&spa, &third] {
        assert!(refused(&site, tokens["access_token"].as_str().unwrap()).await);
    }
    for (client, tokens) in [("spa", &spa), ("third", &third)] {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(site.refresh(client, refresh).await.error(), "invalid_grant");
    }
    assert_eq!(site.redeem("spa", &pending).await.error(), "invalid_grant");
    let token = spa["access_token"].as_str().unwrap();
    let asked = site
        .post("/oauth/introspect", Some(("web", SECRET)), &[("token", token)])
        .await;
    assert_eq!(asked.json()["active"], false, "{}", asked.body);
    let mut thief = site.browser();
    thief.jar = cookie;
    assert!(!signed_in(&mut thief).await);
    let page = thief.open("/account").await;
    assert!(page.body.contains("name=\"password\""));
    assert!(users::by_email(&site.app.db, EMAIL).await.unwrap().is_none());
    assert!(
        consents::of_user(
            &site.app.db,
            &sekisho_rules::id::UserId::new("auth0|0123456789abcdef01234567")
        )
        .await
        .unwrap()
        .is_empty()
    );
    let told = mails(&site).await;
    assert!(
        told[0].text.contains("was deleted") && told[0].to == EMAIL,
        "{}",
        told[0].text
    );

    // The page that refuses the old password is the page that refuses a stranger's.
    let mut anew = site.browser();
    let page = anew.open(&authorize("spa", &[])).await;
    let of_gone = anew.log_in(&page, EMAIL, PASSWORD).await;
    let page = anew.open(&authorize("spa", &[])).await;
    let of_nobody = anew.log_in(&page, "nobody@example.com", PASSWORD).await;
    assert_eq!(of_gone.status, of_nobody.status);
    // The address is free again, for a new account without a past.
    site.add_user("auth0|again", EMAIL, PASSWORD).await;
    let mut new = site.browser();
    open(&mut new).await;
    let page = section(&mut new, "/account/apps").await;
    assert!(page.body.contains("No app has access"));
}

#[tokio::test]
async fn a_browser_left_open_or_another_site_deletes_nothing() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    let page = section(&mut here, "/account/data/delete").await;
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("confirm", EMAIL)];
    let headers = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    for path in [
        "/account/data/delete",
        "/account/data/download",
        "/account/apps/end",
    ] {
        let answer = here.visit(Method::POST, path, &headers, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        let answer = here.submit(path, &[("csrf", "0000"), ("confirm", EMAIL)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    with_factor(&site).await;
    let away = send(&mut here, &page, &[("confirm", EMAIL)]).await;
    assert!(
        away.param("acr_values").unwrap().contains("multi-factor"),
        "the second factor is due"
    );
    site.pass(601);
    let away = send(&mut here, &page, &[("confirm", EMAIL)]).await;
    assert_eq!(away.param("prompt").as_deref(), Some("login"));
    assert!(users::by_email(&site.app.db, EMAIL).await.unwrap().is_some());
}
