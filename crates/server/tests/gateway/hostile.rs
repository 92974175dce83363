//! What is not believed: return addresses, cookies, headers, and whoever is no proxy.

use super::{HOST, ORIGIN, PROXY, Person, put_behind};
use crate::site::{Site, form};
use axum::http::StatusCode;

#[tokio::test]
async fn threat_07_a_hostile_return_address_gets_a_plain_refusal() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    for hostile in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https://app.example.com/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\r\nset-cookie: a=b",
        "evil.example",
        "/a#b",
    ] {
        let answer = person
            .visits(&format!("/.sekisho/start?{}", form(&[("rd", hostile)])))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{hostile:?}");
        assert!(answer.headers.get("location").is_none() && answer.headers.get("set-cookie").is_none());
        assert!(!answer.body.contains("evil.example"), "{hostile:?}");
    }
    let twice = person.visits("/.sekisho/start?rd=/a&rd=//evil.example").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    // The same where the proxy tells it.
    let page = [("accept", "text/html")];
    for hostile in [
        "//evil.example",
        "/\\evil.example",
        "https://app.example.com.evil.example/",
        "https://evil.example/",
    ] {
        let answer = person.asks("/forward-auth", hostile, &page).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{hostile}");
        let answer = person.asks("/forward-auth?mode=nginx", hostile, &page).await;
        assert!(answer.headers.get("x-sekisho-sign-in").is_none(), "{hostile}");
    }
}

#[tokio::test]
async fn threat_42_identity_headers_that_the_sender_wrote_say_nothing() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let forged = [
        ("accept", "text/html"),
        ("x-auth-request-user", "auth0|admin"),
        ("x-auth-request-email", "admin@example.com"),
        ("x-forwarded-user", "auth0|admin"),
        ("remote-user", "admin"),
    ];
    assert_eq!(
        person.asks("/forward-auth", "/", &forged).await.status,
        StatusCode::FOUND
    );
    person.signs_in("/").await;
    let answer = person.asks("/forward-auth", "/", &forged).await;
    assert_eq!(
        answer.header("x-auth-request-user"),
        "auth0|0123456789abcdef01234567"
    );
    assert_eq!(answer.header("x-auth-request-email"), "hanako@example.com");
    assert!(!format!("{:?}", answer.headers).contains("admin"));
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_opens_nothing() {
    let site = super::site(&[]).await;
    put_behind(&site, "https://second.example.com").await;
    let mut person = Person::new(&site);
    person.signs_in("/").await;
    let good = person.jar["__Host-sekisho-gateway"].clone();
    for at in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        person.jar.insert("__Host-sekisho-gateway".to_owned(), changed);
        assert_eq!(person.opens("/").await.status, StatusCode::FOUND, "{at}");
    }
    // Two of one name: one of them was planted.
    person.jar.insert(
        "__Host-sekisho-gateway".to_owned(),
        format!("{good}; __Host-sekisho-gateway={good}"),
    );
    assert_eq!(person.opens("/").await.status, StatusCode::FOUND);
    // Of another application.
    person
        .jar
        .insert("__Host-sekisho-gateway".to_owned(), good.clone());
    person.origin = "https://second.example.com";
    assert_eq!(person.opens("/").await.status, StatusCode::FOUND);
    person.origin = ORIGIN;
    assert_eq!(person.opens("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_a_trusted_proxy_is_answered() {
    for settings in [&[][..], &[("SEKISHO_TRUSTED_PROXIES", "10.0.0.0/8")]] {
        let site = Site::with(settings).await;
        put_behind(&site, ORIGIN).await;
        let mut person = Person::new(&site);
        // Under the application's host we are not there at all, under our own we refuse.
        assert_eq!(person.opens("/").await.status, StatusCode::MISDIRECTED_REQUEST);
        person.origin = "https://login.example";
        let answer = person
            .asks("/forward-auth", "/", &[("x-forwarded-host", HOST)])
            .await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::FORBIDDEN, "forbidden")
        );
    }
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let answer = person
        .asks("/forward-auth", "/", &[("x-forwarded-host", "stranger.example")])
        .await;
    assert_eq!(answer.error(), "unknown_application");
    assert_eq!(PROXY.1, "127.0.0.1");
}

#[tokio::test]
async fn an_image_starts_no_sign_in() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let headers = [("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors")];
    let answer = person
        .send(axum::http::Method::GET, "/.sekisho/start?rd=/", &headers)
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.headers.get("set-cookie").is_none());
}
