//! The way in: by the application's own host, in one browser, back to where one wanted to go.

use super::{HOST, ORIGIN, Person, behind};
use crate::browser::claims;
use crate::site::{API, ISSUER, Site};
use axum::http::StatusCode;
use serde_json::json;

behind!(
    a_cookie_becomes_identity_headers_and_a_short_token,
    whoever_is_signed_in_already_is_not_asked,
    a_token_is_made_anew_before_it_ends,
);

async fn a_cookie_becomes_identity_headers_and_a_short_token(site: Site) {
    let mut person = Person::new(&site);
    let sent = person.opens("/notes?page=2&x=a%20b").await;
    assert_eq!(
        sent.location(),
        format!("{ORIGIN}/.sekisho/start?rd=%2Fnotes%3Fpage%3D2%26x%3Da%2520b").replace("%2Fnotes", "/notes")
    );
    let back = person.signs_in("/notes?page=2&x=a%20b").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(back.location(), format!("{ORIGIN}/notes?page=2&x=a%20b"));

    let passed = person.opens("/notes").await;
    assert_eq!(passed.status, StatusCode::OK);
    assert_eq!(
        passed.header("x-auth-request-user"),
        "auth0|0123456789abcdef01234567"
    );
    assert_eq!(passed.header("x-auth-request-email"), "hanako@example.com");
    let token = passed.header("authorization").strip_prefix("Bearer ").unwrap();
    let said = claims(&json!(token));
    assert_eq!((&said["iss"], &said["aud"]), (&json!(ISSUER), &json!(API)));
    assert_eq!(
        said["scope"], "read:notes",
        "the profile is for the gateway alone"
    );
    assert!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap() <= 300);
    for name in ["sid", "gid", "jti"] {
        assert!(said[name].is_string(), "{name}");
    }
    assert_eq!(person.token().await, token, "one token serves many requests");
}

async fn whoever_is_signed_in_already_is_not_asked(site: Site) {
    super::put_behind(&site, "https://second.example.com").await;
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    let first = claims(&json!(person.token().await));
    person.origin = "https://second.example.com";
    // Another host: it has no cookie of the first one.
    person.jar.clear();
    let sent = person.opens("/there").await;
    let code = person.goes(sent.location()).await;
    assert!(
        code.location()
            .starts_with("https://second.example.com/.sekisho/callback?")
    );
    let callback = code.location().strip_prefix(person.origin).unwrap().to_owned();
    person.visits(&callback).await;
    let second = claims(&json!(person.token().await));
    assert_eq!(first["sid"], second["sid"]);
    assert_ne!(first["gid"], second["gid"]);
}

async fn a_token_is_made_anew_before_it_ends(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    let first = person.token().await;
    site.pass(100);
    assert_eq!(person.token().await, first);
    site.pass(100);
    let second = person.token().await;
    assert_ne!(second, first);
    let (old, new) = (claims(&json!(first)), claims(&json!(second)));
    assert_eq!((&old["gid"], &old["sid"]), (&new["gid"], &new["sid"]));
    // A person who works on is not idle: three days without a login, each within reach of the last.
    for _ in 0..4 {
        site.pass(86_000);
        person.token().await;
    }
    site.pass(604_800);
    assert_eq!(
        person.opens("/").await.status,
        StatusCode::FOUND,
        "a session ends in any case"
    );
}

#[tokio::test]
async fn threat_34_a_way_in_is_finished_only_in_its_own_browser() {
    let site = super::site(&[]).await;
    let (mut attacker, mut victim) = (Person::new(&site), Person::new(&site));
    let sent = attacker.opens("/").await;
    let code = attacker.goes(sent.location()).await;
    let callback = code.location().strip_prefix(ORIGIN).unwrap().to_owned();
    let refused = victim.visits(&callback).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused.headers.get("set-cookie").is_none() && !victim.jar.contains_key("__Host-sekisho-gateway")
    );
    // A page that our style reaches on the application's host too.
    let sheet = refused
        .body
        .split("href=\"")
        .find(|part| part.contains(".css"))
        .unwrap();
    let sheet = sheet.split('"').next().unwrap().to_owned();
    assert!(sheet.starts_with("/.sekisho/assets/"), "{sheet}");
    assert_eq!(victim.visits(&sheet).await.status, StatusCode::OK);
    // Nor with a way in of the victim's own.
    let start = victim
        .opens("/")
        .await
        .location()
        .strip_prefix(ORIGIN)
        .unwrap()
        .to_owned();
    victim.visits(&start).await;
    assert_eq!(victim.visits(&callback).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(attacker.visits(&callback).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_way_in_is_used_once_and_a_second_time_ends_what_came_of_it() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let sent = person.opens("/").await;
    let code = person.goes(sent.location()).await;
    let callback = code.location().strip_prefix(ORIGIN).unwrap().to_owned();
    assert_eq!(person.visits(&callback).await.status, StatusCode::SEE_OTHER);
    person.token().await;
    assert_eq!(person.visits(&callback).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(person.opens("/").await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn only_the_paths_of_the_gateway_are_served_on_an_applications_host() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    for path in [
        "/",
        "/authorize",
        "/account",
        "/oauth/token",
        "/.sekish",
        "/.well-known/jwks.json",
    ] {
        assert_eq!(
            person.visits(path).await.status,
            StatusCode::MISDIRECTED_REQUEST,
            "{path}"
        );
    }
    person.origin = "https://stranger.example.com";
    let answer = person.visits("/.sekisho/start").await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    // And none of them at the issuer's own.
    for path in ["/.sekisho/start", "/.sekisho/callback", "/.sekisho/logout"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(HOST, ORIGIN.trim_start_matches("https://"));
}
