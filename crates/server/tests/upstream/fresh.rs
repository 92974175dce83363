//! A login that has to be new is a new one at the provider too, not the session somebody left open there.

use super::{Provider, come_back, connect, press, setback, told};
use crate::browser::{Answer, Browser};
use crate::site::{Site, authorize, engines};
use sekisho_rules::upstream::Strategy;
use serde_json::{Value, json};
use std::collections::BTreeMap;

engines!(
    threat_31_a_login_at_a_provider_is_as_old_as_it_says,
    threat_31_the_account_page_asks_for_a_login_that_is_new,
);

/// Somebody at the provider, whose login there is so many seconds old, or of whose age it tells nothing.
fn taro(site: &Site, ago: Option<i64>) -> Value {
    let mut person = json!({"sub": "7", "name": "山田 太郎", "email": "taro@acme.example"});
    if let Some(ago) = ago {
        person["auth_time"] = (site.now().seconds() - ago).into();
    }
    person
}

fn asked(request: &str) -> BTreeMap<String, String> {
    url::Url::parse(request)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

/// The provider says yes to this request, and the browser comes back.
async fn back(browser: &mut Browser<'_>, provider: &Provider, request: &str) -> Answer {
    let mut brought = provider.allow(request);
    brought.insert("iss".to_owned(), provider.at(""));
    come_back(browser, &brought).await
}

/// What the sign-in page says of a provider that asked nothing.
fn not_new(answer: &Answer) {
    assert!(
        setback(answer).contains("did not ask who you are"),
        "{}",
        answer.body
    );
}

async fn threat_31_a_login_at_a_provider_is_as_old_as_it_says(site: Site) {
    let acme = connect(&site, Strategy::Oidc).await;
    acme.is(taro(&site, Some(3600)));
    let then = site.now().seconds() - 3600;
    let mut browser = site.browser();
    let request = {
        let page = browser.open(&authorize("spa", &[])).await;
        press(&mut browser, &page, "acme").await
    };
    assert!(!asked(&request).contains_key("max_age") && !asked(&request).contains_key("prompt"));
    let answer = back(&mut browser, &acme, &request).await;
    assert_eq!(told(&site, &answer).await["sub"], "oidc|acme|7");
    // It signed in, an hour ago.
    let silent = async |browser: &mut Browser<'_>, max_age| {
        browser
            .get(&authorize("spa", &[("prompt", "none"), ("max_age", max_age)]))
            .await
    };
    let refused = silent(&mut browser, "600").await;
    assert_eq!(refused.param("error").as_deref(), Some("login_required"));
    let answer = silent(&mut browser, "7200").await;
    assert_eq!(told(&site, &answer).await["auth_time"], then);

    // What the application wants is handed on, and what comes back is looked at.
    let page = browser.open(&authorize("spa", &[("max_age", "600")])).await;
    let request = press(&mut browser, &page, "acme").await;
    assert_eq!(asked(&request)["max_age"], "600");
    assert!(!asked(&request).contains_key("prompt"));
    not_new(&back(&mut browser, &acme, &request).await);
    for (ago, is_new) in [(Some(3600), false), (None, false), (Some(0), true)] {
        acme.is(taro(&site, ago));
        let page = browser.open(&authorize("spa", &[("prompt", "login")])).await;
        let request = press(&mut browser, &page, "acme").await;
        assert_eq!(
            (
                asked(&request)["max_age"].as_str(),
                asked(&request)["prompt"].as_str()
            ),
            ("0", "login")
        );
        let answer = back(&mut browser, &acme, &request).await;
        match is_new {
            true => assert_eq!(told(&site, &answer).await["sub"], "oidc|acme|7"),
            false => not_new(&answer),
        }
    }

    // A request that leads there at once comes back to the sign-in page, not there again.
    acme.is(taro(&site, Some(3600)));
    let direct = authorize("spa", &[("connection", "acme"), ("max_age", "0")]);
    let request = browser.open(&direct).await.location().to_owned();
    not_new(&back(&mut browser, &acme, &request).await);
    // Without a word about the time, a login that nobody asked to be new counts as an old one.
    acme.is(taro(&site, None));
    let mut other = site.browser();
    let page = other.open(&authorize("spa", &[])).await;
    let request = press(&mut other, &page, "acme").await;
    let answer = back(&mut other, &acme, &request).await;
    assert!(answer.param("code").is_some(), "{}", answer.body);
    let refused = silent(&mut other, "86400").await;
    assert_eq!(refused.param("error").as_deref(), Some("login_required"));
}

async fn threat_31_the_account_page_asks_for_a_login_that_is_new(site: Site) {
    let acme = connect(&site, Strategy::Oidc).await;
    acme.is(taro(&site, Some(86_400)));
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let request = press(&mut browser, &page, "acme").await;
    back(&mut browser, &acme, &request).await;
    let section = "/account/passkeys/add";
    let page = browser.open(section).await;
    let login = crate::account::through(&mut browser, page).await;
    assert!(login.body.contains("name=\"password\""), "{}", login.body);
    let request = press(&mut browser, &login, "acme").await;
    assert_eq!(asked(&request)["prompt"], "login");
    not_new(&back(&mut browser, &acme, &request).await);
    // Signing out here and coming back by the session there changes nothing about it.
    browser.get("/v2/logout").await;
    let page = browser.open(&authorize("spa", &[])).await;
    let request = press(&mut browser, &page, "acme").await;
    back(&mut browser, &acme, &request).await;
    let page = browser.open(section).await;
    let login = crate::account::through(&mut browser, page).await;
    assert!(login.body.contains("name=\"password\""), "{}", login.body);
    // Who proves themselves there gets in.
    acme.is(taro(&site, Some(0)));
    let request = press(&mut browser, &login, "acme").await;
    let entered = back(&mut browser, &acme, &request).await;
    let entered = crate::account::through(&mut browser, entered).await;
    assert!(
        entered.body.contains("data-passkey=\"create\""),
        "{}",
        entered.body
    );
}

#[tokio::test]
async fn each_provider_is_asked_in_its_own_words() {
    let site = Site::new().await;
    let fresh = authorize("spa", &[("prompt", "login")]);
    for (strategy, name, words) in [
        (
            Strategy::Google,
            "google-oauth2",
            &[("prompt", "select_account")][..],
        ),
        (Strategy::Microsoft, "windowslive", &[("prompt", "login")][..]),
        (
            Strategy::Line,
            "line",
            &[("max_age", "0"), ("disable_auto_login", "true")][..],
        ),
        (Strategy::GitHub, "github", &[("prompt", "select_account")][..]),
        (Strategy::X, "twitter", &[][..]),
        (Strategy::Apple, "apple", &[][..]),
    ] {
        let _provider = connect(&site, strategy).await;
        let mut browser = site.browser();
        for (request, wanted) in [(&fresh, words), (&authorize("spa", &[]), &[][..])] {
            let page = browser.open(request).await;
            let asked = asked(&press(&mut browser, &page, name).await);
            let said: Vec<(&str, &str)> = ["max_age", "prompt", "disable_auto_login"]
                .into_iter()
                .filter_map(|name| Some((name, asked.get(name)?.as_str())))
                .collect();
            assert_eq!(said, wanted, "{name}");
        }
    }
}
