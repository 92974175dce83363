//! Another address for an account: asked for on the account page, proven by the link, told at both ends.

use crate::browser::{Answer, Browser};
use crate::recovery::{link, mails};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::{Method, StatusCode};
use sekisho_store::users;

const NEXT: &str = "hanako.seki@example.com";

engines!(an_address_is_changed_by_the_link_and_both_ends_are_told);

/// The section's form, after a fresh login.
async fn section(browser: &mut Browser<'_>) -> Answer {
    let page = browser.open("/account/email").await;
    let back = browser.log_in(&page, EMAIL, PASSWORD).await;
    // The way back leads over the issuer's own address.
    let back = browser
        .open(back.location().trim_start_matches("https://login.example"))
        .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.body);
    back
}

async fn ask(browser: &mut Browser<'_>, page: &Answer, email: &str) -> Answer {
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("email", email)];
    let answer = browser.submit("/account/email", &fields).await;
    match answer.status.is_redirection() {
        true => browser.follow(answer).await,
        false => answer,
    }
}

async fn an_address_is_changed_by_the_link_and_both_ends_are_told(site: Site) {
    let tokens = site.tokens("spa", &[]).await;
    let mut elsewhere = site.browser();
    elsewhere.sign_in(&authorize("spa", &[])).await;
    let mut hanako = site.browser();
    let page = section(&mut hanako).await;
    let sent = ask(&mut hanako, &page, "Hanako.Seki@Example.com").await;
    assert!(
        sent.body.contains("We have written to the new address"),
        "{}",
        sent.body
    );
    let asked = mails(&site).await;
    let to_new = asked
        .iter()
        .find(|mail| mail.to == "Hanako.Seki@Example.com")
        .unwrap();
    let to_old = asked.iter().find(|mail| mail.to == EMAIL).unwrap();
    assert!(to_old.text.contains("Hanako.Seki@Example.com"), "{}", to_old.text);
    let path = link(to_new);
    for _ in 0..3 {
        assert_eq!(site.browser().get(&path).await.status, StatusCode::OK);
    }
    let before = users::by_email(&site.app.db, EMAIL).await.unwrap();
    assert!(before.is_some(), "a scanner that opens the link changes nothing");

    let page = hanako.get(&path).await;
    let ticket = page.hidden("ticket");
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let refused = hanako
        .visit(Method::POST, "/u/prove", &cross, &[("ticket", &ticket)])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let cut = site
        .browser()
        .submit("/u/prove", &[("ticket", &ticket[..50])])
        .await;
    assert_eq!(cut.status, StatusCode::BAD_REQUEST);
    let purpose = path.replace("/u/prove", "/u/password");
    assert_eq!(
        site.browser().get(&purpose).await.status,
        StatusCode::BAD_REQUEST,
        "threat 19"
    );

    site.pass(2);
    let done = hanako.submit("/u/prove", &[("ticket", &ticket)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert!(users::by_email(&site.app.db, EMAIL).await.unwrap().is_none());
    let user = users::by_email(&site.app.db, NEXT).await.unwrap().unwrap();
    assert!(user.email_verified);
    let again = site.browser().submit("/u/prove", &[("ticket", &ticket)]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "the link was used");

    // Everything else ends; the browser that pressed goes on.
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(access).await.status, StatusCode::UNAUTHORIZED);
    let silent = [("prompt", "none")];
    let ended = elsewhere.get(&authorize("spa", &silent)).await;
    assert_eq!(ended.param("error").as_deref(), Some("login_required"));
    site.pass(2);
    let kept = hanako.get(&authorize("spa", &silent)).await;
    assert!(kept.param("code").is_some(), "{}", kept.location());
    let told: Vec<String> = mails(&site)
        .await
        .into_iter()
        .take(2)
        .map(|mail| mail.to)
        .collect();
    assert!(
        told.contains(&EMAIL.to_owned()) && told.iter().any(|to| to != EMAIL),
        "{told:?}"
    );
}

#[tokio::test]
async fn threat_12_a_link_is_for_the_address_it_was_sent_to_and_dies_with_a_password() {
    let site = Site::new().await;
    let mut hanako = site.browser();
    let page = section(&mut hanako).await;
    for wrong in ["", "a@b@example.com", "hanako\u{ff20}example.com", EMAIL] {
        let answer = ask(&mut hanako, &page, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert!(mails(&site).await.is_empty());
    ask(&mut hanako, &page, NEXT).await;
    let sent = mails(&site).await;
    let path = link(sent.iter().find(|mail| mail.to == NEXT).unwrap());
    let user = users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap();
    let raised = site.app.db.tx(async move |tx| users::log_out(tx, &user.id).await);
    assert!(raised.await.unwrap());
    assert_eq!(site.browser().get(&path).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn threat_24_the_page_does_not_tell_that_an_address_has_an_account() {
    let site = Site::new().await;
    site.add_user("auth0|other", NEXT, PASSWORD).await;
    let mut hanako = site.browser();
    let page = section(&mut hanako).await;
    let known = ask(&mut hanako, &page, NEXT).await;
    let unknown = ask(&mut hanako, &page, "nobody@example.com").await;
    assert_eq!(known.status, unknown.status);
    assert!(known.body.contains("We have written to the new address"));
    assert!(unknown.body.contains("We have written to the new address"));
    let sent = mails(&site).await;
    let taken = sent.iter().find(|mail| mail.to == NEXT).unwrap();
    assert!(!taken.text.contains("ticket="), "{}", taken.text);
}
