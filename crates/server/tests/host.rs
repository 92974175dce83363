//! Under which names the server answers, and what a request can make it believe about its own name.

use crate::browser::Answer;
use crate::site::{ISSUER, Site, authorize, request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

/// Everything a proxy or an attacker may write to rename us.
const NAMES: [(&str, &str); 4] = [
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-prefix", "/evil"),
    ("forwarded", "host=evil.example;proto=http"),
];

async fn renamed(site: &Site, path: &str) -> Answer {
    let request = NAMES
        .into_iter()
        .fold(request(Method::GET, path), |request, (name, value)| {
            request.header(name, value)
        });
    site.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn threat_13_every_address_comes_from_the_configured_issuer() {
    let site = Site::new().await;
    let discovery = renamed(&site, "/.well-known/openid-configuration").await.json();
    for (name, value) in discovery.as_object().unwrap() {
        if let Some(address) = value.as_str() {
            assert!(address.starts_with(ISSUER), "{name}: {address}");
        }
    }
    let login = renamed(&site, &authorize("spa", &[])).await;
    let to = login.location();
    assert!(to.starts_with(ISSUER) || to.starts_with("/u/"), "{to}");
    assert!(!to.contains("evil"), "{to}");
}

#[tokio::test]
async fn threat_13_a_host_that_is_not_configured_is_refused() {
    let site = Site::new().await;
    for host in [
        "evil.example",
        "login.example.evil.example",
        "login.example:8443",
        "",
    ] {
        for path in ["/.well-known/openid-configuration", "/authorize", "/oauth/token"] {
            let request = Request::builder().uri(path).header(header::HOST, host);
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
        }
    }
}
