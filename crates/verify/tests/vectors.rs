//! The published vectors of the revocation feed (`sdk/vectors`), which the verifiers of every language share.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use sekisho_verify::feed::{Batch, FeedError, Heartbeat, Snapshot};
use sekisho_verify::record::{HashKey, HashedSubject, Kind, Subject, hits};
use sekisho_verify::revocations::{OnStale, Revocations, Say, State};
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

impl Token {
    fn subject(&self) -> Subject<'_> {
        Subject {
            iat: self.iat,
            kid: self.kid.as_deref(),
            jti: self.jti.as_deref(),
            gid: self.gid.as_deref(),
            sid: self.sid.as_deref(),
            sub: self.sub.as_deref(),
            actors: &self.actors,
            client: self.client.as_deref(),
        }
    }
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
            assert_eq!(
                hits(&record, &HashedSubject::new(&hash, &token.subject())),
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

#[derive(Deserialize)]
struct Sequences {
    policies: Vec<BTreeMap<String, String>>,
    sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Sequence {
    name: String,
    steps: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Look {
    at: u64,
    state: String,
    age: Option<u64>,
    revoked: Vec<String>,
    position: Option<(String, u64)>,
}

fn sequences() -> Sequences {
    serde_json::from_str(include_str!("../../../sdk/vectors/revocation.json")).unwrap()
}

#[test]
fn policies_say_what_is_published() {
    let states = [
        State::NeverLoaded,
        State::Fresh,
        State::Stale { age: 0 },
        State::TooOld { age: 0 },
    ];
    let policies = sequences().policies;
    assert_eq!(policies.len(), states.len());
    for (state, policy) in states.into_iter().zip(policies) {
        assert_eq!(state.name(), policy["state"]);
        for (on_stale, name) in [
            (OnStale::Closed, "closed"),
            (OnStale::Introspect, "introspect"),
            (OnStale::UntilExp, "until_exp"),
        ] {
            let say = match on_stale.say(state) {
                Say::Accept => "accept",
                Say::AcceptStale => "accept_stale",
                Say::Ask => "ask",
                Say::Nothing => "nothing",
            };
            assert_eq!(say, policy[name], "{} under {name}", state.name());
        }
    }
}

#[test]
fn sequences_end_where_they_are_published_to() {
    let (vectors, _) = vectors();
    for sequence in sequences().sequences {
        let mut verifier = Revocations::default();
        for (at, step) in sequence.steps.iter().enumerate() {
            let place = format!("{}, step {at}", sequence.name);
            let text = |name| step.get(name).map(|document: &Value| document.to_string());
            let number = |name| step.get(name).and_then(Value::as_i64);
            let time = |name| number(name).and_then(|time| u64::try_from(time).ok());
            let mut applied = None;
            if let Some(snapshot) = text("snapshot") {
                verifier.load(&Snapshot::parse(snapshot.as_bytes()).unwrap());
            } else if let Some(batch) = text("batch") {
                let batch = Batch::parse(batch.as_bytes());
                if batch.is_err() {
                    // Whoever brings the feed says so.
                    verifier.distrust();
                }
                applied = Some(batch.is_ok_and(|batch| verifier.apply(&batch).is_ok()));
            } else if let Some(heartbeat) = text("heartbeat") {
                let heartbeat = Heartbeat::parse(heartbeat.as_bytes()).unwrap();
                applied = Some(verifier.beat(&heartbeat).is_ok());
            } else if step.contains_key("not_understood") {
                verifier.distrust();
            } else if let Some(offset) = number("offset") {
                verifier.set_offset(offset);
            } else if let Some(now) = time("sweep") {
                verifier.sweep(now);
            } else if let Some(now) = time("restart") {
                let kept = verifier.export().unwrap().to_json();
                verifier = Revocations::default();
                verifier.restore(&Snapshot::parse(kept.as_bytes()).unwrap(), now);
            } else {
                look(&verifier, &step["look"], &vectors.tokens, &place);
            }
            if let Some(applied) = applied {
                let then = if applied { "applied" } else { "snapshot" };
                assert_eq!(step["then"], then, "{place}");
            }
        }
    }
}

#[track_caller]
fn look(verifier: &Revocations, expected: &Value, tokens: &BTreeMap<String, Token>, place: &str) {
    let expected: Look = serde_json::from_value(expected.clone()).unwrap();
    let state = verifier.freshness(expected.at);
    assert_eq!(state.name(), expected.state, "{place}");
    if let (State::Stale { age } | State::TooOld { age }, Some(published)) = (state, expected.age) {
        assert_eq!(age, published, "{place}");
    }
    for (name, token) in tokens {
        let ended = verifier.ended(&token.subject(), expected.at / 1_000);
        assert_eq!(
            ended.is_some(),
            expected.revoked.contains(name),
            "{place}: {name}"
        );
    }
    if let Some(position) = expected.position {
        let held = verifier.position().map(|held| (held.feed_id, held.seq));
        assert_eq!(held, Some(position), "{place}");
    }
}
