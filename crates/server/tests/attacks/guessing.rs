//! Guessing at one account from one place: at most ten guesses, however they are made, and one mail to the owner.

use super::{at, attempt, attempt_in, audited, behind_proxy, link, mails};
use crate::browser::{Answer, Browser};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines, form, request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use sekisho::admin::Actor::Operator;
use sekisho::admin::users::{self, Access};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

const NOBODY: &str = "nobody@example.com";
const HERE: &str = "198.51.100.7";

engines!(
    threat_10_a_hundred_guesses_at_once_are_ten,
    threat_10_what_is_closed_is_closed_on_every_node_and_opened_by_mail_once,
    threat_24_a_closed_account_answers_as_one_that_does_not_exist,
    the_operator_and_a_new_password_open_what_was_closed,
    what_is_closed_opens_by_itself,
);

/// The same form, sent once more.
fn guess(browser: &Browser<'_>, page: &Answer, email: &str, password: &str) -> Request<Body> {
    let cookies: Vec<String> = browser
        .jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", email),
        ("password", password),
    ];
    request(Method::POST, &page.action())
        .header(header::COOKIE, cookies.join("; "))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-forwarded-for", HERE)
        .body(Body::from(form(&fields)))
        .unwrap()
}

async fn fail(site: &Site, times: usize) {
    for n in 0..times {
        let answer = attempt(site, HERE, EMAIL, &format!("a wrong guess {n}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "guess {n}");
    }
}

async fn threat_10_a_hundred_guesses_at_once_are_ten(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_PASSWORDS_QUEUE", "200")]).await;
    for email in [EMAIL, NOBODY] {
        let mut browser = at(&site, HERE);
        let page = browser.open(&authorize("spa", &[])).await;
        let before = site.app.passwords.hashes_done();
        let mut guesses = JoinSet::new();
        for n in 0..100 {
            let guess = guess(&browser, &page, email, &format!("guess number {n}"));
            guesses.spawn(site.router.clone().oneshot(guess));
        }
        let mut refused = 0;
        while let Some(answer) = guesses.join_next().await {
            let status = answer.unwrap().unwrap().status();
            refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert_eq!(refused, 90, "{email}");
        assert_eq!(site.app.passwords.hashes_done() - before, 10, "{email}");
    }
    let told = mails(&site).await;
    assert_eq!(told.len(), 1, "one mail, and none to an account that is not");
    assert_eq!(told[0].to, EMAIL);
    // None of the guesses is in the log, and both accounts are told apart there only.
    let rows = audited(&site, &["fp", "fu", "limit_wc"]).await;
    let of = |kind: &str| rows.iter().filter(|row| row.0 == kind).count();
    assert_eq!((of("fp"), of("fu")), (10, 10));
    assert!(
        of("limit_wc") <= 4,
        "what repeats itself is written once a minute"
    );
    assert!(rows.iter().all(|row| !row.2.contains("guess")), "{rows:?}");
    assert!(
        rows.iter()
            .filter(|row| row.0 == "fp")
            .all(|row| row.1.is_some() && row.2.contains(HERE))
    );
}

async fn threat_10_what_is_closed_is_closed_on_every_node_and_opened_by_mail_once(site: Site) {
    let site = behind_proxy(site, &[]).await;
    let other = site.second_node().await;
    // Half of the guesses each, in turn.
    for n in 0..10 {
        let node = if n % 2 == 0 { &site } else { &other };
        let answer = attempt(node, HERE, EMAIL, "a wrong guess").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "guess {n}");
    }
    for node in [&site, &other] {
        let answer = attempt(node, HERE, EMAIL, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "right, but closed");
    }
    let elsewhere = attempt(&site, "203.0.113.9", EMAIL, PASSWORD).await;
    assert!(
        elsewhere.param("code").is_some(),
        "the owner is not kept out elsewhere"
    );

    let mail = mails(&other)
        .await
        .into_iter()
        .chain(mails(&site).await)
        .next()
        .unwrap();
    assert_eq!(mail.subject, "We blocked sign-ins to your Example account");
    assert!(mail.text.contains(HERE), "{}", mail.text);
    let path = link(&mail);
    for _ in 0..2 {
        let scanned = site.get(&path).await;
        assert_eq!(scanned.status, StatusCode::OK, "{}", scanned.body);
        assert!(scanned.body.contains(HERE));
    }
    assert_eq!(
        attempt(&site, HERE, EMAIL, PASSWORD).await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "opening the link alone does nothing"
    );
    let mut owner = at(&site, "203.0.113.9");
    let page = owner.get(&path).await;
    let ticket = page.hidden("ticket");
    let cross = [("sec-fetch-site", "cross-site")];
    let forged = owner
        .visit(Method::POST, "/u/unblock", &cross, &[("ticket", &ticket)])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let done = owner.submit("/u/unblock", &[("ticket", &ticket)]).await;
    assert!(
        done.body.contains("sign in from that place again"),
        "{}",
        done.body
    );
    assert!(
        attempt(&other, HERE, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    let again = owner.submit("/u/unblock", &[("ticket", &ticket)]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "it works once");
    site.pass(60);
    fail(&site, 10).await;
    let again = owner.submit("/u/unblock", &[("ticket", &ticket)]).await;
    assert_eq!(
        again.status,
        StatusCode::BAD_REQUEST,
        "and opens no later closing"
    );
}

async fn threat_24_a_closed_account_answers_as_one_that_does_not_exist(site: Site) {
    let site = behind_proxy(site, &[]).await;
    let mut answers = Vec::new();
    for email in [EMAIL, NOBODY] {
        let mut seen = Vec::new();
        for n in 0..12 {
            let answer = attempt(&site, HERE, email, "a wrong guess").await;
            let lines = answer.body.lines().filter(|line| !line.contains("state"));
            let lines = lines.filter(|line| {
                ["csrf", "request", "challenge"]
                    .iter()
                    .all(|sealed| !line.contains(sealed))
            });
            let body: String = lines.collect::<Vec<_>>().join("\n").replace(email, "X");
            let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            seen.push((n, answer.status, names, body));
        }
        answers.push(seen);
    }
    assert!(answers[0] == answers[1], "one of them answers in another way");
    assert_eq!(answers[0][11].1, StatusCode::TOO_MANY_REQUESTS);
}

async fn the_operator_and_a_new_password_open_what_was_closed(site: Site) {
    let site = behind_proxy(site, &[]).await;
    fail(&site, 10).await;
    assert_eq!(
        attempt(&site, HERE, EMAIL, PASSWORD).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    // Whoever is signed in elsewhere stays so: nobody was blocked.
    let mut elsewhere = at(&site, "203.0.113.9");
    assert!(
        attempt_in(&mut elsewhere, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_access(&site.app, Operator, &user, Access::Unblocked)
        .await
        .unwrap();
    assert!(
        attempt(&site, HERE, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    let silent = elsewhere.get(&authorize("spa", &[("prompt", "none")])).await;
    assert!(silent.param("code").is_some(), "{}", silent.location());

    fail(&site, 10).await;
    let asked = at(&site, HERE).submit("/u/reset", &[("email", EMAIL)]).await;
    assert_eq!(asked.status, StatusCode::OK);
    let mails = mails(&site).await;
    let reset = mails
        .iter()
        .find(|mail| mail.subject.starts_with("Choose"))
        .unwrap();
    let mut owner = at(&site, HERE);
    let ticket = owner.get(&link(reset)).await.hidden("ticket");
    let chosen = "her own new choice of words";
    owner
        .submit("/u/password", &[("ticket", &ticket), ("password", chosen)])
        .await;
    assert!(attempt(&site, HERE, EMAIL, chosen).await.param("code").is_some());
}

async fn what_is_closed_opens_by_itself(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_CLOSED", "3600")]).await;
    // A wrong password now and then closes nothing: a day later it is forgotten.
    for _ in 0..3 {
        fail(&site, 9).await;
        site.pass(86_401);
    }
    fail(&site, 9).await;
    assert!(
        attempt(&site, HERE, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    fail(&site, 10).await;
    site.pass(3500);
    assert_eq!(
        attempt(&site, HERE, EMAIL, PASSWORD).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    site.pass(200);
    assert!(
        attempt(&site, HERE, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
}
