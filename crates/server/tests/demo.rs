//! The demo app and the demo API, each asked over HTTP as a browser would.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use sekisho::demo::api::{TOKEN_LIFETIME, api_router};
use sekisho::demo::app::{AppConfig, app_router};
use sekisho_jose::{Algorithm, SigningKey, jwt};
use sekisho_verify::fetch::OnlineVerifier;
use sekisho_verify::tower::AuthLayer;
use sekisho_verify::{Issuer, KeySet, Policy};
use serde_json::{Value, json};
use tower::ServiceExt;

const ISSUER: &str = "http://localhost:4000/";
const AUDIENCE: &str = "http://localhost:4002/";
const APP: &str = "http://localhost:4001";
const NOW: u64 = 1_700_000_000;

struct Demo {
    api: Router,
    key: SigningKey,
}

fn demo() -> Demo {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("one");
    let issuer = Issuer::pinned(ISSUER, KeySet::new(vec![key.verifying_key()]));
    let policy = Policy::access(issuer, AUDIENCE).algorithms([Algorithm::Es256]);
    let auth = AuthLayer::new(OnlineVerifier::new(policy).unwrap()).clock(|| NOW);
    Demo {
        api: api_router(auth, vec![APP.to_owned()]).unwrap(),
        key,
    }
}

impl Demo {
    fn token(&self, changes: &Value) -> String {
        let mut claims = json!({
            "iss": ISSUER, "sub": "auth0|one", "aud": [AUDIENCE, "http://localhost:4000/userinfo"], "azp": "spa",
            "iat": NOW, "exp": NOW + TOKEN_LIFETIME, "scope": "openid read:notes write:notes",
            "jti": "j", "gid": "g", "sid": "s",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        jwt::sign(&claims, "JWT", &self.key).unwrap()
    }

    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path).header("origin", APP);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let response = send(&self.api, request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(
            response.headers()["access-control-allow-origin"],
            APP,
            "the app may read every answer"
        );
        let status = response.status();
        (status, serde_json::from_str(&text(response).await).unwrap())
    }
}

async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

#[tokio::test]
async fn the_api_lets_a_good_token_in_and_nothing_else() {
    let demo = demo();
    let good = demo.token(&json!({}));
    let (status, body) = demo.call("GET", "/me", Some(&good), "").await;
    assert_eq!(
        (status, &body["you"], &body["app"]),
        (StatusCode::OK, &json!("auth0|one"), &json!("spa"))
    );

    let mut broken = good.clone();
    broken.replace_range(60..61, if &good[60..61] == "A" { "B" } else { "A" });
    let expired = demo.token(&json!({ "exp": NOW, "iat": NOW - 300 }));
    let id_token = demo.token(&json!({ "aud": "spa", "nonce": "n" }));
    for (name, token) in [
        ("none", None),
        ("broken", Some(&broken)),
        ("expired", Some(&expired)),
        ("ID", Some(&id_token)),
    ] {
        let (status, body) = demo.call("GET", "/me", token.map(String::as_str), "").await;
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::UNAUTHORIZED, &json!("invalid_token")),
            "{name}"
        );
        assert!(body["error_description"].is_string(), "{name}");
    }
    assert_eq!(demo.call("GET", "/public", None, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn notes_need_their_scope_and_belong_to_their_writer() {
    let demo = demo();
    let reader = demo.token(&json!({ "scope": "read:notes" }));
    let writer = demo.token(&json!({}));
    let other = demo.token(&json!({ "sub": "auth0|two" }));
    let (status, body) = demo
        .call("POST", "/notes", Some(&reader), r#"{"text":"no"}"#)
        .await;
    assert_eq!(
        (status, &body["error"]),
        (StatusCode::FORBIDDEN, &json!("insufficient_scope"))
    );
    let (status, note) = demo
        .call("POST", "/notes", Some(&writer), r#"{"text":"hello"}"#)
        .await;
    assert_eq!((status, &note["number"]), (StatusCode::CREATED, &json!(1)));
    let (_, mine) = demo.call("GET", "/notes", Some(&reader), "").await;
    assert_eq!(mine["notes"][0]["text"], "hello");
    let (_, others) = demo.call("GET", "/notes", Some(&other), "").await;
    assert_eq!(others["notes"], json!([]));
}

#[tokio::test]
async fn bad_notes_are_refused_in_words() {
    let demo = demo();
    let token = demo.token(&json!({}));
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(501));
    for (body, status) in [
        (r#"{"text":""}"#, StatusCode::BAD_REQUEST),
        (long.as_str(), StatusCode::BAD_REQUEST),
        ("not json", StatusCode::BAD_REQUEST),
        (r#"{"text":null}"#, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (found, answer) = demo.call("POST", "/notes", Some(&token), body).await;
        assert_eq!(
            (found, &answer["error"]),
            (status, &json!("invalid_request")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_preflight_is_answered_to_the_app_only() {
    let demo = demo();
    for (origin, allowed) in [(APP, true), ("http://localhost:6666", false), ("null", false)] {
        let request = Request::builder()
            .method("OPTIONS")
            .uri("/notes")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let response = send(&demo.api, request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            response.headers().contains_key("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        assert_eq!(response.headers()["vary"], "Origin");
    }
}

#[tokio::test]
async fn the_app_serves_every_file_it_names_under_a_strict_policy() {
    let app = app_router(AppConfig {
        issuer: ISSUER.parse().unwrap(),
        client_id: "spa".to_owned(),
        audience: AUDIENCE.to_owned(),
        api_url: AUDIENCE.parse().unwrap(),
        behind_url: None,
        user: None,
        expired_token: "old".to_owned(),
    })
    .unwrap();
    let get = async |path: &str| send(&app, Request::get(path).body(Body::empty()).unwrap()).await;
    let mut to_visit = vec!["/".to_owned(), "/callback".to_owned(), "/spa-js.html".to_owned()];
    let mut visited = Vec::new();
    while let Some(path) = to_visit.pop() {
        if visited.contains(&path) {
            continue;
        }
        let response = get(&path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert!(
            policy.contains("connect-src 'self' http://localhost:4000 http://localhost:4002;"),
            "{policy}"
        );
        let content = text(response).await;
        if !path.starts_with("/vendor/") {
            to_visit.extend(named_files(&path, &content));
        }
        visited.push(path);
    }
    for file in [
        "/demo.css",
        "/js/oidc.js",
        "/js/text-ja.js",
        "/gate.svg",
        "/vendor/auth0-spa-js-2.27.0.worker.js",
    ] {
        assert!(
            visited.iter().any(|path| path == file),
            "{file} is reached from the pages: {visited:?}"
        );
    }
    let config: Value = serde_json::from_str(&text(get("/config.json").await).await).unwrap();
    assert_eq!(
        config,
        json!({ "issuer": ISSUER, "client_id": "spa", "audience": AUDIENCE, "api_url": AUDIENCE })
    );
    assert_eq!(text(get("/expired-token").await).await, "old");
    assert_eq!(get("/etc/passwd").await.status(), StatusCode::NOT_FOUND);
}

/// The files that a page, style sheet or script names between quotes.
fn named_files(path: &str, content: &str) -> Vec<String> {
    let folder = &path[..=path.rfind('/').unwrap()];
    let quoted = content.split(['"', '\n']).filter(|word| !word.contains(' '));
    let endings = [".js", ".css", ".svg", ".html"];
    quoted
        .filter(|word| endings.iter().any(|ending| word.ends_with(ending)))
        .map(|word| match word.strip_prefix("./") {
            Some(beside) => format!("{folder}{beside}"),
            None if word.starts_with('/') => word.to_owned(),
            None => format!("{folder}{word}"),
        })
        .collect()
}
