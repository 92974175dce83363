//! Passkeys: added on the account page, used as the whole login, looked after; and every way in which one is not what it says.

use crate::authenticator::{Key, encoded};
use crate::browser::{Answer, Browser, claims};
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::mail::{Kept, Post};
use sekisho_rules::id::UserId;
use sekisho_store::{args, passkeys, users};
use serde_json::{Value, json};

engines!(
    a_passkey_is_added_and_signs_in_alone,
    threat_20_an_answer_works_once,
    threat_20_a_counter_that_went_back_is_refused,
    a_person_renames_and_removes_their_passkeys,
    threat_18_a_passkey_of_somebody_blocked_or_deleted_opens_nothing,
);

const HANAKO: &str = "auth0|0123456789abcdef01234567";
const TARO: &str = "taro@example.com";

/// What a page asks the browser.
fn asked(page: &Answer) -> Value {
    serde_json::from_str(&page.attribute("data-options")).unwrap()
}

/// Follows the answer to our own client, which is an absolute address of ours.
async fn through(browser: &mut Browser<'_>, mut page: Answer) -> Answer {
    while page.status.is_redirection() && !page.location().starts_with(CALLBACK) {
        let to = page.location().to_owned();
        page = browser.get(&to).await;
    }
    page
}

/// The page that adds a passkey, signing in with the password on the way.
async fn adding(browser: &mut Browser<'_>, email: &str) -> Answer {
    let page = browser.open("/account/passkeys/add").await;
    let page = through(browser, page).await;
    let page = match page.body.contains("name=\"password\"") {
        true => browser.log_in(&page, email, PASSWORD).await,
        false => page,
    };
    let page = through(browser, page).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page
}

/// The page that adds another one, signing in with the first on the way.
async fn adding_another(browser: &mut Browser<'_>, key: &mut Key) -> Answer {
    let page = browser.open("/account/passkeys/add").await;
    let page = through(browser, page).await;
    let response = key.get(&asked(&page)).await;
    let page = assert_with(browser, &page, &response).await;
    through(browser, page).await
}

/// Sends what the authenticator answered to the page that adds one.
async fn attest(browser: &mut Browser<'_>, page: &Answer, response: &str, name: &str) -> Answer {
    let (csrf, challenge) = (page.hidden("csrf"), page.hidden("challenge"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("challenge", &challenge),
        ("response", response),
        ("name", name),
    ];
    let answer = browser.submit("/account/passkeys/add", &fields).await;
    through(browser, answer).await
}

/// Adds the passkey of an authenticator to an account.
async fn enrol(site: &Site, email: &str, key: &mut Key, name: &str) {
    let mut browser = site.browser();
    let page = adding(&mut browser, email).await;
    let response = key.create(&asked(&page)).await;
    let list = attest(&mut browser, &page, &response, name).await;
    assert!(list.body.contains("Your passkey was added."), "{}", list.body);
}

/// Sends what the authenticator answered to the sign-in page.
async fn assert_with(browser: &mut Browser<'_>, page: &Answer, response: &str) -> Answer {
    let fields = [
        ("state", page.hidden("state")),
        ("csrf", page.hidden("csrf")),
        ("challenge", page.hidden("challenge")),
        ("response", response.to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = browser.submit("/u/passkey", &fields).await;
    browser.follow(answer).await
}

async fn sign_in(browser: &mut Browser<'_>, key: &mut Key) -> Answer {
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    assert_with(browser, &page, &response).await
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert!(
        answer.body.contains("That passkey was not accepted."),
        "{}",
        answer.body
    );
}

fn expired(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert!(
        answer.body.contains("This page was open for too long."),
        "{}",
        answer.body
    );
}

async fn mails(site: &Site) -> Vec<Kept> {
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

/// The kinds and details of what the audit table says of the person.
async fn audited(site: &Site) -> Vec<(String, String)> {
    let statement = "SELECT kind, detail FROM audit WHERE user_id = $1 ORDER BY id LIMIT 100";
    let rows = site.app.db.scan(statement, args![HANAKO]).await.unwrap();
    rows.iter()
        .map(|row| (row.get("kind").unwrap(), row.get("detail").unwrap()))
        .collect()
}

async fn owned(site: &Site) -> Vec<passkeys::Passkey> {
    passkeys::of_user(&site.app.db, &UserId::new(HANAKO))
        .await
        .unwrap()
}

async fn a_passkey_is_added_and_signs_in_alone(site: Site) {
    let mut key = Key::new();
    let mut browser = site.browser();
    let page = adding(&mut browser, EMAIL).await;
    let options = asked(&page);
    assert_eq!(options["rp"], json!({ "id": "login.example", "name": "Example" }));
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["excludeCredentials"], json!([]));
    let handle = options["user"]["id"].as_str().unwrap();
    assert_eq!(handle.len(), 22, "16 random bytes and nothing about the person");
    let response = key.create(&options).await;
    let list = attest(&mut browser, &page, &response, "").await;
    assert!(list.body.contains("Passkey 2027-01-15"), "named after the day");
    assert_eq!(
        mails(&site).await[0].subject,
        "A passkey was added to your Example account"
    );

    // Once more on the same account: the browser is told which it has.
    let page = adding_another(&mut site.browser(), &mut key).await;
    assert_eq!(
        asked(&page)["excludeCredentials"][0]["id"],
        owned(&site).await[0].id
    );
    assert_eq!(asked(&page)["user"]["id"].as_str(), Some(handle));

    let mut elsewhere = site.browser();
    let page = elsewhere
        .open(&authorize(
            "spa",
            &[("acr_values", sekisho_rules::factor::ACR_MULTI_FACTOR)],
        ))
        .await;
    assert!(page.body.contains("autocomplete=\"username webauthn\""));
    assert_eq!(asked(&page)["allowCredentials"], json!([]), "nobody is named");
    let response = key.get(&asked(&page)).await;
    let back = assert_with(&mut elsewhere, &page, &response).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.location());
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["sub"], HANAKO);
    let used = &owned(&site).await[0];
    assert!(used.last_used_at.is_some());
    assert!(used.credential.contains("\"counter\":2"), "{}", used.credential);
}

async fn threat_20_an_answer_works_once(site: Site) {
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    // A synchronised passkey has no counter, so the challenge alone must tell.
    key.passkey().counter = None;
    let row = owned(&site).await.remove(0);
    assert!(row.credential.contains("\"counter\":0"));

    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    let first = assert_with(&mut browser, &page, &response).await;
    assert!(first.param("code").is_some());
    let again = assert_with(&mut browser, &page, &response).await;
    expired(&again);

    // A hundred at once, for a new challenge: one of them.
    let mut elsewhere = site.browser();
    let page = elsewhere.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    let mut done = 0;
    let mut racing = Vec::new();
    for _ in 0..8 {
        let mut racer = site.browser();
        racer.jar.clone_from(&elsewhere.jar);
        let (page, response) = (&page, &response);
        racing.push(async move {
            let answer = assert_with(&mut racer, page, response).await;
            answer.status.is_redirection()
        });
    }
    for won in join_all(racing).await {
        done += usize::from(won);
    }
    assert_eq!(done, 1);
}

/// Runs futures at the same time.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    std::future::poll_fn(move |context| {
        let mut pending = false;
        for (future, done) in &mut running {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        match pending {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(running.iter_mut().filter_map(|(_, done)| done.take()).collect()),
        }
    })
    .await
}

async fn threat_20_a_counter_that_went_back_is_refused(site: Site) {
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    assert!(
        sign_in(&mut site.browser(), &mut key)
            .await
            .param("code")
            .is_some()
    );
    assert!(
        sign_in(&mut site.browser(), &mut key)
            .await
            .param("code")
            .is_some()
    );
    key.passkey().counter = Some(1);
    refused(&sign_in(&mut site.browser(), &mut key).await);
    let rows = audited(&site).await;
    assert!(
        rows.iter()
            .any(|(kind, detail)| kind == "f" && detail.contains("counter")),
        "{rows:?}"
    );
    // The authenticator that goes on counting still works.
    key.passkey().counter = Some(7);
    assert!(
        sign_in(&mut site.browser(), &mut key)
            .await
            .param("code")
            .is_some()
    );
}

async fn a_person_renames_and_removes_their_passkeys(site: Site) {
    let (mut one, mut two) = (Key::new(), Key::new());
    enrol(&site, EMAIL, &mut one, "  Phone\u{202e} ").await;
    site.pass(1);
    let mut browser = site.browser();
    let page = adding_another(&mut browser, &mut one).await;
    let response = two.create(&asked(&page)).await;
    attest(&mut browser, &page, &response, "<b>key</b>").await;
    let mut browser = site.browser();
    let page = browser.open("/account/passkeys").await;
    let page = through(&mut browser, page).await;
    let response = one.get(&asked(&page)).await;
    let list = assert_with(&mut browser, &page, &response).await;
    let list = through(&mut browser, list).await;
    assert!(list.body.contains("<bdi>Phone</bdi>") && !list.body.contains("<b>key</b>"));
    let csrf = list.hidden("csrf");
    let ids: Vec<String> = owned(&site).await.into_iter().map(|row| row.id).collect();

    let fields = |action, id| {
        [
            ("csrf", csrf.as_str()),
            ("passkey", id),
            ("do", action),
            ("name", "Blue key"),
        ]
    };
    let renamed = browser
        .submit("/account/passkeys/change", &fields("rename", &ids[1]))
        .await;
    let renamed = browser.follow(renamed).await;
    assert!(renamed.body.contains("The passkey was renamed.") && renamed.body.contains("Blue key"));

    for (id, says) in [
        (ids[0].as_str(), "The passkey was removed."),
        (&ids[0], "That passkey was removed already."),
        ("nothing", "That passkey was removed already."),
    ] {
        let removed = browser
            .submit("/account/passkeys/change", &fields("remove", id))
            .await;
        let removed = browser.follow(removed).await;
        assert!(removed.body.contains(says), "{says}: {}", removed.body);
    }
    assert_eq!(
        mails(&site).await[0].subject,
        "A passkey was removed from your Example account"
    );
    refused(&sign_in(&mut site.browser(), &mut one).await);
    assert!(
        sign_in(&mut site.browser(), &mut two)
            .await
            .param("code")
            .is_some()
    );

    // The last way in stays.
    let statement = "UPDATE users SET password_hash = NULL WHERE id = $1";
    site.app.db.run(statement, args![HANAKO]).await.unwrap();
    let kept = browser
        .submit("/account/passkeys/change", &fields("remove", &ids[1]))
        .await;
    let kept = browser.follow(kept).await;
    assert!(kept.body.contains("only way to sign in"), "{}", kept.body);
    assert_eq!(owned(&site).await.len(), 1);
}

async fn threat_18_a_passkey_of_somebody_blocked_or_deleted_opens_nothing(site: Site) {
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    let (id, now) = (UserId::new(HANAKO), site.now());
    let owner = id.clone();
    let blocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &owner, true, now).await);
    blocked.await.unwrap();
    refused(&sign_in(&mut site.browser(), &mut key).await);
    let owner = id.clone();
    let unblocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &owner, false, now).await);
    unblocked.await.unwrap();
    assert!(
        sign_in(&mut site.browser(), &mut key)
            .await
            .param("code")
            .is_some()
    );
    let deleted = site.app.db.tx(async move |tx| users::delete(tx, &id).await);
    deleted.await.unwrap();
    refused(&sign_in(&mut site.browser(), &mut key).await);
}

#[tokio::test]
async fn threat_20_nothing_but_the_right_answer_signs_in() {
    let site = Site::new().await;
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
