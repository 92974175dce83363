//! Logins that look wrong: what is noticed, what it asks of the person, what they are told, and how they end it.

use super::mmdb::{self, Entry};
use super::{at, attempt_in, audited, behind_proxy, link, mails};
use crate::browser::Browser;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::app::App;
use sekisho::config::Config;
use sekisho_store::args;

const TOKYO: &str = "203.0.113.5";
const LONDON: &str = "198.51.100.5";
const NOWHERE: &str = "192.0.2.5";

engines!(
    a_new_browser_is_noticed_told_and_asked_for_a_second_factor,
    a_journey_nobody_can_make_is_high,
    a_listed_address_is_high_even_the_first_time,
    notify_tells_and_does_not_ask,
    one_press_ends_a_sign_in_that_was_not_theirs,
);

/// With what the risk of logins is judged by.
pub(super) async fn watched(site: Site, mode: &str) -> Site {
    let places = mmdb::file(&[
        Entry {
            network: [203, 0, 113],
            iso: "JP",
            english: "Japan",
            japanese: "日本",
            latitude: 35.68,
            longitude: 139.69,
        },
        Entry {
            network: [198, 51, 100],
            iso: "GB",
            english: "United Kingdom",
            japanese: "イギリス",
            latitude: 51.51,
            longitude: -0.13,
        },
    ]);
    let folder = site.data.path().to_owned();
    let (geoip, bad) = (folder.join("places.mmdb"), folder.join("bad.txt"));
    std::fs::write(&geoip, places).unwrap();
    std::fs::write(
        &bad,
        "# seen attacking\n192.0.2.0/24 # a cellar\n\n2001:db8:bad::/48\n",
    )
    .unwrap();
    let settings = [
        ("SEKISHO_ATTACKS_SUSPICIOUS_LOGINS", mode),
        ("SEKISHO_ATTACKS_GEOIP_FILE", geoip.to_str().unwrap()),
        ("SEKISHO_ATTACKS_BAD_NETWORKS_FILE", bad.to_str().unwrap()),
    ];
    behind_proxy(site, &settings).await
}

/// Risk and reasons of the session that was made last.
async fn last_session(site: &Site) -> (String, String) {
    let sql = "SELECT risk, risk_reasons FROM sessions ORDER BY auth_time DESC LIMIT 1";
    let row = site.app.db.one(sql, args![]).await.unwrap();
    (row.get("risk").unwrap(), row.get("risk_reasons").unwrap())
}

/// Signs in with the password; whether that was enough for a code.
async fn enough(browser: &mut Browser<'_>) -> bool {
    let answer = attempt_in(browser, EMAIL, PASSWORD).await;
    let out = answer.status.is_redirection() && answer.location().starts_with("https://");
    out && answer.param("code").is_some()
}

async fn a_new_browser_is_noticed_told_and_asked_for_a_second_factor(site: Site) {
    let site = watched(site, "challenge").await;
    let mut usual = at(&site, TOKYO);
    assert!(enough(&mut usual).await, "the first login ever is not new");
    site.pass(3600);
    assert!(enough(&mut usual).await, "nor is the same browser");
    assert_eq!(last_session(&site).await, ("low".to_owned(), String::new()));
    assert_eq!(mails(&site).await.len(), 0);
    site.pass(3600);
    let mut other = at(&site, TOKYO);
    other.language = "ja";
    assert!(!enough(&mut other).await, "a second factor is due");
    assert_eq!(
        last_session(&site).await,
        ("medium".to_owned(), "new_device".to_owned())
    );
    let mail = mails(&site).await.remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        (EMAIL, "Example への新しいサインイン")
    );
    assert!(mail.text.contains("日本 (203.0.113.5)"), "{}", mail.text);
    assert!(mail.text.contains("UTC") && mail.text.contains("初めて使われるブラウザー"));
    let seen = audited(&site, &["s"]).await;
    assert!(seen.last().unwrap().2.contains("new_device"), "{seen:?}");
    assert!(enough(&mut usual).await, "the usual browser is as before");
    // The password alone makes no acquaintance: the same browser is as new the next time, and after that.
    for _ in 0..2 {
        site.pass(60);
        assert!(!enough(&mut other).await, "no way around the second factor");
        assert_eq!(last_session(&site).await.0, "medium");
    }
}

async fn a_journey_nobody_can_make_is_high(site: Site) {
    let site = watched(site, "challenge").await;
    let mut browser = at(&site, TOKYO);
    assert!(enough(&mut browser).await);
    site.pass(3600);
    browser.from = Some(LONDON.to_owned());
    assert!(!enough(&mut browser).await, "9,500 kilometres in an hour");
    assert_eq!(
        last_session(&site).await,
        ("high".to_owned(), "new_country,impossible_travel".to_owned())
    );
    let mail = mails(&site).await.remove(0);
    assert!(
        mail.text.contains("United Kingdom (198.51.100.5)"),
        "{}",
        mail.text
    );
    site.pass(11 * 3600);
    browser.from = Some(TOKYO.to_owned());
    assert!(enough(&mut browser).await, "back home after a night in the air");
}

async fn a_listed_address_is_high_even_the_first_time(site: Site) {
    let site = watched(site, "challenge").await;
    let mut browser = at(&site, NOWHERE);
    assert!(!enough(&mut browser).await);
    assert_eq!(
        last_session(&site).await,
        ("high".to_owned(), "bad_network".to_owned())
    );
}

async fn notify_tells_and_does_not_ask(site: Site) {
    let site = watched(site, "notify").await;
    assert!(enough(&mut at(&site, TOKYO)).await);
    for n in 0..6 {
        site.pass(3600);
        assert!(enough(&mut at(&site, TOKYO)).await, "{n}");
    }
    assert_eq!(
        last_session(&site).await,
        ("low".to_owned(), "new_device".to_owned())
    );
    assert_eq!(mails(&site).await.len(), 3, "and not in a flood");
}

async fn one_press_ends_a_sign_in_that_was_not_theirs(site: Site) {
    let site = watched(site, "notify").await;
    let mut owner = at(&site, TOKYO);
    assert!(enough(&mut owner).await);
    site.pass(86_400);
    let mut thief = at(&site, LONDON);
    let page = thief
        .open(&authorize("spa", &[("scope", "openid offline_access")]))
        .await;
    let code = thief.log_in(&page, EMAIL, PASSWORD).await.param("code").unwrap();
    let tokens = site.redeem("spa", &code).await.json();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let mail = mails(&site).await.remove(0);
    let path = link(&mail);
    assert_eq!(owner.get(&path).await.status, StatusCode::OK);
    let silent = thief.get(&authorize("spa", &[("prompt", "none")])).await;
    assert!(
        silent.param("code").is_some(),
        "a scanner that opens the link ends nothing"
    );
    let ticket = owner.get(&path).await.hidden("ticket");
    let answer = owner.submit("/u/not-me", &[("ticket", &ticket)]).await;
    let to = answer
        .location()
        .strip_prefix("https://login.example")
        .unwrap()
        .to_owned();
    assert!(to.starts_with("/u/password?ticket="), "{to}");
    let silent = thief.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    assert_eq!(site.refresh("spa", refresh).await.status, StatusCode::FORBIDDEN);
    let silent = owner.get(&authorize("spa", &[("prompt", "none")])).await;
    assert!(silent.param("code").is_some(), "the owner stays signed in");

    let reset = owner.get(&to).await.hidden("ticket");
    let fields = [
        ("ticket", reset.as_str()),
        ("password", "her own new choice of words"),
    ];
    owner.submit("/u/password", &fields).await;
    let dead = owner.get(&path).await;
    assert_eq!(
        dead.status,
        StatusCode::BAD_REQUEST,
        "the link ends with the password"
    );
    // A link for one errand opens no other.
    for path in ["/u/unblock", "/u/prove", "/u/password"] {
        let answer = owner.get(&format!("{path}?ticket={ticket}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be_stop_the_start_with_a_sentence() {
    let site = Site::new().await;
    let file = site.data.path().join("wrong");
    std::fs::write(&file, "10.0.0.0/8\nnot a network\n").unwrap();
    for (name, wanted) in [
        ("SEKISHO_ATTACKS_BAD_NETWORKS_FILE", "line 2 is not a network"),
        ("SEKISHO_ATTACKS_GEOIP_FILE", "is not a MaxMind file"),
    ] {
        let mut environment = site.environment.clone();
        environment.insert(name.to_owned(), file.to_str().unwrap().to_owned());
        let config = Config::from_environment(&environment).unwrap();
        let opened = App::open(config, site.app.clock.clone()).await;
        let said = format!("{:#}", opened.err().unwrap());
        assert!(said.contains(wanted), "{said}");
    }
}
