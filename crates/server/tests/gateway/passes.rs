//! Who passes, and what the others are told: people, programs, websockets, bearers of tokens.

use super::{HOST, ORIGIN, Person, behind};
use crate::seed::api;
use crate::site::{API, Site, authorize};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

behind!(a_bearer_token_passes_when_it_is_for_this_application);

const PAGE: &[(&str, &str)] = &[("accept", "text/html"), ("sec-fetch-mode", "navigate")];

#[tokio::test]
async fn a_program_is_told_in_the_words_of_rfc_6750_and_never_redirected() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    for headers in [
        &[("accept", "application/json")][..],
        &[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")],
        &[("accept", "text/html"), ("sec-fetch-mode", "cors")],
        &[("accept", "text/html"), ("x-forwarded-method", "POST")],
        &[
            ("accept", "text/html"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
        ],
        &[
            ("accept", "text/html"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ],
        &[],
    ] {
        for question in ["/forward-auth", "/forward-auth?mode=nginx"] {
            let answer = person.asks(question, "/api", headers).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert_eq!(answer.error(), "unauthorized");
            assert!(answer.headers.get("x-sekisho-sign-in").is_none(), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn nginx_hears_401_and_where_to_sign_in() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let answer = person.asks("/forward-auth?mode=nginx", "/notes?a=b", PAGE).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let to = answer.header("x-sekisho-sign-in");
    assert_eq!(to, format!("{ORIGIN}/.sekisho/start?rd=/notes%3Fa%3Db"));
}

#[tokio::test]
async fn the_address_is_read_as_each_proxy_tells_it() {
    let site = super::site(&[]).await;
    let ask = async |uri: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(Method::GET).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        site.send(request.body(Body::empty()).unwrap()).await
    };
    let page = ("accept", "text/html");
    for (uri, headers) in [
        (
            "/forward-auth",
            &[
                ("host", "sekisho:4000"),
                page,
                ("x-forwarded-host", HOST),
                ("x-forwarded-uri", "/a?b=c"),
            ][..],
        ),
        (
            "/forward-auth",
            &[("host", HOST), page, ("x-original-uri", "/a?b=c")],
        ),
        (
            "/forward-auth",
            &[
                ("host", HOST),
                page,
                ("x-original-url", "https://app.example.com/a?b=c"),
            ],
        ),
        ("/forward-auth/at/a?b=c", &[("host", "app.example.com:443"), page]),
    ] {
        let answer = ask(uri, headers).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{headers:?} {}", answer.body);
        assert_eq!(
            answer.location(),
            format!("{ORIGIN}/.sekisho/start?rd=/a%3Fb%3Dc")
        );
    }
    // Below our path the query is the sender's and means nothing to us.
    let answer = ask("/forward-auth/at/?mode=nginx&scope=x", &[("host", HOST), page]).await;
    assert_eq!(
        answer.location(),
        format!("{ORIGIN}/.sekisho/start?rd=/%3Fmode%3Dnginx%26scope%3Dx")
    );
}

#[tokio::test]
async fn a_scope_is_needed_where_the_proxy_says_so() {
    let site = super::site(&[]).await;
    let mut person = Person::new(&site);
    let unknown = person.asks("/forward-auth?scope=read:notes", "/", PAGE).await;
    assert_eq!(unknown.status, StatusCode::FOUND);
    person.signs_in("/").await;
    assert_eq!(
        person
            .asks("/forward-auth?scope=read:notes", "/", PAGE)
            .await
            .status,
        StatusCode::OK
    );
    let answer = person
        .asks("/forward-auth?scope=read:notes%20write:notes", "/", PAGE)
        .await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (StatusCode::FORBIDDEN, "insufficient_scope")
    );
    assert!(
        answer
            .header("www-authenticate")
            .contains("scope=\"read:notes write:notes\"")
    );
    // What the operator misspelt must not be no condition at all.
    for wrong in [
        "?scopes=read:notes",
        "?scope=a%22b",
        "?mode=apache",
        "?scope=a&scope=b",
    ] {
        let answer = person.asks(&format!("/forward-auth{wrong}"), "/", PAGE).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

async fn a_bearer_token_passes_when_it_is_for_this_application(site: Site) {
    site.add_api(api("https://other.example/")).await;
    let mut person = Person::new(&site);
    let mut ask = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("accept", "text/html"), ("authorization", bearer.as_str())];
        person.asks("/forward-auth?scope=read:notes", "/", &headers).await
    };
    let scope = [("audience", API), ("scope", "openid read:notes")];
    let tokens = site.tokens("spa", &scope).await;
    let good = tokens["access_token"].as_str().unwrap();
    let answer = ask(good).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        answer.header("x-auth-request-user"),
        "auth0|0123456789abcdef01234567"
    );
    assert_eq!(
        answer.headers.get("x-auth-request-email").unwrap(),
        "",
        "said, and empty"
    );
    assert_eq!(answer.header("authorization"), format!("Bearer {good}"));

    let scope = [
        ("audience", "https://other.example/"),
        ("scope", "openid read:notes"),
    ];
    let other = site.tokens("spa", &scope).await;
    let opaque = site.tokens("spa", &[]).await;
    for (what, token) in [
        ("for another API", other["access_token"].as_str().unwrap()),
        ("an ID token", tokens["id_token"].as_str().unwrap()),
        ("opaque", opaque["access_token"].as_str().unwrap()),
        ("changed", &format!("{}x", &good[..good.len() - 1])),
        ("noise", "a.b.c"),
        ("nothing", ""),
    ] {
        let answer = ask(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.error(), "invalid_token", "{what}");
    }
    let poor = site
        .tokens("spa", &[("audience", API), ("scope", "openid write:notes")])
        .await;
    assert_eq!(
        ask(poor["access_token"].as_str().unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    site.pass(310);
    assert_eq!(ask(good).await.error(), "invalid_token", "expired");
    assert!(authorize("spa", &[]).starts_with("/authorize"));
}

#[tokio::test]
async fn a_machine_passes_with_its_own_token() {
    let site = super::site(&[]).await;
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    let token = site
        .post("/oauth/token", Some(("machine", crate::site::SECRET)), &fields)
        .await;
    let bearer = format!("Bearer {}", token.json()["access_token"].as_str().unwrap());
    let mut person = Person::new(&site);
    let answer = person
        .asks("/forward-auth", "/", &[("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("x-auth-request-user"), "machine@clients");
}
