//! Signing in by mail: the hosted page, and what holds for every way.

use crate::browser::{Answer, Browser, claims};
use crate::mail_code::code_in;
use crate::recovery::mails;
use crate::seed::client;
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::{ClientKind, GrantType};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::UserId;
use sekisho_store::factors::Factor;
use sekisho_store::{factors, users};
use serde_json::{Value, json};

pub(crate) const NEW: &str = "taro@example.com";
const GRANT: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";

engines!(
    a_mailed_code_is_the_whole_login,
    threat_39_a_code_takes_an_unproven_account_from_who_made_it,
);

pub(crate) async fn open_site() -> Site {
    reopened(Site::new().await).await
}

/// The same site where people may sign in by mail.
pub(crate) async fn reopened(mut site: Site) -> Site {
    site.environment
        .insert("SEKISHO_PASSWORDLESS".to_owned(), "on".to_owned());
    let site = site.restart().await;
    let mut app = client("otp", ClientKind::SinglePage);
    app.grant_types.push(GrantType::PasswordlessOtp);
    site.add_client(app).await;
    site
}

/// The page that takes a code, asked for on the sign-in page.
async fn ask(browser: &mut Browser<'_>, email: &str) -> Answer {
    let page = browser.open(&authorize("spa", &[])).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", email),
        ("password", ""),
        ("step", "send"),
    ];
    browser.submit(&page.attribute("formaction"), &fields).await
}

async fn enter(browser: &mut Browser<'_>, page: &Answer, code: &str) -> Answer {
    let (state, csrf, email) = (page.hidden("state"), page.hidden("csrf"), page.hidden("email"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", &email),
        ("step", "enter"),
        ("code", code),
    ];
    let answer = browser.submit(&page.action(), &fields).await;
    browser.follow(answer).await
}

pub(crate) async fn newest_code(site: &Site) -> String {
    code_in(&mails(site).await[0])
}

pub(crate) fn another(code: &str) -> String {
    let first = if code.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &code[1..])
}

pub(crate) async fn start(site: &Site, body: Value, headers: &[(&str, &str)]) -> Answer {
    let mut builder =
        request(Method::POST, "/passwordless/start").header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    site.send(builder.body(Body::from(body.to_string())).unwrap())
        .await
}

pub(crate) async fn start_code(site: &Site, email: &str) -> Answer {
    let body = json!({ "client_id": "otp", "connection": "email", "email": email, "send": "code" });
    start(site, body, &[]).await
}

pub(crate) async fn redeem(site: &Site, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![
        ("grant_type", GRANT),
        ("client_id", "otp"),
        ("realm", "email"),
        ("username", EMAIL),
    ];
    for (name, value) in fields {
        all.retain(|(other, _)| other != name);
        all.extend((*value != "-").then_some((*name, *value)));
    }
    site.post("/oauth/token", None, &all).await
}

async fn a_mailed_code_is_the_whole_login(site: Site) {
    let site = reopened(site).await;
    let mut hanako = site.browser();
    let page = ask(&mut hanako, "Hanako@Example.com").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Enter your code"));
    let mail = mails(&site).await.remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        (EMAIL, "Your code to sign in to Example"),
        "it goes where the account says, not where somebody typed"
    );
    let code = code_in(&mail);
    for typed in ["", "12345", &another(&code)] {
        let wrong = enter(&mut hanako, &page, typed).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{typed}");
        assert!(wrong.body.contains("id=\"code-wrong\""));
    }
    let back = enter(&mut hanako, &page, &code).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.location());
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let said = claims(&tokens["id_token"]);
    assert_eq!(said["sub"], "auth0|0123456789abcdef01234567");

    let mut thief = site.browser();
    let page = ask(&mut thief, EMAIL).await;
    let replayed = enter(&mut thief, &page, &code).await;
    assert_eq!(replayed.status, StatusCode::BAD_REQUEST, "it was used");

    // Who has no account gets one, its address proven.
    let mut taro = site.browser();
    let page = ask(&mut taro, NEW).await;
    // The thief's mail is due too, and mails go out in no order.
    let sent = mails(&site).await;
    let code = code_in(sent.iter().find(|mail| mail.to == NEW).unwrap());
    let back = enter(&mut taro, &page, &code).await;
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let said = claims(&tokens["id_token"]);
    assert!(said["sub"].as_str().unwrap().starts_with("email|"), "{said}");
    assert_eq!(
        (&said["email"], &said["email_verified"]),
        (&json!(NEW), &json!(true))
    );
}

async fn threat_39_a_code_takes_an_unproven_account_from_who_made_it(site: Site) {
    let site = reopened(site).await;
    let mut attacker = site.browser();
    let page = attacker
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    let code = attacker
        .log_in(&page, NEW, "the attacker's choice")
        .await
        .param("code")
        .unwrap();
    let tokens = site.redeem("spa", &code).await.json();
    let before = users::by_email(&site.app.db, NEW).await.unwrap().unwrap();
    add_totp(&site, &before.id).await;
    site.pass(2);

    let mut owner = site.browser();
    let page = ask(&mut owner, NEW).await;
    let sent = mails(&site).await;
    let code = sent
        .iter()
        .find(|mail| mail.subject.starts_with("Your code"))
        .unwrap();
    let back = enter(&mut owner, &page, &code_in(code)).await;
    site.pass(2);
    let redeemed = site.redeem("spa", &back.param("code").unwrap()).await;
    assert_eq!(redeemed.status, StatusCode::OK, "{}", redeemed.body);

    let after = users::by_email(&site.app.db, NEW).await.unwrap().unwrap();
    assert!(after.email_verified && after.password_hash.is_none());
    assert!(factors::kinds(&site.app.db, &after.id).await.unwrap().is_empty());
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(access).await.status, StatusCode::UNAUTHORIZED);
    let silent = attacker.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let page = attacker.open(&authorize("spa", &[])).await;
    let refused = attacker.log_in(&page, NEW, "the attacker's choice").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

async fn add_totp(site: &Site, user: &UserId) {
    let now = site.now();
    let factor = Factor {
        id: format!("totp|dev_{}", now.millis()),
        user_id: user.clone(),
        kind: FactorKind::Totp,
        name: String::new(),
        sealed: None,
        last_step: -1,
        created_at: now,
        confirmed_at: Some(now),
        last_used_at: None,
    };
    let added = site.app.db.tx(async move |tx| factors::insert(tx, &factor).await);
    added.await.unwrap();
}

#[tokio::test]
async fn threat_09_a_code_is_one_factor_wherever_two_are_due() {
    let site = open_site().await;
    add_totp(&site, &UserId::new("auth0|0123456789abcdef01234567")).await;
    start_code(&site, EMAIL).await;
    let code = newest_code(&site).await;
    let asked = redeem(&site, &[("otp", &code)]).await;
    assert_eq!(
        (asked.status, asked.error().as_str()),
        (StatusCode::FORBIDDEN, "mfa_required")
    );
    assert!(asked.json()["mfa_token"].is_string());
    let mut browser = site.browser();
    let page = ask(&mut browser, EMAIL).await;
    let code = newest_code(&site).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", EMAIL),
        ("step", "enter"),
        ("code", &code),
    ];
    let in_between = browser.submit(&page.action(), &fields).await;
    let next = browser.get(in_between.location()).await;
    assert!(next.location().starts_with("/u/factor"), "{}", next.location());
}

#[tokio::test]
async fn threat_24_nobody_learns_from_a_code_who_has_an_account() {
    for signup in ["closed", "immediate"] {
        let site = Site::with(&[("SEKISHO_SIGNUP", signup)]).await;
        let site = reopened(site).await;
        let mut seen = Vec::new();
        for email in [EMAIL, NEW] {
            let mut browser = site.browser();
            let page = ask(&mut browser, email).await;
            let wrong = enter(&mut browser, &page, "12345x").await;
            let started = start_code(&site, email).await;
            let refused = redeem(&site, &[("otp", "12345x"), ("username", email)]).await;
            let same = |answer: &Answer| {
                let body: Vec<String> = answer
                    .body
                    .replace(email, "X")
                    .lines()
                    .filter(|line| {
                        !["state", "csrf", "\"person\""]
                            .iter()
                            .any(|own| line.contains(own))
                    })
                    .map(str::to_owned)
                    .collect();
                (answer.status, body)
            };
            let mut said = started.json();
            said["_id"] = Value::Null;
            said["email"] = Value::Null;
            seen.push((same(&page), same(&wrong), started.status, said, same(&refused)));
        }
        assert_eq!(seen[0], seen[1], "{signup}");
        let written: Vec<String> = mails(&site).await.into_iter().map(|mail| mail.to).collect();
        assert_eq!(
            written.iter().any(|to| to == NEW),
            signup == "immediate",
            "where nobody may join nobody is written to: {written:?}"
        );
    }
}

#[tokio::test]
async fn threat_10_guessing_a_code_is_counted_like_guessing_a_password() {
    let site = open_site().await;
    start_code(&site, EMAIL).await;
    let mut last = StatusCode::OK;
    for _ in 0..11 {
        last = redeem(&site, &[("otp", "000000")]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let refused = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "one set of counters"
    );
    assert!(refused.body.contains("Too many attempts"));
}

#[tokio::test]
async fn threat_18_switched_off_there_is_no_such_way_in() {
    let site = Site::new().await;
    let mut app = client("otp", ClientKind::SinglePage);
    app.grant_types.push(GrantType::PasswordlessOtp);
    site.add_client(app).await;
    let page = site.browser().open(&authorize("spa", &[])).await;
    assert!(!page.body.contains("formaction"));
    assert_eq!(start_code(&site, EMAIL).await.error(), "bad.connection");
    assert_ne!(redeem(&site, &[("otp", "123456")]).await.status, StatusCode::OK);
    assert_eq!(site.get("/u/code?state=x").await.status, StatusCode::NOT_FOUND);
    let verify = [
        ("connection", "email"),
        ("email", EMAIL),
        ("verification_code", "123456"),
    ];
    let verified = site.post("/passwordless/verify", None, &verify).await;
    assert_eq!(verified.error(), "bad.connection");
}

#[tokio::test]
async fn a_blocked_person_gets_neither_code_nor_token() {
    let site = open_site().await;
    start_code(&site, EMAIL).await;
    let code = newest_code(&site).await;
    let (id, now) = (UserId::new("auth0|0123456789abcdef01234567"), site.now());
    let blocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &id, true, now).await);
    assert!(blocked.await.unwrap());
    let refused = redeem(&site, &[("otp", &code)]).await;
    assert_eq!(
        refused.json()["error_description"],
        "Wrong email or verification code."
    );
    let before = mails(&site).await.len();
    assert_eq!(
        start_code(&site, EMAIL).await.status,
        StatusCode::OK,
        "the same answer"
    );
    assert_eq!(mails(&site).await.len(), before, "and no mail");
}
