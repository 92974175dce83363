//! An account that begins with a passkey, made by an application: `/passkey/register` and the grant that takes the answer.

use crate::authenticator::Key;
use crate::browser::{Answer, claims};
use crate::mail_code::code_in;
use crate::passkey_token::{add_app, post};
use crate::passkeys::{asked as asked_by, assert_with};
use crate::recovery::mails;
use crate::site::{EMAIL, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho_rules::factor::ACR_MULTI_FACTOR;
use sekisho_rules::user::User;
use sekisho_store::{factors, passkeys, users};
use serde_json::{Value, json};

engines!(
    a_passkey_makes_an_account_whose_address_is_proven,
    a_passkey_makes_an_account_at_once_where_that_is_the_setting,
    threat_24_a_sign_up_by_passkey_looks_the_same_for_everybody,
    threat_20_of_two_answers_one_makes_the_account,
);

const GRANT: &str = "urn:okta:params:oauth:grant-type:webauthn";
const NEW: &str = "taro@example.com";

async fn verify_first(mut site: Site) -> Site {
    site.environment
        .insert("SEKISHO_SIGNUP".to_owned(), "verify_first".to_owned());
    let site = site.restart().await;
    add_app(&site, "phone").await;
    site
}

async fn register(site: &Site, email: &str) -> Answer {
    let profile = json!({"email": email, "name": " 山田 太郎 ", "given_name": "太郎", "picture": "https://evil.example/"});
    post(
        site,
        "/passkey/register",
        &json!({"client_id": "phone", "user_profile": profile}),
    )
    .await
}

async fn asked(site: &Site, email: &str) -> Value {
    let answer = register(site, email).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// What the application sends when the authenticator answered.
async fn answer(key: &mut Key, asked: &Value, code: Option<&str>) -> Value {
    let response = key.create(&asked["authn_params_public_key"]).await;
    let mut body = json!({
        "grant_type": GRANT, "client_id": "phone", "auth_session": asked["auth_session"],
        "authn_response": serde_json::from_str::<Value>(&response).unwrap(), "scope": "openid profile email",
        "realm": "Username-Password-Authentication",
    });
    if let Some(code) = code {
        body["verification"] = json!({ "email": code });
    }
    body
}

async fn redeem(site: &Site, body: &Value) -> Answer {
    post(site, "/oauth/token", body).await
}

async fn account(site: &Site, email: &str) -> Option<User> {
    users::by_email(&site.app.db, email).await.unwrap()
}

/// The code in the mail to this address.
async fn mailed(site: &Site, to: &str) -> String {
    let all = mails(site).await;
    code_in(all.iter().find(|mail| mail.to == to).unwrap())
}

fn another(code: &str) -> String {
    let last = if code.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &code[..5])
}

async fn a_passkey_makes_an_account_whose_address_is_proven(site: Site) {
    let site = verify_first(site).await;
    let mut key = Key::new();
    let asked = asked(&site, "Taro@Example.com").await;
    assert_eq!(asked["verification_required"], json!(["email"]));
    let options = &asked["authn_params_public_key"];
    assert_eq!(options["rp"]["id"], "login.example");
    assert_eq!(options["user"]["name"], "Taro@Example.com");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert!(account(&site, NEW).await.is_none(), "nothing is made yet");
    let code = mailed(&site, "Taro@Example.com").await;

    // Without the code, and with another: it can be sent again, and the passkey waits.
    let bare = answer(&mut key, &asked, None).await;
    let mut typed = bare.clone();
    typed["verification"] = json!({ "email": another(&code) });
    for body in [&bare, &typed] {
        let refused = redeem(&site, body).await;
        assert_eq!(refused.error(), "invalid_grant", "{}", refused.body);
        let said = refused.json();
        assert_eq!(said["verification_required"], json!(["email"]));
        assert_eq!(said["auth_session"], asked["auth_session"]);
    }
    assert!(account(&site, NEW).await.is_none());
    typed["verification"] = json!({ "email": code });
    let done = redeem(&site, &typed).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let tokens = done.json();
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(
        (&id_token["email"], &id_token["email_verified"], &id_token["acr"]),
        (&json!("Taro@Example.com"), &json!(true), &json!(ACR_MULTI_FACTOR))
    );
    assert_eq!(tokens["recovery_codes"].as_array().unwrap().len(), 10);
    let user = account(&site, NEW).await.unwrap();
    assert_eq!(
        (user.name.as_str(), user.given_name.as_deref()),
        ("山田 太郎", Some("太郎"))
    );
    assert!(user.picture.is_none() && user.password_hash.is_none());
    assert_eq!(passkeys::of_user(&site.app.db, &user.id).await.unwrap().len(), 1);
    assert_eq!(factors::kinds(&site.app.db, &user.id).await.unwrap().len(), 2);

    // Once only; and the passkey signs in at the page.
    let again = redeem(&site, &typed).await;
    assert_eq!(again.error(), "invalid_grant");
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let response = key.get(&asked_by(&page)).await;
    let back = assert_with(&mut browser, &page, &response).await;
    assert!(back.param("code").is_some(), "{}", back.body);
}

async fn a_passkey_makes_an_account_at_once_where_that_is_the_setting(site: Site) {
    add_app(&site, "phone").await;
    let mut key = Key::new();
    let asked = asked(&site, NEW).await;
    assert!(asked.get("verification_required").is_none());
    let body = answer(&mut key, &asked, None).await;
    let done = redeem(&site, &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert_eq!(claims(&done.json()["id_token"])["email_verified"], false);
    let mail = mails(&site).await.remove(0);
    assert_eq!(mail.to, NEW, "the address can be proven");
    // An address that is taken is refused before a passkey is made.
    for taken in [NEW, EMAIL] {
        let refused = register(&site, taken).await;
        assert_eq!(refused.error(), "invalid_request", "{}", refused.body);
    }
    assert!(account(&site, NEW).await.is_some());
}

async fn threat_24_a_sign_up_by_passkey_looks_the_same_for_everybody(site: Site) {
    let site = verify_first(site).await;
    let mut seen = Vec::new();
    for email in [EMAIL, NEW] {
        let answer_to = register(&site, email).await;
        let mut said = answer_to.json();
        for chance in ["challenge", "user"] {
            said["authn_params_public_key"][chance] = Value::Null;
        }
        seen.push((
            answer_to.status,
            said["verification_required"].clone(),
            said["authn_params_public_key"].clone(),
        ));
        // Whoever guesses learns nothing either.
        let mut key = Key::new();
        let asked = register(&site, email).await.json();
        let body = answer(&mut key, &asked, Some("000000")).await;
        let refused = redeem(&site, &body).await;
        assert_eq!(
            refused.json()["error_description"],
            "Wrong email or verification code."
        );
    }
    assert_eq!(seen[0], seen[1]);
    let all = mails(&site).await;
    let to_owner: Vec<&str> = all
        .iter()
        .filter(|mail| mail.to == EMAIL)
        .map(|mail| mail.subject.as_str())
        .collect();
    assert!(
        to_owner.iter().all(|subject| subject.contains("already have")),
        "{to_owner:?}"
    );
    let is_code = |line: &str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    assert!(
        all.iter()
            .filter(|mail| mail.to == EMAIL)
            .all(|mail| !mail.text.lines().any(|line| is_code(line.trim())))
    );
    assert!(account(&site, NEW).await.is_none());
}

async fn threat_20_of_two_answers_one_makes_the_account(site: Site) {
    let site = verify_first(site).await;
    let there = site.second_node().await;
    let asked = asked(&site, NEW).await;
    let code = mailed(&site, NEW).await;
    let one = answer(&mut Key::new(), &asked, Some(&code)).await;
    let two = answer(&mut Key::new(), &asked, Some(&code)).await;
    let (one, two) = tokio::join!(redeem(&site, &one), redeem(&there, &two));
    let won = [one.status, two.status]
        .iter()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert_eq!(won, 1, "{} {}", one.body, two.body);
    let user = account(&site, NEW).await.unwrap();
    assert_eq!(passkeys::of_user(&site.app.db, &user.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_sign_up_makes_no_account() {
    let site = verify_first(Site::new().await).await;
    add_app(&site, "other").await;
    for (body, says) in [
        (
            json!({"client_id": "spa", "user_profile": {"email": NEW}}),
            "unauthorized_client",
        ),
        (json!({"client_id": "phone"}), "invalid_request"),
        (
            json!({"client_id": "phone", "user_profile": {}}),
            "invalid_request",
        ),
        (
            json!({"client_id": "phone", "user_profile": {"email": "a@b@c"}}),
            "invalid_request",
        ),
        (
            json!({"client_id": "phone", "user_profile": [NEW]}),
            "invalid_request",
        ),
        (
            json!({"client_id": "phone", "user_profile": {"email": 7}}),
            "invalid_request",
        ),
        (
            json!({"client_id": "phone", "realm": "other", "user_profile": {"email": NEW}}),
            "invalid_request",
        ),
    ] {
        let refused = post(&site, "/passkey/register", &body).await;
        assert_eq!(refused.error(), says, "{body}: {}", refused.body);
    }
    let asked = asked(&site, NEW).await;
    let code = mailed(&site, NEW).await;
    let right = answer(&mut Key::new(), &asked, Some(&code)).await;
    let session = "The auth_session is expired or not valid.";
    let mut elsewhere = right.clone();
    elsewhere["client_id"] = json!("other");
    let mut liar = Key::new();
    liar.origin = "https://evil.example".to_owned();
    let foreign = answer(&mut liar, &asked, Some(&code)).await;
    let careless = answer(&mut Key::that_verifies_nobody(), &asked, Some(&code)).await;
    for (body, says) in [
        (elsewhere, session),
        (foreign, "Wrong passkey."),
        (careless, "Wrong passkey."),
    ] {
        let refused = redeem(&site, &body).await;
        assert_eq!(refused.json()["error_description"], says, "{}", refused.body);
    }
    // None of it used the code up; time does.
    site.pass(601);
    let late = redeem(&site, &right).await;
    assert_eq!(late.json()["error_description"], session);
    assert!(account(&site, NEW).await.is_none());
}
