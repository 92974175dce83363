//! Behind a proxy: whose word counts about where a visitor is, and which hosts are answered at all.

use super::{Deployment, Node};
use axum::http::StatusCode;
use sekisho_store::args;

/// The addresses that sessions of this deployment say they were made from, after one sign-in with this header.
async fn seen(deployment: &Deployment, node: &Node, forwarded: &str) -> String {
    let mut visitor = node.visitor();
    visitor.headers = vec![("x-forwarded-for", forwarded.to_owned())];
    visitor.tokens(deployment).await;
    let app = deployment.open().await;
    let newest = "SELECT ip FROM sessions ORDER BY created_at DESC, id LIMIT 1";
    app.db.one(newest, args![]).await.unwrap().get("ip").unwrap()
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let deployment = Deployment::sqlite().await;
    let node = deployment.start().await;
    assert_eq!(seen(&deployment, &node, "203.0.113.9").await, "127.0.0.1");
    drop(node);

    let mut deployment = Deployment::sqlite().await;
    deployment.set("SEKISHO_TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
    let node = deployment.start().await;
    // The leftmost is what the visitor claimed, the rightmost untrusted one is where they came from.
    let seen = seen(&deployment, &node, "198.51.100.1, 203.0.113.9, 10.1.2.3").await;
    assert_eq!(seen, "203.0.113.9");
    let mut visitor = node.visitor();
    visitor.headers = vec![("x-forwarded-for", "203.0.113.9".to_owned())];
    assert_eq!(
        visitor.get("/metrics").await.status,
        StatusCode::FORBIDDEN,
        "not from this machine"
    );
}

#[tokio::test]
async fn a_host_that_is_not_configured_gets_421_and_is_never_echoed() {
    let mut deployment = Deployment::sqlite().await;
    deployment.set("SEKISHO_EXTRA_HOSTS", "other.example");
    let node = deployment.start().await;
    let base = format!("http://{}", node.address());
    for (host, status) in [
        ("login.example", 200),
        ("other.example", 200),
        ("evil.example", 421),
        ("login.example.evil.example", 421),
        ("login.example:444", 421),
    ] {
        let mut visitor = super::Visitor::new(&base, host);
        visitor.headers = vec![("x-forwarded-host", "login.example".to_owned())];
        let answer = visitor.get("/.well-known/openid-configuration").await;
        assert_eq!(answer.status.as_u16(), status, "{host}");
        assert!(
            !answer.body.contains("other.example") && !answer.body.contains("evil"),
            "{}",
            answer.body
        );
        // A probe calls by address.
        assert_eq!(visitor.get("/readyz").await.status, StatusCode::OK);
    }
}
