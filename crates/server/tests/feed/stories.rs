//! What a verifier that behaves sees: a snapshot, then everything that is revoked from there on.

use super::wire;
use crate::site::{Site, engines};
use axum::http::{StatusCode, header};
use sekisho_verify::record::Record;
use serde_json::{Value, json};
use std::io::Read as _;

engines!(
    a_snapshot_and_the_stream_after_it_have_every_record_once,
    a_reader_that_was_away_goes_on_where_it_was,
    a_long_poll_answers_when_there_is_something_and_when_the_time_is_over,
    the_stream_says_what_ends_its_own_token_and_asks_for_another,
);

async fn a_snapshot_and_the_stream_after_it_have_every_record_once(site: Site) {
    let token = site.feed_token().await;
    let first = site.ended("s1");
    site.revoke(&[first]).await;
    let snapshot = site.snapshot(&token).await;
    assert_eq!(snapshot["v"], 1);
    assert_eq!(snapshot["records"], json!([wire(&first)]));
    assert_eq!(
        snapshot["hash_key"].as_str().unwrap(),
        site.app.feed.hash_key().to_hex()
    );
    let mut stream = site.listen(&token, &snapshot, "").await;
    let beat = stream.next().await.unwrap();
    assert_eq!((beat.name.as_str(), &beat.id), ("heartbeat", &None));
    assert_eq!(beat.data["seq"], snapshot["seq"]);
    assert_eq!(beat.data["jwks_etag"], snapshot["jwks_etag"]);
    let jwks = site.get("/.well-known/jwks.json").await;
    assert_eq!(
        jwks.header("etag"),
        format!("\"{}\"", beat.data["jwks_etag"].as_str().unwrap())
    );

    let now = u64::try_from(site.now().seconds()).unwrap();
    let hash = site.app.feed.hash_key();
    let more = [
        Record::grant(hash, "g", now + 60),
        Record::token(hash, "j", now + 60),
        Record::user(hash, "auth0|nobody", now + 1, now + 60),
        Record::client(hash, "nothing", now + 3, now + 60),
        Record::signing_key(hash, "k", now + 60),
    ];
    site.revoke(&more).await;
    let batch = stream.records().await;
    assert_eq!(batch["prev"], snapshot["seq"]);
    assert_eq!(batch["seq"], snapshot["seq"].as_u64().unwrap() + 5);
    assert_eq!(batch["feed_id"], snapshot["feed_id"]);
    let said: Vec<Value> = more.iter().map(wire).collect();
    assert_eq!(batch["records"], Value::Array(said));
    // Many at once come in several batches without a gap.
    let many: Vec<Record> = (0..2500).map(|i| site.ended(&format!("m{i}"))).collect();
    let head = site.revoke(&many).await;
    let (mut seq, mut got) = (batch["seq"].as_u64().unwrap(), Vec::new());
    while seq < head {
        let batch = stream.records().await;
        assert_eq!(batch["prev"], seq);
        seq = batch["seq"].as_u64().unwrap();
        got.extend(batch["records"].as_array().unwrap().clone());
    }
    assert_eq!(got, many.iter().map(wire).collect::<Vec<_>>());
    let beat = stream.next().await.unwrap();
    assert_eq!(beat.data["seq"], head);
}

async fn a_reader_that_was_away_goes_on_where_it_was(site: Site) {
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let missed = [site.ended("s1"), site.ended("s2"), site.ended("s3")];
    for record in &missed {
        site.revoke(&[*record]).await;
    }
    let mut stream = site.listen(&token, &snapshot, "").await;
    let mut seen = Vec::new();
    while seen.len() < missed.len() {
        seen.extend(stream.records().await["records"].as_array().unwrap().clone());
    }
    assert_eq!(seen, missed.iter().map(wire).collect::<Vec<_>>());
    drop(stream);
    // Also after a restart of the node, without a snapshot.
    let site = site.restart().await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    let batch = stream.records().await;
    assert_eq!(batch["prev"], snapshot["seq"]);
    assert_eq!(batch["records"].as_array().unwrap(), &seen);
}

async fn a_long_poll_answers_when_there_is_something_and_when_the_time_is_over(site: Site) {
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let (feed_id, seq) = (&snapshot["feed_id"], snapshot["seq"].as_u64().unwrap());
    let empty = site.poll(&token, feed_id, seq, 0).await;
    assert_eq!(empty.status, StatusCode::OK, "{}", empty.body);
    assert_eq!(empty.header("content-type"), "application/json");
    let empty = empty.json();
    assert_eq!((&empty["prev"], &empty["seq"]), (&json!(seq), &json!(seq)));
    assert_eq!(empty["records"], json!([]));
    let record = site.ended("s1");
    let (answer, _) = tokio::join!(site.poll(&token, feed_id, seq, 25), async {
        // The poll waits by now.
        while site.app.feed.figures(site.now()).streams == 0 {
            tokio::task::yield_now().await;
        }
        site.revoke(&[record]).await
    });
    let batch = answer.json();
    assert_eq!(batch["prev"], seq);
    assert_eq!(batch["records"], json!([wire(&record)]));
    let known = site.poll(&token, feed_id, seq, 25).await.json();
    assert_eq!(known["records"], batch["records"], "at once");
}

async fn the_stream_says_what_ends_its_own_token_and_asks_for_another(site: Site) {
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    // The red button.
    let now = u64::try_from(site.now().seconds()).unwrap();
    let button = Record::issuer(now + 3, now + 86_400);
    site.revoke(&[button]).await;
    assert_eq!(stream.records().await["records"], json!([wire(&button)]));
    assert_eq!(stream.news().await.unwrap().name, "reauth");
    // It is not blind meanwhile.
    let next = site.ended("s1");
    site.revoke(&[next]).await;
    assert_eq!(stream.records().await["records"], json!([wire(&next)]));
    let refused = site.ask(&token, "/revocations/snapshot?v=1", &[]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.body.contains("revoked"), "{}", refused.body);
    site.pass(61);
    assert!(stream.news().await.is_none(), "closed after a minute");
    // A new token is good.
    let token = site.feed_token().await;
    let snapshot = site.snapshot(&token).await;
    let mut stream = site.listen(&token, &snapshot, "").await;
    // An expiry is announced the same way. The snapshot may be a second old, so something may come first.
    site.pass(86_400);
    let said = loop {
        match stream.news().await.unwrap() {
            said if said.name == "records" => {}
            said => break said,
        }
    };
    assert_eq!((said.name.as_str(), said.data), ("reauth", json!({})));
    site.pass(60);
    assert!(stream.news().await.is_none());
}

#[tokio::test]
async fn a_snapshot_is_made_once_compressed_and_not_sent_twice() {
    let site = Site::new().await;
    let token = site.feed_token().await;
    let records: Vec<Record> = (0..100).map(|i| site.ended(&i.to_string())).collect();
    site.revoke(&records).await;
    let path = "/revocations/snapshot?v=1";
    let plain = site.ask(&token, path, &[]).await;
    assert_eq!(plain.header("vary"), "Accept-Encoding, Authorization");
    assert_eq!(plain.header("content-encoding"), "");
    let etag = plain.header("etag").to_owned();
    let known = site.ask(&token, path, &[(header::IF_NONE_MATCH, &etag)]).await;
    assert_eq!(
        (known.status, known.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    let asked = crate::site::request(axum::http::Method::GET, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::ACCEPT_ENCODING, "gzip");
    let (parts, body) = site
        .send_raw(asked.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(parts.headers[header::CONTENT_ENCODING], "gzip");
    assert!(
        body.len() < plain.body.len(),
        "{} {}",
        body.len(),
        plain.body.len()
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&body[..])
        .read_to_string(&mut text)
        .unwrap();
    let (zipped, whole): (Value, Value) = (serde_json::from_str(&text).unwrap(), plain.json());
    assert_eq!(zipped["records"], whole["records"]);
    assert_eq!(whole["records"].as_array().unwrap().len(), 100);
}
