//! `serve`: it says when it is ready, answers its probes, and does the main job on both engines.

use super::visitor::{request, text};
use super::{Deployment, SCOPES};
use crate::browser::claims;
use crate::site::{API, EMAIL};
use axum::http::StatusCode;

#[tokio::test]
async fn serve_does_the_main_job_on_both_engines() {
    for deployment in Deployment::both().await {
        let node = deployment.start().await;
        let mut visitor = node.visitor();
        for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
            let answer = visitor.get(path).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, body));
        }
        let discovery = visitor.get("/.well-known/openid-configuration").await.json();
        assert_eq!(discovery["issuer"], "https://login.example/");

        let tokens = visitor.tokens(&deployment).await;
        assert_eq!(claims(&tokens["id_token"])["email"], EMAIL);
        let profile = visitor.userinfo(&text(&tokens["access_token"])).await;
        assert_eq!(profile.json()["email"], EMAIL, "{}", profile.body);
        assert!(visitor.get(&request(&deployment)).await.param("code").is_some());
        let machine = visitor.machine(&deployment).await.json();
        assert_eq!(machine["scope"], SCOPES);
        assert_eq!(claims(&machine["access_token"])["aud"], API);

        let metrics = visitor.get("/metrics").await;
        assert!(
            metrics
                .header("content-type")
                .starts_with("application/openmetrics-text")
        );
        for line in [
            "sekisho_tokens_issued_total{grant=\"authorization_code\"} 1",
            "sekisho_tokens_issued_total{grant=\"client_credentials\"} 1",
            "sekisho_passwords_hashed 1",
            "sekisho_requests_total{method=\"POST\",route=\"/oauth/token\",status=\"200\"} 2",
        ] {
            assert!(metrics.body.contains(line), "{line}\n{}", metrics.body);
        }
        assert!(node.stop().await.success());
    }
}

#[tokio::test]
async fn every_answer_can_be_found_in_the_log_by_its_id() {
    let deployment = Deployment::sqlite().await;
    let mut node = deployment.start().await;
    let answer = node.visitor().get("/.well-known/jwks.json").await;
    let line = node.says(answer.header("x-request-id")).await;
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["span"]["path"], "/.well-known/jwks.json");
    assert_eq!(
        (&line["message"], &line["status"]),
        (&"answered".into(), &200.into())
    );
}
