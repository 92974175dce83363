//! Signing in elsewhere: the providers by name, what is believed of them, and how their people become ours.

mod fresh;
mod hostile;
mod joining;
mod noted;
mod provider;
mod ways;

use crate::browser::{Answer, Browser, claims};
use crate::site::{CALLBACK, Site, authorize, engines, form};
pub(crate) use provider::Provider;
use provider::{CLIENT_ID, Proof, SECRET, TEAM, apple_key};
use sekisho::admin::Actor::Operator;
use sekisho::admin::connections::{self, NewConnection};
use sekisho_jose::Algorithm;
use sekisho_rules::id::UserId;
use sekisho_rules::upstream::{Connection, Settings, Strategy};
use sekisho_rules::user::User;
use sekisho_store::{args, users};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

engines!(
    google_signs_in_and_is_known_again,
    x_tells_no_address,
    line_signs_with_the_channel_secret,
);

/// A provider of a strategy, and the connection to it under the strategy's word.
pub(crate) async fn connect(site: &Site, strategy: Strategy) -> Provider {
    let provider = Provider::start(site.now().seconds()).await;
    let mut settings = Settings {
        authorization_endpoint: Some(provider.at("/authorize")),
        token_endpoint: Some(provider.at("/token")),
        ..Settings::default()
    };
    let name = strategy.is_generic().then(|| "acme".to_owned());
    let mut secret = SECRET.to_owned();
    {
        let mut scene = provider.scene.lock().unwrap();
        match strategy {
            Strategy::Google | Strategy::Line | Strategy::Apple | Strategy::Microsoft => {
                settings.jwks_uri = Some(provider.at("/keys"));
                settings.issuer = Some(provider.at(""));
            }
            Strategy::X | Strategy::OAuth2 | Strategy::GitHub => {
                settings.userinfo_endpoint = Some(provider.at("/me"));
                scene.signs = None;
            }
            Strategy::Oidc => {
                settings = Settings {
                    issuer: Some(provider.at("")),
                    ..Settings::default()
                };
            }
        }
        match strategy {
            Strategy::Line => scene.signs = Some(Algorithm::Hs256),
            Strategy::X | Strategy::Oidc | Strategy::OAuth2 => scene.proof = Proof::Basic,
            Strategy::GitHub => settings.emails_endpoint = Some(provider.at("/me/emails")),
            Strategy::Microsoft => {
                settings.issuer = Some(provider.at("/{tenantid}/v2.0"));
            }
            Strategy::Apple => {
                settings.team_id = Some(TEAM.to_owned());
                settings.key_id = Some("KEY1234567".to_owned());
                secret = apple_key().to_pem().unwrap().to_string();
                scene.proof = Proof::Apple;
            }
            Strategy::Google => {}
        }
    }
    let new = NewConnection {
        name,
        strategy,
        client_id: CLIENT_ID.to_owned(),
        secret: Zeroizing::new(secret),
        settings,
    };
    connections::add(&site.app, Operator, new).await.unwrap();
    provider
}

async fn change(site: &Site, name: &str, edit: impl FnOnce(&mut Connection)) {
    let mut connection = connections::find(&site.app, name).await.unwrap();
    edit(&mut connection);
    connections::update(&site.app, Operator, connection, None)
        .await
        .unwrap();
}

/// Follows the button of a connection on the sign-in page: the request to the provider.
async fn leave(browser: &mut Browser<'_>, connection: &str) -> String {
    let page = browser.open(&authorize("spa", &[])).await;
    press(browser, &page, connection).await
}

/// Follows the button of a connection on this page: the request to the provider.
async fn press(browser: &mut Browser<'_>, page: &Answer, connection: &str) -> String {
    let button = page
        .body
        .split("href=\"")
        .find(|link| link.contains(&format!("connection={connection}\"")))
        .unwrap_or_else(|| panic!("no button for {connection} in {}", page.body));
    let href = button.split('"').next().unwrap().replace("&#38;", "&");
    browser.get(&href).await.location().to_owned()
}

/// Comes back with what the provider gave.
async fn come_back(browser: &mut Browser<'_>, brought: &BTreeMap<String, String>) -> Answer {
    let fields: Vec<_> = brought
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let answer = browser.get(&format!("/login/callback?{}", form(&fields))).await;
    browser.follow(answer).await
}

/// There and back.
async fn through(browser: &mut Browser<'_>, provider: &Provider, connection: &str) -> Answer {
    let request = leave(browser, connection).await;
    let mut brought = provider.allow(&request);
    if connection == "acme" && provider.scene.lock().unwrap().signs.is_some() {
        brought.insert("iss".to_owned(), provider.at(""));
    }
    come_back(browser, &brought).await
}

/// The claims of the ID token that a finished sign-in leads to.
async fn told(site: &Site, answer: &Answer) -> Value {
    assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await;
    claims(&tokens.json()["id_token"])
}

/// What the sign-in page says went wrong.
fn setback(answer: &Answer) -> String {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let alert = answer.body.split("role=\"alert\"><p>").nth(1);
    let alert = alert.unwrap_or_else(|| panic!("no alert in {}", answer.body));
    assert!(
        answer.body.contains("name=\"password\""),
        "the way back is the sign-in page"
    );
    alert.split("</p>").next().unwrap().to_owned()
}

async fn user(site: &Site, id: &str) -> Option<User> {
    users::by_id(&site.app.db, &UserId::new(id)).await.unwrap()
}

/// The kinds of the audit rows about a user, oldest first.
async fn audited(site: &Site, id: &str) -> Vec<String> {
    let rows = site
        .app
        .db
        .all(
            "SELECT kind FROM audit WHERE user_id = $1 ORDER BY id LIMIT 100",
            args![id],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get("kind").unwrap()).collect()
}

pub(crate) fn taro() -> Value {
    json!({
        "sub": "110169484474386276334", "email": "Taro@Gmail.example", "email_verified": true, "name": "山田 太郎",
        "given_name": "太郎", "family_name": "山田", "picture": "https://pictures.example/taro.png",
    })
}

async fn google_signs_in_and_is_known_again(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    google.is(taro());
    let mut browser = site.browser();
    let answer = through(&mut browser, &google, "google-oauth2").await;
    let first = told(&site, &answer).await;
    let id = "google-oauth2|110169484474386276334";
    assert_eq!(first["sub"], id);
    assert_eq!(
        (&first["email"], &first["email_verified"]),
        (&json!("Taro@Gmail.example"), &json!(true))
    );
    assert_eq!(
        (&first["name"], &first["given_name"]),
        (&json!("山田 太郎"), &json!("太郎"))
    );
    let kinds = audited(&site, id).await;
    assert!(
        ["ss", "s"].iter().all(|kind| kinds.contains(&(*kind).to_owned())),
        "{kinds:?}"
    );

    // In another browser, with another name and address: it is the subject that counts.
    google.is(json!({"sub": "110169484474386276334", "email": "hanako@example.com", "email_verified": true, "name": "X"}));
    let mut other = site.browser();
    let answer = through(&mut other, &google, "google-oauth2").await;
    let again = told(&site, &answer).await;
    assert_eq!(
        (&again["sub"], &again["email"]),
        (&json!(id), &json!("Taro@Gmail.example"))
    );
    assert_eq!(google.scene.lock().unwrap().fetched_keys, 1, "keys are kept");

    // `connection` leads there directly.
    let mut third = site.browser();
    let request = third
        .open(&authorize(
            "spa",
            &[("connection", "google-oauth2"), ("ui_locales", "ja")],
        ))
        .await
        .location()
        .to_owned();
    assert!(request.starts_with(&google.at("/authorize")), "{request}");
    let answer = come_back(&mut third, &google.allow(&request)).await;
    assert_eq!(told(&site, &answer).await["sub"], id);
}

async fn x_tells_no_address(site: Site) {
    let x = connect(&site, Strategy::X).await;
    x.scene.lock().unwrap().userinfo =
        json!({"data": {"id": "2244994945", "name": "Hanako", "username": "hana"}});
    let answer = through(&mut site.browser(), &x, "twitter").await;
    let told = told(&site, &answer).await;
    assert_eq!(
        (&told["sub"], &told["nickname"]),
        (&json!("twitter|2244994945"), &json!("hana"))
    );
    assert!(told.get("email").is_none() && told.get("email_verified").is_none());
    let user = user(&site, "twitter|2244994945").await.unwrap();
    assert_eq!((user.address(), user.email_verified), (None, false));
    // A second one without an address is another account.
    x.scene.lock().unwrap().userinfo = json!({"data": {"id": "1", "name": "Jiro", "username": "jiro"}});
    let answer = through(&mut site.browser(), &x, "twitter").await;
    assert_eq!(self::told(&site, &answer).await["sub"], "twitter|1");
}

async fn line_signs_with_the_channel_secret(site: Site) {
    let line = connect(&site, Strategy::Line).await;
    change(&site, "line", |connection| {
        connection.settings.bot_prompt = Some("normal".to_owned());
    })
    .await;
    line.is(json!({"sub": "U4af4980629", "name": "花子", "amr": ["linesso"]}));
    let mut browser = site.browser();
    let request = leave(&mut browser, "line").await;
    assert!(
        request.contains("bot_prompt=normal") && request.contains("nonce="),
        "{request}"
    );
    let answer = come_back(&mut browser, &line.allow(&request)).await;
    let told = told(&site, &answer).await;
    assert_eq!(told["sub"], "line|U4af4980629");
    assert!(told.get("email").is_none(), "nobody approved it");
    // An address that LINE tells is nobody's proof.
    line.is(json!({"sub": "U1", "name": "次郎", "email": "jiro@example.com"}));
    let answer = through(&mut site.browser(), &line, "line").await;
    assert!(self::told(&site, &answer).await.get("email").is_none());
    // The algorithm is the connection's: a native application's channel signs with ES256, and says so here.
    line.scene.lock().unwrap().signs = Some(Algorithm::Es256);
    let refused = through(&mut site.browser(), &line, "line").await;
    assert!(setback(&refused).contains("LINE"));
    change(&site, "line", |connection| {
        connection.settings.id_token_alg = Some("ES256".to_owned());
    })
    .await;
    let answer = through(&mut site.browser(), &line, "line").await;
    assert_eq!(self::told(&site, &answer).await["sub"], "line|U1");
}

#[tokio::test]
async fn github_tells_addresses_apart() {
    let site = Site::new().await;
    let github = connect(&site, Strategy::GitHub).await;
    let profile = json!({"id": 583_231, "login": "octo", "name": null, "email": "public@example.com", "avatar_url": "https://a.example/1"});
    let entry = |email: &str, primary: bool, verified: bool| json!({"email": email, "primary": primary, "verified": verified});
    {
        let mut scene = github.scene.lock().unwrap();
        scene.userinfo = profile;
        scene.emails = json!([
            entry("other@example.com", false, true),
            entry("octo@example.com", true, true)
        ]);
    }
    let answer = through(&mut site.browser(), &github, "github").await;
    let told = told(&site, &answer).await;
    assert_eq!(
        (&told["sub"], &told["name"]),
        (&json!("github|583231"), &json!("octo"))
    );
    assert_eq!(
        (&told["email"], &told["email_verified"]),
        (&json!("octo@example.com"), &json!(true))
    );
    // Another person: the primary address is not checked, or the list is withheld.
    for (id, emails) in [
        (2, json!([entry("x@example.com", true, false)])),
        (3, Value::Null),
    ] {
        {
            let mut scene = github.scene.lock().unwrap();
            scene.userinfo["id"] = id.into();
            scene.emails = emails;
        }
        let answer = through(&mut site.browser(), &github, "github").await;
        assert!(self::told(&site, &answer).await.get("email").is_none(), "{id}");
    }
}

#[tokio::test]
async fn apple_answers_by_a_form_and_names_people_once() {
    let site = Site::new().await;
    let apple = connect(&site, Strategy::Apple).await;
    apple.is(json!({
        "sub": "001234.abc.0789", "email": "x1@privaterelay.appleid.example", "email_verified": "true", "is_private_email": "true",
    }));
    let mut browser = site.browser();
    let request = leave(&mut browser, "apple").await;
    assert!(request.contains("response_mode=form_post"), "{request}");
    let mut brought = apple.allow(&request);
    brought.insert(
        "user".to_owned(),
        r#"{"name":{"firstName":"Hanako","lastName":"Seki"},"email":"liar@example.com"}"#.to_owned(),
    );
    // The form comes from another site, without our cookies.
    let fields: Vec<_> = brought.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let handed = site.post("/login/callback", None, &fields).await;
    assert_eq!(handed.status.as_u16(), 303);
    assert!(handed.location().starts_with("/login/callback?answer="));
    let answer = browser.get(handed.location()).await;
    let answer = browser.follow(answer).await;
    let told = told(&site, &answer).await;
    assert_eq!(
        (&told["sub"], &told["name"]),
        (&json!("apple|001234.abc.0789"), &json!("Hanako Seki"))
    );
    assert_eq!(told["email"], "x1@privaterelay.appleid.example");
    // The same form in another browser opens nothing, and not here a second time.
    for again in [&mut site.browser(), &mut browser] {
        let refused = again.get(handed.location()).await;
        assert_eq!(refused.status.as_u16(), 400);
    }
}

#[tokio::test]
async fn microsoft_is_one_issuer_for_each_organisation() {
    let site = Site::new().await;
    let microsoft = connect(&site, Strategy::Microsoft).await;
    let tid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let person = |tid: &str, iss: String| json!({"sub": "AAAA", "tid": tid, "iss": iss, "email": "boss@example.com", "name": "B"});
    let issuer = |tid: &str| microsoft.at(&format!("/{tid}/v2.0"));
    microsoft.is(person(tid, issuer(tid)));
    let answer = through(&mut site.browser(), &microsoft, "windowslive").await;
    let told = told(&site, &answer).await;
    assert_eq!(told["sub"], "windowslive|AAAA");
    assert!(told.get("email").is_none(), "any tenant can write any address");
    let other = "9188040d-6c67-4c5b-b112-36a304b66dad";
    for (tid, iss) in [
        (tid, issuer(other)),
        (other, issuer(tid)),
        ("x", issuer("x")),
        ("{tenantid}", issuer("{tenantid}")),
    ] {
        microsoft.is(person(tid, iss));
        let refused = through(&mut site.browser(), &microsoft, "windowslive").await;
        setback(&refused);
    }
    change(&site, "windowslive", |connection| {
        connection.settings.tenant = Some("organizations".to_owned());
    })
    .await;
    microsoft.is(person(other, issuer(other)));
    setback(&through(&mut site.browser(), &microsoft, "windowslive").await);
}

#[tokio::test]
async fn any_provider_by_discovery_or_by_addresses() {
    let site = Site::new().await;
    let acme = connect(&site, Strategy::Oidc).await;
    acme.is(json!({"sub": "7", "name": "Seven"}));
    acme.scene.lock().unwrap().userinfo =
        json!({"sub": "7", "email": "seven@example.com", "email_verified": true});
    let answer = through(&mut site.browser(), &acme, "acme").await;
    let told = told(&site, &answer).await;
    assert_eq!(
        (&told["sub"], &told["email"]),
        (&json!("oidc|acme|7"), &json!("seven@example.com"))
    );
    // The userinfo of somebody else is not mixed in (OpenID Connect Core section 5.3.2).
    acme.scene.lock().unwrap().userinfo["sub"] = "8".into();
    setback(&through(&mut site.browser(), &acme, "acme").await);

    let site = Site::new().await;
    let plain = connect(&site, Strategy::OAuth2).await;
    change(&site, "acme", |connection| {
        connection.settings.mapping.id = "account.number".to_owned();
        connection.settings.scope = Some("profile".to_owned());
    })
    .await;
    plain.scene.lock().unwrap().userinfo = json!({"account": {"number": 12}, "name": "Twelve"});
    let answer = through(&mut site.browser(), &plain, "acme").await;
    assert_eq!(self::told(&site, &answer).await["sub"], "oauth2|acme|12");
}
