//! The sections of the account page where a person changes something about themselves: profile, password, and the fresh login before it.

use crate::account::{open, signed_in, through};
use crate::browser::{Answer, Browser, claims};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::{Method, StatusCode};
use sekisho::mail::{Kept, Post};
use sekisho_rules::factor::FactorKind;
use sekisho_store::factors::{self, Factor};
use sekisho_store::users::{self, NewHash};

const CHOSEN: &str = "ginkgo on the long road 53";

engines!(
    a_profile_reaches_the_next_token,
    a_changed_password_ends_everything_but_this_browser,
    an_account_without_a_password_gets_one,
);

/// Everything that was mailed so far, newest first.
pub(crate) async fn mails(site: &Site) -> Vec<Kept> {
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

/// Opens a section at a browser that has been at the account page.
pub(crate) async fn section(browser: &mut Browser<'_>, path: &str) -> Answer {
    let page = browser.get(path).await;
    through(browser, page).await
}

/// Sends the form of a section with its token.
pub(crate) async fn send(browser: &mut Browser<'_>, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let csrf = page.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend_from_slice(fields);
    browser.submit(&page.action(), &all).await
}

/// Gives the user of the stories a second factor.
pub(crate) async fn with_factor(site: &Site) {
    let now = site.now();
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    let factor = Factor {
        id: "totp|dev_abcdefghijklmnop".to_owned(),
        user_id: user.id,
        kind: FactorKind::Totp,
        name: "Phone".to_owned(),
        sealed: Some(vec![1, 2, 3]),
        last_step: -1,
        created_at: now,
        confirmed_at: Some(now),
        last_used_at: None,
    };
    let added = site.app.db.tx(async move |tx| factors::insert(tx, &factor).await);
    added.await.unwrap();
}

async fn without_password(site: &Site) {
    let gone = site.app.db.tx(async move |tx| {
        tx.run("UPDATE users SET password_hash = NULL", sekisho_store::args![])
            .await
    });
    gone.await.unwrap();
}

async fn a_profile_reaches_the_next_token(site: Site) {
    let mut browser = site.browser();
    open(&mut browser).await;
    let page = section(&mut browser, "/account/profile").await;
    assert!(
        page.body.contains("aria-current=\"page\">Profile"),
        "{}",
        page.body
    );
    site.pass(5);
    let fields = [
        ("name", " Hanako Seki "),
        ("family_name", "Seki"),
        ("given_name", ""),
        ("nickname", "hana"),
        ("picture", "https://images.example/h.png"),
        ("locale", "ja"),
    ];
    let done = send(&mut browser, &page, &fields).await;
    let saved_at = site.now().iso8601();
    assert_eq!(done.location(), "/account/profile?done=saved");
    let page = browser.get(done.location()).await;
    assert!(
        page.body.contains("保存しました"),
        "in the chosen language: {}",
        page.body
    );
    let scope = [("scope", "openid profile email")];
    let tokens = site.tokens("spa", &scope).await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["name"], "Hanako Seki");
    assert_eq!((&id["nickname"], &id["locale"]), (&"hana".into(), &"ja".into()));
    assert_eq!(id["picture"], "https://images.example/h.png");
    assert!(id.get("given_name").is_none(), "an empty field is none: {id}");
    let told = site
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await
        .json();
    assert_eq!((&told["name"], &told["locale"]), (&id["name"], &id["locale"]));
    assert_eq!(
        told["updated_at"], saved_at,
        "when it changed, not when it was asked"
    );
}

async fn a_changed_password_ends_everything_but_this_browser(site: Site) {
    let offline = [("scope", "openid offline_access")];
    let elsewhere = site.tokens("spa", &offline).await;
    let mut phone = site.browser();
    phone.sign_in(&authorize("spa", &[])).await;
    let mut here = site.browser();
    open(&mut here).await;
    let page = section(&mut here, "/account/password").await;
    assert!(!page.body.contains("name=\"present\""), "a fresh login is enough");
    let cookie = here.jar["__Host-sekisho"].clone();
    let done = send(&mut here, &page, &[("password", CHOSEN)]).await;
    assert_eq!(done.location(), "/account/password?done=changed");
    assert_ne!(here.jar["__Host-sekisho"], cookie, "a new secret");
    let after = here.get(done.location()).await;
    assert_eq!(after.status, StatusCode::OK, "still signed in: {}", after.body);
    assert!(after.body.contains("Your password was saved."));
    assert!(signed_in(&mut here).await);
    assert!(!signed_in(&mut phone).await);
    let mut thief = site.browser();
    thief.jar.insert("__Host-sekisho".to_owned(), cookie);
    assert!(!signed_in(&mut thief).await, "the old secret is dead");
    let refresh = elsewhere["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", refresh).await.error(), "invalid_grant");
    let access = elsewhere["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(access).await.status, StatusCode::UNAUTHORIZED);
    // The form that was shown before belongs to a session that has ended.
    let late = send(&mut here, &page, &[("password", "another one of hers")]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);

    let told = mails(&site).await;
    assert!(told[0].text.contains("was changed"), "{}", told[0].text);
    let mut anew = site.browser();
    let page = anew.open(&authorize("spa", &[])).await;
    let refused = anew.log_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let page = anew.open(&authorize("spa", &[])).await;
    let right = anew.log_in(&page, EMAIL, CHOSEN).await;
    assert!(right.param("code").is_some());
}

async fn an_account_without_a_password_gets_one(site: Site) {
    let mut here = site.browser();
    open(&mut here).await;
    without_password(&site).await;
    let page = section(&mut here, "/account/password").await;
    assert!(page.body.contains("has no password yet"), "{}", page.body);
    let done = send(&mut here, &page, &[("password", CHOSEN)]).await;
    assert_eq!(done.location(), "/account/password?done=changed");
    let mut anew = site.browser();
    let page = anew.open(&authorize("spa", &[])).await;
    assert!(anew.log_in(&page, EMAIL, CHOSEN).await.param("code").is_some());
}

#[tokio::test]
async fn a_profile_that_cannot_be_stored_comes_back_with_what_was_typed() {
    let site = Site::new().await;
    let mut browser = site.browser();
    open(&mut browser).await;
    let page = section(&mut browser, "/account/profile").await;
    let fields = [
        ("name", "a\u{202e}b"),
        ("picture", "http://images.example/<b>"),
        ("locale", "xx"),
    ];
    let again = send(&mut browser, &page, &fields).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    for said in [
        "invisible characters",
        "begins with https://",
        "one of the languages",
    ] {
        assert!(again.body.contains(said), "{said}: {}", again.body);
    }
    assert!(
        again.body.contains("http://images.example/&#60;b&#62;"),
        "{}",
        again.body
    );
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    assert_eq!(user.name, "関 花子");
}

#[tokio::test]
async fn after_ten_minutes_the_present_password_is_asked_for_and_counted() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    site.pass(601);
    let page = section(&mut here, "/account/password").await;
    assert!(page.body.contains("name=\"present\""), "{}", page.body);
    let none = send(&mut here, &page, &[("password", CHOSEN)]).await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
    assert!(none.body.contains("Enter your current password"));
    for _ in 0..10 {
        let wrong = send(
            &mut here,
            &page,
            &[("present", "not this one"), ("password", CHOSEN)],
        )
        .await;
        assert!(wrong.body.contains("not your current password"), "{}", wrong.body);
    }
    let right = [("present", PASSWORD), ("password", CHOSEN)];
    let closed = send(&mut here, &page, &right).await;
    assert_eq!(
        closed.status,
        StatusCode::TOO_MANY_REQUESTS,
        "right or wrong: {}",
        closed.body
    );
}

#[tokio::test]
async fn the_present_password_is_as_good_as_a_fresh_login_of_one_factor() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    site.pass(601);
    let page = section(&mut here, "/account/password").await;
    let weak = [("present", PASSWORD), ("password", "password1234")];
    let refused = send(&mut here, &page, &weak).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "the rule of every door");
    let right = [("present", PASSWORD), ("password", CHOSEN)];
    let done = send(&mut here, &page, &right).await;
    assert_eq!(done.location(), "/account/password?done=changed");
}

#[tokio::test]
async fn threat_31_a_browser_left_open_must_prove_the_second_factor_anew() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    with_factor(&site).await;
    // The login was a moment ago, but of one factor.
    let away = here.get("/account/password").await;
    assert!(away.param("acr_values").unwrap().contains("multi-factor"));
    assert_eq!(away.param("prompt"), None, "the first factor is fresh");
    site.pass(601);
    let away = here.get("/account/password").await;
    assert_eq!(away.param("prompt").as_deref(), Some("login"));
    assert_eq!(away.param("max_age").as_deref(), Some("0"));
    assert!(away.param("acr_values").unwrap().contains("multi-factor"));
    let page = section(&mut here, "/account/profile").await;
    let csrf = page.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("present", PASSWORD),
        ("password", CHOSEN),
    ];
    let away = here.submit("/account/password", &fields).await;
    assert!(
        away.location().starts_with("/authorize?"),
        "a password is not two factors"
    );
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    assert_eq!(user.epoch, 0, "nothing changed");
}

#[tokio::test]
async fn a_fresh_login_leads_back_to_the_section_and_nowhere_else() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    without_password(&site).await;
    site.pass(601);
    let away = here
        .get("/account/password?ui_locales=ja&to=https://evil.example/")
        .await;
    let login = here.follow(away).await;
    assert!(
        login.body.contains(&format!("value=\"{EMAIL}\"")),
        "their address is filled in"
    );
    assert!(login.body.contains("<html lang=\"ja\">"));
    // Their password came back meanwhile.
    let hash = NewHash {
        hash: site.app.passwords.hash(PASSWORD).await.unwrap(),
        keep: 0,
    };
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    let (id, now) = (user.id, site.now());
    let set = site
        .app
        .db
        .tx(async move |tx| users::set_password(tx, &id, &hash, now).await);
    assert!(set.await.unwrap());
    let back = here.log_in(&login, EMAIL, PASSWORD).await;
    let section = here.get(back.location()).await;
    assert_eq!(section.location(), "/account/password?ui_locales=ja");
    let page = here.get(section.location()).await;
    assert!(page.body.contains("パスワードを保存する") && !page.body.contains("name=\"present\""));
}

#[tokio::test]
async fn another_site_or_another_person_changes_nothing() {
    let site = Site::new().await;
    site.add_user("auth0|taro", "taro@example.com", PASSWORD).await;
    let mut taro = site.browser();
    let page = taro.open("/account").await;
    let page = taro.log_in(&page, "taro@example.com", PASSWORD).await;
    let page = through(&mut taro, page).await;
    let of_taro = page.hidden("csrf");
    let mut hanako = site.browser();
    open(&mut hanako).await;
    let older = section(&mut hanako, "/account/profile").await.hidden("csrf");
    hanako.jar.remove("__Host-sekisho-account");
    open(&mut hanako).await;
    let own = section(&mut hanako, "/account/profile").await.hidden("csrf");
    for (path, field) in [("/account/profile", "name"), ("/account/password", "password")] {
        for csrf in [of_taro.as_str(), &older, ""] {
            let answer = hanako.submit(path, &[("csrf", csrf), (field, CHOSEN)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {csrf}");
        }
        let headers = [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ];
        let fields = [("csrf", own.as_str()), (field, CHOSEN)];
        let answer = hanako.visit(Method::POST, path, &headers, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        let mut stranger = site.browser();
        stranger
            .jar
            .insert("__Host-sekisho".to_owned(), hanako.jar["__Host-sekisho"].clone());
        let answer = stranger.submit(path, &fields).await;
        assert_eq!(
            answer.location(),
            path,
            "the single sign-on cookie authorises no write"
        );
    }
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    assert_eq!((user.epoch, user.name.as_str()), (0, "関 花子"));
}

#[tokio::test]
async fn who_is_blocked_changes_nothing_any_more() {
    let site = Site::new().await;
    let mut here = site.browser();
    open(&mut here).await;
    let page = section(&mut here, "/account/password").await;
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    let (id, now) = (user.id.clone(), site.now());
    let blocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &id, true, now).await);
    assert!(blocked.await.unwrap());
    let answer = send(&mut here, &page, &[("password", CHOSEN)]).await;
    assert_eq!(answer.location(), "/account/password");
    let login = section(&mut here, "/account/password").await;
    assert!(login.body.contains("name=\"email\""), "{}", login.body);
    let hash = users::by_email(&site.app.db, EMAIL)
        .await
        .unwrap()
        .unwrap()
        .password_hash;
    assert_eq!(hash, user.password_hash);
}
