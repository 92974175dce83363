//! One-time codes by mail, apart from the pages that take them: single use, bound to purpose and person, few tries.

use crate::recovery::mails;
use crate::site::{EMAIL, Site, engines, request};
use axum::extract::FromRequestParts as _;
use axum::http::Method;
use sekisho::http::visit::Visit;
use sekisho::mail_code::{self, Order, Outcome, Reader, Sent, Use};
use std::sync::Arc;

const HANAKO: &str = "auth0|0123456789abcdef01234567";

engines!(
    a_code_works_once_and_for_what_it_was_sent_for,
    a_newer_code_takes_the_place_of_an_older_one,
    threat_10_a_code_dies_of_five_wrong_tries_made_at_once_too,
    a_code_is_swept_when_it_is_over,
);

/// A visit of somebody, to call the shared layer with.
pub(crate) async fn visit(site: &Site) -> Visit {
    let (mut parts, ()) = request(Method::POST, "/u/code").body(()).unwrap().into_parts();
    match Visit::from_request_parts(&mut parts, &site.app).await {
        Ok(visit) => visit,
    }
}

/// The code in a mail: six digits on a line of their own in the text, and in the HTML.
pub(crate) fn code_in(mail: &sekisho::mail::Kept) -> String {
    let line = mail
        .text
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit()));
    let code = line
        .unwrap_or_else(|| panic!("no code in {}", mail.text))
        .to_owned();
    assert!(mail.html.contains(&code), "the same code in the HTML part");
    assert!(
        !mail.subject.contains(&code),
        "a subject is shown on locked screens"
    );
    code
}

async fn send(site: &Site, purpose: Use, subject: &str) -> String {
    let sent = mail_code::send(&visit(site).await, purpose, EMAIL, subject, None).await;
    assert!(matches!(sent.unwrap(), Sent::Code(_)));
    code_in(&mails(site).await[0])
}

async fn check(site: &Site, purpose: Use, subject: &str, typed: &str) -> Outcome {
    mail_code::check(&visit(site).await, purpose, subject, typed)
        .await
        .unwrap()
}

fn another(code: &str) -> String {
    let first = if code.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &code[1..])
}

async fn a_code_works_once_and_for_what_it_was_sent_for(site: Site) {
    let code = send(&site, Use::SecondFactor, HANAKO).await;
    // Nothing else was sent, so nothing else can be right, not even with these digits.
    for (purpose, subject) in [
        (Use::Passwordless, HANAKO),
        (Use::SecondFactor, "auth0|somebody-else"),
        (Use::SecondFactor, ""),
    ] {
        assert_eq!(check(&site, purpose, subject, &code).await, Outcome::Gone);
    }
    let other = send(&site, Use::Passwordless, HANAKO).await;
    if other != code {
        assert_eq!(
            check(&site, Use::SecondFactor, HANAKO, &other).await,
            Outcome::Wrong
        );
    }
    for typed in ["", &code[..5], &format!("{code}0"), &another(&code)] {
        assert_eq!(
            check(&site, Use::SecondFactor, HANAKO, typed).await,
            Outcome::Wrong
        );
    }
    let _ = send(&site, Use::SecondFactor, HANAKO).await;
    let code = code_in(&mails(&site).await[0]);
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &spaced).await,
        Outcome::Right
    );
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &code).await,
        Outcome::Gone
    );

    let late = send(&site, Use::SecondFactor, HANAKO).await;
    site.pass(600);
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &late).await,
        Outcome::Gone
    );
}

async fn a_newer_code_takes_the_place_of_an_older_one(site: Site) {
    let older = send(&site, Use::SecondFactor, HANAKO).await;
    site.pass(1);
    let newer = send(&site, Use::SecondFactor, HANAKO).await;
    if older != newer {
        assert_eq!(
            check(&site, Use::SecondFactor, HANAKO, &older).await,
            Outcome::Wrong
        );
    }
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &newer).await,
        Outcome::Right
    );
}

async fn threat_10_a_code_dies_of_five_wrong_tries_made_at_once_too(site: Site) {
    let code = send(&site, Use::SecondFactor, HANAKO).await;
    let site = Arc::new(site);
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (site, wrong) = (Arc::clone(&site), another(&code));
        guesses.spawn(async move { check(&site, Use::SecondFactor, HANAKO, &wrong).await });
    }
    let answers = guesses.join_all().await;
    let compared = answers.iter().filter(|answer| **answer == Outcome::Wrong).count();
    assert_eq!(compared, 5, "the rest were not even compared");
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &code).await,
        Outcome::Gone
    );

    // And the right one, twenty times at once, is right once.
    let code = send(&site, Use::SecondFactor, HANAKO).await;
    let mut entries = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (site, code) = (Arc::clone(&site), code.clone());
        entries.spawn(async move { check(&site, Use::SecondFactor, HANAKO, &code).await });
    }
    let answers = entries.join_all().await;
    assert_eq!(
        answers.iter().filter(|answer| **answer == Outcome::Right).count(),
        1
    );
}

async fn a_code_is_swept_when_it_is_over(site: Site) {
    let _ = send(&site, Use::SecondFactor, HANAKO).await;
    site.pass(600 + sekisho_store::sweep::KEPT_SECONDS + 1);
    let removed = sekisho_store::sweep::batch(&site.app.db, site.now())
        .await
        .unwrap();
    assert!(removed >= 1, "{removed}");
}

#[tokio::test]
async fn for_nobody_nothing_is_kept_and_nothing_sent() {
    let site = Site::new().await;
    let visit = visit(&site).await;
    let order = Order {
        purpose: Use::Passwordless,
        subject: "nobody@example.com",
        address: "nobody@example.com",
        user: None,
        reader: Reader::Nobody,
    };
    let mut made = String::new();
    let sent = mail_code::write(&visit, order, |code| {
        code.clone_into(&mut made);
        let text = visit.text(None);
        let words = &text.mails.sign_in_code;
        Ok(sekisho::mail::letters::with_code(
            text,
            words,
            "Example",
            "nobody@example.com",
            code,
        ))
    });
    assert!(matches!(sent.await.unwrap(), Sent::Code(_)));
    assert!(mails(&site).await.is_empty());
    let typed = mail_code::check(&visit, Use::Passwordless, "nobody@example.com", &made).await;
    assert_eq!(typed.unwrap(), Outcome::Gone);
}

#[tokio::test]
async fn threat_10_a_mailbox_and_a_network_get_so_many_mails() {
    let site = Site::new().await;
    let send = async |address: &str| {
        let visit = visit(&site).await;
        mail_code::send(&visit, Use::SecondFactor, address, HANAKO, None)
            .await
            .unwrap()
    };
    let mut kept = String::new();
    for _ in 0..5 {
        assert!(matches!(send("Hanako@Example.com").await, Sent::Code(_)));
        kept = code_in(&mails(&site).await[0]);
    }
    assert_eq!(send(EMAIL).await, Sent::AddressLimit, "however it is written");
    assert_eq!(
        check(&site, Use::SecondFactor, HANAKO, &kept).await,
        Outcome::Right,
        "the code before still works"
    );
    for number in 0..24 {
        assert!(matches!(
            send(&format!("u{number}@example.com")).await,
            Sent::Code(_)
        ));
    }
    assert_eq!(send("last@example.com").await, Sent::NetworkLimit);
}
