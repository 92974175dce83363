//! The bot check: on which pages it stands, what an answer is worth, and what happens when nobody can say.

use super::bot_provider::{BotProvider, Mood, SECRET, SITE_KEY};
use super::{at, attempt, behind_proxy};
use crate::browser::{Answer, Browser};
use crate::seed::client;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::app::App;
use sekisho::config::Config;
use sekisho_rules::client::{Client, ClientKind, GrantType};
use serde_json::json;

const HERE: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";
const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

engines!(
    risky_asks_after_failures_and_nobody_else,
    threat_10_every_door_of_programs_asks_too,
    while_the_service_is_down_people_get_in_or_not_as_the_operator_wants,
);

async fn with(site: Site, provider: &BotProvider, when: &str, more: &[(&str, &str)]) -> Site {
    let own = provider.settings(when);
    let settings: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(more.iter().copied())
        .collect();
    behind_proxy(site, &settings).await
}

/// The form of a page filled in, with these fields beside.
async fn send(browser: &mut Browser<'_>, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let mut all = vec![("state", state.as_str()), ("csrf", &csrf), ("email", EMAIL)];
    all.extend(fields);
    let answer = browser.submit(&page.action(), &all).await;
    browser.follow(answer).await
}

fn says(answer: &Answer, what: &str) -> bool {
    answer.body.contains(what)
}

const MISSING: &str = "Please complete the check that you are a person";
const REFUSED: &str = "has expired or did not work";

#[tokio::test]
async fn threat_10_no_password_is_looked_at_without_an_answer_that_counts() {
    for name in ["turnstile", "hcaptcha", "recaptcha"] {
        let provider = BotProvider::start(name).await;
        let site = with(Site::new().await, &provider, "always", &[]).await;
        let mut browser = at(&site, HERE);
        let page = browser.open(&authorize("spa", &[])).await;
        assert!(
            says(&page, &format!("data-sitekey=\"{SITE_KEY}\"")),
            "{name}: {}",
            page.body
        );
        let hashes = site.app.passwords.hashes_done();
        let none = send(&mut browser, &page, &[("password", PASSWORD)]).await;
        assert_eq!(none.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(
            says(&none, MISSING) && says(&none, EMAIL),
            "what was typed is kept"
        );
        assert!(!says(&none, SECRET));
        let mut refused = async |answer: &str| {
            let fields = [("password", PASSWORD), (provider.field(), answer)];
            let said = send(&mut browser, &page, &fields).await;
            assert_eq!(said.status, StatusCode::BAD_REQUEST, "{name} {answer}");
            said
        };
        assert!(says(&refused("made-up").await, REFUSED));
        provider.is(Mood::For("evil.example"));
        assert!(
            says(&refused("good-elsewhere").await, REFUSED),
            "given on another site"
        );
        provider.is(Mood::Well);
        let before = provider.calls();
        for odd in ["good\u{0}", "good<", &"good".repeat(3000)] {
            assert!(says(&refused(odd).await, MISSING), "{odd:.20}");
        }
        assert_eq!(
            provider.calls(),
            before,
            "what cannot be an answer is not sent on"
        );
        if name == "recaptcha" {
            provider.scene.lock().unwrap().score = Some(0.1);
            assert!(says(&refused("good-robot").await, REFUSED));
            provider.scene.lock().unwrap().score = Some(0.9);
        }
        assert_eq!(
            site.app.passwords.hashes_done(),
            hashes,
            "{name}: no password was looked at"
        );
        let fields = [("password", PASSWORD), (provider.field(), "good-1")];
        let left = send(&mut browser, &page, &fields).await;
        assert!(left.param("code").is_some(), "{name}");
        {
            let scene = provider.scene.lock().unwrap();
            let asked = scene.asked.last().unwrap();
            assert_eq!(
                (asked["secret"].as_str(), asked["remoteip"].as_str()),
                (SECRET, HERE)
            );
            assert_eq!(asked.get("sitekey").is_some(), name == "hcaptcha");
        }
        let mut other = at(&site, HERE);
        let page = other.open(&authorize("spa", &[])).await;
        let replayed = send(&mut other, &page, &fields).await;
        assert!(says(&replayed, REFUSED), "{name}: an answer works once");
    }
}

#[tokio::test]
async fn threat_15_the_policy_is_opened_for_the_provider_alone_on_the_pages_that_need_it() {
    let hosts = [
        ("turnstile", "https://challenges.cloudflare.com"),
        ("hcaptcha", "https://hcaptcha.com https://*.hcaptcha.com"),
        (
            "recaptcha",
            "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
        ),
    ];
    for (name, scripts) in hosts {
        let provider = BotProvider::start(name).await;
        let site = with(
            Site::new().await,
            &provider,
            "always",
            &[("SEKISHO_PASSWORDLESS", "on")],
        )
        .await;
        let mut browser = at(&site, HERE);
        let login = browser.open(&authorize("spa", &[])).await;
        let state = login.hidden("state");
        let signup = browser.get(&format!("/u/signup?state={state}")).await;
        let reset = browser.get(&format!("/u/reset?state={state}")).await;
        for page in [&login, &signup, &reset] {
            let policy = page.header("content-security-policy");
            assert!(
                policy.contains(&format!("script-src 'self' {scripts};")),
                "{policy}"
            );
            assert!(policy.contains("frame-src https://") && policy.contains("frame-ancestors 'none'"));
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(page.header("x-frame-options"), "DENY");
            assert!(page.body.contains("async defer></script>") && page.body.contains("<noscript>"));
        }
        for path in ["/", "/u/nothing", "/authorize?client_id=nobody", "/oidc/logout"] {
            let page = browser.get(path).await;
            assert_eq!(page.header("content-security-policy"), STRICT, "{path}");
        }
        let japanese = browser
            .get(&format!("/u/login?state={state}&ui_locales=ja"))
            .await;
        let told = ["hl=ja", "data-language=\"ja\""];
        assert!(told.iter().any(|how| says(&japanese, how)) && says(&japanese, "人による操作"));
    }
    let site = Site::new().await;
    let page = site.browser().open(&authorize("spa", &[])).await;
    assert_eq!(
        page.header("content-security-policy"),
        STRICT,
        "off unless it is switched on"
    );
    assert!(!says(&page, "bot-check"));
}

#[tokio::test]
async fn signing_up_resetting_and_codes_by_mail_need_a_person_too() {
    let provider = BotProvider::start("turnstile").await;
    let more = [("SEKISHO_PASSWORDLESS", "on"), ("SEKISHO_SIGNUP", "verify_first")];
    let site = with(Site::new().await, &provider, "always", &more).await;
    let mut browser = at(&site, HERE);
    let login = browser.open(&authorize("spa", &[])).await;
    let state = login.hidden("state");
    let jobs = async || {
        sekisho::jobs::run_due(&site.app).await.unwrap();
        super::mails(&site).await.len()
    };
    let mut answers = 0;
    for path in ["/u/signup", "/u/reset"] {
        let page = browser.get(&format!("{path}?state={state}")).await;
        let refused = send(&mut browser, &page, &[]).await;
        assert!(
            says(&refused, MISSING) && says(&refused, EMAIL),
            "{path}: {}",
            refused.body
        );
        let before = jobs().await;
        answers += 1;
        let answer = format!("good-{answers}");
        let sent = send(&mut browser, &page, &[(provider.field(), &answer)]).await;
        assert_eq!(sent.status, StatusCode::OK, "{path}: {}", sent.body);
        assert_eq!(jobs().await, before + 1, "{path}");
    }
    // A code by mail: the answer that opened the way to the first opens it to another, in this journey and for this address.
    let csrf = login.hidden("csrf");
    let base = [("state", state.as_str()), ("csrf", &csrf), ("email", EMAIL)];
    let ask = async |browser: &mut Browser<'_>, more: &[(&str, &str)]| {
        let fields: Vec<_> = base.iter().chain(more).copied().collect();
        browser.submit("/u/code", &fields).await
    };
    for step in ["send", "again"] {
        let refused = ask(&mut browser, &[("step", step)]).await;
        assert!(says(&refused, MISSING), "{step}");
    }
    let sent = ask(&mut browser, &[("step", "send"), (provider.field(), "good-code")]).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
    let person = sent.hidden("person");
    let wrong = ask(&mut browser, &[("step", "enter"), ("code", "000000")]).await;
    assert_eq!(wrong.hidden("person"), "", "a wrong code makes nobody a person");
    let again = ask(&mut browser, &[("step", "again"), ("person", &person)]).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let forged = ask(&mut browser, &[("step", "again"), ("person", &person[1..])]).await;
    assert!(says(&forged, MISSING));
}

async fn risky_asks_after_failures_and_nobody_else(site: Site) {
    let provider = BotProvider::start("turnstile").await;
    let site = with(site, &provider, "risky", &[]).await;
    for n in 0..3 {
        let answer = attempt(&site, HERE, EMAIL, &format!("wrong {n}")).await;
        assert!(says(&answer, "incorrect"), "{n}");
        assert_eq!(says(&answer, SITE_KEY), n == 2, "{n}: shown from the third on");
    }
    let due = attempt(&site, HERE, EMAIL, PASSWORD).await;
    assert!(says(&due, MISSING), "right or wrong");
    let stranger = attempt(&site, HERE, "nobody@example.com", "whatever").await;
    assert!(
        says(&stranger, "incorrect"),
        "another account from there is asked nothing yet"
    );
    let elsewhere = attempt(&site, ELSEWHERE, EMAIL, PASSWORD).await;
    assert!(elsewhere.param("code").is_some(), "nor is the owner elsewhere");
    for n in 0..2 {
        attempt(&site, HERE, &format!("somebody{n}@example.com"), "whatever").await;
    }
    let page = at(&site, HERE).open(&authorize("spa", &[])).await;
    assert!(says(&page, SITE_KEY), "five failures: everybody from there");
    let node = site.second_node().await;
    let page = at(&node, HERE).open(&authorize("spa", &[])).await;
    assert!(says(&page, SITE_KEY), "at every node");
    assert_eq!(provider.calls(), 1, "nobody asks the service without need");
}

async fn threat_10_every_door_of_programs_asks_too(site: Site) {
    let provider = BotProvider::start("hcaptcha").await;
    let site = with(site, &provider, "always", &[("SEKISHO_PASSWORDLESS", "on")]).await;
    let native = Client {
        grant_types: vec![
            GrantType::Password,
            GrantType::PasswordlessOtp,
            GrantType::WebAuthn,
        ],
        ..client("doors", ClientKind::Native)
    };
    site.add_client(native).await;
    let doors: [(&str, Vec<(&str, &str)>); 4] = [
        (
            "/oauth/token",
            vec![
                ("grant_type", "password"),
                ("username", EMAIL),
                ("password", PASSWORD),
                ("scope", "openid"),
            ],
        ),
        (
            "/dbconnections/signup",
            vec![
                ("email", "new@example.com"),
                ("password", "her own new choice of words"),
                ("connection", "Username-Password-Authentication"),
            ],
        ),
        (
            "/dbconnections/change_password",
            vec![
                ("email", EMAIL),
                ("connection", "Username-Password-Authentication"),
            ],
        ),
        (
            "/passwordless/start",
            vec![("connection", "email"), ("email", EMAIL), ("send", "code")],
        ),
    ];
    for (at, (path, fields)) in doors.iter().enumerate() {
        let post = async |captcha: &str| {
            let mut all = vec![("client_id", "doors"), ("captcha", captcha)];
            all.extend(fields);
            site.post(path, None, &all).await
        };
        let refused = post("").await;
        assert!(
            says(&refused, "requires_verification"),
            "{path}: {}",
            refused.body
        );
        assert!(refused.status.is_client_error(), "{path}: {}", refused.status);
        let wrong = post("made-up").await;
        assert!(wrong.status.is_client_error(), "{path}: {}", wrong.body);
        let good = post(&format!("good-{at}")).await;
        assert_eq!(good.status, StatusCode::OK, "{path}: {}", good.body);
        let replayed = post(&format!("good-{at}")).await;
        assert!(replayed.status.is_client_error(), "{path}");
    }
    // The one that takes JSON only.
    let register = async |captcha: &str| {
        let profile = json!({ "email": "another@example.com" });
        let body = json!({ "client_id": "doors", "captcha": captcha, "user_profile": profile });
        crate::passkey_token::post(&site, "/passkey/register", &body).await
    };
    let refused = register("").await;
    assert!(says(&refused, "requires_verification"), "{}", refused.body);
    let good = register("good-passkey").await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    assert!(register("good-passkey").await.status.is_client_error());
    let refused = site.post(
        "/oauth/token",
        None,
        &[
            ("client_id", "doors"),
            ("grant_type", "password"),
            ("username", EMAIL),
            ("password", PASSWORD),
        ],
    );
    assert_eq!(refused.await.status, StatusCode::UNAUTHORIZED);
}

async fn while_the_service_is_down_people_get_in_or_not_as_the_operator_wants(site: Site) {
    let provider = BotProvider::start("turnstile").await;
    let site = with(site, &provider, "always", &[]).await;
    for mood in [Mood::Status(500), Mood::Status(429), Mood::UnknownSecret] {
        provider.is(mood.clone());
        // Nobody has an answer then, and some have one from before.
        for answer in ["", "good-before"] {
            site.pass(60);
            let mut browser = at(&site, HERE);
            let page = browser.open(&authorize("spa", &[])).await;
            let fields = [("password", PASSWORD), (provider.field(), answer)];
            let left = send(&mut browser, &page, &fields).await;
            assert!(left.param("code").is_some(), "{mood:?} {answer}: {}", left.body);
        }
    }
    let before = provider.calls();
    provider.is(Mood::Status(503));
    site.pass(60);
    for n in 0..12 {
        let refused = attempt(&site, ELSEWHERE, EMAIL, &format!("wrong {n}")).await;
        let closed = refused.status == StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(closed, n >= 10, "{n}: the limits hold without it");
    }
    assert!(
        provider.calls() - before < 6,
        "a service that is down is left alone for a while"
    );

    let site = with(
        site,
        &provider,
        "always",
        &[("SEKISHO_BOT_CHECK_OUTAGE", "refuse")],
    )
    .await;
    let refused = attempt(&site, HERE, EMAIL, PASSWORD).await;
    assert_eq!(
        refused.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        refused.body
    );
    provider.is(Mood::Well);
    site.pass(60);
    let mut browser = at(&site, HERE);
    let page = browser.open(&authorize("spa", &[])).await;
    let fields = [("password", PASSWORD), (provider.field(), "good-after")];
    assert!(send(&mut browser, &page, &fields).await.param("code").is_some());
}

#[tokio::test]
async fn answers_from_one_network_are_bounded() {
    let provider = BotProvider::start("turnstile").await;
    let site = with(Site::new().await, &provider, "always", &[]).await;
    let mut browser = at(&site, HERE);
    let page = browser.get(&authorize("spa", &[])).await;
    let page = browser.follow(page).await;
    let mut refused = 0;
    for n in 0..310 {
        let fields = [("password", "whatever"), (provider.field(), &*format!("bad-{n}"))];
        let answer = send(&mut browser, &page, &fields).await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!((provider.calls(), refused), (300, 10));
}

#[tokio::test]
async fn a_check_that_is_half_set_up_stops_the_start_with_a_sentence() {
    let site = Site::new().await;
    let file = site.data.path().join("secret");
    let opened = async |settings: &[(&str, &str)]| {
        let mut environment = site.environment.clone();
        for (name, value) in settings {
            environment.insert(format!("SEKISHO_BOT_CHECK_{name}"), (*value).to_owned());
        }
        match Config::from_environment(&environment) {
            Err(error) => error.to_string(),
            Ok(config) => match App::open(config, site.app.clock.clone()).await {
                Ok(app) => format!("{:?}", app.config),
                Err(error) => format!("{error:#}"),
            },
        }
    };
    let said = opened(&[("SITE_KEY", "key")]).await;
    assert!(
        said.contains("`attacks.bot_check.provider` (SEKISHO_BOT_CHECK_PROVIDER) is missing"),
        "{said}"
    );
    let said = opened(&[("PROVIDER", "friendly"), ("SITE_KEY", "key")]).await;
    assert!(
        said.contains("\"turnstile\" or \"hcaptcha\" or \"recaptcha\""),
        "{said}"
    );
    let said = opened(&[("PROVIDER", "hcaptcha"), ("SITE_KEY", "a key")]).await;
    assert!(said.contains("is no site key"), "{said}");
    let said = opened(&[("PROVIDER", "hcaptcha"), ("SITE_KEY", "key")]).await;
    assert!(said.contains("write the secret key"), "{said}");
    let by_file = [
        ("PROVIDER", "hcaptcha"),
        ("SITE_KEY", "key"),
        ("SECRET_FILE", file.to_str().unwrap()),
    ];
    assert!(opened(&by_file).await.contains("cannot be read"));
    std::fs::write(&file, "").unwrap();
    let mode = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&file, permissions).unwrap();
    };
    mode(0o644);
    assert!(opened(&by_file).await.contains("open to everybody"));
    mode(0o600);
    assert!(opened(&by_file).await.contains("is empty"));
    std::fs::write(&file, "  a-secret-of-theirs\n").unwrap();
    let shown = opened(&by_file).await;
    assert!(
        shown.contains("HCaptcha") && !shown.contains("a-secret-of-theirs"),
        "{shown}"
    );
    let given = opened(&[
        ("PROVIDER", "turnstile"),
        ("SITE_KEY", "key"),
        ("SECRET", "a-secret-of-theirs"),
    ])
    .await;
    assert!(
        given.contains("Turnstile") && !given.contains("a-secret-of-theirs"),
        "{given}"
    );
}
