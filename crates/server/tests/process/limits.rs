//! How much a node takes from anybody, with the limits an operator sets.

use super::{Deployment, Node};
use axum::http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn say(node: &Node, words: &str) -> String {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    // The other side may answer and close before everything is said.
    let _ = stream.write_all(words.as_bytes()).await;
    let mut heard = vec![];
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

fn post(path: &str, length: usize, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: login.example\r\norigin: https://app.example\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn threat_25_bodies_that_are_too_slow_or_too_large_are_refused_in_the_tongue_of_the_path() {
    let mut deployment = Deployment::sqlite().await;
    deployment.set("SEKISHO_BODY_TIMEOUT", "1");
    deployment.set("SEKISHO_MAX_BODY_BYTES", "5000");
    let node = deployment.start().await;
    for (path, kind) in [("/oauth/token", "application/json"), ("/u/login", "text/html")] {
        for (status, length) in [("408", 100), ("413", 5001)] {
            let heard = say(&node, &post(path, length, "grant_type=")).await;
            assert!(
                heard.starts_with(&format!("HTTP/1.1 {status}")),
                "{path}: {heard}"
            );
            assert!(heard.contains(&format!("content-type: {kind}")), "{heard}");
            let allowed = heard.contains("access-control-allow-origin: https://app.example");
            assert_eq!(allowed, kind == "application/json", "{heard}");
        }
    }
    // At the limit it is read.
    let most = format!("grant_type={}", "x".repeat(5000 - 11));
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    stream
        .write_all(post("/oauth/token", 5000, &most).as_bytes())
        .await
        .unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 400");
}

#[tokio::test]
async fn threat_25_a_flood_of_headers_is_cut_and_others_are_served() {
    let mut deployment = Deployment::sqlite().await;
    deployment.set("SEKISHO_HEADER_TIMEOUT", "1");
    let node = deployment.start().await;
    let get = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: login.example\r\n";
    let many: String = (0..200).map(|i| format!("x-{i}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(1_000_000));
    for words in [many, long] {
        let heard = say(&node, &format!("{get}{words}\r\n")).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{heard}");
    }
    // Heads that never end are let go of, and hold nobody up meanwhile.
    let mut idle = vec![];
    for _ in 0..50 {
        let mut stream = TcpStream::connect(node.address()).await.unwrap();
        stream.write_all(get.as_bytes()).await.unwrap();
        idle.push(stream);
    }
    assert_eq!(
        node.visitor().get("/.well-known/jwks.json").await.status,
        StatusCode::OK
    );
    for mut stream in idle {
        let mut heard = vec![];
        let _ = stream.read_to_end(&mut heard).await;
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 408"));
    }
    assert!(node.stop().await.success());
}
