//! What went wrong for people nobody knows is in the log: with who, where from, for which application and why, and without any secret.

use super::{at, attempt, behind_proxy};
use crate::authenticator::Key;
use crate::browser::Answer;
use crate::factors::{STRICT, add_strict, enter, set_up};
use crate::passkeys::{enrol, sign_in};
use crate::seed::client;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::breached::{Source, build};
use sekisho_rules::client::{Client, ClientKind, GrantType};
use sekisho_store::args;

const HERE: &str = "198.51.100.7";
const HANAKO: &str = "auth0|0123456789abcdef01234567";

engines!(
    a_sign_up_that_failed_is_noted,
    a_leaked_password_is_noted_at_the_login_and_at_the_sign_up,
    second_factors_that_failed_are_noted,
    passkeys_that_failed_are_noted,
    a_flood_of_failures_stays_bounded,
);

/// A row of the log: its type, user, client, address and sentence.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) user: Option<String>,
    pub(crate) client: Option<String>,
    ip: String,
    agent: String,
    pub(crate) detail: String,
}

/// Every row of these types, oldest first, after what waits was written.
pub(crate) async fn rows(site: &Site, kinds: &[&str]) -> Vec<Row> {
    sekisho::failures::flush(&site.app).await.unwrap();
    let sql = "SELECT kind, user_id, client_id, ip, user_agent, detail FROM audit ORDER BY id LIMIT 1000";
    let found = site.app.db.scan(sql, args![]).await.unwrap();
    let row = |row: &sekisho_store::Row| Row {
        kind: row.get("kind").unwrap(),
        user: row.get("user_id").unwrap(),
        client: row.get("client_id").unwrap(),
        ip: row.get("ip").unwrap(),
        agent: row.get("user_agent").unwrap(),
        detail: row.get("detail").unwrap(),
    };
    let mut all: Vec<Row> = found.iter().map(row).collect();
    for row in &all {
        for secret in [PASSWORD, "new choice of words", "password123", "000000"] {
            assert!(!row.detail.contains(secret), "{row:?}");
        }
    }
    all.retain(|row| kinds.contains(&row.kind.as_str()));
    all
}

async fn sign_up(site: &Site, email: &str, password: &str) -> Answer {
    let mut browser = at(site, HERE);
    let login = browser.open(&authorize("spa", &[])).await;
    let page = browser
        .get(&format!("/u/signup?state={}", login.hidden("state")))
        .await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", email),
        ("password", password),
    ];
    browser.submit(&page.action(), &fields).await
}

async fn a_sign_up_that_failed_is_noted(site: Site) {
    let site = behind_proxy(site, &[]).await;
    sign_up(&site, EMAIL, "her own new choice of words").await;
    sign_up(&site, "new@example.com", "password123").await;
    for (email, password) in [
        (EMAIL, "her own new choice of words"),
        ("new@example.com", "password123"),
    ] {
        let fields = [
            ("client_id", "spa"),
            ("email", email),
            ("password", password),
            ("connection", "c"),
        ];
        site.pass(1);
        let refused = site.post("/dbconnections/signup", None, &fields).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
    }
    let seen = rows(&site, &["fs"]).await;
    assert_eq!(seen.len(), 4, "{seen:?}");
    for (row, why) in seen
        .iter()
        .zip(["there is an account", "Common", "there is an account", "Common"])
    {
        assert!(row.detail.contains(why), "{row:?}");
        assert_eq!(row.client.as_deref(), Some("spa"));
    }
    assert_eq!(seen[0].ip, HERE);
}

async fn a_leaked_password_is_noted_at_the_login_and_at_the_sign_up(site: Site) {
    let list = site.data.path().join("leaked");
    build(
        format!("{PASSWORD}\nher own new choice of words").as_bytes(),
        Source::Plain,
        &list,
    )
    .unwrap();
    let settings = [("SEKISHO_PASSWORDS_BREACHED_FILE", list.to_str().unwrap())];
    let site = behind_proxy(site, &settings).await;
    let left = attempt(&site, HERE, EMAIL, PASSWORD).await;
    assert!(
        left.param("code").is_some(),
        "who has it still gets in, to choose another"
    );
    attempt(&site, HERE, EMAIL, "her own new choice of words").await;
    sign_up(&site, "new@example.com", "her own new choice of words").await;
    let seen = rows(&site, &["pwd_leak", "signup_pwd_leak"]).await;
    let kinds: Vec<&str> = seen.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["pwd_leak", "signup_pwd_leak"],
        "a wrong one says nothing about anybody"
    );
    assert_eq!(
        (seen[0].user.as_deref(), seen[0].ip.as_str()),
        (Some(HANAKO), HERE)
    );
    assert_eq!(seen[0].client.as_deref(), Some("spa"));
}

async fn second_factors_that_failed_are_noted(site: Site) {
    let site = behind_proxy(site, &[]).await;
    add_strict(&site).await;
    set_up(&site, &mut at(&site, HERE), EMAIL, PASSWORD).await;
    let mut thief = at(&site, "203.0.113.9");
    let page = thief.open(&authorize(STRICT, &[])).await;
    let mut page = thief.log_in(&page, EMAIL, PASSWORD).await;
    for n in 0..12 {
        let answer = enter(&mut thief, &page, &[("code", "000000")]).await;
        assert_eq!(
            answer.status == StatusCode::TOO_MANY_REQUESTS,
            n >= 10,
            "{n}: {}",
            answer.body
        );
        page = answer;
    }
    let seen = rows(&site, &["gd_auth_failed", "gd_otp_rate_limit_exceed"]).await;
    let failed = seen.iter().filter(|row| row.kind == "gd_auth_failed");
    assert_eq!(failed.count(), 10);
    assert_eq!(seen.len(), 11, "that it is closed is said once a minute");
    for row in &seen {
        assert_eq!(
            (row.user.as_deref(), row.client.as_deref()),
            (Some(HANAKO), Some(STRICT)),
            "{row:?}"
        );
        assert_eq!((row.ip.as_str(), row.detail.as_str()), ("203.0.113.9", "otp"));
    }
    site.pass(86_400 * 2);
    let page = thief.open(&authorize(STRICT, &[("prompt", "login")])).await;
    thief.log_in(&page, EMAIL, PASSWORD).await;
    let href = format!(
        "{}&kind=recovery-code",
        thief.open(&authorize(STRICT, &[])).await.action()
    );
    let page = thief.get(&href).await;
    enter(&mut thief, &page, &[("code", "AAAA-AAAA-AAAA")]).await;
    assert_eq!(rows(&site, &["gd_recovery_failed"]).await.len(), 1);
}

async fn passkeys_that_failed_are_noted(site: Site) {
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    sign_in(&mut site.browser(), &mut key.unverified()).await;
    key.passkey().credential_id = vec![1; 16].into();
    sign_in(&mut site.browser(), &mut key).await;
    let seen = rows(&site, &["f"]).await;
    let said: Vec<(Option<&str>, &str)> = seen
        .iter()
        .map(|row| (row.user.as_deref(), row.detail.as_str()))
        .collect();
    assert_eq!(said.len(), 2, "{seen:?}");
    assert_eq!(said[0].0, Some(HANAKO), "{said:?}");
    assert_eq!(said[1], (None, "passkey: the credential is unknown"));
    assert!(
        seen.iter()
            .all(|row| row.client.as_deref() == Some("spa") && row.agent.is_empty())
    );
}

async fn a_flood_of_failures_stays_bounded(site: Site) {
    let native = Client {
        grant_types: vec![GrantType::PasswordlessOtp],
        ..client("codes", ClientKind::Native)
    };
    site.add_client(native).await;
    let limits = [
        ("SEKISHO_PASSWORDLESS", "on"),
        ("SEKISHO_ATTACKS_FAILURES", "0"),
        ("SEKISHO_ATTACKS_ACCOUNT_FAILURES_PER_HOUR", "0"),
        ("SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", "0"),
    ];
    let site = behind_proxy(site, &limits).await;
    let fields = [
        ("grant_type", "http://auth0.com/oauth/grant-type/passwordless/otp"),
        ("client_id", "codes"),
        ("username", EMAIL),
        ("otp", "000000"),
        ("realm", "email"),
    ];
    let most = sekisho::failures::MOST_WAITING;
    for _ in 0..most + 50 {
        let refused = site.post("/oauth/token", None, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    }
    assert_eq!(
        sekisho::failures::flush(&site.app).await.unwrap(),
        most,
        "what does not fit is dropped"
    );
    let text = site.app.metrics.text(&site.app.passwords);
    assert!(text.contains("sekisho_audit_dropped_total 50"), "and counted");
    assert_eq!(rows(&site, &["f"]).await[0].client.as_deref(), Some("codes"));
}
