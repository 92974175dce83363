//! A list of addresses and passwords from elsewhere, tried one after another: it is seen, said once, known to all nodes, and makes what it
//! finds ask for more.

use super::bot_provider::{BotProvider, SITE_KEY};
use super::{at, attempt, audited, behind_proxy, counters};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use sekisho_store::args;

const HERE: &str = "198.51.100.7";
const NEXT_DOOR: &str = "198.51.100.8";

engines!(
    threat_10_a_network_that_tries_many_accounts_is_seen_once_by_all_nodes,
    one_person_who_forgot_their_password_is_no_attack,
);

/// The signs of the login that was made last.
async fn last_signs(site: &Site) -> String {
    let sql = "SELECT risk_reasons FROM sessions ORDER BY auth_time DESC LIMIT 1";
    site.app
        .db
        .one(sql, args![])
        .await
        .unwrap()
        .get("risk_reasons")
        .unwrap()
}

async fn threat_10_a_network_that_tries_many_accounts_is_seen_once_by_all_nodes(site: Site) {
    let provider = BotProvider::start("turnstile").await;
    let mut settings = provider.settings("risky");
    settings.extend([
        ("SEKISHO_ATTACKS_SUSPICIOUS_LOGINS", "challenge".to_owned()),
        ("SEKISHO_ATTACKS_NETWORK_ACCOUNTS_PER_HOUR", "4".to_owned()),
        // The count of failures alone shall not bring the check.
        ("SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", "0".to_owned()),
    ]);
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let site = behind_proxy(site, &settings).await;
    let node = site.second_node().await;
    let mut owner = at(&site, HERE);
    let code = super::attempt_in(&mut owner, EMAIL, PASSWORD).await.param("code");
    assert!(code.is_some(), "the owner lives there too");
    for n in 0..6 {
        let at_node = if n % 2 == 0 { &site } else { &node };
        for _ in 0..2 {
            attempt(at_node, HERE, &format!("person{n}@example.com"), "from a list").await;
        }
        sekisho::failures::flush(&node.app).await.unwrap();
        let said = audited(&site, &["stuffing"]).await;
        assert_eq!(said.len(), usize::from(n >= 3), "{n}: {said:?}");
        let asks = at(&site, HERE)
            .open(&authorize("spa", &[]))
            .await
            .body
            .contains(SITE_KEY);
        assert_eq!(asks, n >= 3, "{n}: a bot check from then on");
    }
    let said = audited(&site, &["stuffing"]).await;
    assert!(
        said[0].2.contains(HERE) && said[0].2.contains("4 accounts"),
        "{said:?}"
    );
    // The owner next door, and the one of the same network in a browser that is known.
    attempt(&site, NEXT_DOOR, EMAIL, PASSWORD).await;
    assert_eq!(last_signs(&site).await, "new_device");
    site.pass(1);
    let page = owner.open(&authorize("spa", &[("prompt", "login")])).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", EMAIL),
        ("password", PASSWORD),
        (provider.field(), "good-1"),
    ];
    let answer = owner.submit(&page.action(), &fields).await;
    assert!(owner.follow(answer).await.param("code").is_some());
    assert_eq!(last_signs(&site).await, "");
    // A hit: the password is right, and not enough.
    site.pass(1);
    let mut thief = at(&site, HERE);
    let page = thief.open(&authorize("spa", &[])).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", EMAIL),
        ("password", PASSWORD),
        (provider.field(), "good-2"),
    ];
    let answer = thief.submit(&page.action(), &fields).await;
    let page = thief.follow(answer).await;
    assert!(page.action().starts_with("/u/factor"), "{}", page.body);
    assert_eq!(last_signs(&site).await, "new_device,many_accounts");
    // A day later it is forgotten, and its next round is said again.
    site.pass(86_401);
    assert!(
        !at(&site, HERE)
            .open(&authorize("spa", &[]))
            .await
            .body
            .contains(SITE_KEY)
    );
    for n in 0..5 {
        attempt(&site, HERE, &format!("other{n}@example.com"), "from a list").await;
    }
    assert_eq!(audited(&site, &["stuffing"]).await.len(), 2);
    assert!(counters(&site).await < 80);
}

async fn one_person_who_forgot_their_password_is_no_attack(site: Site) {
    let settings = [
        ("SEKISHO_ATTACKS_NETWORK_ACCOUNTS_PER_HOUR", "2"),
        ("SEKISHO_ATTACKS_TRUSTED_NETWORKS", NEXT_DOOR),
    ];
    let site = behind_proxy(site, &settings).await;
    for n in 0..8 {
        attempt(&site, HERE, EMAIL, &format!("which was it {n}")).await;
        attempt(&site, NEXT_DOOR, &format!("colleague{n}@example.com"), "monday").await;
        site.pass(60);
    }
    assert_eq!(audited(&site, &["stuffing"]).await.len(), 0);
    // Two people an hour apart are two people.
    site.pass(3600);
    attempt(&site, HERE, "neighbour@example.com", "whatever").await;
    assert_eq!(audited(&site, &["stuffing"]).await.len(), 0);
}
