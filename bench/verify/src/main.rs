//! What revocation costs an API that verifies tokens by itself: the tables of records, the cache of verified tokens, and a
//! token that is seen for the first time.
//!
//! Prints one JSON object per row on standard output; `cargo xtask bench verify` makes the table.

mod measure;
mod row;
mod tokens;

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use cpu_time::ThreadTime;
use sekisho_jose::{Buffer, SigningKey};
use sekisho_verify::feed::Batch;
use sekisho_verify::record::{HashedSubject, Record, Subject};
use sekisho_verify::{KeySet, Remember, Revocations, Verifier};

use measure::{cost, difference};
use row::Row;
use tokens::{HASH, NOW};

const HOUR_LONG: usize = 100_000;
const DAY_LONG: usize = 2_400_000;

fn main() -> Result<()> {
    records(HOUR_LONG, 4.0, Some(100.0));
    records(DAY_LONG, 60.0, None);
    let key = tokens::key()?;
    seen_first(&key)?;
    seen_again(&key)?;
    Ok(())
}

/// The tables alone.
fn records(count: usize, most_megabytes: f64, most_nanoseconds: Option<f64>) {
    let snapshot = tokens::snapshot(count);
    let start = Instant::now();
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot);
    let load = start.elapsed().as_secs_f64() * 1_000.0;
    drop(snapshot);
    let bytes = feed.stats().bytes as f64;
    Row::new(format!("memory of {count} live records"), bytes / 1e6, "MB")
        .at_most(most_megabytes)
        .note(format!("{:.1} bytes each", bytes / count as f64))
        .print();
    Row::new(format!("taking a snapshot of {count} records"), load, "ms").print();

    let ids: Vec<[String; 4]> = (0..1 << 16)
        .map(|n| ["j", "g", "s", "u"].map(|kind| format!("{kind}X3qR7sT1uW5yZ9{n:08x}")))
        .collect();
    let subject = |n: usize| {
        let [jti, gid, sid, sub] = &ids[n % ids.len()];
        Subject {
            iat: NOW,
            kid: Some("ZxGjNW1lO0uQ3l1Tq8n8v"),
            jti: Some(jti),
            gid: Some(gid),
            sid: Some(sid),
            sub: Some(sub),
            actors: &[],
            client: Some("kX2mT9pQ4rV7sW1y"),
        }
    };
    let hash = |n| {
        black_box(HashedSubject::new(&HASH, &subject(n)));
    };
    let ask = |n| assert!(black_box(feed.ended(&subject(n), NOW)).is_none());
    let hashing = cost(51, 20_000, hash).median;
    let probes = difference(51, 20_000, ask, hash);
    let row = Row::new(
        format!("asking {count} records about a token (7 look-ups)"),
        probes.median,
        "ns",
    );
    match most_nanoseconds {
        Some(most) => row.at_most(most),
        None => row,
    }
    .note(format!(
        "{}; 65,536 tokens in turn; hashing their ids takes {hashing:.0} ns more",
        probes.note()
    ))
    .print();

    let mut longest = 0_f64;
    let one_record = cost(51, 400, |n| {
        let start = Instant::now();
        let batch = Batch {
            feed_id: "fd".to_owned(),
            prev: n as u64,
            seq: n as u64 + 1,
            as_of: NOW * 1_000,
            jwks_etag: String::new(),
            records: vec![Record::session(&HASH, &format!("new-{n}"), NOW + 86_400)],
        };
        assert!(feed.apply(&batch).is_ok());
        longest = longest.max(start.elapsed().as_secs_f64() * 1e6);
    });
    Row::new(
        format!("applying a batch of one record to {count}"),
        one_record.median / 1_000.0,
        "us",
    )
    .at_most(20.0)
    .note(format!("the longest of 20,400 took {longest:.0} us"))
    .print();
}

/// Tokens that nobody has seen: what a check costs beside the signature.
fn seen_first(key: &SigningKey) -> Result<()> {
    const TOKENS: usize = 400_000;
    let all = (0..TOKENS)
        .map(|n| tokens::sign(key, n))
        .collect::<Result<Vec<_>>>()?;
    let keys = KeySet::new(vec![key.verifying_key()]);
    let mut buffer = Buffer::new();
    let mut jose = |n: usize| assert!(tokens::jose_alone(&all[n % TOKENS], &keys, &mut buffer));
    let alone = cost(51, 3_000, &mut jose).median;
    // The cache is full before the rounds begin, and each token is met once in them.
    let remembers = tokens::verifier(key, Some(tokens::feed(HOUR_LONG)), Remember::default())?;
    let plain = tokens::verifier(key, None, Remember::nothing())?;
    let check = |n: usize| assert!(remembers.check(&all[n % TOKENS], NOW).is_trusted());
    (TOKENS - TOKENS / 20..TOKENS).for_each(check);
    let beside_jose = difference(51, 3_000, check, &mut jose);
    let beside_plain = difference(51, 3_000, check, |n| {
        assert!(plain.check(&all[n % TOKENS], NOW).is_trusted());
    });
    Row::new(
        "a token seen first, beside its signature and claims (jose alone)",
        beside_jose.median,
        "ns",
    )
    .at_most(300.0)
    .note(format!(
        "{}; {} characters; jose alone {alone:.0} ns",
        beside_jose.note(),
        all[0].len()
    ))
    .print();
    Row::new(
        "the same, beside a verifier without feed and cache",
        beside_plain.median,
        "ns",
    )
    .at_most(300.0)
    .note(beside_plain.note())
    .print();
    Ok(())
}

/// Tokens that come again.
fn seen_again(key: &SigningKey) -> Result<()> {
    const MOST: usize = 1_000_000;
    let all = (0..MOST)
        .map(|n| tokens::sign(key, n))
        .collect::<Result<Vec<_>>>()?;
    let feed = tokens::feed(HOUR_LONG);
    let filled = |count: usize| {
        let limits = Remember::default().entries(count).bytes(8 << 30);
        let verifier = tokens::verifier(key, Some(Arc::clone(&feed)), limits)?;
        let trusted = |token: &String| verifier.check(token, NOW).is_trusted();
        ensure!(all[..count].iter().all(trusted), "good tokens");
        Ok(verifier)
    };
    let few = filled(10_000)?;
    let verifier = filled(MOST)?;
    let stats = verifier.stats();
    let each = stats.remembered_bytes as f64 / stats.remembered as f64;
    Row::new("memory of a verified token and its claims", each, "bytes")
        .note(format!(
            "{} characters; {} of a million found a place",
            all[0].len(),
            stats.remembered
        ))
        .print();
    let copies: Vec<Box<str>> = all.iter().map(|token| token.as_str().into()).collect();
    // A token comes from the network, so its bytes are near: it is copied there, and the copy taken off.
    let near = RefCell::new(String::with_capacity(2_048));
    let copy = |n: usize| {
        let mut near = near.borrow_mut();
        near.clear();
        near.push_str(&all[n]);
        near
    };
    let again = |verifier: &Verifier, name: &str, goal: f64, pick: &dyn Fn(usize) -> usize| {
        let take = |n: usize| drop(black_box(copy(pick(n))));
        let check = |n: usize| assert!(verifier.check(black_box(&copy(pick(n))), NOW).is_trusted());
        let compare = |n: usize| assert!(*copies[pick(n)] == **black_box(&copy(pick(n))));
        let cost = difference(101, 4_000, check, take);
        let least = difference(101, 4_000, compare, take);
        Row::new(name, cost.median, "ns")
            .at_most(goal)
            .note(format!(
                "{}; comparing with a copy at a known place alone {:.0} ns",
                cost.note(),
                least.median
            ))
            .print();
    };
    again(&few, "a token seen again, one of 4", 60.0, &|n| n % 4);
    again(&few, "a token seen again, one of 10,000", 200.0, &|n| {
        scatter(n) % 10_000
    });
    // Log-uniform, which is Zipf's law with exponent 1.
    let skewed = |n: usize| {
        let part = (scatter(n) >> 11) as f64 / (1_u64 << 53) as f64;
        ((MOST as f64).powf(part) as usize).min(MOST - 1)
    };
    again(
        &verifier,
        "a token seen again, one of 1,000,000, skewed",
        250.0,
        &skewed,
    );
    let mut prev = 0;
    let churned = cost(101, 1, |_| {
        let record = Record::session(&HASH, &format!("new-{prev}"), NOW + 86_400);
        let batch = Batch {
            feed_id: "fd".to_owned(),
            prev,
            seq: prev + 1,
            as_of: NOW * 1_000,
            jwks_etag: String::new(),
            records: vec![record],
        };
        assert!(feed.apply(&batch).is_ok());
        prev += 1;
        for token in &all[..1_000] {
            assert!(few.check(black_box(token), NOW).is_trusted());
        }
    });
    Row::new(
        "the same, one of 1,000, a new record since each",
        churned.median / 1_000.0,
        "ns",
    )
    .print();
    threads(&all, &few);
    Ok(())
}

/// Whether two threads that check the same few tokens are in each other's way.
fn threads(all: &[String], verifier: &Verifier) {
    const CALLS: usize = 1_000_000;
    let work = || {
        let start = ThreadTime::now();
        for n in 0..CALLS {
            assert!(verifier.check(black_box(&all[n % 4]), NOW).is_trusted());
        }
        start.elapsed().as_nanos() as f64 / CALLS as f64
    };
    let one = work();
    let two = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        (work() + other.join().unwrap_or(f64::NAN)) / 2.0
    });
    Row::new("one of 4 tokens on 2 threads at once", two, "ns")
        .note(format!("CPU time of each; alone {one:.0} ns"))
        .print();
}

/// A number that looks random.
fn scatter(n: usize) -> usize {
    let n = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (n ^ (n >> 32)) as usize
}
