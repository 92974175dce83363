//! Guessing spread over addresses, over accounts and over networks; floods; and that the counters stay few.

use super::{at, attempt, attempt_in, audited, behind_proxy, counters, mails};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::serve::sweep_batch;

engines!(
    threat_10_guesses_from_everywhere_at_one_account_slow_down,
    threat_10_guesses_from_one_network_at_many_accounts_slow_down,
    threat_25_a_flood_of_made_up_accounts_leaves_few_rows,
    sign_ups_from_one_network_are_counted,
    a_week_of_attacks_is_no_flood_of_mail,
);

async fn threat_10_guesses_from_everywhere_at_one_account_slow_down(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_ACCOUNT_FAILURES_PER_HOUR", "6")]).await;
    let mut owner = at(&site, "203.0.113.9");
    assert!(
        attempt_in(&mut owner, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    for n in 0..6 {
        let answer = attempt(&site, &format!("198.51.100.{n}"), EMAIL, "a wrong guess").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "guess {n}");
    }
    let before = site.app.passwords.hashes_done();
    let stranger = attempt(&site, "198.51.100.99", EMAIL, PASSWORD).await;
    assert_eq!(stranger.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        site.app.passwords.hashes_done(),
        before,
        "the password is not looked at"
    );
    let own = attempt_in(&mut owner, EMAIL, PASSWORD).await;
    assert!(own.param("code").is_some(), "the owner's browser is not kept out");
    // The cookie of one person opens nothing for the account of another.
    site.add_user(
        "auth0|0123456789abcdef01234568",
        "taro@example.com",
        "the words of taro",
    )
    .await;
    let mut taro = at(&site, "198.51.100.98");
    assert!(
        attempt_in(&mut taro, "taro@example.com", "the words of taro")
            .await
            .param("code")
            .is_some()
    );
    let answer = attempt_in(&mut taro, EMAIL, "a wrong guess").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    site.pass(600);
    let answer = attempt(&site, "198.51.100.97", EMAIL, "a wrong guess").await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "one comes back every ten minutes"
    );
    let answer = attempt(&site, "198.51.100.96", EMAIL, "a wrong guess").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn threat_10_guesses_from_one_network_at_many_accounts_slow_down(site: Site) {
    let settings = [
        ("SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", "8"),
        ("SEKISHO_ATTACKS_TRUSTED_NETWORKS", "192.0.2.0/24"),
    ];
    let site = behind_proxy(site, &settings).await;
    // One IPv6 network, another address each time; signing in as oneself in between gives nothing back.
    for n in 0..8 {
        let here = format!("2001:db8:1:2::{n}");
        let answer = attempt(&site, &here, &format!("victim{n}@example.com"), "Summer2026!").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "guess {n}");
        if n < 7 {
            assert!(
                attempt(&site, &here, EMAIL, PASSWORD)
                    .await
                    .param("code")
                    .is_some()
            );
        }
    }
    let answer = attempt(
        &site,
        "2001:db8:1:2:abcd::1",
        "victim8@example.com",
        "Summer2026!",
    )
    .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let next = attempt(&site, "2001:db8:1:3::1", "victim8@example.com", "Summer2026!").await;
    assert_eq!(
        next.status,
        StatusCode::BAD_REQUEST,
        "the neighbour is another network"
    );
    for n in 0..20 {
        let answer = attempt(
            &site,
            "192.0.2.1",
            &format!("victim{n}@example.com"),
            "Summer2026!",
        )
        .await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "a network that is trusted"
        );
    }
    let seen = audited(&site, &["limit_mu"]).await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].2.contains("2001:db8:1:2:abcd::1"), "{seen:?}");
}

async fn threat_25_a_flood_of_made_up_accounts_leaves_few_rows(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", "5")]).await;
    let before = counters(&site).await;
    for n in 0..60 {
        attempt(&site, "198.51.100.7", &format!("made-up-{n}@example.com"), "x").await;
    }
    let after = counters(&site).await;
    assert!(
        after - before <= 17,
        "{before} {after}: of five attempts: pairs, accounts, and the network's"
    );
    site.pass(86_401 * 2);
    while sweep_batch(&site.app).await.unwrap() > 0 {}
    assert_eq!(counters(&site).await, 0, "and none of them for long");
}

async fn sign_ups_from_one_network_are_counted(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_SIGNUPS_PER_HOUR", "3")]).await;
    let mut statuses = Vec::new();
    for n in 0..5 {
        let mut browser = at(&site, "198.51.100.7");
        let page = browser
            .open(&authorize("spa", &[("screen_hint", "signup")]))
            .await;
        let answer = browser
            .log_in(
                &page,
                &format!("new{n}@example.com"),
                "words of their own choosing",
            )
            .await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses[3..], [StatusCode::TOO_MANY_REQUESTS; 2]);
    assert!(statuses[..3].iter().all(|status| status.is_redirection()));
}

async fn a_week_of_attacks_is_no_flood_of_mail(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_ACCOUNT_FAILURES_PER_HOUR", "0")]).await;
    for network in 0..6 {
        for _ in 0..11 {
            attempt(&site, &format!("198.51.100.{network}"), EMAIL, "a wrong guess").await;
        }
    }
    assert_eq!(mails(&site).await.len(), 3);
    site.pass(28_801);
    for _ in 0..11 {
        attempt(&site, "198.51.100.77", EMAIL, "a wrong guess").await;
    }
    assert_eq!(mails(&site).await.len(), 4);
}
