//! Setting a second factor up in the middle of a sign-in.

use super::{
    Phone, STRICT, add_strict, audited, enter, fill, mail_about, mailed_code, mails, onward, recovery_codes,
    set_up,
};
use crate::browser::claims;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines, wires};
use axum::http::StatusCode;
use sekisho_rules::factor::ACR_MULTI_FACTOR;

engines!(
    who_needs_a_second_factor_and_has_none_sets_one_up,
    a_set_up_ends_with_the_login_it_began_in,
    codes_by_mail_are_set_up_with_one,
);
wires!(what_tokens_say_of_a_second_factor);

async fn who_needs_a_second_factor_and_has_none_sets_one_up(site: Site) {
    add_strict(&site).await;
    let mut browser = site.browser();
    let page = browser.open(&authorize(STRICT, &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Set up two-step sign-in"), "{}", page.body);
    assert!(page.body.contains("App strict") && page.body.contains("<svg class=\"qr\""));
    let uri = page.body.split("href=\"otpauth://").nth(1).unwrap();
    assert!(
        uri.starts_with("totp/Example:hanako%40example.com?secret="),
        "{uri}"
    );

    // Something is wrong with the code: the same picture again, nothing has to be scanned anew.
    let phone = Phone::scan(&page);
    for (typed, said) in [
        ("", "Enter the code."),
        ("000000", "That code isn’t right"),
        ("soon", "That code isn’t right"),
    ] {
        let again = fill(&mut browser, &page, &[("code", typed)]).await;
        assert_eq!(again.status, StatusCode::BAD_REQUEST);
        assert!(again.body.contains(said), "{}", again.body);
        assert_eq!(Phone::scan(&again).code(&site), phone.code(&site));
    }
    assert_eq!(
        audited(&site).await,
        Vec::<String>::new(),
        "nothing was kept so far"
    );

    let shown = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    assert_eq!(shown.status, StatusCode::OK);
    let codes = recovery_codes(&shown);
    assert_eq!(codes.len(), 10);
    assert!(shown.body.contains("download="), "kept without script");
    let back = browser.open(&onward(&shown)).await;
    let answer = site.redeem(STRICT, &back.param("code").unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);

    let told = mail_about(&site, "Your Example account has a new second step").await;
    assert_eq!(told.to, EMAIL);
    assert!(codes.iter().all(|code| !told.text.contains(code)));
    assert_eq!(
        audited(&site).await,
        ["gd_auth_succeed otp", "gd_enrollment_complete otp"]
    );

    // The form once more makes no second factor, and the session needs none.
    let again = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    assert!(again.status.is_redirection() || again.status == StatusCode::BAD_REQUEST);
    assert_eq!(audited(&site).await.len(), 2);
}

async fn a_set_up_ends_with_the_login_it_began_in(site: Site) {
    add_strict(&site).await;
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    site.pass(11 * 60);
    // Somebody found the browser open: they sign in first.
    let page = browser.open(&authorize(STRICT, &[])).await;
    assert!(page.body.contains("please sign in again"), "{}", page.body);
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    let phone = Phone::scan(&page);

    // Fetching an application may take longer than that.
    site.pass(25 * 60);
    let wrong = fill(&mut browser, &page, &[("code", "000000")]).await;
    assert_eq!(Phone::scan(&wrong).code(&site), phone.code(&site));
    // But not for ever.
    site.pass(6 * 60);
    let late = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    assert!(late.body.contains("please sign in again"), "{}", late.body);
    let page = browser.log_in(&late, EMAIL, PASSWORD).await;
    assert_ne!(Phone::scan(&page).code(&site), phone.code(&site));
}

async fn codes_by_mail_are_set_up_with_one(site: Site) {
    add_strict(&site).await;
    let mut browser = site.browser();
    let page = browser.open(&authorize(STRICT, &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    let way = page.body.split("href=\"/u/enrol").nth(1).unwrap();
    let way = crate::browser::unescape(&format!("/u/enrol{}", &way[..way.find('"').unwrap()]));
    assert!(way.ends_with("&kind=email"), "{way}");
    let page = browser.get(&way).await;
    assert!(mails(&site).await.is_empty(), "opening the page sends nothing");
    let page = enter(&mut browser, &page, &[("send", "yes")]).await;
    let code = mailed_code(&site).await;
    let wrong = if code == "123456" { "654321" } else { "123456" };
    let again = fill(&mut browser, &page, &[("code", wrong)]).await;
    assert!(
        again.body.contains("the code in our latest mail"),
        "{}",
        again.body
    );
    let shown = enter(&mut browser, &again, &[("code", &code)]).await;
    assert_eq!(recovery_codes(&shown).len(), 10);
    let back = browser.open(&onward(&shown)).await;
    assert!(back.param("code").is_some());

    // From then on it is asked for everywhere.
    let mut elsewhere = site.browser();
    let page = elsewhere.open(&authorize("spa", &[])).await;
    let page = elsewhere.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("h•••@example.com") && !page.body.contains("hanako@example.com</bdi>."));
    let page = enter(&mut elsewhere, &page, &[("send", "yes")]).await;
    let code = mailed_code(&site).await;
    let back = enter(&mut elsewhere, &page, &[("code", &code)]).await;
    assert!(back.param("code").is_some());
    let mut third = site.browser();
    let page = third.open(&authorize("spa", &[])).await;
    let page = third.log_in(&page, EMAIL, PASSWORD).await;
    let used = enter(&mut third, &page, &[("code", &code)]).await;
    assert!(used.body.contains("no longer works"), "{}", used.body);
}

async fn what_tokens_say_of_a_second_factor(site: Site) {
    add_strict(&site).await;
    let standard = site.wire() == sekisho_rules::wire::Wire::Standard;
    let plain = claims(&site.tokens("spa", &[]).await["id_token"]);
    assert_eq!(plain["acr"], serde_json::Value::Null);
    match standard {
        true => assert_eq!(plain["amr"], serde_json::json!(["pwd"])),
        false => assert_eq!(plain["amr"], serde_json::Value::Null),
    }
    let mut browser = site.browser();
    let (_, _) = set_up(&site, &mut browser, EMAIL, PASSWORD).await;
    let scope = [("scope", "openid offline_access"), ("audience", crate::site::API)];
    let back = browser.open(&authorize("spa", &scope)).await;
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let refreshed = site
        .refresh("spa", tokens["refresh_token"].as_str().unwrap())
        .await
        .json();
    for answer in [&tokens, &refreshed] {
        let said = claims(&answer["id_token"]);
        assert_eq!(said["acr"], ACR_MULTI_FACTOR);
        match standard {
            true => assert_eq!(said["amr"], serde_json::json!(["pwd", "otp", "mfa"])),
            false => assert_eq!(said["amr"], serde_json::json!(["mfa"])),
        }
    }
    let discovery = site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(
        discovery["acr_values_supported"],
        serde_json::json!([ACR_MULTI_FACTOR])
    );
    let known = discovery["claims_supported"].as_array().unwrap();
    assert!(
        ["acr", "amr", "auth_time"]
            .iter()
            .all(|claim| known.contains(&(*claim).into()))
    );
    let asked = site
        .post(
            "/oauth/introspect",
            Some(("web", crate::site::SECRET)),
            &[("token", tokens["access_token"].as_str().unwrap())],
        )
        .await;
    assert_eq!(asked.status, StatusCode::OK);
}
