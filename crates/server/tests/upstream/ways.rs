//! The last way into an account stays, whatever the ways are: a linked account, a passkey, a password, a mail.

use super::{change, connect, through};
use crate::authenticator::Key;
use crate::browser::Browser;
use crate::passkeys::{asked, assert_with, attest};
use crate::site::{Site, authorize, engines};
use sekisho_rules::id::UserId;
use sekisho_rules::upstream::{Standing, Strategy};
use sekisho_store::{identities, passkeys};
use serde_json::json;

engines!(
    a_passkey_is_a_way_in_beside_a_linked_account,
    the_last_two_ways_in_are_not_taken_at_once,
);

const SEVEN: &str = "twitter|7";

/// Somebody who came from X and has a passkey; no password, no address.
async fn seven(site: &Site) -> Key {
    let x = connect(site, Strategy::X).await;
    x.scene.lock().unwrap().userinfo = json!({"data": {"id": "7", "name": "Seven", "username": "seven"}});
    let mut browser = site.browser();
    through(&mut browser, &x, "twitter").await;
    let page = browser.open("/account/passkeys/add").await;
    let page = crate::account::through(&mut browser, page).await;
    let mut key = Key::new();
    let response = key.create(&asked(&page)).await;
    let list = attest(&mut browser, &page, &response, "key").await;
    assert!(list.body.contains("Your passkey was added."), "{}", list.body);
    key
}

/// A browser that signed in with the passkey, which is fresh proof of two factors.
async fn inside<'a>(site: &'a Site, key: &mut Key) -> Browser<'a> {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    let back = assert_with(&mut browser, &page, &response).await;
    assert!(back.param("code").is_some(), "{}", back.body);
    let page = browser.open("/account/connections").await;
    crate::account::through(&mut browser, page).await;
    browser
}

async fn unlink(browser: &mut Browser<'_>) -> String {
    let page = browser.open("/account/connections").await;
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("unlink", "twitter 7")];
    let answer = browser.submit("/account/connections/change", &fields).await;
    answer.location().to_owned()
}

async fn remove_passkey(site: &Site, browser: &mut Browser<'_>) -> String {
    let owned = passkeys::of_user(&site.app.db, &UserId::new(SEVEN))
        .await
        .unwrap();
    let page = browser.open("/account/passkeys").await;
    let csrf = page.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("do", "remove"),
        ("passkey", owned[0].id.as_str()),
    ];
    let answer = browser.submit("/account/passkeys/change", &fields).await;
    answer.location().to_owned()
}

/// How many ways in there are.
async fn ways(site: &Site) -> (usize, usize) {
    let id = UserId::new(SEVEN);
    let passkeys = passkeys::of_user(&site.app.db, &id).await.unwrap().len();
    let linked = identities::of_user(&site.app.db, &id).await.unwrap().len();
    (passkeys, linked)
}

async fn a_passkey_is_a_way_in_beside_a_linked_account(site: Site) {
    let mut key = seven(&site).await;
    let mut browser = inside(&site, &mut key).await;
    let page = browser.open("/account/connections").await;
    assert!(page.body.contains("name=\"unlink\""), "{}", page.body);
    assert!(unlink(&mut browser).await.ends_with("done=unlinked"));
    // Now the passkey is the last.
    remove_passkey(&site, &mut browser).await;
    assert_eq!(ways(&site).await, (1, 0));
    inside(&site, &mut key).await;
}

#[tokio::test]
async fn a_linked_account_whose_service_is_off_is_no_way_in() {
    let site = Site::new().await;
    let mut key = seven(&site).await;
    change(&site, "twitter", |connection| {
        connection.standing = Standing::Disabled;
    })
    .await;
    let mut browser = inside(&site, &mut key).await;
    remove_passkey(&site, &mut browser).await;
    assert_eq!(ways(&site).await, (1, 1), "the passkey stays");
    // And it takes no way in to take it away.
    assert!(unlink(&mut browser).await.ends_with("done=unlinked"));
}

async fn the_last_two_ways_in_are_not_taken_at_once(site: Site) {
    let mut key = seven(&site).await;
    let there = site.second_node().await;
    let (mut one, mut two) = (inside(&site, &mut key).await, inside(&there, &mut key).await);
    let (unlinked, _) = tokio::join!(unlink(&mut one), remove_passkey(&there, &mut two));
    let left = ways(&site).await;
    assert_eq!(left.0 + left.1, 1, "{left:?} {unlinked}");
}
