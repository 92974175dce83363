//! What is not believed: answers of other providers, other browsers and other requests, ID tokens that are wrong in any way, and providers
//! that are down, slow, endless or somewhere they must not be.

use super::provider::Flaw;
use super::{change, come_back, connect, leave, setback, taro, through, told, user};
use crate::site::{Site, authorize, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::users::{Access, set_access};
use sekisho_rules::upstream::{NewAccounts, Standing, Strategy};

engines!(
    threat_26_an_answer_belongs_to_one_request_one_browser_and_one_provider,
    threat_18_a_disabled_connection_opens_nothing,
);

async fn threat_26_an_answer_belongs_to_one_request_one_browser_and_one_provider(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    let acme = connect(&site, Strategy::Oidc).await;
    google.is(taro());
    acme.is(taro());
    let mut hanako = site.browser();

    // Another state, none, or two.
    let mut brought = google.allow(&leave(&mut hanako, "google-oauth2").await);
    let right = brought.insert("state".to_owned(), "A".repeat(43)).unwrap();
    assert_eq!(come_back(&mut hanako, &brought).await.status.as_u16(), 400);
    let twice = hanako
        .get(&format!("/login/callback?code=c&state={right}&state={right}"))
        .await;
    let twice = hanako.follow(twice).await;
    setback(&twice);
    assert_eq!(hanako.get("/login/callback?code=c").await.status.as_u16(), 400);

    // The attacker's own answer in the victim's browser (login CSRF), and the victim's in the attacker's.
    let mut mallory = site.browser();
    let theirs = google.allow(&leave(&mut mallory, "google-oauth2").await);
    let refused = come_back(&mut hanako, &theirs).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert!(refused.body.contains("browser"), "{}", refused.body);
    assert!(user(&site, "google-oauth2|110169484474386276334").await.is_none());

    // Mix-up: the honest provider's code comes back as the answer to a request that went to another (RFC 9207 section 2.4).
    let request = leave(&mut hanako, "acme").await;
    let mut mixed = acme.allow(&request);
    mixed.insert("iss".to_owned(), google.at(""));
    setback(&come_back(&mut hanako, &mixed).await);
    // A provider that promised to name itself, and does not.
    let request = leave(&mut hanako, "acme").await;
    let unnamed = acme.allow(&request);
    setback(&come_back(&mut hanako, &unnamed).await);

    // An answer is taken once.
    let request = leave(&mut hanako, "google-oauth2").await;
    let brought = google.allow(&request);
    let answer = come_back(&mut hanako, &brought).await;
    told(&site, &answer).await;
    assert_eq!(come_back(&mut hanako, &brought).await.status.as_u16(), 400);

    // And not too late.
    let mut late = site.browser();
    let brought = google.allow(&leave(&mut late, "google-oauth2").await);
    site.pass(1801);
    google.now(site.now().seconds());
    setback(&come_back(&mut late, &brought).await);
}

#[tokio::test]
async fn threat_05_an_id_token_that_is_wrong_in_any_way_is_refused() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    let first = through(&mut site.browser(), &google, "google-oauth2").await;
    told(&site, &first).await;
    for flaw in [
        Flaw::WrongAudience,
        Flaw::TwoAudiences,
        Flaw::OtherParty,
        Flaw::WrongIssuer,
        Flaw::OtherNonce,
        Flaw::NoNonce,
        Flaw::Expired,
        Flaw::FromTheFuture,
        Flaw::NoExpiry,
        Flaw::TextualExpiry,
        Flaw::NoAlgorithm,
        Flaw::PublicKeyAsSecret,
        Flaw::SecretAsKey,
        Flaw::OtherAlgorithm,
        Flaw::OtherKey,
        Flaw::NoToken,
        Flaw::RefusesCode,
        Flaw::ErrorWith200,
    ] {
        google.errs(flaw);
        let mut browser = site.browser();
        let refused = through(&mut browser, &google, "google-oauth2").await;
        assert!(setback(&refused).contains("did not work"), "{flaw:?}");
        let after = browser.open(&authorize("spa", &[("prompt", "none")])).await;
        assert_eq!(
            after.param("error").as_deref(),
            Some("login_required"),
            "{flaw:?}"
        );
    }
    // LINE: neither the header nor the published keys turn HS256 into something else.
    let line = connect(&site, Strategy::Line).await;
    line.is(serde_json::json!({"sub": "U1"}));
    for flaw in [
        Flaw::PublicKeyAsSecret,
        Flaw::OtherAlgorithm,
        Flaw::NoAlgorithm,
        Flaw::OtherKey,
        Flaw::OtherNonce,
    ] {
        line.errs(flaw);
        setback(&through(&mut site.browser(), &line, "line").await);
    }
    google.errs(Flaw::None);
    let last = through(&mut site.browser(), &google, "google-oauth2").await;
    told(&site, &last).await;
}

#[tokio::test]
async fn threat_14_providers_that_are_down_or_lead_elsewhere_leave_a_way_back() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    for (flaw, said) in [
        (Flaw::Status(500), "does not answer"),
        (Flaw::Status(503), "does not answer"),
        (Flaw::Status(404), "did not work"),
        (Flaw::RedirectsToItself, "did not work"),
        (Flaw::NotJson, "did not work"),
        (Flaw::Endless, "does not answer"),
    ] {
        google.errs(flaw);
        let mut browser = site.browser();
        let refused = through(&mut browser, &google, "google-oauth2").await;
        assert!(
            setback(&refused).contains(said),
            "{flaw:?}: {}",
            setback(&refused)
        );
        // From where they were, they go on by the password.
        let answer = browser
            .log_in(&refused, crate::site::EMAIL, crate::site::PASSWORD)
            .await;
        assert!(answer.param("code").is_some(), "{flaw:?}");
    }
    google.errs(Flaw::None);
    // Addresses inside the network, whoever wrote them down: this machine under another number, the cloud's metadata, plain http.
    for address in [
        "http://169.254.169.254/token",
        "http://10.0.0.1/token",
        "http://[::1]/token",
        "http://example.com/token",
    ] {
        change(&site, "google-oauth2", |connection| {
            connection.settings.token_endpoint = Some(address.to_owned());
        })
        .await;
        let refused = through(&mut site.browser(), &google, "google-oauth2").await;
        assert!(setback(&refused).contains("does not answer"), "{address}");
    }
    // Nobody listens there, and a discovery document that is another issuer's.
    let acme = connect(&site, Strategy::Oidc).await;
    for issuer in ["http://127.0.0.1:1", &format!("{}/", acme.at(""))] {
        change(&site, "acme", |connection| {
            connection.settings.issuer = Some(issuer.to_owned());
        })
        .await;
        let mut browser = site.browser();
        let to = leave(&mut browser, "acme").await;
        assert!(to.starts_with("/u/login?"), "{to}");
        let page = browser.get(&to).await;
        setback(&page);
    }
}

#[tokio::test]
async fn a_person_who_says_no_goes_on_from_where_they_were() {
    let site = Site::new().await;
    let google = connect(&site, Strategy::Google).await;
    for (error, said) in [
        ("access_denied", "You did not allow"),
        ("server_error", "did not work"),
        ("<script>alert(1)</script>", "did not work"),
    ] {
        let mut browser = site.browser();
        let mut brought = google.allow(&leave(&mut browser, "google-oauth2").await);
        brought.remove("code");
        brought.insert("error".to_owned(), error.to_owned());
        let page = come_back(&mut browser, &brought).await;
        assert!(setback(&page).contains(said), "{error}");
        assert!(!page.body.contains("<script>"), "{}", page.body);
        let answer = browser
            .log_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
            .await;
        assert!(answer.param("code").is_some());
    }
}

async fn threat_18_a_disabled_connection_opens_nothing(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    let first = through(&mut site.browser(), &google, "google-oauth2").await;
    let id = told(&site, &first).await["sub"].as_str().unwrap().to_owned();

    // The person is blocked: the provider's word opens nothing.
    let person = user(&site, &id).await.unwrap();
    set_access(&site.app, Operator, &person, Access::Blocked)
        .await
        .unwrap();
    let blocked = through(&mut site.browser(), &google, "google-oauth2").await;
    assert!(setback(&blocked).contains("cannot be signed in to"));
    let person = user(&site, &id).await.unwrap();
    set_access(&site.app, Operator, &person, Access::Unblocked)
        .await
        .unwrap();

    // Under way when it is switched off; then the button, the address and the parameter.
    let mut browser = site.browser();
    let brought = google.allow(&leave(&mut browser, "google-oauth2").await);
    change(&site, "google-oauth2", |connection| {
        connection.standing = Standing::Disabled;
    })
    .await;
    assert!(setback(&come_back(&mut browser, &brought).await).contains("not possible"));
    let page = browser
        .open(&authorize("spa", &[("connection", "google-oauth2")]))
        .await;
    assert!(page.body.contains("name=\"password\"") && !page.body.contains("connection=google-oauth2\""));
    let state = page.hidden("state");
    let direct = browser
        .get(&format!("/u/upstream?state={state}&connection=google-oauth2"))
        .await;
    assert!(
        direct.location().starts_with("/u/login?"),
        "{}",
        direct.location()
    );

    // On again, but nobody new.
    change(&site, "google-oauth2", |connection| {
        connection.standing = Standing::Enabled;
        connection.settings.new_accounts = NewAccounts::Refused;
    })
    .await;
    let again = through(&mut site.browser(), &google, "google-oauth2").await;
    assert_eq!(told(&site, &again).await["sub"], id.as_str());
    google.is(serde_json::json!({"sub": "new"}));
    let nobody = through(&mut site.browser(), &google, "google-oauth2").await;
    assert!(setback(&nobody).contains("isn’t linked to an account here"));
    assert!(user(&site, "google-oauth2|new").await.is_none());
}
