//! The end: whatever ends the session or the grant, the next request does not pass.

use super::{ORIGIN, Person, behind};
use crate::site::{EMAIL, Site};
use axum::http::{Method, StatusCode};
use sekisho::admin::{Actor, gateway, restore, users};
use sekisho::end::{self, Ending};
use sekisho_rules::id::{GrantId, SessionId};
use sekisho_store::args;
use sekisho_store::families::EndReason;
use serde_json::json;

behind!(
    signing_out_at_the_issuer_ends_the_next_request,
    a_session_or_grant_that_was_ended_elsewhere_ends_the_next_request,
    a_blocked_user_does_not_pass,
    a_removed_application_does_not_pass,
    a_restored_backup_brings_nobody_back,
    signing_out_at_the_application_ends_the_session,
);

async fn passes(person: &mut Person<'_>) -> bool {
    match person.opens("/").await.status {
        StatusCode::OK => true,
        StatusCode::FOUND => false,
        other => panic!("{other}"),
    }
}

async fn signing_out_at_the_issuer_ends_the_next_request(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    assert!(passes(&mut person).await);
    person.issuer.get("/v2/logout").await;
    assert!(!passes(&mut person).await);
}

async fn a_session_or_grant_that_was_ended_elsewhere_ends_the_next_request(site: Site) {
    let mut person = Person::new(&site);
    for what in ["sid", "gid"] {
        person.signs_in("/").await;
        let token = person.token().await;
        let id = crate::browser::claims(&json!(token))[what]
            .as_str()
            .unwrap()
            .to_owned();
        let by = Ending::at(&site.app, site.now());
        let ended = site.app.db.tx(async move |tx| match what {
            "sid" => end::session(tx, &by, &SessionId::new(id.as_str())).await,
            _ => end::grant(tx, &by, &GrantId::new(id.as_str()), EndReason::Revoked).await,
        });
        ended.await.unwrap();
        assert!(!passes(&mut person).await, "{what}");
        let bearer = format!("Bearer {token}");
        let answer = person
            .asks("/forward-auth", "/", &[("authorization", &bearer)])
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "the token as well");
        assert_eq!(answer.error(), "invalid_token");
    }
}

async fn a_blocked_user_does_not_pass(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    assert!(passes(&mut person).await);
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_access(&site.app, Actor::Operator, &user, users::Access::Blocked)
        .await
        .unwrap();
    assert!(!passes(&mut person).await);
}

async fn a_removed_application_does_not_pass(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    let token = format!("Bearer {}", person.token().await);
    gateway::remove(&site.app, Actor::Operator, ORIGIN).await.unwrap();
    let answer = person
        .asks("/forward-auth", "/", &[("authorization", &token)])
        .await;
    assert!(answer.status.is_client_error());
    assert!(person.opens("/").await.headers.get("authorization").is_none());
    site.pass(10);
    assert_eq!(person.opens("/").await.error(), "unknown_application");
    assert!(gateway::every(&site.app).await.unwrap().is_empty());
}

async fn a_restored_backup_brings_nobody_back(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    assert!(passes(&mut person).await);
    restore::restored(&site.app, Actor::Operator).await.unwrap();
    assert!(!passes(&mut person).await);
}

async fn signing_out_at_the_application_ends_the_session(site: Site) {
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    // Not by an image, not from another site.
    for headers in [
        &[
            ("sec-fetch-dest", "image"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[
            ("sec-fetch-dest", "document"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-site", "cross-site"),
        ],
    ] {
        let answer = person.send(Method::GET, "/.sekisho/logout", headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(passes(&mut person).await);
    }
    let stolen = person.jar.clone();
    let answer = person.visits("/.sekisho/logout").await;
    assert!(
        answer
            .location()
            .starts_with("https://login.example/v2/logout?client_id=")
    );
    assert!(!person.jar.contains_key("__Host-sekisho-gateway"));
    let page = person.issuer.get(answer.location()).await;
    assert!(page.body.contains("Old app"), "the way back: {}", page.body);
    person.jar = stolen;
    assert!(!passes(&mut person).await, "a copy of the cookie opens nothing");
    assert_eq!(person.issuer.open("/account").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hot_request_reads_no_row() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    let token = person.token().await;
    let bearer = format!("Bearer {token}");
    // Whoever reads a session or a grant now finds no table.
    for table in ["sessions", "families", "issuer"] {
        site.app.db.run(rename(table), args![]).await.unwrap();
    }
    // What was committed a moment ago must have been looked at first, and a busy machine may be deaf for a moment; a row could not be
    // read at any.
    until(async || {
        let page = person.opens("/").await;
        page.status == StatusCode::OK && page.header("authorization") == bearer
    })
    .await;
    let mut ask = async || {
        let answer = person
            .asks("/forward-auth", "/", &[("authorization", &bearer)])
            .await;
        answer.status
    };
    until(async || ask().await == StatusCode::OK).await;
    // A node that hears nothing any more asks the rows, and says that it cannot.
    site.deafen().await;
    until(async || !site.app.feed.vouches(site.now())).await;
    assert_eq!(ask().await, StatusCode::INTERNAL_SERVER_ERROR);
}

/// Waits for what nothing announces.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait)
        .await
        .unwrap();
}

fn rename(table: &str) -> &'static str {
    match table {
        "sessions" => "ALTER TABLE sessions RENAME TO sessions_gone",
        "families" => "ALTER TABLE families RENAME TO families_gone",
        _ => "ALTER TABLE issuer RENAME TO issuer_gone",
    }
}
