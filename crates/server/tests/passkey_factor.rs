//! A passkey as the second factor: proven after a password, and set up in the middle of a sign-in.

use crate::authenticator::Key;
use crate::browser::{Answer, Browser, claims};
use crate::factors::{STRICT, add_strict, onward, recovery_codes};
use crate::passkeys::{HANAKO, asked, enrol, expired, owned};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use serde_json::json;

engines!(
    a_passkey_is_proven_after_the_password,
    a_browser_is_remembered_by_its_passkey_form,
    a_passkey_is_set_up_in_the_middle_of_a_sign_in,
);

const TARO: &str = "taro@example.com";

/// The page that asks for a second factor, after the password.
async fn due(browser: &mut Browser<'_>) -> Answer {
    let page = browser.open(&authorize("spa", &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.action().starts_with("/u/factor/passkey?"), "{}", page.body);
    page
}

/// Sends an answer, from `page`, to the challenge of `challenged`.
async fn send(
    browser: &mut Browser<'_>,
    (page, challenged): (&Answer, &Answer),
    path: &str,
    response: &str,
) -> Answer {
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let challenge = challenged.hidden("challenge");
    let fields = [
        ("kind", "webauthn"),
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("challenge", &challenge),
        ("response", response),
    ];
    let answer = browser.submit(path, &fields).await;
    browser.follow(answer).await
}

async fn a_passkey_is_proven_after_the_password(site: Site) {
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let (mut key, mut other) = (Key::new(), Key::new());
    enrol(&site, EMAIL, &mut key, "key").await;
    enrol(&site, TARO, &mut other, "key").await;
    let mut browser = site.browser();
    let page = due(&mut browser).await;
    let credentials = json!([{ "type": "public-key", "id": owned(&site).await[0].id }]);
    assert_eq!(
        asked(&page)["allowCredentials"],
        credentials,
        "of this person only"
    );
    assert_eq!(asked(&page)["userVerification"], "required");

    // Somebody else's passkey, one that verifies nobody, and an answer to the sign-in page.
    for mut wrong in [other, key.unverified()] {
        let response = wrong.get(&asked(&page)).await;
        let refused = send(&mut browser, (&page, &page), "/u/factor/passkey", &response).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(
            refused.body.contains("That passkey was not accepted."),
            "{}",
            refused.body
        );
    }
    let login = site.browser().open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&login)).await;
    let refused = send(&mut browser, (&page, &login), "/u/factor/passkey", &response).await;
    assert!(refused.body.contains("That took too long."), "{}", refused.body);

    // The answer to this challenge is nothing at the sign-in page, or for another session of the same person.
    let response = key.get(&asked(&page)).await;
    let mut elsewhere = site.browser();
    let login = elsewhere.open(&authorize("spa", &[])).await;
    expired(&send(&mut elsewhere, (&login, &page), "/u/passkey", &response).await);
    let second = due(&mut elsewhere).await;
    let refused = send(&mut elsewhere, (&second, &page), "/u/factor/passkey", &response).await;
    assert!(refused.body.contains("That took too long."), "{}", refused.body);

    let back = send(&mut browser, (&page, &page), "/u/factor/passkey", &response).await;
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["sub"], HANAKO);
    assert_eq!(id_token["amr"], json!(["mfa"]), "{id_token}");
}

async fn a_browser_is_remembered_by_its_passkey_form(site: Site) {
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    let mut home = site.browser();
    for remember in [None, Some("yes")] {
        let page = due(&mut home).await;
        assert!(page.body.contains("name=\"remember\"") && page.body.contains("for 30\u{a0}days"));
        let response = key.get(&asked(&page)).await;
        let fields = [
            ("state", page.hidden("state")),
            ("csrf", page.hidden("csrf")),
            ("challenge", page.hidden("challenge")),
            ("response", response),
            ("remember", remember.unwrap_or("no").to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = home.submit("/u/factor/passkey", &fields).await;
        let back = home.follow(answer).await;
        assert!(back.param("code").is_some(), "{}", back.location());
        home.get("/v2/logout").await;
    }
    let page = home.open(&authorize("spa", &[])).await;
    let back = home.log_in(&page, EMAIL, PASSWORD).await;
    assert!(
        back.param("code").is_some(),
        "this browser is not asked: {}",
        back.body
    );
    // Another one is, and so is this one when the application insists.
    due(&mut site.browser()).await;
    let acr = [("acr_values", sekisho_rules::factor::ACR_MULTI_FACTOR)];
    let asked = home.open(&authorize("spa", &acr)).await;
    assert!(asked.action().starts_with("/u/factor/passkey?"), "{}", asked.body);
    // The sign-in page has no such box.
    let page = site.browser().open(&authorize("spa", &[])).await;
    assert!(!page.body.contains("name=\"remember\""));
}

async fn a_passkey_is_set_up_in_the_middle_of_a_sign_in(site: Site) {
    add_strict(&site).await;
    let mut browser = site.browser();
    let page = browser.open(&authorize(STRICT, &[])).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    let way = format!("{}&kind=webauthn", page.action());
    let page = browser.open(&way).await;
    let mut key = Key::that_verifies_nobody();
    let response = key.create(&asked(&page)).await;
    let refused = send(&mut browser, (&page, &page), &page.action(), &response).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("cannot be used here"), "{}", refused.body);
    assert!(owned(&site).await.is_empty());

    let mut key = Key::new();
    let response = key.create(&asked(&page)).await;
    let shown = send(&mut browser, (&page, &page), &page.action(), &response).await;
    assert_eq!(recovery_codes(&shown).len(), 10, "{}", shown.body);
    let back = browser.open(&onward(&shown)).await;
    let tokens = site.redeem(STRICT, &back.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["amr"], json!(["mfa"]));
    assert_eq!(owned(&site).await.len(), 1);
}

#[tokio::test]
async fn threat_09_who_has_a_passkey_adds_no_other_by_the_password_alone() {
    let site = Site::new().await;
    add_strict(&site).await;
    let mut key = Key::new();
    // A set-up that was begun before there was one, kept for later.
    let mut thief = site.browser();
    let page = thief.open(&authorize(STRICT, &[])).await;
    let page = thief.log_in(&page, EMAIL, PASSWORD).await;
    let page = thief.open(&format!("{}&kind=webauthn", page.action())).await;
    let response = Key::new().create(&asked(&page)).await;
    enrol(&site, EMAIL, &mut key, "key").await;
    let sent = send(&mut thief, (&page, &page), &page.action(), &response).await;
    assert!(sent.action().starts_with("/u/factor/passkey?"), "{}", sent.body);
    assert_eq!(owned(&site).await.len(), 1, "only the owner's");
    let page = thief.get("/account/passkeys/add").await;
    assert!(page.status.is_redirection(), "{}", page.body);
}
