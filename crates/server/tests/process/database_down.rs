//! A PostgreSQL that stops: the node says so, refuses politely, loses nothing, and recovers by itself.

use super::visitor::{request, text};
use super::{Deployment, eventually};
use axum::http::{StatusCode, header};
use sekisho_test_postgres::Server;

#[tokio::test]
async fn a_database_that_is_down_is_told_with_503_and_comes_back_by_itself() {
    let mut server = Server::start();
    let deployment = Deployment::with(&[("DATABASE_URL", &server.fresh_database())]).await;
    let mut node = deployment.start().await;
    let mut visitor = node.visitor();
    let tokens = visitor.tokens(&deployment).await;
    visitor.headers = vec![("origin", "https://app.example".to_owned())];
    let access = text(&tokens["access_token"]);
    let refresh = visitor.next(&deployment, &text(&tokens["refresh_token"])).await;

    server.stop();
    let ready = visitor.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.body.starts_with("not ready"), "{}", ready.body);
    assert_eq!(
        visitor.get("/healthz").await.status,
        StatusCode::OK,
        "the process is well"
    );
    assert_eq!(
        visitor.get("/.well-known/jwks.json").await.status,
        StatusCode::OK,
        "keys are in memory"
    );
    for answer in [
        visitor.refresh(&deployment.spa, &refresh).await,
        visitor.machine(&deployment).await,
        visitor.userinfo(&access).await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert_eq!(answer.error(), "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://app.example"
        );
    }
    let page = visitor.get(&request(&deployment)).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.headers.get(header::LOCATION).is_none());
    node.says("\"message\":\"not ready\"").await;
    let metrics = visitor.get("/metrics").await.body;
    let faults = metrics
        .lines()
        .find_map(|line| line.strip_prefix("sekisho_database_faults_total "));
    assert!(faults.unwrap().parse::<u64>().unwrap() >= 5, "{metrics}");

    server.start_again();
    eventually("the node is ready again", async || {
        visitor.get("/readyz").await.status == StatusCode::OK
    })
    .await;
    visitor.next(&deployment, &refresh).await;
    assert_eq!(visitor.userinfo(&access).await.status, StatusCode::OK);
    assert!(
        visitor.get(&request(&deployment)).await.param("code").is_some(),
        "still signed in"
    );
    assert!(node.stop().await.success());
}
