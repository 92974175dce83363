//! Browser journeys and sessions: what binds them to a browser, and when they end.

use crate::browser::{Answer, Browser, claims};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::{Method, StatusCode};

engines!(
    threat_34_a_journey_goes_on_only_in_its_own_browser,
    a_journey_is_used_once,
    threat_08_the_cookie_changes_at_every_login,
    a_session_ends_when_idle_and_in_any_case,
    the_second_person_at_a_browser_ends_the_session_of_the_first,
    threat_24_a_taken_address_is_refused_like_any_other_after_the_same_work,
);

const SESSION: &str = "__Host-sekisho";
const FLOW: &str = "__Host-sekisho-flow";

async fn fill_in(browser: &mut Browser<'_>, page: &Answer, headers: &[(&str, &str)]) -> Answer {
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", EMAIL),
        ("password", PASSWORD),
    ];
    browser
        .visit(Method::POST, &page.action(), headers, &fields)
        .await
}

async fn threat_34_a_journey_goes_on_only_in_its_own_browser(site: Site) {
    let mut attacker = site.browser();
    let page = attacker.open(&authorize("spa", &[])).await;
    let mut victim = site.browser();
    // The victim opens the attacker's link, or is made to post the attacker's form.
    let handle = page.hidden("state");
    for path in ["/u/login", "/u/signup", "/u/consent", "/authorize/resume"] {
        let answer = victim
            .get(&format!("{path}?{}", crate::site::form(&[("state", &handle)])))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(!victim.jar.contains_key(SESSION));
    }
    let same_site = [("sec-fetch-site", "same-origin")];
    let answer = fill_in(&mut victim, &page, &same_site).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!victim.jar.contains_key(SESSION));
    // With a flow cookie of their own it is no better.
    victim.open(&authorize("spa", &[])).await;
    assert!(victim.jar.contains_key(FLOW));
    assert_eq!(
        fill_in(&mut victim, &page, &same_site).await.status,
        StatusCode::BAD_REQUEST
    );
    // In the right browser, a form that another site posts is refused too.
    for headers in [
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        [
            ("sec-fetch-site", "same-site"),
            ("origin", "https://other.login.example"),
        ],
        [("accept", "text/html"), ("origin", "https://evil.example")],
        [("accept", "text/html"), ("origin", "null")],
    ] {
        let answer = fill_in(&mut attacker, &page, &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let forged = page.body.replace(&page.hidden("csrf"), &"0".repeat(64));
    let forged = Answer {
        body: forged,
        ..attacker.get("/").await
    };
    assert_eq!(
        fill_in(&mut attacker, &forged, &same_site).await.status,
        StatusCode::FORBIDDEN
    );
    // A handle that was changed or made up opens nothing.
    for handle in ["", "x", &handle[..handle.len() - 1], &format!("{handle}A")] {
        let path = format!("/authorize/resume?{}", crate::site::form(&[("state", handle)]));
        assert_eq!(
            attacker.get(&path).await.status,
            StatusCode::BAD_REQUEST,
            "{handle}"
        );
    }
    assert!(
        fill_in(&mut attacker, &page, &same_site)
            .await
            .status
            .is_redirection()
    );
}

async fn a_journey_is_used_once(site: Site) {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = fill_in(&mut browser, &page, &[("sec-fetch-site", "same-origin")]).await;
    let resume = answer.location().to_owned();
    let code = browser.get(&resume).await.param("code").unwrap();
    let again = browser.get(&resume).await;
    assert_eq!(
        again.status,
        StatusCode::BAD_REQUEST,
        "resuming twice makes no second code"
    );
    assert_eq!(site.redeem("spa", &code).await.status, StatusCode::OK);
    // Two tabs each finish their own.
    let mut browser = site.browser();
    let one = browser.open(&authorize("spa", &[("state", "one")])).await;
    let two = browser.open(&authorize("web", &[("state", "two")])).await;
    for (page, state) in [(two, "two"), (one, "one")] {
        let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
        assert_eq!(answer.param("state").as_deref(), Some(state));
    }
    // An hour is enough for anybody.
    let page = browser.open(&authorize("spa", &[("prompt", "login")])).await;
    site.pass(3601);
    let answer = fill_in(&mut browser, &page, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

async fn threat_08_the_cookie_changes_at_every_login(site: Site) {
    let mut browser = site.browser();
    browser
        .jar
        .insert(SESSION.to_owned(), "planted-by-somebody-else".to_owned());
    let answer = browser.sign_in(&authorize("spa", &[])).await;
    let first = browser.jar[SESSION].clone();
    assert_ne!(first, "planted-by-somebody-else");
    let sid = async |answer: &Answer| {
        let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
        claims(&tokens["id_token"])["sid"].clone()
    };
    let before = sid(&answer).await;
    let answer = browser.sign_in(&authorize("spa", &[("prompt", "login")])).await;
    let second = browser.jar[SESSION].clone();
    assert_ne!(first, second);
    assert_eq!(before, sid(&answer).await, "the session goes on under its name");
    // Whoever copied the first cookie has nothing.
    let mut thief = site.browser();
    thief.jar.insert(SESSION.to_owned(), first);
    let answer = thief.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(answer.param("error").as_deref(), Some("login_required"));
    // Two cookies of the name are none: one of them was planted.
    let cookies = format!("{SESSION}={second}; {SESSION}=planted");
    let answer = site
        .browser()
        .visit(
            Method::GET,
            &authorize("spa", &[("prompt", "none")]),
            &[("cookie", &cookies)],
            &[],
        )
        .await;
    assert_eq!(answer.param("error").as_deref(), Some("login_required"));
}

async fn a_session_ends_when_idle_and_in_any_case(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let silent = authorize("spa", &[("prompt", "none")]);
    let day = 24 * 3600;
    for _ in 0..3 {
        site.pass(2 * day);
        assert!(
            browser.get(&silent).await.param("code").is_some(),
            "used, so not idle"
        );
    }
    site.pass(day);
    assert_eq!(
        browser.get(&silent).await.param("error").as_deref(),
        Some("login_required"),
        "seven days in all"
    );
    browser.sign_in(&authorize("spa", &[])).await;
    site.pass(3 * day);
    assert_eq!(
        browser.get(&silent).await.param("error").as_deref(),
        Some("login_required")
    );
    // A code dies with its session.
    browser.sign_in(&authorize("spa", &[])).await;
    let code = browser.get(&silent).await.param("code").unwrap();
    let page = browser.get("/oidc/logout").await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    browser
        .submit(&page.action(), &[("state", &state), ("csrf", &csrf)])
        .await;
    assert_eq!(site.redeem("spa", &code).await.error(), "invalid_grant");
}

async fn the_second_person_at_a_browser_ends_the_session_of_the_first(site: Site) {
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "taro@example.com",
        "another good one",
    )
    .await;
    let mut browser = site.browser();
    let answer = browser.sign_in(&authorize("spa", &[])).await;
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    let page = browser.open(&authorize("spa", &[("prompt", "login")])).await;
    let answer = browser
        .log_in(&page, "taro@example.com", "another good one")
        .await;
    let second = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    assert_ne!(
        claims(&tokens["id_token"])["sid"],
        claims(&second["id_token"])["sid"]
    );
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(token).await.status, StatusCode::UNAUTHORIZED);
}

async fn threat_24_a_taken_address_is_refused_like_any_other_after_the_same_work(site: Site) {
    let mut seen = Vec::new();
    for (email, password) in [
        (EMAIL, "long enough a password"),
        ("HANAKO@EXAMPLE.COM", "long enough a password"),
    ] {
        let mut browser = site.browser();
        let page = browser
            .open(&authorize("spa", &[("screen_hint", "signup")]))
            .await;
        let before = site.app.passwords.hashes_done();
        let answer = browser.log_in(&page, email, password).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(!browser.jar.contains_key(SESSION));
        seen.push(site.app.passwords.hashes_done() - before);
    }
    let mut browser = site.browser();
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "signup"), ("state", "new")]))
        .await;
    let before = site.app.passwords.hashes_done();
    let answer = browser
        .log_in(&page, "new@example.com", "long enough a password")
        .await;
    seen.push(site.app.passwords.hashes_done() - before);
    assert_eq!(answer.param("state").as_deref(), Some("new"));
    assert_eq!(seen, [1, 1, 1], "a free address costs what a taken one costs");
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["email"], "new@example.com");
    assert_eq!(claims(&tokens["id_token"])["email_verified"], false);
    // The next login knows the account, however the address is written.
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser
        .log_in(&page, "New@Example.com", "long enough a password")
        .await;
    assert!(answer.param("code").is_some());
    for (email, password) in [
        ("nobody", "long enough a password"),
        ("x@example.com", "short"),
        ("", ""),
    ] {
        let page = browser
            .open(&authorize(
                "spa",
                &[("screen_hint", "signup"), ("prompt", "login")],
            ))
            .await;
        let answer = browser.log_in(&page, email, password).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{email}");
    }
}

#[tokio::test]
async fn threat_30_a_closed_sign_up_is_closed_at_the_door_and_not_offered() {
    let site = Site::with(&[("SEKISHO_SIGNUP", "closed")]).await;
    let mut browser = site.browser();
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    assert_eq!(page.status, StatusCode::OK, "the sign-in page in its place");
    assert!(page.body.contains("current-password") && !page.body.contains("/u/signup"));
    let path = page.action().replace("/u/login", "/u/signup");
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    let fields = [
        ("state", page.hidden("state")),
        ("csrf", page.hidden("csrf")),
        ("email", "new@example.com".to_owned()),
        ("password", "long enough a password".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(browser.submit(&path, &fields).await.status, StatusCode::NOT_FOUND);
    let answer = browser
        .log_in(&page, "new@example.com", "long enough a password")
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "and no account was made");
}
