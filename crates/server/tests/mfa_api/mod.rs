//! Logins at the token endpoint and the MFA API: passwords, the second factors that are due after them, setting them up and removing them.

mod second;

use crate::browser::{Answer, claims};
use crate::mail_code::code_in;
use crate::recovery::mails;
use crate::seed::client;
use crate::site::{API, EMAIL, PASSWORD, SECRET, Site, engines, request, wires};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho::admin::Actor::Operator;
use sekisho_rules::client::{Client, ClientKind, GrantType, Party};
use sekisho_rules::factor::MfaPolicy;
use sekisho_rules::id::UserId;
use sekisho_store::users;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

engines!(
    a_password_becomes_tokens_without_a_session,
    what_ends_a_person_ends_tokens_without_a_session,
);
wires!(
    a_login_grant_is_off_unless_the_client_has_it,
    threat_24_a_wrong_password_and_a_wrong_address_look_alike,
    threat_16_a_persons_token_does_not_open_the_management_api,
);

pub(crate) const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";
pub(crate) const OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
const OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const RECOVERY: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
const CONNECTION: &str = "Username-Password-Authentication";
const HANAKO: &str = "auth0|0123456789abcdef01234567";
const MFA: &str = "https://login.example/mfa/";
const ALL_SCOPES: &str = "enroll read:authenticators remove:authenticators";

/// A confidential client with every grant of this page.
pub(crate) fn direct(id: &str, policy: Option<MfaPolicy>) -> Client {
    let mut made = client(id, ClientKind::RegularWeb);
    made.mfa = policy;
    made.grant_types.extend([
        GrantType::Password,
        GrantType::PasswordRealm,
        GrantType::MfaOtp,
        GrantType::MfaOob,
        GrantType::MfaRecoveryCode,
    ]);
    made
}

async fn with_client(site: &Site, policy: Option<MfaPolicy>) {
    site.add_client(direct("direct", policy)).await;
}

pub(crate) async fn log_in(site: &Site, client: &str, password: &str, extra: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", REALM),
        ("realm", CONNECTION),
        ("username", EMAIL),
        ("password", password),
    ];
    fields.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    fields.extend(extra.iter().copied());
    site.post("/oauth/token", Some((client, SECRET)), &fields).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The `mfa_token` of a login that owes a factor.
pub(crate) async fn owing(site: &Site, client: &str) -> String {
    let answer = log_in(site, client, PASSWORD, &[]).await;
    assert_eq!(answer.error(), "mfa_required", "{}", answer.body);
    text(&answer.json()["mfa_token"]).to_owned()
}

async fn prove(site: &Site, client: &str, fields: &[(&str, &str)]) -> Answer {
    site.post("/oauth/token", Some((client, SECRET)), fields).await
}

pub(crate) async fn otp(site: &Site, token: &str, code: &str) -> Answer {
    let fields = [("grant_type", OTP), ("mfa_token", token), ("otp", code)];
    prove(site, "direct", &fields).await
}

async fn call(site: &Site, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    let mut request = request(method, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    site.send(request.body(body).unwrap()).await
}

async fn associate(site: &Site, token: &str, body: Value) -> Answer {
    call(site, Method::POST, "/mfa/associate", token, Some(body)).await
}

async fn challenge(site: &Site, token: &str, kind: &str) -> Answer {
    let fields = [("mfa_token", token), ("challenge_type", kind)];
    site.post("/mfa/challenge", Some(("direct", SECRET)), &fields)
        .await
}

/// The code an authenticator application shows now.
pub(crate) fn shown(site: &Site, secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(site.now().seconds()).unwrap())
        .to_string()
}

/// Sets an authenticator up: its secret, and the recovery codes that came with it.
pub(crate) async fn enrol(site: &Site, client: &str) -> (String, Vec<String>) {
    let token = owing(site, client).await;
    let begun = associate(site, &token, json!({"authenticator_types": ["otp"]})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let begun = begun.json();
    let secret = text(&begun["secret"]).to_owned();
    let codes = begun["recovery_codes"].as_array().unwrap();
    let done = otp(site, &token, &shown(site, &secret)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    site.pass(60);
    (secret, codes.iter().map(|code| text(code).to_owned()).collect())
}

/// The newest code that was mailed.
async fn mailed(site: &Site) -> String {
    let all = mails(site).await;
    let is_code = |line: &str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let newest = all
        .iter()
        .find(|mail| mail.text.lines().any(|line| is_code(line.trim())));
    code_in(newest.unwrap())
}

fn of_type<'a>(listed: &'a Value, kind: &str) -> &'a Value {
    let mut all = listed.as_array().unwrap().iter();
    all.find(|one| one["type"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {listed}"))
}

async fn user(site: &Site) -> sekisho_rules::user::User {
    let found = users::by_id(&site.app.db, &UserId::new(HANAKO)).await;
    found.unwrap().unwrap()
}

async fn a_password_becomes_tokens_without_a_session(site: Site) {
    with_client(&site, None).await;
    let asked = [
        ("scope", "openid profile email offline_access read:notes"),
        ("audience", API),
    ];
    let answer = log_in(&site, "direct", PASSWORD, &asked).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile email offline_access read:notes");
    let (access, id) = (claims(&tokens["access_token"]), claims(&tokens["id_token"]));
    assert_eq!(
        (&access["sub"], &access["gty"]),
        (&json!(HANAKO), &json!("password"))
    );
    assert_eq!(access["aud"], json!([API, "https://login.example/userinfo"]));
    assert!(access.get("sid").is_none() && id.get("sid").is_none());
    assert_eq!((&id["aud"], &id["email"]), (&json!("direct"), &json!(EMAIL)));
    assert!(id.get("nonce").is_none());
    let opened = site.userinfo(text(&tokens["access_token"])).await;
    assert_eq!(opened.status, StatusCode::OK);

    let next = site
        .post(
            "/oauth/token",
            Some(("direct", SECRET)),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", text(&tokens["refresh_token"])),
            ],
        )
        .await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    assert!(claims(&next.json()["access_token"]).get("sid").is_none());

    // By the plain grant, in JSON, with what is absent written as null; nothing is asked for and the usual is given.
    let body = json!({
        "grant_type": "password", "client_id": "direct", "client_secret": SECRET, "username": EMAIL, "password": PASSWORD,
        "realm": null, "scope": null, "audience": null, "organization": null,
    });
    let request = request(Method::POST, "/oauth/token").header(header::CONTENT_TYPE, "application/json");
    let plain = site
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await;
    assert_eq!(plain.status, StatusCode::OK, "{}", plain.body);
    assert_eq!(plain.json()["scope"], "openid profile email");
    assert!(plain.json().get("refresh_token").is_none(), "nobody asked");

    let unknown = log_in(&site, "direct", PASSWORD, &[("realm", "Other")]).await;
    assert_eq!(
        (unknown.status, unknown.error().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_request")
    );
    let nowhere = log_in(
        &site,
        "direct",
        PASSWORD,
        &[("audience", "https://nowhere.example/")],
    )
    .await;
    assert_eq!(nowhere.status, StatusCode::FORBIDDEN, "{}", nowhere.body);
}

async fn what_ends_a_person_ends_tokens_without_a_session(site: Site) {
    use sekisho::admin::users::{Access, set_access};
    with_client(&site, None).await;
    let asked = [("scope", "openid offline_access")];
    let tokens = log_in(&site, "direct", PASSWORD, &asked).await.json();
    let refresh = async || {
        let token = text(&tokens["refresh_token"]);
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        site.post("/oauth/token", Some(("direct", SECRET)), &fields).await
    };
    assert_eq!(refresh().await.status, StatusCode::OK);
    let introspected = site
        .post(
            "/oauth/introspect",
            Some(("direct", SECRET)),
            &[("token", text(&tokens["access_token"]))],
        )
        .await;
    assert_eq!(introspected.json()["active"], true, "{}", introspected.body);
    set_access(&site.app, Operator, &user(&site).await, Access::Blocked)
        .await
        .unwrap();
    assert_ne!(refresh().await.status, StatusCode::OK);
    let opened = site.userinfo(text(&tokens["access_token"])).await;
    assert_eq!(opened.status, StatusCode::UNAUTHORIZED);
    let again = log_in(&site, "direct", PASSWORD, &[]).await;
    let wrong = log_in(&site, "direct", "not the password", &[]).await;
    assert_eq!(
        (again.status, again.body),
        (wrong.status, wrong.body),
        "who is blocked learns it no other way than by failing"
    );

    // What the application gives back ends, too.
    set_access(&site.app, Operator, &user(&site).await, Access::Unblocked)
        .await
        .unwrap();
    site.pass(60);
    let tokens = log_in(&site, "direct", PASSWORD, &asked).await.json();
    let revoked = site
        .post(
            "/oauth/revoke",
            Some(("direct", SECRET)),
            &[("token", text(&tokens["refresh_token"]))],
        )
        .await;
    assert_eq!(revoked.status, StatusCode::OK);
    let opened = site.userinfo(text(&tokens["access_token"])).await;
    assert_eq!(opened.status, StatusCode::UNAUTHORIZED);
}

async fn a_login_grant_is_off_unless_the_client_has_it(site: Site) {
    let mut third = direct("partner", None);
    third.party = Party::Third;
    site.add_client(third).await;
    for client in ["web", "partner"] {
        for grant in ["password", REALM, OTP, OOB, RECOVERY] {
            let fields = [
                ("grant_type", grant),
                ("realm", CONNECTION),
                ("username", EMAIL),
                ("password", PASSWORD),
                ("mfa_token", "anything"),
                ("otp", "000000"),
                ("oob_code", "anything"),
                ("binding_code", "000000"),
                ("recovery_code", "anything"),
            ];
            let answer = site.post("/oauth/token", Some((client, SECRET)), &fields).await;
            assert_eq!(
                answer.error(),
                "unauthorized_client",
                "{client} {grant}: {}",
                answer.body
            );
        }
    }
}

async fn threat_24_a_wrong_password_and_a_wrong_address_look_alike(site: Site) {
    with_client(&site, None).await;
    let status = match site.wire() {
        sekisho_rules::wire::Wire::Auth0 => StatusCode::FORBIDDEN,
        sekisho_rules::wire::Wire::Standard => StatusCode::BAD_REQUEST,
    };
    let expected = json!({"error": "invalid_grant", "error_description": "Wrong email or password."});
    for username in [EMAIL, "nobody@example.com", "no address", "a@b@c.example"] {
        let answer = log_in(&site, "direct", "wrong", &[("username", username)]).await;
        assert_eq!(
            (answer.status, answer.json()),
            (status, expected.clone()),
            "{username}"
        );
    }
    for missing in ["username", "password", "realm"] {
        let answer = log_in(&site, "direct", PASSWORD, &[(missing, "")]).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "threat 23: an empty {missing}"
        );
    }
}

async fn threat_16_a_persons_token_does_not_open_the_management_api(site: Site) {
    let management = "https://login.example/api/v2/";
    let asked = [
        ("audience", management),
        ("scope", "read:sessions delete:sessions create:revocations"),
    ];
    let tokens = site.tokens("spa", &asked).await;
    let token = text(&tokens["access_token"]);
    let path = "/api/v2/users/auth0%7C0123456789abcdef01234567/sessions";
    for method in [Method::GET, Method::DELETE] {
        let answer = call(&site, method, path, token, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    }
    let feed = [
        ("audience", "https://login.example/revocations"),
        ("scope", "read:revocations"),
    ];
    let tokens = site.tokens("spa", &feed).await;
    let answer = call(
        &site,
        Method::GET,
        "/revocations/snapshot",
        text(&tokens["access_token"]),
        None,
    )
    .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
}
