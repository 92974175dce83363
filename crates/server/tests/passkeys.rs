//! Passkeys: added on the account page, used as the whole login, looked after; and every way in which one is not what it says.

use crate::authenticator::Key;
use crate::browser::{Answer, Browser, claims};
use crate::factors::onward;
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

pub(crate) const HANAKO: &str = "auth0|0123456789abcdef01234567";

/// What a page asks the browser.
pub(crate) fn asked(page: &Answer) -> Value {
    serde_json::from_str(&page.attribute("data-options")).unwrap()
}

/// Follows the answer to our own client, which is an absolute address of ours.
pub(crate) async fn through(browser: &mut Browser<'_>, mut page: Answer) -> Answer {
    while page.status.is_redirection() && !page.location().starts_with(CALLBACK) {
        let to = page.location().to_owned();
        page = browser.get(&to).await;
    }
    page
}

/// The page that adds a passkey, signing in with the password on the way.
pub(crate) async fn adding(browser: &mut Browser<'_>, email: &str) -> Answer {
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
pub(crate) async fn attest(browser: &mut Browser<'_>, page: &Answer, response: &str, name: &str) -> Answer {
    let (csrf, challenge) = (page.hidden("csrf"), page.hidden("challenge"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("challenge", &challenge),
        ("response", response),
        ("name", name),
    ];
    let answer = browser.submit("/account/passkeys/add", &fields).await;
    let page = through(browser, answer).await;
    // Recovery codes come with a first factor.
    match page.body.contains("id=\"codes\"") {
        true => browser.open(&onward(&page)).await,
        false => page,
    }
}

/// Adds the passkey of an authenticator to an account.
pub(crate) async fn enrol(site: &Site, email: &str, key: &mut Key, name: &str) {
    let mut browser = site.browser();
    let page = adding(&mut browser, email).await;
    let response = key.create(&asked(&page)).await;
    let list = attest(&mut browser, &page, &response, name).await;
    assert!(list.body.contains("Your passkey was added."), "{}", list.body);
}

/// Sends what the authenticator answered to the sign-in page.
pub(crate) async fn assert_with(browser: &mut Browser<'_>, page: &Answer, response: &str) -> Answer {
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

pub(crate) async fn sign_in(browser: &mut Browser<'_>, key: &mut Key) -> Answer {
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked(&page)).await;
    assert_with(browser, &page, &response).await
}

pub(crate) fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert!(
        answer.body.contains("That passkey was not accepted."),
        "{}",
        answer.body
    );
}

pub(crate) fn expired(answer: &Answer) {
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

pub(crate) async fn owned(site: &Site) -> Vec<passkeys::Passkey> {
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
    let told = mails(&site).await;
    let told = told
        .iter()
        .filter(|mail| mail.subject == "A passkey was removed from your Example account");
    assert_eq!(told.count(), 1);
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
