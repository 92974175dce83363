//! The demo app behind the gateway: the same person and the same API, but the browser holds one HttpOnly cookie and no token.
//!
//! Two parts that are two programs elsewhere: a proxy that asks `/forward-auth` before it passes a request on, as nginx or Caddy would
//! (`examples/`), and an application that reads the headers it is given. Nothing here knows how the gateway decides.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use tower::ServiceExt as _;

use super::app::{CSS, HTML, JS, SVG};

/// What the gateway tells the application.
const TOLD: [HeaderName; 3] = [
    HeaderName::from_static("x-auth-request-user"),
    HeaderName::from_static("x-auth-request-email"),
    AUTHORIZATION,
];

/// What of a request the question about it repeats.
const ASKED: [&str; 8] = [
    "cookie",
    "accept",
    "authorization",
    "sec-fetch-mode",
    "x-requested-with",
    "upgrade",
    "sec-websocket-key",
    "user-agent",
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../demo/behind.html")),
    ("/demo.css", CSS, include_str!("../../demo/demo.css")),
    ("/gate.svg", SVG, include_str!("../../assets/gate.svg")),
    ("/mark.svg", SVG, include_str!("../../assets/mark.svg")),
    ("/js/behind.js", JS, include_str!("../../demo/js/behind.js")),
    ("/js/prefs.js", JS, include_str!("../../demo/js/prefs.js")),
    ("/js/text-en.js", JS, include_str!("../../demo/js/text-en.js")),
    ("/js/text-ja.js", JS, include_str!("../../demo/js/text-ja.js")),
];

/// What the application and its proxy need of others.
#[derive(Clone)]
pub struct Neighbours {
    /// The issuer, where the proxy asks.
    pub issuer: Router,
    /// The demo API, which the application calls with the token it was given.
    pub api: Router,
    /// The demo app without a gateway (`http://localhost:4001/`).
    pub spa: String,
    /// The account page of the issuer.
    pub account: String,
}

/// The proxy with the application behind it.
pub fn behind_router(neighbours: Neighbours) -> Router {
    let neighbours = Arc::new(neighbours);
    let mut application = Router::new().route("/me", get(me)).route("/notes", get(notes));
    for &(path, kind, text) in FILES {
        application = application.route(path, get(async move || ([(CONTENT_TYPE, kind)], text)));
    }
    application
        .with_state(Arc::clone(&neighbours))
        .fallback(async || (StatusCode::NOT_FOUND, "There is no such page in the demo app."))
        .layer(middleware::from_fn(guard))
        .layer(middleware::from_fn_with_state(neighbours, proxy))
}

/// What a proxy does: paths below `/.sekisho/` go to the issuer, about all others it asks first.
async fn proxy(State(neighbours): State<Arc<Neighbours>>, mut request: Request, next: Next) -> Response {
    let asked = request.uri().path().to_owned();
    if asked.starts_with("/.sekisho/") {
        return call(&neighbours.issuer, request).await;
    }
    let mut answer = call(&neighbours.issuer, question(&request)).await;
    if answer.status() != StatusCode::OK {
        return answer;
    }
    // Every time, so that nothing the sender wrote there arrives.
    for name in TOLD {
        request.headers_mut().remove(&name);
        if let Some(value) = answer.headers_mut().remove(&name) {
            request.headers_mut().insert(name, value);
        }
    }
    next.run(request).await
}

fn question(about: &Request) -> Request {
    let mut question = Request::new(Body::empty());
    *question.uri_mut() = axum::http::Uri::from_static("/forward-auth?mode=redirect");
    let headers = question.headers_mut();
    for name in ASKED {
        for value in about.headers().get_all(name) {
            headers.append(name, value.clone());
        }
    }
    let mut tell = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    };
    let uri = about.uri().path_and_query().map_or("/", |sent| sent.as_str());
    tell("host", about.headers().get(HOST).cloned());
    tell("x-forwarded-host", about.headers().get(HOST).cloned());
    tell("x-forwarded-uri", HeaderValue::from_str(uri).ok());
    tell(
        "x-forwarded-method",
        HeaderValue::from_str(about.method().as_str()).ok(),
    );
    question
}

/// A call over the loopback address, without the way through a socket.
async fn call(to: &Router, mut request: Request) -> Response {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    request.extensions_mut().insert(ConnectInfo(here));
    match to.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What the application was told about who asks: all of it comes from headers, none from the browser.
async fn me(State(neighbours): State<Arc<Neighbours>>, headers: HeaderMap) -> Response {
    let told = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let [user, email, authorization] = TOLD;
    let token = told(authorization).and_then(|value| value.strip_prefix("Bearer "));
    Json(json!({
        "user": told(user),
        "email": told(email),
        "claims": token.and_then(claims),
        "spa": neighbours.spa,
        "account": neighbours.account,
    }))
    .into_response()
}

fn claims(token: &str) -> Option<Value> {
    let payload = sekisho_jose::base64url::decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// The application calls the API for the person, with the token the gateway gave it.
async fn notes(State(neighbours): State<Arc<Neighbours>>, headers: HeaderMap) -> Response {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = axum::http::Uri::from_static("/notes");
    if let Some(token) = headers.get(AUTHORIZATION) {
        request.headers_mut().insert(AUTHORIZATION, token.clone());
    }
    call(&neighbours.api, request).await
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
