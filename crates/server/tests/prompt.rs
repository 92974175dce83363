//! What a request may ask of the sign-in: prompts, ages, hints, screens, languages; and consent.

use crate::browser::{Answer, Browser, claims};
use crate::site::{API, EMAIL, PASSWORD, Site, authorize, wires};
use axum::http::StatusCode;
use sekisho_rules::wire::Wire;

wires!(
    prompt_none_never_shows_anything,
    prompt_login_and_select_account_ask_again,
    max_age_asks_again_when_the_login_is_older,
    hints_fill_in_the_form_and_choose_the_page,
    an_id_token_hint_of_somebody_else_asks_again_and_refuses_another,
    a_third_party_needs_consent_once_and_more_of_it_for_more,
    a_first_party_never_sees_consent,
    a_refused_consent_goes_back_to_the_application,
    pages_speak_the_language_that_was_asked_for,
);

fn asks_for_password(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.body.contains("autocomplete=\"current-password\"")
}

async fn prompt_none_never_shows_anything(site: Site) {
    let mut browser = site.browser();
    for (client, signed_in, error) in [
        ("spa", false, Some("login_required")),
        ("third", true, Some("consent_required")),
        ("spa", true, None),
    ] {
        if signed_in {
            browser.sign_in(&authorize("web", &[("prompt", "login")])).await;
        }
        let answer = browser.get(&authorize(client, &[("prompt", "none")])).await;
        assert_eq!(answer.param("error").as_deref(), error, "{client}");
        assert_eq!(answer.param("code").is_some(), error.is_none());
        assert_eq!(answer.param("state").as_deref(), Some("xyz"));
    }
    let words = browser
        .get(&authorize("third", &[("prompt", "none")]))
        .await
        .param("error_description");
    assert_eq!(words.as_deref(), Some("Consent required"));
    site.pass(60);
    let aged = [("prompt", "none"), ("max_age", "30")];
    let answer = browser.get(&authorize("spa", &aged)).await;
    assert_eq!(answer.param("error").as_deref(), Some("login_required"));
    assert_eq!(
        answer.param("error_description").as_deref(),
        Some("Login required")
    );
}

async fn prompt_login_and_select_account_ask_again(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    for prompt in ["login", "select_account", "login consent"] {
        site.pass(5);
        let page = browser.open(&authorize("spa", &[("prompt", prompt)])).await;
        assert!(asks_for_password(&page), "{prompt}");
        let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
        let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
        assert_eq!(claims(&tokens["id_token"])["auth_time"], site.now().seconds());
    }
}

async fn max_age_asks_again_when_the_login_is_older(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    site.pass(100);
    assert!(
        browser
            .get(&authorize("spa", &[("max_age", "100")]))
            .await
            .param("code")
            .is_some()
    );
    assert!(asks_for_password(
        &browser.open(&authorize("spa", &[("max_age", "99")])).await
    ));
    // 0 asks always, and once.
    let page = browser.open(&authorize("spa", &[("max_age", "0")])).await;
    assert!(asks_for_password(&page));
    let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["auth_time"], site.now().seconds());
}

async fn hints_fill_in_the_form_and_choose_the_page(site: Site) {
    let mut browser = site.browser();
    let page = browser
        .open(&authorize("spa", &[("login_hint", "\"><b>hanako@example.com")]))
        .await;
    assert!(page.body.contains("hanako@example.com") && !page.body.contains("<b>"));
    let page = browser
        .open(&authorize(
            "spa",
            &[("screen_hint", "signup"), ("login_hint", "new@example.com")],
        ))
        .await;
    assert!(page.body.contains("autocomplete=\"new-password\"") && page.body.contains("new@example.com"));
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "whatever")]))
        .await;
    assert!(asks_for_password(&page));
}

async fn an_id_token_hint_of_somebody_else_asks_again_and_refuses_another(site: Site) {
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "taro@example.com",
        "another good one",
    )
    .await;
    let mut browser = site.browser();
    let first = browser.sign_in(&authorize("spa", &[])).await;
    let tokens = site.redeem("spa", &first.param("code").unwrap()).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let mut other = site.browser();
    let page = other.open(&authorize("spa", &[])).await;
    other.log_in(&page, "taro@example.com", "another good one").await;

    let silent = other
        .get(&authorize("spa", &[("prompt", "none"), ("id_token_hint", hint)]))
        .await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let page = other.open(&authorize("spa", &[("id_token_hint", hint)])).await;
    assert!(asks_for_password(&page));
    let answer = other.log_in(&page, "taro@example.com", "another good one").await;
    assert_eq!(
        answer.param("error").as_deref(),
        Some("login_required"),
        "not who was meant"
    );
    // An expired hint still names somebody; nonsense names nobody.
    site.pass(40_000);
    let silent = [("prompt", "none"), ("id_token_hint", hint)];
    assert!(
        browser
            .get(&authorize("spa", &silent))
            .await
            .param("code")
            .is_some()
    );
}

async fn decide(browser: &mut Browser<'_>, page: &Answer, decision: &str) -> Answer {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [("state", state.as_str()), ("csrf", &csrf), ("decision", decision)];
    let answer = browser.submit(&page.action(), &fields).await;
    browser.follow(answer).await
}

async fn a_third_party_needs_consent_once_and_more_of_it_for_more(site: Site) {
    let mut browser = site.browser();
    let page = browser.sign_in(&authorize("third", &[])).await;
    assert!(page.body.contains("name=\"decision\"") && page.body.contains("App third"));
    let answer = decide(&mut browser, &page, "allow").await;
    assert!(answer.param("code").is_some());
    let again = browser.get(&authorize("third", &[])).await;
    assert!(again.param("code").is_some(), "remembered");
    let less = browser.get(&authorize("third", &[("scope", "openid")])).await;
    assert!(less.param("code").is_some(), "less needs no more consent");
    let more = [("audience", API), ("scope", "openid read:notes")];
    let page = browser.open(&authorize("third", &more)).await;
    assert!(page.body.contains("Read your notes"), "{}", page.body);
    assert!(decide(&mut browser, &page, "allow").await.param("code").is_some());
    assert!(
        browser
            .get(&authorize("third", &more))
            .await
            .param("code")
            .is_some()
    );
    let page = browser.open(&authorize("third", &[("prompt", "consent")])).await;
    assert!(page.body.contains("name=\"decision\""), "asked for again");
    // Another browser of the same person knows it too, another person does not.
    let mut elsewhere = site.browser();
    assert!(
        elsewhere
            .sign_in(&authorize("third", &[]))
            .await
            .param("code")
            .is_some()
    );
}

async fn a_first_party_never_sees_consent(site: Site) {
    let mut local = crate::seed::client("local", sekisho_rules::client::ClientKind::SinglePage);
    local.callbacks = vec!["http://localhost:3000/".to_owned()];
    site.add_client(local).await;
    let mut browser = site.browser();
    let everything = [
        ("redirect_uri", "http://localhost:3000/"),
        ("audience", API),
        (
            "scope",
            "openid profile email offline_access read:notes write:notes",
        ),
        ("prompt", "consent"),
    ];
    let answer = browser.sign_in(&authorize("local", &everything)).await;
    assert!(answer.param("code").is_some(), "localhost included");
}

async fn a_refused_consent_goes_back_to_the_application(site: Site) {
    let mut browser = site.browser();
    let page = browser.sign_in(&authorize("third", &[])).await;
    let answer = decide(&mut browser, &page, "deny").await;
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.param("state").as_deref(), Some("xyz"));
    let words = answer.param("error_description").unwrap();
    assert_eq!(words, "User did not authorize the request");
    let page = browser.open(&authorize("third", &[])).await;
    assert!(
        page.body.contains("name=\"decision\""),
        "a no is not remembered as a yes"
    );
    let answer = decide(&mut browser, &page, "maybe").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(matches!(site.wire(), Wire::Auth0 | Wire::Standard));
}

async fn pages_speak_the_language_that_was_asked_for(site: Site) {
    let mut browser = site.browser();
    browser.language = "ja,en;q=0.5";
    let page = browser.open(&authorize("spa", &[])).await;
    assert!(page.body.contains("<html lang=\"ja\">"));
    let page = browser.open(&authorize("spa", &[("ui_locales", "en")])).await;
    assert!(page.body.contains("<html lang=\"en\">"));
    let wrong = browser.log_in(&page, EMAIL, "wrong password").await;
    assert!(
        wrong.body.contains("<html lang=\"en\">"),
        "and goes on speaking it"
    );
    browser.language = "fr";
    let page = browser.open(&authorize("spa", &[])).await;
    assert!(page.body.contains("<html lang=\"en\">"));
}
