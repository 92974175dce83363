//! Mails and what their links open: sign-up by mail, a new password, a proven address.

use crate::browser::{Answer, Browser};
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::{Method, StatusCode};
use sekisho::mail::{Kept, Post};
use sekisho_rules::id::UserId;
use sekisho_store::{args, users};

const NEW: &str = "taro@example.com";
const CHOSEN: &str = "a password of his own";

engines!(
    an_account_is_made_by_the_link_in_the_mail,
    threat_40_a_forgotten_password_is_replaced_once_and_kills_every_link_from_before,
    threat_24_nobody_learns_who_has_an_account,
    threat_39_who_signed_up_first_gets_nothing,
);

async fn verify_first() -> Site {
    Site::with(&[("SEKISHO_SIGNUP", "verify_first")]).await
}

/// The mails so far, newest first, after the jobs that are due were done.
pub(crate) async fn mails(site: &Site) -> Vec<Kept> {
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

/// The link in a mail, as a path. It stands in both parts.
pub(crate) fn link(mail: &Kept) -> String {
    let line = mail.text.lines().find(|line| line.starts_with("https://"));
    let link = line.unwrap_or_else(|| panic!("no link in {}", mail.text));
    assert!(mail.html.contains(link), "the same link in the HTML part");
    link.strip_prefix("https://login.example").unwrap().to_owned()
}

async fn ask_to_join(browser: &mut Browser<'_>, email: &str) -> Answer {
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [("state", state.as_str()), ("csrf", &csrf), ("email", email)];
    browser.submit(&page.action(), &fields).await
}

async fn ask_to_reset(browser: &mut Browser<'_>, email: &str) -> Answer {
    browser.submit("/u/reset", &[("email", email)]).await
}

async fn choose(browser: &mut Browser<'_>, link: &str, password: &str) -> Answer {
    let page = browser.get(link).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let ticket = page.hidden("ticket");
    let fields = [("ticket", ticket.as_str()), ("password", password)];
    let answer = browser.submit("/u/password", &fields).await;
    browser.follow(answer).await
}

async fn an_account_is_made_by_the_link_in_the_mail(site: Site) {
    let site = reopened(site).await;
    let mut taro = site.browser();
    let page = ask_to_join(&mut taro, NEW).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Check your e-mail") && page.body.contains(NEW));
    let mail = mails(&site).await.remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        (NEW, "Finish making your Example account")
    );

    // A mail scanner opens the link, and nothing comes of it.
    let scanned = site.browser().get(&link(&mail)).await;
    assert_eq!(scanned.status, StatusCode::OK);
    let back = choose(&mut taro, &link(&mail), CHOSEN).await;
    assert!(
        back.location().starts_with(CALLBACK),
        "the sign-in goes on: {}",
        back.location()
    );
    let tokens = site.redeem("spa", &back.param("code").unwrap()).await.json();
    let who = site
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await
        .json();
    assert_eq!(
        (who["email"].as_str(), who["email_verified"].as_bool()),
        (Some(NEW), Some(true))
    );
    let sql = "SELECT kind FROM audit WHERE user_id = $1 AND kind IN ('ss', 's') ORDER BY kind LIMIT 9";
    let rows = site.app.db.all(sql, args![who["sub"].as_str().unwrap()]).await;
    let kinds: Vec<String> = rows.unwrap().iter().map(|row| row.get("kind").unwrap()).collect();
    assert_eq!(kinds, ["s", "ss"], "the account and the sign-in, each once");

    let again = site.browser().get(&link(&mail)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "the link was used");
    assert!(again.body.contains("This link no longer works"));
}

async fn threat_40_a_forgotten_password_is_replaced_once_and_kills_every_link_from_before(site: Site) {
    let mut elsewhere = site.browser();
    let code = elsewhere
        .sign_in(&authorize("spa", &[]))
        .await
        .param("code")
        .unwrap();
    let tokens = site.redeem("spa", &code).await.json();
    site.pass(2);
    let mut hanako = site.browser();
    assert!(
        ask_to_reset(&mut hanako, EMAIL)
            .await
            .body
            .contains("Check your e-mail")
    );
    assert!(
        ask_to_reset(&mut hanako, "HANAKO@Example.COM")
            .await
            .body
            .contains("Check your e-mail")
    );
    let sent = mails(&site).await;
    assert_eq!(sent.len(), 2);
    let done = choose(&mut hanako, &link(&sent[0]), CHOSEN).await;
    assert!(done.body.contains("Password saved"), "{}", done.body);

    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        site.userinfo(access).await.status,
        StatusCode::UNAUTHORIZED,
        "signed out elsewhere"
    );
    let silent = elsewhere.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    for used in &sent {
        let dead = site.browser().get(&link(used)).await;
        assert_eq!(
            dead.status,
            StatusCode::BAD_REQUEST,
            "every link from before is dead"
        );
    }
    let told = mails(&site).await.remove(0);
    assert_eq!(told.subject, "Your Example password was changed");

    let mut old = site.browser();
    let page = old.open(&authorize("spa", &[])).await;
    assert_eq!(
        old.log_in(&page, EMAIL, PASSWORD).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut new = site.browser();
    let page = new.open(&authorize("spa", &[])).await;
    assert!(new.log_in(&page, EMAIL, CHOSEN).await.param("code").is_some());
}

async fn threat_24_nobody_learns_who_has_an_account(site: Site) {
    let site = reopened(site).await;
    let hashes = site.app.passwords.hashes_done();
    let mut pages = Vec::new();
    for email in [EMAIL, NEW] {
        let mut browser = site.browser();
        let page = ask_to_join(&mut browser, email).await;
        let reset = ask_to_reset(&mut browser, email).await;
        pages.push([page, reset].map(|page| {
            let body = page.body.replace(email, "X");
            // The sealed journey differs from visit to visit.
            let body: Vec<String> = body
                .lines()
                .filter(|line| !line.contains("state="))
                .map(str::to_owned)
                .collect();
            (page.status, body)
        }));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(site.app.passwords.hashes_done(), hashes, "no hash for either");
    let mails = mails(&site).await;
    let to = |email: &str| mails.iter().filter(|mail| mail.to == email).count();
    assert_eq!(
        (to(EMAIL), to(NEW)),
        (2, 1),
        "an unknown address gets no reset mail"
    );
    assert!(
        mails
            .iter()
            .any(|mail| mail.to == EMAIL && mail.subject.starts_with("You already have"))
    );
}

async fn threat_39_who_signed_up_first_gets_nothing(site: Site) {
    // With `immediate` somebody may be first. Whoever reads the address's mail takes the account over, whole.
    let mut attacker = site.browser();
    let page = attacker
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    let code = attacker
        .log_in(&page, NEW, "the attacker's choice")
        .await
        .param("code")
        .unwrap();
    let tokens = site.redeem("spa", &code).await.json();
    site.pass(2);
    let mut owner = site.browser();
    ask_to_reset(&mut owner, NEW).await;
    // Two mails are due, in no order.
    let sent = mails(&site).await;
    let reset = sent
        .iter()
        .find(|mail| mail.subject.starts_with("Choose"))
        .unwrap();
    let saved = choose(&mut owner, &link(reset), CHOSEN).await;
    assert!(saved.body.contains("Password saved"), "{}", saved.body);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(access).await.status, StatusCode::UNAUTHORIZED);
    let silent = attacker.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let page = attacker.open(&authorize("spa", &[])).await;
    let refused = attacker.log_in(&page, NEW, "the attacker's choice").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);

    // With `verify_first` there is nothing to take over: the password is chosen by whoever opened the mail.
    let site = reopened(site).await;
    let page = ask_to_join(&mut site.browser(), "later@example.com").await;
    assert!(!page.body.contains("type=\"password\""));
}

/// The same site with sign-up by mail.
async fn reopened(mut site: Site) -> Site {
    site.environment
        .insert("SEKISHO_SIGNUP".to_owned(), "verify_first".to_owned());
    site.restart().await
}

#[tokio::test]
async fn threat_13_links_come_from_the_configured_issuer() {
    let site = Site::new().await;
    let headers = [
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
        ("sec-fetch-site", "same-origin"),
    ];
    site.browser()
        .visit(Method::POST, "/u/reset", &headers, &[("email", EMAIL)])
        .await;
    let mail = mails(&site).await.remove(0);
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
    assert!(link(&mail).starts_with("/u/password?ticket="));
}

#[tokio::test]
async fn threat_19_tickets_are_bound_to_their_purpose_and_their_time() {
    let site = verify_first().await;
    ask_to_reset(&mut site.browser(), EMAIL).await;
    let reset = link(&mails(&site).await[0]);
    let elsewhere = reset.replace("/u/password", "/u/prove");
    assert_eq!(
        site.browser().get(&elsewhere).await.status,
        StatusCode::BAD_REQUEST
    );
    let cut = &reset[..reset.len() - 3];
    assert_eq!(site.browser().get(cut).await.status, StatusCode::BAD_REQUEST);
    let journey = site.browser().open(&authorize("spa", &[])).await.hidden("state");
    let foreign = format!("/u/password?ticket={journey}");
    assert_eq!(site.browser().get(&foreign).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.browser().get(&reset).await.status, StatusCode::OK);
    site.pass(1800);
    assert_eq!(site.browser().get(&reset).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn mails_to_an_address_are_limited_and_the_page_does_not_tell() {
    let site = Site::new().await;
    for _ in 0..8 {
        assert!(
            ask_to_reset(&mut site.browser(), EMAIL)
                .await
                .body
                .contains("Check your e-mail")
        );
    }
    assert_eq!(mails(&site).await.len(), 5);
    site.pass(901);
    ask_to_reset(&mut site.browser(), EMAIL).await;
    assert_eq!(mails(&site).await.len(), 6);
}

#[tokio::test]
async fn a_network_that_asks_without_end_is_stopped() {
    let site = Site::new().await;
    for number in 0..30 {
        let email = format!("person{number}@example.com");
        assert_eq!(
            ask_to_reset(&mut site.browser(), &email).await.status,
            StatusCode::OK
        );
    }
    let stopped = ask_to_reset(&mut site.browser(), EMAIL).await;
    assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(mails(&site).await.is_empty());
}

#[tokio::test]
async fn an_address_of_an_immediate_account_is_proven_by_a_press() {
    let site = Site::new().await;
    let mut taro = site.browser();
    let page = taro.open(&authorize("spa", &[("screen_hint", "signup")])).await;
    let back = taro.log_in(&page, NEW, CHOSEN).await;
    assert!(back.param("code").is_some());
    let mail = mails(&site).await.remove(0);
    assert_eq!(mail.subject, "Confirm your address for Example");
    let page = taro.get(&link(&mail)).await;
    assert!(page.body.contains("Confirm your address"));
    let ticket = page.hidden("ticket");
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let refused = taro
        .visit(Method::POST, "/u/prove", &cross, &[("ticket", &ticket)])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let done = taro.submit("/u/prove", &[("ticket", &ticket)]).await;
    assert!(done.body.contains("Address confirmed"));
    let twice = taro.submit("/u/prove", &[("ticket", &ticket)]).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_blocked_account_gets_no_mail() {
    let site = Site::new().await;
    let (hanako, now) = (UserId::new("auth0|0123456789abcdef01234567"), site.now());
    let blocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &hanako, true, now).await);
    assert!(blocked.await.unwrap());
    assert!(
        ask_to_reset(&mut site.browser(), EMAIL)
            .await
            .body
            .contains("Check your e-mail")
    );
    assert!(mails(&site).await.is_empty());
}

#[tokio::test]
async fn a_weak_choice_is_refused_and_the_link_still_works() {
    let site = Site::new().await;
    ask_to_reset(&mut site.browser(), EMAIL).await;
    let reset = link(&mails(&site).await[0]);
    let mut hanako = site.browser();
    let refused = choose(&mut hanako, &reset, "short").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("Use at least 8 characters."));
    let saved = choose(&mut hanako, &reset, CHOSEN).await;
    assert!(saved.body.contains("Password saved"));
}

#[tokio::test]
async fn mails_speak_the_language_of_the_page() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.language = "ja";
    ask_to_reset(&mut browser, EMAIL).await;
    let mail = mails(&site).await.remove(0);
    assert_eq!(mail.subject, "Example のパスワード再設定");
    assert!(mail.html.contains("lang=\"ja\""));
    let page = site.browser().get(&link(&mail)).await;
    assert!(
        page.body.contains("パスワードの設定"),
        "the link remembers: {}",
        page.body
    );
}
