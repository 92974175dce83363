//! The published vectors of the revocation feed (`sdk/vectors`), which the verifiers of every language share.

use std::collections::BTreeMap;

use sekisho_verify::feed::{Batch, FeedError};
use sekisho_verify::record::{HashKey, HashedSubject, Kind, Subject, hits};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    hash_key: String,
    keys: Vec<KeyCase>,
    tokens: BTreeMap<String, Token>,
    records: Vec<RecordCase>,
    refused_records: Vec<RefusedCase>,
}

#[derive(Deserialize)]
struct KeyCase {
    kind: String,
    id: String,
    key: String,
}

#[derive(Deserialize)]
struct Token {
    iat: u64,
    kid: Option<String>,
    jti: Option<String>,
    gid: Option<String>,
    sid: Option<String>,
    sub: Option<String>,
    #[serde(default)]
    actors: Vec<String>,
    client: Option<String>,
}

#[derive(Deserialize)]
struct RecordCase {
    name: String,
    record: Value,
    hits: Vec<String>,
}

#[derive(Deserialize)]
struct RefusedCase {
    name: String,
    record: Value,
    error: String,
}

fn vectors() -> (Vectors, HashKey) {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../../sdk/vectors/revocation.json")).unwrap();
    let hash = HashKey::from_hex(&vectors.hash_key).unwrap();
    (vectors, hash)
}

fn batch_of(record: &Value) -> Result<Batch, FeedError> {
    let batch = serde_json::json!({
        "v": 1, "feed_id": "fd", "prev": 0, "seq": 1, "as_of": 1, "jwks_etag": "", "records": [record],
    });
    Batch::parse(batch.to_string().as_bytes())
}

#[test]
fn keys_are_as_published() {
    let (vectors, hash) = vectors();
    assert!(vectors.keys.len() > 40);
    for case in vectors.keys {
        let kind = Kind::from_letter(&case.kind).unwrap();
        assert_eq!(
            hash.key(kind, &case.id).to_string(),
            case.key,
            "{} {}",
            case.kind,
            case.id
        );
    }
}

#[test]
fn records_end_the_published_tokens_and_no_others() {
    let (vectors, hash) = vectors();
    for case in &vectors.records {
        let record = batch_of(&case.record).unwrap().records[0];
        assert_eq!(
            serde_json::to_value(record).unwrap(),
            case.record,
            "{}",
            case.name
        );
        for (name, token) in &vectors.tokens {
            let subject = Subject {
                iat: token.iat,
                kid: token.kid.as_deref(),
                jti: token.jti.as_deref(),
                gid: token.gid.as_deref(),
                sid: token.sid.as_deref(),
                sub: token.sub.as_deref(),
                actors: &token.actors,
                client: token.client.as_deref(),
            };
            assert_eq!(
                hits(&record, &HashedSubject::new(&hash, &subject)),
                case.hits.contains(name),
                "{} against {name}",
                case.name
            );
        }
    }
}

#[test]
fn records_that_are_not_understood_are_refused() {
    for case in vectors().0.refused_records {
        let expected = match case.error.as_str() {
            "unknown_kind" => FeedError::UnknownKind,
            _ => FeedError::Malformed,
        };
        assert_eq!(batch_of(&case.record).unwrap_err(), expected, "{}", case.name);
    }
}
