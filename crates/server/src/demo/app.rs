//! The demo single-page app: static files from this binary, one JSON file of settings, and a strict policy on top.
//!
//! Nothing here takes part in a login: the page talks to the issuer and to the demo API by itself, across origins,
//! as any browser app does. The files live in `crates/server/demo/` and are plain HTML, CSS and JavaScript modules.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use url::Url;

/// What the page must know, and whom it may talk to.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// The issuer with its trailing slash, exactly as tokens carry it.
    pub issuer: Url,
    /// The demo app's client.
    pub client_id: String,
    /// The demo API's identifier: the audience that access tokens are asked for.
    pub audience: String,
    /// Where the demo API listens.
    pub api_url: Url,
    /// The demo app behind the gateway, when there is one.
    pub behind_url: Option<Url>,
    /// Shown on the first page, so that a newcomer can sign in at once.
    pub user: Option<DemoUser>,
    /// An access token for the demo API, signed by the issuer's own key, whose time was over before it was made.
    /// It opens nothing; it shows what an API says to a token that was good once.
    pub expired_token: String,
}

/// The seeded account.
#[derive(Clone, Debug, Serialize)]
pub struct DemoUser {
    /// Its e-mail address.
    pub email: String,
    /// Its password, known to everybody: this is a demo on a loopback address.
    pub password: String,
}

/// The app's redirect URIs for the origin it is served at (`http://localhost:4001`, no slash at the end).
#[must_use]
pub fn redirect_uris(origin: &str) -> Vec<String> {
    vec![format!("{origin}/callback"), format!("{origin}/spa-js.html")]
}

/// Where the app may be sent after a logout, for the origin it is served at.
#[must_use]
pub fn logout_uris(origin: &str) -> Vec<String> {
    vec![
        origin.to_owned(),
        format!("{origin}/"),
        format!("{origin}/spa-js.html"),
    ]
}

/// The demo app's own web server.
///
/// # Errors
///
/// When an URL of the configuration has characters that a header cannot carry.
pub fn app_router(config: AppConfig) -> Result<Router, axum::http::header::InvalidHeaderValue> {
    let policy = HeaderValue::from_str(&content_security_policy(&config))?;
    let mut router = Router::new()
        .route("/config.json", get(settings))
        .route("/expired-token", get(expired_token));
    for &(path, kind, text) in FILES {
        router = router.route(path, get(async move || ([(CONTENT_TYPE, kind)], text)));
    }
    let headers = middleware::from_fn_with_state(policy, guard);
    Ok(router
        .with_state(Arc::new(config))
        .fallback(async || {
            (
                axum::http::StatusCode::NOT_FOUND,
                "There is no such page in the demo app.",
            )
        })
        .layer(headers))
}

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const CSS: &str = "text/css; charset=utf-8";
pub(super) const JS: &str = "text/javascript; charset=utf-8";
pub(super) const SVG: &str = "image/svg+xml";

/// Every file of the app: path, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../../demo/index.html")),
    ("/callback", HTML, include_str!("../../demo/index.html")),
    ("/spa-js.html", HTML, include_str!("../../demo/spa-js.html")),
    ("/demo.css", CSS, include_str!("../../demo/demo.css")),
    ("/gate.svg", SVG, include_str!("../../assets/gate.svg")),
    ("/mark.svg", SVG, include_str!("../../assets/mark.svg")),
    ("/js/app.js", JS, include_str!("../../demo/js/app.js")),
    ("/js/cards.js", JS, include_str!("../../demo/js/cards.js")),
    ("/js/oidc.js", JS, include_str!("../../demo/js/oidc.js")),
    ("/js/prefs.js", JS, include_str!("../../demo/js/prefs.js")),
    ("/js/spa-js.js", JS, include_str!("../../demo/js/spa-js.js")),
    ("/js/text-en.js", JS, include_str!("../../demo/js/text-en.js")),
    ("/js/text-ja.js", JS, include_str!("../../demo/js/text-ja.js")),
    ("/js/token.js", JS, include_str!("../../demo/js/token.js")),
    ("/js/wire.js", JS, include_str!("../../demo/js/wire.js")),
    (
        "/vendor/auth0-spa-js-2.27.0.js",
        JS,
        include_str!("../../demo/vendor/auth0-spa-js-2.27.0.js"),
    ),
    (
        "/vendor/auth0-spa-js-2.27.0.worker.js",
        JS,
        include_str!("../../demo/vendor/auth0-spa-js-2.27.0.worker.js"),
    ),
];

#[derive(Serialize)]
struct Settings<'a> {
    issuer: &'a str,
    client_id: &'a str,
    audience: &'a str,
    api_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a DemoUser>,
}

async fn settings(State(config): State<Arc<AppConfig>>) -> Response {
    Json(Settings {
        issuer: config.issuer.as_str(),
        client_id: &config.client_id,
        audience: &config.audience,
        api_url: config.api_url.as_str(),
        behind_url: config.behind_url.as_ref().map(Url::as_str),
        user: config.user.as_ref(),
    })
    .into_response()
}

async fn expired_token(State(config): State<Arc<AppConfig>>) -> String {
    config.expired_token.clone()
}

/// The page may run its own scripts, talk to the issuer and the API, and frame the issuer (silent renewal); no more.
fn content_security_policy(config: &AppConfig) -> String {
    let issuer = config.issuer.origin().ascii_serialization();
    let api = config.api_url.origin().ascii_serialization();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src 'self'; \
         connect-src 'self' {issuer} {api}; frame-src {issuer}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

async fn guard(State(policy): State<HeaderValue>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let fixed: [(HeaderName, &'static str); 3] = [
        // The files change with the binary, and a developer must never wonder which one is shown.
        (CACHE_CONTROL, "no-store"),
        // A callback URL carries a code: it must not travel on in a Referer.
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
