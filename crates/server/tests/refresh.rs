//! Refreshing: two tabs, a lost answer, a thief, a restart, and clients whose token stays.

use crate::browser::{Answer, claims};
use crate::site::{API, CALLBACK, SECRET, Site, VERIFIER, authorize, engines, wires};
use axum::http::StatusCode;
use sekisho_rules::client::{ClientKind, RefreshPolicy};
use serde_json::Value;
use std::sync::Arc;

engines!(
    threat_01_a_hundred_parallel_refreshes_have_exactly_one_child,
    threat_02_a_restart_between_rotation_and_replay_forgets_nothing,
    a_lost_answer_is_repeated_and_the_chain_goes_on,
    threat_01_the_last_tip_is_alive_and_everything_before_it_is_dead,
);
wires!(
    a_repeat_gets_the_same_refresh_token_and_a_fresh_access_token,
    a_replay_ends_the_family,
    a_confidential_client_keeps_its_token,
    the_scope_can_be_narrowed_and_never_widened,
    threat_21_the_audience_of_a_refresh_is_the_one_that_was_granted,
    a_refreshed_id_token_has_no_nonce_and_the_same_login,
    threat_28_a_refresh_token_changed_anywhere_is_worth_nothing,
    idle_and_absolute_life_end_a_family,
    without_offline_access_there_is_no_refresh_token,
    another_client_cannot_use_it,
);

const OFFLINE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn first(site: &Site, client: &str) -> (Value, String) {
    let tokens = site.tokens(client, &OFFLINE).await;
    let refresh = text(&tokens["refresh_token"]);
    (tokens, refresh)
}

async fn rotated(site: &Site, token: &str) -> String {
    let answer = site.refresh("spa", token).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    text(&answer.json()["refresh_token"])
}

fn dead(answer: &Answer) {
    assert!(answer.status.is_client_error(), "{}", answer.body);
    assert_eq!(answer.error(), "invalid_grant");
    assert_eq!(
        answer.json()["error_description"],
        "Unknown or invalid refresh token."
    );
}

async fn threat_01_a_hundred_parallel_refreshes_have_exactly_one_child(site: Site) {
    let (_, parent) = first(&site, "spa").await;
    let site = Arc::new(site);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (site, parent) = (Arc::clone(&site), parent.clone());
        all.spawn(async move { site.refresh("spa", &parent).await });
    }
    let mut children = std::collections::BTreeSet::new();
    let mut ids = std::collections::BTreeSet::new();
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        assert!(
            answer.status == StatusCode::OK || answer.status == StatusCode::SERVICE_UNAVAILABLE,
            "{} {}",
            answer.status,
            answer.body
        );
        if answer.status == StatusCode::OK {
            children.insert(text(&answer.json()["refresh_token"]));
            ids.insert(text(&claims(&answer.json()["access_token"])["jti"]));
        }
    }
    assert_eq!(
        children.len(),
        1,
        "one child, told to everybody who asked in time"
    );
    assert!(!children.contains(&parent) && ids.len() > 1);
    let child = children.first().unwrap();
    assert_eq!(site.refresh("spa", child).await.status, StatusCode::OK);
}

async fn threat_02_a_restart_between_rotation_and_replay_forgets_nothing(site: Site) {
    let (_, parent) = first(&site, "spa").await;
    let child = rotated(&site, &parent).await;
    let site = site.restart().await;
    assert_eq!(rotated(&site, &parent).await, child, "the window is still open");
    let grandchild = rotated(&site, &child).await;
    let site = site.restart().await;
    dead(&site.refresh("spa", &parent).await);
    let site = site.restart().await;
    dead(&site.refresh("spa", &grandchild).await);
}

async fn a_lost_answer_is_repeated_and_the_chain_goes_on(site: Site) {
    let (_, mut token) = first(&site, "spa").await;
    for _ in 0..5 {
        let lost = rotated(&site, &token).await;
        site.pass(3);
        let again = rotated(&site, &token).await;
        assert_eq!(lost, again);
        token = again;
        site.pass(60);
    }
    assert_eq!(site.refresh("spa", &token).await.status, StatusCode::OK);
}

async fn threat_01_the_last_tip_is_alive_and_everything_before_it_is_dead(site: Site) {
    let (_, mut token) = first(&site, "spa").await;
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(token.clone());
        token = rotated(&site, &token).await;
        site.pass(11);
    }
    // One replay of any of them, and the living tip dies too.
    dead(&site.refresh("spa", &old[0]).await);
    dead(&site.refresh("spa", &token).await);
    for token in &old {
        dead(&site.refresh("spa", token).await);
    }
}

async fn a_repeat_gets_the_same_refresh_token_and_a_fresh_access_token(site: Site) {
    let (_, parent) = first(&site, "spa").await;
    let one = site.refresh("spa", &parent).await.json();
    site.pass(10);
    let two = site.refresh("spa", &parent).await.json();
    assert_eq!(one["refresh_token"], two["refresh_token"]);
    assert_ne!(one["access_token"], two["access_token"]);
    assert_ne!(
        claims(&one["access_token"])["jti"],
        claims(&two["access_token"])["jti"]
    );
    assert!(one["id_token"].is_string() && two["id_token"].is_string());
    assert_eq!(one["scope"], "openid offline_access read:notes");
}

async fn a_replay_ends_the_family(site: Site) {
    let (tokens, parent) = first(&site, "spa").await;
    let child = rotated(&site, &parent).await;
    site.pass(11);
    dead(&site.refresh("spa", &parent).await);
    dead(&site.refresh("spa", &child).await);
    let profile = site.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(
        profile.status,
        StatusCode::UNAUTHORIZED,
        "the access token goes with it"
    );
}

async fn a_confidential_client_keeps_its_token(site: Site) {
    let (_, token) = first(&site, "web").await;
    for _ in 0..4 {
        let answer = site.refresh("web", &token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(
            answer.json()["refresh_token"],
            token.as_str(),
            "always there, and the same"
        );
        site.pass(3600);
    }
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", "web"),
    ];
    let answer = site.post("/oauth/token", None, &fields).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "not without its secret");
}

async fn refresh_with(site: &Site, token: &str, extra: (&str, &str)) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "spa"),
        ("refresh_token", token),
        extra,
    ];
    site.post("/oauth/token", None, &fields).await
}

async fn the_scope_can_be_narrowed_and_never_widened(site: Site) {
    let (_, token) = first(&site, "spa").await;
    let narrow = refresh_with(&site, &token, ("scope", "read:notes")).await.json();
    assert_eq!(narrow["scope"], "read:notes");
    assert!(
        narrow.get("id_token").is_none(),
        "without openid there is no ID token"
    );
    let token = text(&narrow["refresh_token"]);
    let wide = refresh_with(&site, &token, ("scope", "openid read:notes write:notes email"))
        .await
        .json();
    assert_eq!(
        wide["scope"], "openid read:notes",
        "what was not granted is dropped"
    );
    let token = text(&wide["refresh_token"]);
    let answer = refresh_with(&site, &token, ("scope", "write:notes admin")).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_scope".into())
    );
    let full = site.refresh("spa", &token).await.json();
    assert_eq!(
        full["scope"], "openid offline_access read:notes",
        "the grant itself was never narrowed"
    );
}

async fn threat_21_the_audience_of_a_refresh_is_the_one_that_was_granted(site: Site) {
    let mut other = crate::seed::api("https://other.example/");
    other.id = "api-other".to_owned();
    site.add_api(other).await;
    let (_, token) = first(&site, "spa").await;
    let answer = refresh_with(&site, &token, ("audience", "https://other.example/")).await;
    assert!(answer.status.is_client_error(), "{}", answer.body);
    let answer = refresh_with(&site, &token, ("audience", API)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(claims(&answer.json()["access_token"])["aud"][0], API);
}

async fn a_refreshed_id_token_has_no_nonce_and_the_same_login(site: Site) {
    let extra = [OFFLINE[0], OFFLINE[1], ("nonce", "n1")];
    let tokens = site.tokens("spa", &extra).await;
    let before = claims(&tokens["id_token"]);
    assert_eq!(before["nonce"], "n1");
    site.pass(100);
    let after = site
        .refresh("spa", tokens["refresh_token"].as_str().unwrap())
        .await
        .json();
    let access = claims(&after["access_token"]);
    let after = claims(&after["id_token"]);
    assert!(after.get("nonce").is_none());
    for name in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(after["iat"], site.now().seconds());
    assert_eq!(
        access["gid"],
        claims(&tokens["access_token"])["gid"],
        "one grant, one gid"
    );
    assert_eq!(access["gty"], "refresh_token");
}

async fn threat_28_a_refresh_token_changed_anywhere_is_worth_nothing(site: Site) {
    let (_, token) = first(&site, "spa").await;
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        dead(&site.refresh("spa", &changed).await);
        if at > 0 {
            dead(&site.refresh("spa", &token[..at]).await);
        }
    }
    for changed in [format!("{token}A"), format!("{token}="), token.to_uppercase()] {
        dead(&site.refresh("spa", &changed).await);
    }
    let answer = site.refresh("spa", &token).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "none of it ended the family: {}",
        answer.body
    );
}

async fn idle_and_absolute_life_end_a_family(site: Site) {
    let (_, mut token) = first(&site, "spa").await;
    let day = 24 * 3600;
    let begin = site.now();
    while site.now().millis_since(begin) < 29 * day * 1000 {
        token = rotated(&site, &token).await;
        site.pass(10 * day);
    }
    dead(&site.refresh("spa", &token).await);
    let (_, token) = first(&site, "spa").await;
    site.pass(15 * day);
    dead(&site.refresh("spa", &token).await);
}

async fn without_offline_access_there_is_no_refresh_token(site: Site) {
    let tokens = site.tokens("spa", &[("audience", API)]).await;
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(tokens["scope"], "openid profile email");
}

async fn another_client_cannot_use_it(site: Site) {
    let (_, token) = first(&site, "spa").await;
    dead(&site.refresh("native", &token).await);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    dead(&site.post("/oauth/token", Some(("web", SECRET)), &fields).await);
    assert_eq!(
        site.refresh("spa", &token).await.status,
        StatusCode::OK,
        "its owner still can"
    );
}

#[tokio::test]
async fn a_confidential_client_rotates_when_it_is_set_to() {
    let site = Site::new().await;
    let mut client = crate::seed::client("keeper", ClientKind::RegularWeb);
    client.refresh = RefreshPolicy::ROTATING;
    site.add_client(client).await;
    let mut browser = site.browser();
    let extra = [("scope", "openid offline_access")];
    let code = browser
        .sign_in(&authorize("keeper", &extra))
        .await
        .param("code")
        .unwrap();
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let first = site
        .post("/oauth/token", Some(("keeper", SECRET)), &redeem)
        .await
        .json();
    let token = first["refresh_token"].as_str().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let second = site
        .post("/oauth/token", Some(("keeper", SECRET)), &refresh)
        .await
        .json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    site.pass(11);
    let replay = site
        .post("/oauth/token", Some(("keeper", SECRET)), &refresh)
        .await;
    assert_eq!(replay.error(), "invalid_grant");
}
