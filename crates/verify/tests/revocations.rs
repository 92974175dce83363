//! The verifier's knowledge against a naive model: whatever comes, in whatever order, it holds what the model holds and
//! says of every token what the records say.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use sekisho_verify::feed::{Batch, Heartbeat, Snapshot};
use sekisho_verify::record::{HashKey, HashedSubject, Key, Kind, Record, Subject, hits};
use sekisho_verify::revocations::{Freshness, OnStale, Position, Revocations, Say, State, Unfit};

const HASH: HashKey = HashKey::new([3; 16]);
const NOW: u64 = 1_800_000_000;

fn snapshot(feed_id: &str, seq: u64, records: Vec<Record>) -> Snapshot {
    Snapshot {
        feed_id: feed_id.to_owned(),
        seq,
        as_of: NOW * 1_000,
        hash_key: HASH,
        jwks_etag: "e".to_owned(),
        records,
    }
}

fn batch(feed_id: &str, prev: u64, records: Vec<Record>) -> Batch {
    Batch {
        feed_id: feed_id.to_owned(),
        prev,
        seq: prev + records.len() as u64,
        as_of: NOW * 1_000,
        jwks_etag: "e".to_owned(),
        records,
    }
}

fn beat(feed_id: &str, seq: u64, as_of: u64) -> Heartbeat {
    Heartbeat::new(feed_id.to_owned(), seq, as_of, "e".to_owned())
}

/// Few ids, so that they meet.
const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn id() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&IDS[..])
}

fn record() -> impl Strategy<Value = Record> {
    let kind = prop::sample::select(&Kind::ALL[..]);
    (kind, id(), NOW - 90..NOW + 90, NOW - 90..NOW + 90).prop_map(|(kind, id, nbf, exp)| match kind {
        // Those with nbf are in force: of one that is over, its nbf may still be there for the next of its name. That
        // refuses nobody, for what was issued before it is over too.
        Kind::Issuer => Record::issuer(nbf - 60, exp.max(NOW - 59)),
        kind if kind.has_nbf() => Record::from_parts(kind, HASH.key(kind, id), nbf, exp.max(NOW - 59)),
        kind => Record::from_parts(kind, HASH.key(kind, id), 0, exp),
    })
}

#[derive(Debug, Clone)]
struct Token {
    iat: u64,
    ids: [Option<&'static str>; 6],
    actors: Vec<String>,
}

impl Token {
    fn subject(&self) -> Subject<'_> {
        let [kid, jti, gid, sid, sub, client] = self.ids;
        Subject {
            iat: self.iat,
            kid,
            jti,
            gid,
            sid,
            sub,
            actors: &self.actors,
            client,
        }
    }
}

fn token() -> impl Strategy<Value = Token> {
    let maybe = || prop::option::of(id());
    let ids = [maybe(), maybe(), maybe(), maybe(), maybe(), maybe()];
    let actors = prop::collection::vec(id().prop_map(str::to_owned), 0..3);
    (NOW - 100..NOW, ids, actors).prop_map(|(iat, ids, actors)| Token { iat, ids, actors })
}

#[derive(Debug, Clone)]
enum Step {
    /// The next records, as one batch.
    Batch(Vec<Record>),
    /// A batch that does not follow: its records must not count.
    Stray(Vec<Record>, Unfit),
    /// A snapshot of this or another feed.
    Snapshot(bool, Vec<Record>),
    Beat,
    Sweep(u64),
    /// Everything is written away and read by a new process.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let records = || prop::collection::vec(record(), 0..6);
    let strays = prop::sample::select(vec![Unfit::Gap, Unfit::Backwards, Unfit::OtherFeed]);
    let step = prop_oneof![
        4 => records().prop_map(Step::Batch),
        1 => (records(), strays).prop_map(|(records, stray)| Step::Stray(records, stray)),
        1 => (any::<bool>(), records()).prop_map(|(other, records)| Step::Snapshot(other, records)),
        1 => Just(Step::Beat),
        1 => (0_u64..200).prop_map(Step::Sweep),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..24)
}

/// All records ever taken, one by one.
#[derive(Default)]
struct Model {
    records: Vec<Record>,
    feed: Option<(String, u64)>,
}

impl Model {
    /// By kind and key the latest of each; so a record is what all of its name say together.
    fn merged(&self, now: u64) -> BTreeMap<(Kind, Key), Record> {
        let mut merged = BTreeMap::new();
        for record in &self.records {
            let held = merged.entry((record.kind, record.key)).or_insert(*record);
            held.nbf = held.nbf.max(record.nbf);
            held.exp = held.exp.max(record.exp);
        }
        merged.retain(|_, record| record.exp + 60 > now);
        merged
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn law_it_holds_what_it_was_told(steps in steps(), tokens in prop::collection::vec(token(), 1..12)) {
        let mut verifier = Revocations::default();
        let mut model = Model::default();
        let (mut feeds, mut doubt) = (0, false);
        for step in steps {
            match step {
                Step::Batch(_) | Step::Beat if doubt => {
                    prop_assert_eq!(verifier.beat(&beat("fd", 0, NOW * 1_000)), Err(Unfit::Distrusted));
                }
                Step::Batch(records) => {
                    let (feed_id, prev) = model.feed.clone().unwrap_or_default();
                    let taken = verifier.apply(&batch(&feed_id, prev, records.clone()));
                    prop_assert_eq!(taken.is_ok(), model.feed.is_some());
                    if taken.is_ok() {
                        model.feed = Some((feed_id, prev + records.len() as u64));
                        model.records.extend(records);
                    }
                }
                Step::Stray(records, stray) => {
                    if let Some((feed_id, prev)) = &model.feed {
                        let (feed_id, prev, unfit) = match stray {
                            Unfit::Gap => (feed_id.as_str(), prev + 1, Unfit::Gap),
                            Unfit::Backwards => (feed_id.as_str(), prev - 1, Unfit::Backwards),
                            _ => ("another", *prev, Unfit::OtherFeed),
                        };
                        let unfit = if doubt { Unfit::Distrusted } else { unfit };
                        prop_assert_eq!(verifier.apply(&batch(feed_id, prev, records)), Err(unfit));
                        doubt = true;
                    }
                }
                Step::Snapshot(other, records) => {
                    feeds += u64::from(other);
                    let feed_id = format!("fd_{feeds}");
                    let seq = model.feed.as_ref().map_or(7, |(_, seq)| seq + 3);
                    verifier.load(&snapshot(&feed_id, seq, records.clone()));
                    model.records.extend(records);
                    model.feed = Some((feed_id, seq));
                    doubt = false;
                }
                Step::Beat => {
                    let (feed_id, seq) = model.feed.clone().unwrap_or_default();
                    let taken = verifier.beat(&beat(&feed_id, seq, NOW * 1_000));
                    prop_assert_eq!(taken.is_ok(), model.feed.is_some());
                }
                Step::Sweep(ahead) => verifier.sweep((NOW + ahead) * 1_000),
                Step::Restart => {
                    let kept = verifier.export();
                    prop_assert_eq!(kept.is_some(), model.feed.is_some());
                    verifier = Revocations::default();
                    if let Some(kept) = kept {
                        let kept = Snapshot::parse(kept.to_json().as_bytes()).unwrap();
                        verifier.restore(&kept, NOW * 1_000);
                        doubt = false;
                    }
                }
            }
            let position = model.feed.clone().map(|(feed_id, seq)| Position { feed_id, seq });
            prop_assert_eq!(verifier.position(), position);
            // What can still hit a token is held, and nothing else hits one.
            let merged = model.merged(NOW);
            let held: BTreeMap<_, _> = verifier
                .export()
                .into_iter()
                .flat_map(|kept| kept.records)
                .filter(|record| record.exp + 60 > NOW)
                .map(|record| ((record.kind, record.key), record))
                .collect();
            prop_assert_eq!(&held, &merged);
            for token in &tokens {
                let hashed = HashedSubject::new(&HASH, &token.subject());
                let ended = verifier.ended(&token.subject(), NOW);
                prop_assert_eq!(ended.is_some(), merged.values().any(|record| hits(record, &hashed)));
                if let Some(kind) = ended {
                    let of_that_kind = |record: &&Record| record.kind == kind && hits(record, &hashed);
                    prop_assert!(merged.values().find(of_that_kind).is_some());
                }
            }
        }
    }

    #[test]
    fn law_order_does_not_count(
        records in prop::collection::vec(record(), 0..30).prop_shuffle(),
        seed in any::<prop::sample::Index>(),
    ) {
        let hold = |records: &[Record]| {
            let verifier = Revocations::default();
            verifier.load(&snapshot("fd", 0, Vec::new()));
            for (at, record) in records.iter().enumerate() {
                verifier.apply(&batch("fd", at as u64, vec![*record])).unwrap();
            }
            let mut held = verifier.export().unwrap().records;
            held.sort_unstable();
            held
        };
        let mut other = records.clone();
        if !other.is_empty() {
            let at = seed.index(other.len());
            other.rotate_left(at);
            other.reverse();
        }
        let all = Revocations::default();
        all.load(&snapshot("fd", 9, records.clone()));
        let mut at_once = all.export().unwrap().records;
        at_once.sort_unstable();
        prop_assert_eq!(hold(&records), hold(&other));
        prop_assert_eq!(hold(&records), at_once);
    }
}

#[test]
fn an_empty_verifier_is_not_one_with_nothing_revoked() {
    let verifier = Revocations::default();
    let state = verifier.freshness(NOW * 1_000);
    assert_eq!(state, State::NeverLoaded);
    assert_eq!(OnStale::Closed.say(state), Say::Nothing);
    assert_eq!(OnStale::UntilExp.say(state), Say::Nothing);
    assert_eq!(OnStale::Introspect.say(state), Say::Ask);
    assert_eq!(
        verifier.apply(&batch("fd", 0, Vec::new())),
        Err(Unfit::NoSnapshot)
    );
    assert_eq!(verifier.beat(&beat("fd", 0, NOW * 1_000)), Err(Unfit::NoSnapshot));
    assert!(!verifier.is_loaded() && verifier.position().is_none() && verifier.export().is_none());
    verifier.load(&snapshot("fd", 0, Vec::new()));
    assert_eq!(verifier.freshness(NOW * 1_000), State::Fresh);
}

#[test]
fn age_counts_from_what_the_issuer_had_read() {
    let verifier = Revocations::default();
    verifier.load(&snapshot("fd", 4, Vec::new()));
    let ms = NOW * 1_000;
    assert_eq!(verifier.freshness(ms + 2_000), State::Fresh);
    assert_eq!(verifier.freshness(ms + 2_001), State::Stale { age: 2_001 });
    assert_eq!(verifier.freshness(ms + 30_000), State::Stale { age: 30_000 });
    assert_eq!(verifier.freshness(ms + 30_001), State::TooOld { age: 30_001 });
    verifier.beat(&beat("fd", 4, ms + 29_000)).unwrap();
    assert_eq!(verifier.freshness(ms + 30_001), State::Fresh);
    // As of a time to come is a clock gone wrong, not freshness on credit.
    verifier.beat(&beat("fd", 4, ms + 3_600_000)).unwrap();
    assert_eq!(verifier.freshness(ms + 60_000), State::TooOld { age: 3_540_000 });
}

#[test]
fn what_does_not_follow_is_stale_until_a_snapshot() {
    let ms = NOW * 1_000;
    for (stray, unfit) in [
        (beat("fd", 5, ms + 60_000), Unfit::Gap),
        (beat("fd", 3, ms + 60_000), Unfit::Backwards),
        (beat("fe", 4, ms + 60_000), Unfit::OtherFeed),
    ] {
        let verifier = Revocations::default();
        verifier.load(&snapshot("fd", 4, Vec::new()));
        assert_eq!(verifier.beat(&stray), Err(unfit));
        assert_eq!(verifier.freshness(ms), State::Stale { age: 0 });
        assert_eq!(verifier.beat(&beat("fd", 4, ms)), Err(Unfit::Distrusted));
        verifier.load(&snapshot("fd", 4, Vec::new()));
        assert_eq!(verifier.freshness(ms), State::Fresh);
        assert_eq!(verifier.stats().unfit, 2);
    }
}

#[test]
fn what_was_kept_too_long_revokes_but_vouches_for_nothing() {
    let ms = NOW * 1_000;
    let kept = snapshot("fd", 4, vec![Record::session(&HASH, "s1", NOW + 100)]);
    let of = Subject {
        sid: Some("s1"),
        ..Subject::default()
    };
    let young = Revocations::default();
    young.restore(&kept, ms + 30_000);
    assert_eq!(young.freshness(ms + 30_000), State::Stale { age: 30_000 });
    for now in [ms + 30_001, ms - 30_001] {
        let old = Revocations::default();
        old.restore(&kept, now);
        assert_eq!(old.freshness(now), State::NeverLoaded);
        assert_eq!(old.ended(&of, NOW), Some(Kind::Session));
        assert!(!old.is_loaded() && old.export().is_none());
        // It goes on from where it was.
        assert_eq!(old.position().unwrap().seq, 4);
        old.beat(&beat("fd", 4, ms + 40_000)).unwrap();
        assert_eq!(old.freshness(ms + 40_000), State::Fresh);
    }
}

#[test]
fn clocks_may_differ_but_not_for_free() {
    let verifier = Revocations::default();
    verifier.load(&snapshot("fd", 4, Vec::new()));
    // Ours is 50 s behind.
    let ours = (NOW - 50) * 1_000;
    assert_eq!(verifier.freshness(ours), State::TooOld { age: 50_000 });
    verifier.set_offset(50_000);
    assert_eq!(verifier.freshness(ours), State::Fresh);
    assert_eq!(verifier.freshness(ours + 2_500), State::Stale { age: 2_500 });
    // And 61 s ahead: right about the age, but never fresh.
    let ours = (NOW + 61) * 1_000;
    verifier.set_offset(-61_000);
    assert_eq!(verifier.freshness(ours), State::Stale { age: 0 });
    verifier.set_offset(-60_000);
    assert_eq!(verifier.freshness(ours), State::Fresh);
}

#[test]
fn what_was_not_understood_is_stale_until_a_snapshot() {
    let verifier = Revocations::default();
    verifier.load(&snapshot("fd", 4, Vec::new()));
    verifier.distrust();
    let ms = NOW * 1_000;
    assert_eq!(verifier.freshness(ms), State::Stale { age: 0 });
    assert_eq!(verifier.beat(&beat("fd", 4, ms + 500)), Err(Unfit::Distrusted));
    assert_eq!(
        verifier.apply(&batch("fd", 4, Vec::new())),
        Err(Unfit::Distrusted)
    );
    assert_eq!(verifier.freshness(ms + 30_001), State::TooOld { age: 30_001 });
    verifier.load(&snapshot("fd", 4, Vec::new()));
    assert_eq!(verifier.freshness(ms), State::Fresh);
    assert_eq!(verifier.stats().not_understood, 1);
}

#[test]
fn a_restored_issuer_forgets_nothing_here() {
    let verifier = Revocations::default();
    verifier.load(&snapshot(
        "fd_1",
        9,
        vec![Record::session(&HASH, "s1", NOW + 100)],
    ));
    verifier.load(&snapshot("fd_2", 1, vec![Record::issuer(NOW - 5, NOW + 100)]));
    let of = |iat, sid| Subject {
        iat,
        sid: Some(sid),
        ..Subject::default()
    };
    assert_eq!(verifier.ended(&of(NOW, "s1"), NOW), Some(Kind::Session));
    assert_eq!(verifier.ended(&of(NOW, "s2"), NOW), None);
    assert_eq!(verifier.ended(&of(NOW - 6, "s2"), NOW), Some(Kind::Issuer));
    assert_eq!(verifier.stats().other_feeds, 1);
    assert_eq!(verifier.position().unwrap().seq, 1);
}

#[test]
fn another_hash_key_begins_anew() {
    let verifier = Revocations::default();
    verifier.load(&snapshot(
        "fd_1",
        9,
        vec![Record::session(&HASH, "s1", NOW + 100)],
    ));
    let other = HashKey::new([9; 16]);
    let generation = verifier.generation();
    verifier.load(&Snapshot {
        hash_key: other,
        ..snapshot("fd_2", 1, vec![Record::session(&other, "s2", NOW + 100)])
    });
    let of = |sid| Subject {
        sid: Some(sid),
        ..Subject::default()
    };
    assert_eq!(verifier.ended(&of("s2"), NOW), Some(Kind::Session));
    assert_eq!(verifier.ended(&of("s1"), NOW), None);
    assert!(verifier.generation() > generation);
}

#[test]
fn the_generation_grows_with_what_is_new_only() {
    let verifier = Revocations::default();
    verifier.load(&snapshot("fd", 0, Vec::new()));
    let first = verifier.generation();
    let record = Record::signing_key(&HASH, "k1", NOW + 9);
    let applied = verifier.apply(&batch("fd", 0, vec![record])).unwrap();
    assert!(applied.signing_keys && applied.records == 1);
    assert!(verifier.generation() > first);
    let second = verifier.generation();
    let applied = verifier.load(&snapshot("fd", 1, vec![record]));
    assert!(!applied.signing_keys && applied.records == 0);
    verifier.beat(&beat("fd", 1, NOW * 1_000)).unwrap();
    assert_eq!(verifier.generation(), second);
}

#[test]
fn memory_comes_back_after_the_leeway_by_both_clocks() {
    let verifier = Revocations::default();
    let many = |exp| {
        (0..5_000)
            .map(|i| Record::session(&HASH, &format!("s{i}-{exp}"), exp))
            .collect()
    };
    verifier.load(&snapshot("fd", 0, many(NOW)));
    verifier.load(&snapshot("fd", 0, many(NOW + 900)));
    assert_eq!(verifier.stats().records, 10_000);
    // Our clock is wrong by a day; the feed says that it is not tomorrow yet.
    verifier.sweep((NOW + 86_400) * 1_000);
    assert_eq!(verifier.stats().records, 10_000);
    verifier.beat(&beat("fd", 0, (NOW + 59) * 1_000)).unwrap();
    verifier.sweep((NOW + 59) * 1_000);
    assert_eq!(verifier.stats().records, 10_000);
    let bytes = verifier.stats().bytes;
    verifier.beat(&beat("fd", 0, (NOW + 60) * 1_000)).unwrap();
    verifier.sweep((NOW + 60) * 1_000);
    assert_eq!(verifier.stats().records, 5_000);
    assert!(verifier.stats().bytes < bytes);
}

#[test]
fn bounds_can_be_set() {
    let bounds = Freshness::default()
        .fresh(Duration::from_millis(100))
        .max_stale(Duration::from_secs(1))
        .offset_limit(Duration::from_millis(5));
    let verifier = Revocations::new(bounds);
    verifier.load(&snapshot("fd", 0, Vec::new()));
    let ms = NOW * 1_000;
    assert_eq!(verifier.freshness(ms + 101), State::Stale { age: 101 });
    assert_eq!(verifier.freshness(ms + 1_001), State::TooOld { age: 1_001 });
    verifier.set_offset(6);
    assert_eq!(verifier.freshness(ms), State::Stale { age: 6 });
}
