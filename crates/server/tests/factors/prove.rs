//! Proving a second factor: by the phone, by a code that was kept, and not at all in a browser that is remembered.

use super::{STRICT, add_strict, audited, enter, fill, mails, onward, set_up};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho_rules::factor::ACR_MULTI_FACTOR;

engines!(
    who_has_a_second_factor_is_asked_for_it,
    threat_20_a_code_works_once_and_one_step_off,
    a_recovery_code_lets_in_once,
    a_browser_is_remembered_for_its_person,
    an_application_asks_for_more_than_a_password,
    a_second_factor_does_not_move_the_time_of_login,
);

const SILENT: [(&str, &str); 1] = [("prompt", "none")];

async fn who_has_a_second_factor_is_asked_for_it(site: Site) {
    add_strict(&site).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Confirm it’s you") && page.body.contains("6-digit code"));

    // Signed in, but not enough: a silent request is told what a library knows how to read.
    let silent = browser.get(&authorize("spa", &SILENT)).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    assert_eq!(
        silent.param("error_description").as_deref(),
        Some("Multifactor authentication required")
    );

    let missing = fill(&mut browser, &page, &[("code", " ")]).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let wrong = fill(&mut browser, &page, &[("code", "123")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.body.contains("That code isn’t right"), "{}", wrong.body);
    let cookie = browser.jar.clone();
    let back = enter(&mut browser, &wrong, &[("code", &phone.code(&site))]).await;
    assert!(back.param("code").is_some(), "{}", back.location());
    assert_ne!(
        cookie, browser.jar,
        "a new cookie: the one of before opens nothing any more"
    );
    let silent = browser.get(&authorize("spa", &SILENT)).await;
    assert!(silent.param("code").is_some());
}

async fn threat_20_a_code_works_once_and_one_step_off(site: Site) {
    add_strict(&site).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    site.pass(90);
    for (off, accepted) in [
        (-90, false),
        (-60, false),
        (-30, true),
        (0, true),
        (30, true),
        (30, false),
        (0, false),
        (60, false),
    ] {
        let mut browser = site.browser();
        let page = browser.open(&authorize("spa", &[])).await;
        let page = browser.log_in(&page, EMAIL, PASSWORD).await;
        let code = phone.code_with_clock_off(&site, off);
        let answer = enter(&mut browser, &page, &[("code", &code)]).await;
        assert_eq!(answer.status.is_redirection(), accepted, "{off}: {}", answer.body);
        // The page itself takes a second of the clock: stay in the step.
        site.pass(-1);
    }
}

async fn a_recovery_code_lets_in_once(site: Site) {
    add_strict(&site).await;
    let (_, codes) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    for (typed, accepted) in [
        (codes[3].to_lowercase().replace('-', " "), true),
        (codes[3].clone(), false),
    ] {
        let mut browser = site.browser();
        let page = browser.open(&authorize("spa", &[])).await;
        let page = browser.log_in(&page, EMAIL, PASSWORD).await;
        let state = page.hidden("state");
        let page = browser
            .get(&format!("/u/factor?state={state}&kind=recovery-code"))
            .await;
        assert!(page.body.contains("Recovery code"));
        let answer = fill(&mut browser, &page, &[("code", &typed)]).await;
        match accepted {
            true => {
                assert!(
                    answer.body.contains("You have 9 recovery codes left."),
                    "{}",
                    answer.body
                );
                let back = browser.open(&onward(&answer)).await;
                assert!(back.param("code").is_some());
            }
            false => assert!(
                answer.body.contains("That recovery code isn’t right"),
                "{}",
                answer.body
            ),
        }
    }
    let told = mails(&site).await;
    let about =
        |mail: &&sekisho::mail::Kept| mail.subject == "A recovery code of your Example account was used";
    assert_eq!(told.iter().filter(about).count(), 1);
    let audited = audited(&site).await;
    let expected = [
        "gd_auth_succeed otp",
        "gd_auth_succeed recovery-code",
        "gd_enrollment_complete otp",
        "gd_recovery_succeed",
    ];
    assert_eq!(audited, expected);
}

async fn a_browser_is_remembered_for_its_person(site: Site) {
    add_strict(&site).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    site.add_user("auth0|taro", "taro@example.com", PASSWORD).await;
    let (taros, _) = set_up(&site, &mut site.browser(), "taro@example.com", PASSWORD).await;
    let mut home = site.browser();
    let page = home.open(&authorize("spa", &[])).await;
    let page = home.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("for 30\u{a0}days"));
    let fields = [("code", phone.code(&site)), ("remember", "yes".to_owned())];
    let fields = [("code", fields[0].1.as_str()), ("remember", "yes")];
    assert!(enter(&mut home, &page, &fields).await.param("code").is_some());

    let log_out = async |browser: &mut crate::browser::Browser<'_>| {
        browser.get("/v2/logout").await;
        site.pass(30);
        let page = browser.open(&authorize("spa", &[])).await;
        assert!(page.body.contains("Sign in"), "{}", page.body);
        page
    };
    let page = log_out(&mut home).await;
    let back = home.log_in(&page, EMAIL, PASSWORD).await;
    assert!(back.param("code").is_some(), "the password was enough");
    // An application that asks gets a proof all the same, and so does another person here, and the same person elsewhere.
    let page = home
        .open(&authorize("spa", &[("acr_values", ACR_MULTI_FACTOR)]))
        .await;
    assert!(page.body.contains("Confirm it’s you"));
    let page = log_out(&mut home).await;
    let page = home.log_in(&page, "taro@example.com", PASSWORD).await;
    assert!(page.body.contains("Confirm it’s you"));
    assert!(
        enter(&mut home, &page, &[("code", &taros.code(&site))])
            .await
            .param("code")
            .is_some()
    );
    let mut elsewhere = site.browser();
    let page = elsewhere.open(&authorize("spa", &[])).await;
    let page = elsewhere.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Confirm it’s you"));

    site.pass(30 * 86_400);
    let page = log_out(&mut home).await;
    let page = home.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Confirm it’s you"), "the time is over");
}

async fn an_application_asks_for_more_than_a_password(site: Site) {
    let several = [("acr_values", ACR_MULTI_FACTOR)];
    add_strict(&site).await;
    let mut browser = site.browser();
    assert!(
        browser
            .sign_in(&authorize("spa", &[]))
            .await
            .param("code")
            .is_some()
    );
    let both = [("acr_values", ACR_MULTI_FACTOR), ("prompt", "none")];
    let silent = browser.get(&authorize("spa", &both)).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    // Nobody is asked for what they do not have: they set it up, and the session is worth more.
    let page = browser.open(&authorize("spa", &several)).await;
    let phone = super::Phone::scan(&page);
    let shown = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    let back = browser.open(&onward(&shown)).await;
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    assert_eq!(
        crate::browser::claims(&tokens["id_token"])["acr"],
        ACR_MULTI_FACTOR
    );
    assert!(
        browser
            .get(&authorize("spa", &both))
            .await
            .param("code")
            .is_some()
    );
}

async fn a_second_factor_does_not_move_the_time_of_login(site: Site) {
    add_strict(&site).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let mut browser = site.browser();
    let page = browser.open(&authorize(STRICT, &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    site.pass(240);
    let back = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    let tokens = site.redeem(STRICT, &back.param("code").unwrap()).await.json();
    let said = crate::browser::claims(&tokens["id_token"]);
    assert_eq!(
        said["iat"].as_i64().unwrap() - said["auth_time"].as_i64().unwrap(),
        240
    );
    // So a step-up with `max_age` asks for the first factor, and then for the second.
    let again = authorize("spa", &[("acr_values", ACR_MULTI_FACTOR), ("max_age", "60")]);
    let page = browser.open(&again).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Confirm it’s you"), "{}", page.body);
    site.pass(30);
    let back = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    assert!(back.param("code").is_some());
}
