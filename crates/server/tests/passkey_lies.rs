//! Every way in which a passkey's answer is not what it says: another origin, another person's, nobody verified, used before, too late.

use crate::authenticator::{Key, encoded};
use crate::browser::{Answer, Browser};
use crate::passkeys::{HANAKO, adding, asked, assert_with, attest, enrol, expired, owned, refused, sign_in};
use crate::site::{EMAIL, PASSWORD, Site, authorize};
use axum::http::StatusCode;
use sekisho_rules::id::UserId;
use sekisho_store::passkeys;
use serde_json::{Value, json};

const TARO: &str = "taro@example.com";

#[tokio::test]
async fn threat_20_nothing_but_the_right_answer_signs_in() {
    // Guesses are not limited here, so that each lie is looked at.
    let limits = [
        ("SEKISHO_ATTACKS_FAILURES", "0"),
        ("SEKISHO_ATTACKS_ACCOUNT_FAILURES_PER_HOUR", "0"),
        ("SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", "0"),
    ];
    let site = Site::with(&limits).await;
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let (mut key, mut other) = (Key::new(), Key::new());
    enrol(&site, EMAIL, &mut key, "key").await;
    enrol(&site, TARO, &mut other, "key").await;

    // Another origin: another port, another host, a subdomain, without TLS.
    for origin in [
        "https://login.example:8443",
        "https://evil.example",
        "https://a.login.example",
        "https://login.example.evil.example",
        "http://login.example",
        "null",
    ] {
        key.origin = origin.to_owned();
        refused(&sign_in(&mut site.browser(), &mut key).await);
    }
    key.origin = "https://login.example".to_owned();
    key.rp_id = Some("evil.example".to_owned());
    refused(&sign_in(&mut site.browser(), &mut key).await);
    key.rp_id = None;
    key.kind = Some("webauthn.create");
    refused(&sign_in(&mut site.browser(), &mut key).await);
    key.kind = None;
    key.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    refused(&sign_in(&mut site.browser(), &mut key).await);
    key.challenge = None;
    refused(&sign_in(&mut site.browser(), &mut key.unverified()).await);
    site.pass(1000);

    // Somebody else's handle, nobody's, none.
    let (own, taros) = (
        key.passkey().user_handle.clone(),
        other.passkey().user_handle.clone(),
    );
    for handle in [taros, Some(vec![7; 16].into()), Some(Vec::new().into()), None] {
        key.passkey().user_handle = handle;
        refused(&sign_in(&mut site.browser(), &mut key).await);
    }
    key.passkey().user_handle = own;
    // A credential that nobody has, signed by a key that somebody has, and the other way round.
    let (id, others) = (
        key.passkey().credential_id.clone(),
        other.passkey().credential_id.clone(),
    );
    for wrong in [vec![1; 16].into(), others] {
        key.passkey().credential_id = wrong;
        refused(&sign_in(&mut site.browser(), &mut key).await);
    }
    key.passkey().credential_id = id;

    // Changed on the way.
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let whole: Value = serde_json::from_str(&key.get(&asked(&page)).await).unwrap();
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let mut changed = whole.clone();
        let text = changed["response"][field].as_str().unwrap().to_owned();
        let last = if text.ends_with('A') { "Q" } else { "A" };
        let middle = text.len() / 2;
        let swapped = if &text[middle..=middle] == "A" { "B" } else { "A" };
        for wrong in [
            format!("{}{last}", &text[..text.len() - 1]),
            format!("{}{swapped}{}", &text[..middle], &text[middle + 1..]),
            text[..middle].to_owned(),
            String::new(),
            "%".to_owned(),
        ] {
            changed["response"][field] = json!(wrong);
            site.pass(100);
            let answer = assert_with(&mut browser, &page, &changed.to_string()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}: {wrong}");
        }
    }
    for text in ["", "{}", "[]", "null", "{\"id\":1}", &"x".repeat(40_000)] {
        refused(&assert_with(&mut browser, &page, text).await);
    }
    site.pass(1000);
    let right = assert_with(&mut browser, &page, &whole.to_string()).await;
    assert!(right.param("code").is_some(), "and the right one still does");
}

#[tokio::test]
async fn threat_20_a_challenge_is_good_for_its_purpose_its_journey_and_its_time() {
    let site = Site::new().await;
    let mut key = Key::new();
    let mut enrolling = site.browser();
    let add = adding(&mut enrolling, EMAIL).await;
    let created = key.create(&asked(&add)).await;
    attest(&mut enrolling, &add, &created, "key").await;
    let (owner, id) = (UserId::new(HANAKO), owned(&site).await.remove(0).id);
    let removed = site
        .app
        .db
        .tx(async move |tx| passkeys::delete(tx, &owner, &id).await);
    assert!(removed.await.unwrap());
    expired_add(&attest(&mut enrolling, &add, &created, "key").await);

    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    let (state, csrf, challenge) = (
        page.hidden("state"),
        page.hidden("csrf"),
        page.hidden("challenge"),
    );
    let send = async |browser: &mut Browser<'_>, challenge: &str, page: &Answer| {
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("challenge", challenge),
            ("response", &response),
        ];
        browser.submit("/u/passkey", &fields).await
    };
    // Made to add one, for another journey, tampered with, nothing.
    expired(&send(&mut browser, &add.hidden("challenge"), &page).await);
    let second = browser.open(&authorize("spa", &[])).await;
    expired(&send(&mut browser, &challenge, &second).await);
    let mut tampered = challenge.clone().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    expired(&send(&mut browser, std::str::from_utf8(&tampered).unwrap(), &page).await);
    expired(&send(&mut browser, "", &page).await);
    // Another browser has neither the journey's cookie nor its form token.
    let stolen = send(&mut site.browser(), &challenge, &page).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    assert!(stolen.headers.get("set-cookie").is_none());
    let fields = [
        ("state", state.as_str()),
        ("csrf", "x"),
        ("challenge", &challenge),
        ("response", &response),
    ];
    assert_eq!(
        browser.submit("/u/passkey", &fields).await.status,
        StatusCode::FORBIDDEN
    );
    let fields = [
        ("state", state.as_str()),
        ("csrf", csrf.as_str()),
        ("challenge", &challenge),
        ("response", &response),
    ];
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let posted = browser
        .visit(axum::http::Method::POST, "/u/passkey", &cross, &fields)
        .await;
    assert_eq!(posted.status, StatusCode::FORBIDDEN);
    site.pass(3601);
    let late = send(&mut browser, &challenge, &page).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST, "the journey is over");

    // Ten minutes for a new passkey, and only for who asked.
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let mut hanako = site.browser();
    let add = adding(&mut hanako, EMAIL).await;
    let created = Key::new().create(&asked(&add)).await;
    let mut taro = site.browser();
    let taros = adding(&mut taro, TARO).await;
    let (csrf, challenge) = (taros.hidden("csrf"), add.hidden("challenge"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("challenge", &challenge),
        ("response", &created),
    ];
    expired_add(&taro.submit("/account/passkeys/add", &fields).await);
    site.pass(599);
    site.pass(2);
    expired_add(&attest(&mut hanako, &add, &created, "key").await);
}

fn expired_add(page: &Answer) {
    assert!(
        page.body.contains("That took too long.") || page.body.contains("name=\"password\""),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn threat_20_a_new_passkey_verifies_its_user_and_belongs_to_us() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let mut wrong = Key::that_verifies_nobody();
    let cases: [&dyn Fn(&mut Key); 5] = [
        &|key| key.origin = "https://evil.example".to_owned(),
        &|key| key.rp_id = Some("evil.example".to_owned()),
        &|key| key.kind = Some("webauthn.get"),
        &|key| key.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        &|key| key.cross_origin = true,
    ];
    let page = adding(&mut browser, EMAIL).await;
    let response = wrong.create(&asked(&page)).await;
    let answer = attest(&mut browser, &page, &response, "").await;
    assert!(
        answer.body.contains("cannot be used here"),
        "no user verification"
    );
    for lie in cases {
        let mut key = Key::new();
        lie(&mut key);
        let response = key.create(&asked(&page)).await;
        let answer = attest(&mut browser, &page, &response, "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("cannot be used here"), "{}", answer.body);
    }
    // A passkey that only works when it is named cannot sign anybody in by itself.
    let mut key = Key::new();
    let response = key
        .create(&asked(&page))
        .await
        .replace("\"rk\":true", "\"rk\":false");
    let answer = attest(&mut browser, &page, &response, "").await;
    assert!(answer.body.contains("cannot be used here"));
    assert!(owned(&site).await.is_empty());

    // One that belongs to somebody stays theirs.
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let response = key.create(&asked(&page)).await;
    assert_eq!(
        attest(&mut browser, &page, &response, "").await.status,
        StatusCode::OK
    );
    let id = owned(&site).await[0].id.clone();
    let mut taro = site.browser();
    let page = adding(&mut taro, TARO).await;
    let mut copy = Key::new();
    // Nothing signs a new passkey's id, so anybody can claim one.
    let made: Value = serde_json::from_str(&copy.create(&asked(&page)).await).unwrap();
    let (mine, theirs) = (
        copy.passkey().credential_id.to_vec(),
        key.passkey().credential_id.to_vec(),
    );
    let text = made["response"]["attestationObject"].as_str().unwrap();
    let mut object = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).unwrap();
    let at = object.windows(mine.len()).position(|part| part == mine).unwrap();
    object[at..at + mine.len()].copy_from_slice(&theirs);
    let response = made.to_string().replace(text, &encoded(&object));
    let answer = attest(&mut taro, &page, &response, "").await;
    assert!(answer.body.contains("has been added already"), "{}", answer.body);
    assert_eq!(owned(&site).await[0].id, id);
}

#[tokio::test]
async fn threat_10_answers_of_passkeys_are_counted_like_every_other_guess() {
    let site = Site::new().await;
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    key.origin = "https://evil.example".to_owned();
    for _ in 0..10 {
        refused(&sign_in(&mut site.browser(), &mut key).await);
    }
    key.origin = "https://login.example".to_owned();
    let closed = sign_in(&mut site.browser(), &mut key).await;
    assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS, "{}", closed.body);
}
