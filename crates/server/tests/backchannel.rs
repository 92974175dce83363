//! Back-channel logout: whichever way a session ends, the applications that took part in it are told, once, and nobody else.

use crate::browser::{Browser, claims};
use crate::relying_party::RelyingParty;
use crate::site::{EMAIL, ISSUER, PASSWORD, Site, authorize, engines, form};
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use sekisho::admin::users::{self, Access};
use sekisho_rules::client::Standing;
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_store::args;
use serde_json::{Value, json};

engines!(
    however_a_session_ends_its_applications_are_told,
    only_applications_that_took_part_are_told,
    a_session_that_expired_tells_nobody,
    two_nodes_tell_an_application_once,
    an_application_that_is_down_is_told_later,
    what_will_not_go_better_is_given_up_and_noted,
);

/// Signs in at one client and redeems the code: the ID token's claims, and the token.
async fn sign_in(
    site: &Site,
    browser: &mut Browser<'_>,
    client: &str,
    extra: &[(&str, &str)],
) -> (Value, String) {
    let page = browser.open(&authorize(client, extra)).await;
    let answer = match page.status.is_redirection() {
        true => page,
        false => browser.log_in(&page, EMAIL, PASSWORD).await,
    };
    let tokens = site.redeem(client, &answer.param("code").unwrap()).await.json();
    match tokens["id_token"].as_str() {
        Some(token) => (claims(&tokens["id_token"]), token.to_owned()),
        None => (Value::Null, String::new()),
    }
}

/// The kinds and details of what the audit table says of this subject, oldest first.
async fn audited(site: &Site) -> Vec<(String, String)> {
    let rows = site
        .app
        .db
        .all(
            "SELECT kind, detail FROM audit WHERE kind LIKE 'oidc_backchannel_logout_%' ORDER BY id LIMIT 100",
            args![],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get("kind").unwrap(), row.get("detail").unwrap()))
        .collect()
}

async fn however_a_session_ends_its_applications_are_told(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "taro@example.com",
        "another good one",
    )
    .await;
    let ways = [
        "rp-initiated",
        "v2",
        "confirmed",
        "account",
        "account others",
        "another user",
        "password",
        "blocked",
        "deleted",
    ];
    for way in ways {
        let mut browser = site.browser();
        let (id, token) = sign_in(&site, &mut browser, "web", &[]).await;
        assert!(
            app.told(&site, "web").await.is_empty(),
            "{way}: nothing has ended"
        );
        match way {
            "rp-initiated" => {
                browser
                    .get(&format!("/oidc/logout?{}", form(&[("id_token_hint", &token)])))
                    .await;
            }
            "v2" => {
                browser.get("/v2/logout").await;
            }
            "confirmed" => {
                let page = browser.get("/oidc/logout").await;
                let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
                browser
                    .submit(&page.action(), &[("state", &state), ("csrf", &csrf)])
                    .await;
            }
            "account" | "account others" => {
                let mut other = site.browser();
                let at = if way == "account" {
                    &mut browser
                } else {
                    &mut other
                };
                let mut page = at.open("/account").await;
                if page.body.contains("name=\"password\"") {
                    page = at.log_in(&page, EMAIL, PASSWORD).await;
                }
                while page.status.is_redirection() {
                    let to = page.location().to_owned();
                    page = at.get(&to).await;
                }
                let csrf = page.hidden("csrf");
                let sid = id["sid"].as_str().unwrap();
                let named = if way == "account" { sid } else { "others" };
                at.submit("/account/sessions/end", &[("csrf", &csrf), ("session", named)])
                    .await;
            }
            "another user" => {
                let page = browser.open(&authorize("spa", &[("prompt", "login")])).await;
                browser
                    .log_in(&page, "taro@example.com", "another good one")
                    .await;
            }
            _ => {
                let user = users::find(&site.app, EMAIL).await.unwrap();
                match way {
                    "password" => {
                        users::set_password(&site.app, Operator, &user, "a quite different one")
                            .await
                            .unwrap();
                        // And back, for the ways to come.
                        let user = users::find(&site.app, EMAIL).await.unwrap();
                        users::set_password(&site.app, Operator, &user, PASSWORD)
                            .await
                            .unwrap();
                    }
                    "blocked" => {
                        users::set_access(&site.app, Operator, &user, Access::Blocked)
                            .await
                            .unwrap();
                        let user = users::find(&site.app, EMAIL).await.unwrap();
                        users::set_access(&site.app, Operator, &user, Access::Unblocked)
                            .await
                            .unwrap();
                    }
                    _ => users::delete(&site.app, Operator, &user).await.unwrap(),
                }
            }
        }
        let told = app.told(&site, "web").await;
        assert_eq!(told.len(), 1, "{way}");
        assert_eq!(
            (&told[0]["sub"], &told[0]["sid"]),
            (&id["sub"], &id["sid"]),
            "{way}"
        );
        assert!(app.told(&site, "web").await.is_empty(), "{way}: once");
    }
    let audited = audited(&site).await;
    assert_eq!(audited.len(), ways.len());
    assert!(
        audited
            .iter()
            .all(|(kind, detail)| kind == "oidc_backchannel_logout_succeeded" && detail == "told 127.0.0.1")
    );
}

async fn only_applications_that_took_part_are_told(site: Site) {
    let (mut web, mut spa, mut third) = (
        RelyingParty::start().await,
        RelyingParty::start().await,
        RelyingParty::start().await,
    );
    web.stands_for(&site, "web").await;
    spa.stands_for(&site, "spa").await;
    third.stands_for(&site, "native").await;
    let (mut here, mut there) = (site.browser(), site.browser());
    let (at_web, _) = sign_in(&site, &mut here, "web", &[]).await;
    let (at_spa, _) = sign_in(&site, &mut here, "spa", &[]).await;
    sign_in(&site, &mut here, "spa", &[]).await;
    assert_eq!(at_web["sid"], at_spa["sid"], "single sign-on");
    // Without an ID token nobody was signed in at the application.
    sign_in(&site, &mut here, "native", &[("scope", "profile")]).await;
    let (elsewhere, _) = sign_in(&site, &mut there, "web", &[]).await;
    here.get("/v2/logout").await;
    assert_eq!(web.told(&site, "web").await.len(), 1);
    let told = spa.told(&site, "spa").await;
    assert_eq!((told.len(), &told[0]["sid"]), (1, &at_web["sid"]));
    assert!(third.told(&site, "native").await.is_empty());
    // A disabled application is told nothing more.
    let client = clients::find(&site.app, "web").await.unwrap();
    sign_in(&site, &mut there, "spa", &[]).await;
    clients::set_standing(&site.app, Operator, &client, Standing::Disabled)
        .await
        .unwrap();
    there.get("/v2/logout").await;
    assert!(web.told(&site, "web").await.is_empty());
    assert_eq!(spa.told(&site, "spa").await[0]["sid"], elsewhere["sid"]);
}

async fn a_session_that_expired_tells_nobody(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let mut browser = site.browser();
    sign_in(&site, &mut browser, "web", &[]).await;
    site.pass(site.app.config.session.absolute + 1);
    browser.get("/v2/logout").await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_access(&site.app, Operator, &user, Access::Blocked)
        .await
        .unwrap();
    assert!(app.told(&site, "web").await.is_empty());
}

async fn two_nodes_tell_an_application_once(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let other = site.second_node().await;
    for _ in 0..6 {
        let mut browser = site.browser();
        sign_in(&site, &mut browser, "web", &[]).await;
        browser.get("/v2/logout").await;
    }
    let (here, there) = tokio::join!(
        sekisho::jobs::run_due(&site.app),
        sekisho::jobs::run_due(&other.app)
    );
    assert_eq!(here.unwrap() + there.unwrap(), 6);
    assert_eq!(app.told(&site, "web").await.len(), 6);
}

async fn an_application_that_is_down_is_told_later(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let mut browser = site.browser();
    let (id, _) = sign_in(&site, &mut browser, "web", &[]).await;
    app.will_answer(&[503, 429, 404, 204]);
    browser.get("/v2/logout").await;
    let mut tries = app.told(&site, "web").await;
    assert_eq!(tries.len(), 1);
    assert!(app.told(&site, "web").await.is_empty(), "not at once again");
    for pause in [5, 15, 45] {
        site.pass(pause);
        tries.extend(app.told(&site, "web").await);
    }
    assert_eq!(tries.len(), 4, "a fresh token for each try");
    assert!(tries.iter().all(|told| told["sid"] == id["sid"]));
    site.pass(86_400);
    assert!(app.told(&site, "web").await.is_empty(), "204 was enough");
    assert_eq!(
        audited(&site).await,
        [(
            "oidc_backchannel_logout_succeeded".to_owned(),
            "told 127.0.0.1".to_owned()
        )]
    );
}

async fn what_will_not_go_better_is_given_up_and_noted(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let mut expected = Vec::new();
    for (answers, url, tries, says) in [
        (&[400][..], None, 1, "127.0.0.1 answered 400"),
        (
            &[302],
            None,
            1,
            "127.0.0.1 answered 302; redirects are not followed",
        ),
        (&[500; 8], None, 8, "127.0.0.1 answered 500"),
        (
            &[],
            Some("https://10.0.0.1/x?key=hidden"),
            0,
            "10.0.0.1 is in a network that is not called",
        ),
        (
            &[],
            Some("http://93.184.215.14/"),
            0,
            "93.184.215.14 is called over https only",
        ),
    ] {
        app.stands_for(&site, "web").await;
        app.will_answer(answers);
        let mut browser = site.browser();
        sign_in(&site, &mut browser, "web", &[]).await;
        if let Some(url) = url {
            let mut client = clients::find(&site.app, "web").await.unwrap();
            client.notices.backchannel_urls = vec![url.to_owned()];
            clients::update(&site.app, Operator, client).await.unwrap();
        }
        browser.get("/v2/logout").await;
        let mut heard = 0;
        for _ in 0..12 {
            heard += app.told(&site, "web").await.len();
            site.pass(900);
        }
        assert_eq!(heard, tries, "{says}");
        expected.push(says);
        let audited = audited(&site).await;
        assert_eq!(audited.len(), expected.len(), "{audited:?}");
        let (kind, detail) = audited.last().unwrap();
        assert!(
            kind == "oidc_backchannel_logout_failed" && detail.starts_with(says),
            "{detail}"
        );
        assert!(!detail.contains("hidden"));
    }
}

#[tokio::test]
async fn threat_j09_a_logout_token_opens_nothing() {
    let site = Site::new().await;
    let app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let mut browser = site.browser();
    let (id, _) = sign_in(&site, &mut browser, "web", &[]).await;
    let (client, user, session) = (
        ClientId::new("web"),
        UserId::new(id["sub"].as_str().unwrap()),
        SessionId::new(id["sid"].as_str().unwrap()),
    );
    let claims = sekisho_rules::claims::logout(ISSUER, &client, (&user, &session), "jti", site.now());
    let keys = site.app.keys.current();
    let key = keys.signing(sekisho_jose::Algorithm::Rs256).unwrap();
    for typ in ["logout+jwt", "JWT"] {
        let token = sekisho_jose::jwt::sign(&claims, typ, key).unwrap();
        assert_eq!(site.userinfo(&token).await.status, 401, "{typ}");
        let answer = browser
            .get(&format!("/oidc/logout?{}", form(&[("id_token_hint", &token)])))
            .await;
        assert_eq!(answer.status, 400, "{typ}: a logout token is no hint");
    }
    assert_eq!(
        serde_json::to_value(&claims).unwrap()["events"],
        json!({"http://schemas.openid.net/event/backchannel-logout": {}})
    );
}
