//! Measures signing and checking a realistic access token: our crate, the raw signature underneath (the floor: no
//! base64, no JSON), and the best-known crate, round by round in one run, so that a busy machine hurts all alike.
//!
//! Prints one JSON object per row on standard output; `cargo xtask bench jose` makes the table. Needs valgrind for
//! the counts.

mod measure;
mod subject;

use anyhow::{Context, Result};
use sekisho_jose::Algorithm;

use measure::{Count, Row, counted, interleaved};
use subject::Subject;

/// Algorithm, goals in floors for checking and for signing.
const ALGORITHMS: [(Algorithm, f64, f64); 4] = [
    (Algorithm::Hs256, 1.6, 1.7),
    (Algorithm::Rs256, 1.03, 1.02),
    (Algorithm::Es256, 1.01, 1.04),
    (Algorithm::EdDsa, 1.02, 1.04),
];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == "--repeat") {
        return repeat(&words[at + 1..]);
    }
    for (alg, check_goal, sign_goal) in ALGORITHMS {
        let subject = Subject::new(alg)?;
        check(&subject, check_goal)?;
        sign(&subject, sign_goal)?;
        counts(&subject)?;
    }
    Ok(())
}

fn check(subject: &Subject, goal: f64) -> Result<()> {
    let alg = subject.alg;
    let mut borrowed = subject.borrowed();
    let mut owned = subject.owned();
    let [floor, borrowed, owned, other] = interleaved([
        &mut || subject.floor_check(),
        &mut || borrowed.check(),
        &mut || owned.check(),
        &mut || subject.other_check(),
    ]);
    let at_floor = format!(
        "{borrowed:.0} ns, floor {floor:.0} ns, jsonwebtoken {:.2} floors",
        other / floor
    );
    Row::at_most(
        format!("verify {alg}, borrowed claims"),
        borrowed / floor,
        "floors",
        goal,
    )
    .note(at_floor)
    .print()?;
    if alg == Algorithm::Hs256 {
        let note = format!("{other:.0} ns / {borrowed:.0} ns");
        Row::at_least(
            "verify HS256, borrowed: faster than jsonwebtoken".into(),
            other / borrowed,
            "times",
            5.0,
        )
        .note(note)
        .print()?;
    }
    let row = format!("verify {alg}, owned claims: faster than jsonwebtoken");
    let row = match alg {
        Algorithm::Hs256 => Row::at_least(row, other / owned, "times", 2.4),
        _ => Row::reported(row, other / owned, "times"),
    };
    row.note(format!("{owned:.0} ns, {:.2} floors", owned / floor))
        .print()
}

fn sign(subject: &Subject, goal: f64) -> Result<()> {
    let [floor, ours, other] =
        interleaved([&mut || subject.floor_sign(), &mut || subject.sign(), &mut || {
            subject.other_sign();
        }]);
    let note = format!(
        "{ours:.0} ns, floor {floor:.0} ns, jsonwebtoken {:.2} floors",
        other / floor
    );
    Row::at_most(format!("sign {}", subject.alg), ours / floor, "floors", goal)
        .note(note)
        .print()
}

/// Allocations and instructions of one check, less those of the bare signature.
fn counts(subject: &Subject) -> Result<()> {
    let words = subject.to_words()?;
    for (what, unit, goal) in [
        (Count::Allocations, "allocations", 0.0),
        (Count::Instructions, "instructions", 6_000.0),
    ] {
        let count = |who| counted(what, &words, who);
        let floor = count("floor")?;
        let (ours, other) = (count("ours")? - floor, count("other")? - floor);
        Row::at_most(
            format!("{unit} above the floor, verify {}, borrowed", subject.alg),
            ours,
            unit,
            goal,
        )
        .note(format!("jsonwebtoken {other:.0}, floor {floor:.0}"))
        .print()?;
    }
    Ok(())
}

/// `--repeat ours 20 <jwk> <token> <now>`: what callgrind runs, nothing but that many checks after the preparation.
fn repeat(words: &[String]) -> Result<()> {
    let [who, times, jwk, token, now] = words else {
        anyhow::bail!("--repeat <who> <times> <jwk> <token> <now>")
    };
    let subject = Subject::from_words([jwk, token, now])?;
    let mut borrowed = subject.borrowed();
    let times: u32 = times.parse().context("times")?;
    for _ in 0..times {
        match who.as_str() {
            "floor" => subject.floor_check(),
            "ours" => borrowed.check(),
            _ => subject.other_check(),
        }
    }
    Ok(())
}
