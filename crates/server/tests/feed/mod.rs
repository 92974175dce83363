//! The revocation feed as a verifier meets it: through the real router, on both databases, with one node and with two.

mod access;
mod acks;
mod kept;
mod stories;
mod trouble;

use crate::browser::Answer;
use crate::site::{SECRET, Site, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use http_body_util::BodyExt as _;
use sekisho_verify::record::{Kind, Record};
use serde_json::Value;
use std::time::Duration;
use tower::ServiceExt as _;

/// When something that must come has not come, the story has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const AUDIENCE: &str = "https://login.example/revocations";

impl Site {
    /// A token for the feed, of the client `machine`.
    async fn feed_token(&self) -> String {
        self.allow("machine", AUDIENCE, "read:revocations").await;
        self.machine_token(AUDIENCE).await
    }

    async fn machine_token(&self, audience: &str) -> String {
        let fields = [("grant_type", "client_credentials"), ("audience", audience)];
        let answer = self
            .post("/oauth/token", Some(("machine", SECRET)), &fields)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Writes records as whatever ends something does.
    async fn revoke(&self, records: &[Record]) -> u64 {
        let records = records.to_vec();
        self.app
            .db
            .tx(async move |tx| {
                for record in &records {
                    tx.record(*record);
                }
                Ok(())
            })
            .await
            .unwrap();
        sekisho_store::revocations::head(&self.app.db).await.unwrap().seq
    }

    /// A record of a session that lives for another hour.
    fn ended(&self, sid: &str) -> Record {
        let exp = u64::try_from(self.now().seconds()).unwrap() + 3600;
        Record::session(self.app.feed.hash_key(), sid, exp)
    }

    async fn ask(&self, token: &str, path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
        let mut asked = request(Method::GET, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            asked = asked.header(name, *value);
        }
        self.send(asked.body(Body::empty()).unwrap()).await
    }

    async fn snapshot(&self, token: &str) -> Value {
        let answer = self.ask(token, "/revocations/snapshot?v=1", &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    /// Listens from a snapshot on.
    async fn listen(&self, token: &str, snapshot: &Value, more: &str) -> Stream {
        let (feed_id, seq) = (snapshot["feed_id"].as_str().unwrap(), &snapshot["seq"]);
        let path = format!("/revocations?v=1&feed_id={feed_id}&after={seq}{more}");
        let asked = request(Method::GET, &path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::ACCEPT, "text/event-stream");
        let response = self
            .router
            .clone()
            .oneshot(asked.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        if parts.status != StatusCode::OK {
            let said = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            panic!("{} {}", parts.status, String::from_utf8_lossy(&said));
        }
        assert_eq!(parts.headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(parts.headers["x-accel-buffering"], "no");
        Stream {
            body,
            read: String::new(),
        }
    }

    /// Long polls.
    async fn poll(&self, token: &str, feed_id: &Value, after: u64, wait: u64) -> Answer {
        let feed_id = feed_id.as_str().unwrap();
        let path = format!("/revocations?v=1&feed_id={feed_id}&after={after}&wait={wait}");
        self.ask(token, &path, &[]).await
    }

    async fn acknowledge(&self, token: &str, body: &Value) -> Answer {
        let asked = request(Method::POST, "/revocations/ack")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(asked.body(Body::from(body.to_string())).unwrap()).await
    }
}

/// A stream that is read.
struct Stream {
    body: Body,
    read: String,
}

/// One event.
#[derive(Debug)]
struct Said {
    name: String,
    id: Option<String>,
    data: Value,
}

impl Stream {
    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let text: String = self.read.drain(..end + 2).collect();
                return Some(Said::parse(&text));
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
            let bytes = frame
                .unwrap_or_else(|_| panic!("the stream fell silent"))?
                .unwrap()
                .into_data()
                .unwrap();
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event that is no heartbeat.
    async fn news(&mut self) -> Option<Said> {
        loop {
            match self.next().await {
                Some(said) if said.name == "heartbeat" => {}
                said => return said,
            }
        }
    }

    async fn records(&mut self) -> Value {
        let said = self.news().await.unwrap();
        assert_eq!(said.name, "records", "{said:?}");
        assert_eq!(said.id.unwrap(), said.data["seq"].to_string());
        said.data
    }
}

impl Said {
    fn parse(text: &str) -> Self {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .map(str::to_owned)
        };
        Self {
            name: field("event").unwrap(),
            id: field("id"),
            data: serde_json::from_str(&field("data").unwrap()).unwrap(),
        }
    }
}

/// As a record is written on the wire.
fn wire(record: &Record) -> Value {
    match record.kind {
        Kind::Issuer => serde_json::json!(["I", "", record.exp, record.nbf]),
        kind if kind.has_nbf() => {
            serde_json::json!([kind.letter(), record.key.to_string(), record.exp, record.nbf])
        }
        kind => serde_json::json!([kind.letter(), record.key.to_string(), record.exp]),
    }
}
