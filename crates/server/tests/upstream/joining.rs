//! How an identity and an account that is there already come together: only with proof on both sides (threat 11).

use super::{audited, come_back, connect, setback, taro, through, told, user};
use crate::browser::{Answer, Browser};
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize, engines, form};
use sekisho::mail::Post;
use sekisho_rules::upstream::{Keeping, Strategy};
use sekisho_store::args;
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
    assert!(setback(&refused).contains("isn’t linked to an account here"));
}

/// A form of the section of linked accounts.
async fn change(browser: &mut Browser<'_>, field: (&str, &str)) -> Answer {
    let page = browser.get("/account/connections").await;
    let csrf = page.hidden("csrf");
    browser
        .submit("/account/connections/change", &[("csrf", &csrf), field])
        .await
}

#[tokio::test]
async fn a_person_links_and_unlinks_at_the_account_page() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    let row = "google-oauth2 110169484474386276334";
    let mut hanako = site.browser();
    crate::account::open(&mut hanako).await;
    let away = change(&mut hanako, ("link", "google-oauth2")).await;
    let brought = google.allow(away.location());
    // In another browser the answer joins nothing.
    let fields: Vec<_> = brought.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let back = format!("/login/callback?{}", form(&fields));
    assert_eq!(site.browser().get(&back).await.status.as_u16(), 400);
    let answer = come_back(&mut hanako, &brought).await;
    assert!(
        answer.body.contains("You can sign in with it from now on")
            && answer.body.contains("Taro@Gmail.example")
    );
    let elsewhere = through(&mut site.browser(), &google, "google-oauth2").await;
    assert_eq!(told(&site, &elsewhere).await["sub"], HANAKO);

    // It cannot be linked to a second account.
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "mallory@example.com",
        "another good one",
    )
    .await;
    let mut mallory = site.browser();
    let login = mallory.open("/account/connections").await;
    let entered = mallory
        .log_in(&login, "mallory@example.com", "another good one")
        .await;
    crate::account::through(&mut mallory, entered).await;
    let away = change(&mut mallory, ("link", "google-oauth2")).await;
    let answer = come_back(&mut mallory, &google.allow(away.location())).await;
    assert!(
        answer.body.contains("is linked to another account"),
        "{}",
        answer.body
    );
    // Nor taken from the account it belongs to.
    let refused = change(&mut mallory, ("unlink", row)).await;
    assert_eq!(refused.location(), "/account/connections?done=was-gone");

    let gone = change(&mut hanako, ("unlink", row)).await;
    assert_eq!(gone.location(), "/account/connections?done=unlinked");
    let apart = through(&mut site.browser(), &google, "google-oauth2").await;
    assert_eq!(
        told(&site, &apart).await["sub"],
        "google-oauth2|110169484474386276334"
    );
    let kinds = audited(&site, HANAKO).await;
    assert!(
        ["link", "unlink"]
            .iter()
            .all(|kind| kinds.contains(&(*kind).to_owned())),
        "{kinds:?}"
    );
    assert!(
        subjects(&site)
            .await
            .iter()
            .any(|subject| subject.contains("was removed"))
    );
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let site = Site::new().await;
    let x = connect(&site, Strategy::X).await;
    x.scene.lock().unwrap().userinfo = json!({"data": {"id": "7", "name": "Seven", "username": "seven"}});
    let mut seven = site.browser();
    through(&mut seven, &x, "twitter").await;
    let entered = seven.open("/account/connections").await;
    let page = crate::account::through(&mut seven, entered).await;
    assert!(page.body.contains("the only way into your account") && !page.body.contains("name=\"unlink\""));
    let mut form = vec![("unlink", "twitter 7")];
    let csrf = page
        .body
        .split("name=\"csrf\" value=\"")
        .nth(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned());
    if let Some(csrf) = &csrf {
        form.push(("csrf", csrf));
        let refused = seven.submit("/account/connections/change", &form).await;
        assert_eq!(refused.location(), "/account/connections?done=last-way");
    }
    let again = through(&mut site.browser(), &x, "twitter").await;
    assert_eq!(told(&site, &again).await["sub"], "twitter|7");
}

#[tokio::test]
async fn tokens_of_a_provider_are_kept_only_where_it_was_asked_for() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    let kept = async || -> Option<Vec<u8>> {
        let row = site
            .app
            .db
            .one("SELECT sealed_tokens FROM identities LIMIT 1", args![])
            .await
            .unwrap();
        row.get("sealed_tokens").unwrap()
    };
    through(&mut site.browser(), &google, "google-oauth2").await;
    assert!(kept().await.is_none());
    super::change(&site, "google-oauth2", |connection| {
        connection.settings.tokens = Keeping::Kept;
    })
    .await;
    through(&mut site.browser(), &google, "google-oauth2").await;
    let sealed = kept().await.unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("their-"));
    // Another row cannot use them.
    let place = |row| sekisho::upstream::identity_place(row);
    assert!(
        site.app
            .sealer
            .open(&place("google-oauth2 110169484474386276334"), &sealed)
            .is_ok()
    );
    assert!(site.app.sealer.open(&place("google-oauth2 1"), &sealed).is_err());
}

#[tokio::test]
async fn who_has_no_address_keeps_a_whole_account() {
    let site = Site::new().await;
    let x = connect(&site, Strategy::X).await;
    x.scene.lock().unwrap().userinfo = json!({"data": {"id": "7", "name": "Hana of X", "username": "hana"}});
    let mut browser = site.browser();
    through(&mut browser, &x, "twitter").await;
    // Where an address would stand stands the name.
    let page = browser.open("/account/factors/totp").await;
    let page = crate::account::through(&mut browser, page).await;
    assert!(page.body.contains("Hana%20of%20X"), "{}", page.body);
    for section in [
        "/account/email",
        "/account/password",
        "/account/passkeys",
        "/account/data",
    ] {
        let page = browser.open(section).await;
        assert_eq!(page.status.as_u16(), 200, "{section}");
    }
    let page = browser.open("/account/data/delete").await;
    let csrf = page.hidden("csrf");
    let mut delete = async |typed: &str| {
        let fields = [("csrf", csrf.as_str()), ("confirm", typed)];
        browser.submit("/account/data/delete", &fields).await
    };
    assert_eq!(delete("").await.status.as_u16(), 400);
    let gone = delete("Hana of X").await;
    assert!(gone.body.contains("Your account was deleted"), "{}", gone.body);
    assert!(user(&site, "twitter|7").await.is_none());
}
