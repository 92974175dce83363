//! The revocation feed of a real process: silent while its database is down, so that it never makes a verifier look fresh.

use super::{Deployment, eventually};
use axum::http::{StatusCode, header};
use sekisho::admin::{Actor, clients, grants};
use sekisho_test_postgres::Server;
use sekisho_verify::Scope;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

const AUDIENCE: &str = "https://login.example/revocations";

/// The machine's clock, in Unix milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with what another process says of the same clock"
)]
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

struct Reader {
    http: reqwest::Client,
    address: SocketAddr,
    token: String,
}

impl Reader {
    async fn get(&self, path: &str) -> reqwest::Response {
        let asked = self
            .http
            .get(format!("http://{}{path}", self.address))
            .header(header::HOST, "login.example")
            .header(header::ACCEPT, "text/event-stream")
            .bearer_auth(&self.token);
        asked.send().await.unwrap()
    }
}

/// The `as_of` of the next heartbeat; `None` at the end.
async fn heartbeat(stream: &mut reqwest::Response, read: &mut String) -> Option<u64> {
    loop {
        if let Some(end) = read.find("\n\n") {
            let text: String = read.drain(..end + 2).collect();
            let data = text.strip_prefix("event: heartbeat\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            return Some(data["as_of"].as_u64().unwrap());
        }
        let more = stream.chunk().await.unwrap()?;
        read.push_str(std::str::from_utf8(&more).unwrap());
    }
}

#[tokio::test]
async fn no_heartbeat_is_sent_while_the_database_is_down() {
    let mut server = Server::start();
    let deployment = Deployment::with(&[("DATABASE_URL", &server.fresh_database())]).await;
    let app = deployment.open().await;
    let machine = clients::find(&app, &deployment.machine.0).await.unwrap();
    let scope = Scope::parse("read:revocations").unwrap();
    grants::put(&app, Actor::Operator, &machine, AUDIENCE, scope)
        .await
        .unwrap();
    drop(app);
    let mut node = deployment.start().await;
    let mut visitor = node.visitor();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", deployment.machine.0.as_str()),
        ("client_secret", &deployment.machine.1),
        ("audience", AUDIENCE),
    ];
    let token = visitor.post("/oauth/token", &fields).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let reader = Reader {
        http,
        address: node.address(),
        token,
    };
    let snapshot: Value = reader
        .get("/revocations/snapshot?v=1")
        .await
        .json()
        .await
        .unwrap();
    let feed_id = snapshot["feed_id"].as_str().unwrap();
    let path = format!("/revocations?v=1&feed_id={feed_id}&after={}", snapshot["seq"]);
    let mut stream = reader.get(&path).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let mut read = String::new();
    let first = heartbeat(&mut stream, &mut read).await.unwrap();
    let second = heartbeat(&mut stream, &mut read).await.unwrap();
    assert!(first < second, "a heartbeat says how fresh it is");

    server.stop();
    let stopped = now();
    eventually("the node lets no reader in", async || {
        reader.get(&path).await.status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let refused = reader.get("/revocations/snapshot?v=1").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    let metrics = visitor.get("/metrics").await.body;
    let age = metrics
        .lines()
        .find_map(|line| line.strip_prefix("sekisho_feed_age_seconds "));
    assert!(age.unwrap().parse::<f64>().unwrap() >= 5.0, "{metrics}");

    let started = now();
    server.start_again();
    loop {
        let as_of = heartbeat(&mut stream, &mut read)
            .await
            .expect("the stream outlives it");
        assert!(
            as_of <= stopped || as_of >= started,
            "{stopped} {as_of} {started}"
        );
        if as_of >= started {
            break;
        }
    }
    node.says("the revocation feed is read again").await;
    // Open streams do not hold up a stop, and end as streams should.
    let (status, ()) = tokio::join!(node.stop(), async {
        while heartbeat(&mut stream, &mut read).await.is_some() {}
    });
    assert!(status.success());
}
