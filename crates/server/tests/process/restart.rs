//! Ending and starting again: open requests are answered, and what was answered is never lost.

use super::visitor::{request, text};
use super::{Deployment, eventually};
use axum::http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn sigterm_lets_open_requests_finish_and_takes_no_new_ones() {
    let deployment = Deployment::sqlite().await;
    let mut node = deployment.start().await;
    let (id, secret) = &deployment.machine;
    let body = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&audience=https://api.example/"
    );
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nhost: login.example\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut open = TcpStream::connect(node.address()).await.unwrap();
    open.write_all(head.as_bytes()).await.unwrap();
    // The interim answer shows that the request has begun.
    let mut interim = [0; 25];
    open.read_exact(&mut interim).await.unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"));

    node.signal("TERM");
    eventually("new connections are refused", async || {
        TcpStream::connect(node.address()).await.is_err()
    })
    .await;
    open.write_all(body.as_bytes()).await.unwrap();
    let mut heard = String::new();
    open.read_to_string(&mut heard).await.unwrap();
    assert!(
        heard.starts_with("HTTP/1.1 200") && heard.contains("access_token"),
        "{heard}"
    );
    assert!(heard.contains("connection: close"), "{heard}");
    assert!(node.ended().await.success());
    assert!(
        node.log().contains("every open request was answered"),
        "{}",
        node.log()
    );
}

#[tokio::test]
async fn threat_02_a_restart_remembers_that_a_refresh_token_was_used() {
    for deployment in Deployment::both().await {
        let node = deployment.start().await;
        let mut visitor = node.visitor();
        let first = text(&visitor.tokens(&deployment).await["refresh_token"]);
        let second = visitor.next(&deployment, &first).await;
        let third = visitor.next(&deployment, &second).await;
        assert!(node.stop().await.success());

        let node = deployment.start().await;
        let mut visitor = node.visitor();
        let replayed = visitor.refresh(&deployment.spa, &first).await;
        assert_eq!(
            (replayed.status, replayed.error().as_str()),
            (StatusCode::FORBIDDEN, "invalid_grant")
        );
        let tip = visitor.refresh(&deployment.spa, &third).await;
        assert_eq!(tip.error(), "invalid_grant", "the replay ends the family");
    }
}

#[tokio::test]
async fn what_was_answered_survives_sigkill() {
    for deployment in Deployment::both().await {
        let node = deployment.start().await;
        let mut visitor = node.visitor();
        let tokens = visitor.tokens(&deployment).await;
        let child = visitor.next(&deployment, &text(&tokens["refresh_token"])).await;
        let spent = visitor.code(&request(&deployment)).await;
        assert_eq!(
            visitor.redeem(&deployment.spa, &spent).await.status,
            StatusCode::OK
        );
        let code = visitor.code(&request(&deployment)).await;
        node.kill().await;

        let node = deployment.start().await;
        let mut after = node.visitor();
        after.jar = visitor.jar.clone();
        assert_eq!(after.redeem(&deployment.spa, &code).await.status, StatusCode::OK);
        assert_eq!(
            after.redeem(&deployment.spa, &spent).await.error(),
            "invalid_grant"
        );
        let signed_in = after.get(&request(&deployment)).await;
        assert!(signed_in.param("code").is_some(), "the session is still there");
        after.next(&deployment, &child).await;
        let profile = after.userinfo(&text(&tokens["access_token"])).await;
        assert_eq!(
            profile.status,
            StatusCode::OK,
            "signed by the same key: {}",
            profile.body
        );
    }
}
