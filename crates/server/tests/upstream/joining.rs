//! How an identity and an account that is there already come together: only with proof on both sides (threat 11).

use super::{audited, connect, setback, taro, through, told, user};
use crate::browser::{Answer, Browser};
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines};
use sekisho::mail::Post;
use sekisho_rules::upstream::Strategy;
use serde_json::json;

engines!(
    threat_11_a_verified_address_asks_for_proof_of_the_account,
    threat_11_an_unverified_address_is_nobodys,
);

const HANAKO: &str = "auth0|0123456789abcdef01234567";

async fn decide(browser: &mut Browser<'_>, page: &Answer, decision: &str) -> Answer {
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [("state", state.as_str()), ("csrf", &csrf), ("decision", decision)];
    let answer = browser.submit(&page.action(), &fields).await;
    browser.follow(answer).await
}

async fn subjects(site: &Site) -> Vec<String> {
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails().into_iter().map(|mail| mail.subject).collect(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

async fn threat_11_a_verified_address_asks_for_proof_of_the_account(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    // The same account by the rules of addresses: capitals, and full stops of another script in the domain.
    google.is(json!({"sub": "1", "email": "HANAKO@example\u{3002}com", "email_verified": true, "name": "H"}));

    // Nothing is joined by signing in elsewhere alone.
    let mut mallory = site.browser();
    let page = through(&mut mallory, &google, "google-oauth2").await;
    assert!(page.body.contains("You already have an account"), "{}", page.body);
    assert!(user(&site, "google-oauth2|1").await.is_none());
    let silent = mallory.open(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    // Neither by a form that nobody was shown.
    let state = page
        .body
        .split("state=")
        .nth(1)
        .unwrap()
        .split(['"', '&'])
        .next()
        .unwrap()
        .to_owned();
    let forged = mallory
        .submit("/u/join", &[("state", state.as_str()), ("decision", "link")])
        .await;
    assert!(forged.location().starts_with("/u/join"), "{}", forged.location());

    // Whoever signs in to another account does not get it either.
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "mallory@example.com",
        "another good one",
    )
    .await;
    let login = mallory.open(&format!("/u/login?state={state}")).await;
    let away = mallory
        .log_in(&login, "mallory@example.com", "another good one")
        .await;
    assert!(away.location().starts_with(CALLBACK));
    setback_free(&away);

    // The owner signs in, is asked, says no; then yes.
    for (decision, joined) in [("leave", false), ("link", true)] {
        let mut hanako = site.browser();
        let page = through(&mut hanako, &google, "google-oauth2").await;
        let to_login = page
            .body
            .split("href=\"/u/login?")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let login = hanako
            .open(&format!("/u/login?{}", to_login.replace("&#38;", "&")))
            .await;
        let asked = hanako.log_in(&login, EMAIL, PASSWORD).await;
        assert!(
            asked.body.contains("Link Google?") && asked.body.contains(EMAIL),
            "{}",
            asked.body
        );
        let answer = decide(&mut hanako, &asked, decision).await;
        assert_eq!(told(&site, &answer).await["sub"], HANAKO);
        assert_eq!(
            audited(&site, HANAKO).await.contains(&"link".to_owned()),
            joined,
            "{decision}"
        );
    }
    assert!(subjects(&site).await[0].contains("Another way into your"));
    let answer = through(&mut site.browser(), &google, "google-oauth2").await;
    assert_eq!(
        told(&site, &answer).await["sub"],
        HANAKO,
        "it opens the account now"
    );
}

fn setback_free(answer: &Answer) {
    assert!(answer.param("code").is_some() && answer.param("error").is_none());
}

async fn threat_11_an_unverified_address_is_nobodys(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    for (sub, verified) in [
        ("1", json!(false)),
        ("2", json!("false")),
        ("3", json!(null)),
        ("4", json!("TRUE")),
        ("5", json!([true])),
    ] {
        google.is(json!({"sub": sub, "email": EMAIL, "email_verified": verified, "name": "Mallory"}));
        let answer = through(&mut site.browser(), &google, "google-oauth2").await;
        let told = told(&site, &answer).await;
        assert_eq!(
            told["sub"],
            format!("google-oauth2|{sub}"),
            "an account of its own"
        );
        assert!(told.get("email").is_none(), "and not with that address: {told}");
    }
    // Addresses that are none, or look like one that is: nobody's.
    for (sub, email) in [
        ("6", "hanako\u{ff20}example.com"),
        ("7", "a@b@example.com"),
        ("8", "\u{ff48}anako@example.com"),
        ("9", ""),
    ] {
        google.is(json!({"sub": sub, "email": email, "email_verified": true}));
        let answer = through(&mut site.browser(), &google, "google-oauth2").await;
        assert!(told(&site, &answer).await.get("email").is_none(), "{email:?}");
    }
    assert_eq!(user(&site, HANAKO).await.unwrap().email, EMAIL);
}

#[tokio::test]
async fn an_account_brought_along_is_known_by_its_id() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    let id = "google-oauth2|110169484474386276334";
    site.add_user(id, "somebody@example.com", "a password of old")
        .await;
    google.is(taro());
    let answer = through(&mut site.browser(), &google, "google-oauth2").await;
    assert_eq!(told(&site, &answer).await["email"], "somebody@example.com");
    // The id of a generic connection proves nothing: its name can be given to another provider.
    let acme = connect(&site, Strategy::Oidc).await;
    site.add_user("oidc|acme|7", "seven@example.com", "a password of old")
        .await;
    acme.is(json!({"sub": "7", "email": "x@example.com", "name": "x"}));
    let refused = through(&mut site.browser(), &acme, "acme").await;
    assert!(setback(&refused).contains("No account here"));
}
