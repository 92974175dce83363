//! One code of an authenticator application, tried at the page and at the token endpoint: whoever uses it first uses it up everywhere.

use super::{Phone, add_strict, enter, set_up};
use crate::browser::Answer;
use crate::mfa_api::{direct, otp, owing};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho_rules::factor::MfaPolicy;

engines!(
    threat_20_a_code_used_at_one_door_is_refused_at_the_other,
    threat_20_of_two_uses_on_two_nodes_one_wins,
);

async fn scene(site: &Site) -> Phone {
    add_strict(site).await;
    site.add_client(direct("direct", Some(MfaPolicy::Always))).await;
    let (phone, _) = set_up(site, &mut site.browser(), EMAIL, PASSWORD).await;
    phone
}

/// Types a code into the page of a new browser.
async fn at_the_page(site: &Site, code: &str) -> Answer {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    enter(&mut browser, &page, &[("code", code)]).await
}

async fn threat_20_a_code_used_at_one_door_is_refused_at_the_other(site: Site) {
    let phone = scene(&site).await;
    let code = phone.code(&site);
    let token = owing(&site, "direct").await;
    assert!(at_the_page(&site, &code).await.param("code").is_some());
    let refused = otp(&site, &token, &code).await;
    assert_eq!(refused.error(), "invalid_grant", "{}", refused.body);
    assert_eq!(refused.json()["error_description"], "Invalid otp_code.");

    site.pass(30);
    let code = phone.code(&site);
    let done = otp(&site, &token, &code).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let refused = at_the_page(&site, &code).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("That code isn’t right"), "{}", refused.body);
}

async fn threat_20_of_two_uses_on_two_nodes_one_wins(site: Site) {
    let phone = scene(&site).await;
    let there = site.second_node().await;
    for round in 0..5 {
        let code = phone.code(&site);
        let (here_token, there_token) = (owing(&site, "direct").await, owing(&there, "direct").await);
        let (one, two, page) = tokio::join!(
            otp(&site, &here_token, &code),
            otp(&there, &there_token, &code),
            at_the_page(&there, &code),
        );
        let won = [
            one.status == StatusCode::OK,
            two.status == StatusCode::OK,
            page.status.is_redirection() && page.param("code").is_some(),
        ];
        let winners = won.iter().filter(|won| **won).count();
        assert_eq!(winners, 1, "round {round}: {won:?}");
        site.pass(30);
    }
}
