//! How things are measured: thread CPU time in short interleaved rounds; instructions and allocations by valgrind, so
//! that counting them costs the timed rounds nothing.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cpu_time::ThreadTime;
use serde::Serialize;

const ROUNDS: usize = 151;

/// About as long as one contender runs in one round.
const TURN: Duration = Duration::from_millis(2);

/// Nanoseconds of this thread's CPU time per call of each contender: the median over many rounds, in each of which
/// every contender has a turn, beginning with another one each time.
pub fn interleaved<const N: usize>(mut contenders: [&mut dyn FnMut(); N]) -> [f64; N] {
    let calls = std::array::from_fn::<_, N, _>(|i| calls_per_turn(contenders[i]));
    let mut samples: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(ROUNDS));
    for round in 0..ROUNDS {
        for turn in 0..N {
            let i = (round + turn) % N;
            samples[i].push(nanoseconds(contenders[i], calls[i]));
        }
    }
    samples.map(|mut samples| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    })
}

fn calls_per_turn(contender: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    while nanoseconds(contender, calls) * f64::from(calls) < TURN.as_nanos() as f64 {
        calls *= 2;
    }
    calls
}

fn nanoseconds(contender: &mut dyn FnMut(), calls: u32) -> f64 {
    let start = ThreadTime::now();
    for _ in 0..calls {
        black_box(&mut *contender)();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// What valgrind can count.
#[derive(Clone, Copy)]
pub enum Count {
    Instructions,
    /// Calls of the C library's allocator, which Rust's default allocator and the C code underneath share.
    Allocations,
}

/// How many per check: this program under valgrind twice, with different numbers of checks; the difference leaves the
/// preparation out. Independent of load.
pub fn counted(what: Count, subject: &[String], who: &str) -> Result<f64> {
    const FEW: u32 = 20;
    const MANY: u32 = 120;
    let few = collected(what, subject, who, FEW)?;
    let many = collected(what, subject, who, MANY)?;
    Ok((many - few) / f64::from(MANY - FEW))
}

fn collected(what: Count, subject: &[String], who: &str, times: u32) -> Result<f64> {
    let (arguments, label) = match what {
        Count::Instructions => (
            ["--tool=callgrind", "--callgrind-out-file=/dev/null"],
            "Collected :",
        ),
        Count::Allocations => (
            ["--tool=memcheck", "--undef-value-errors=no"],
            "total heap usage:",
        ),
    };
    let output = Command::new("valgrind")
        .args(arguments)
        .arg(std::env::current_exe()?)
        .args(["--repeat", who, &times.to_string()])
        .args(subject)
        .output()
        .context("valgrind is needed to count (apt-get install valgrind)")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {text}");
    let count = text
        .lines()
        .find_map(|line| line.split(label).nth(1))
        .context("valgrind said no count")?;
    let count = count
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .replace(',', "");
    count.parse().context("valgrind's count")
}

/// One line of the table (bench/README.md says the shape).
#[derive(Serialize)]
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<f64>,
    better: &'static str,
    note: String,
}

impl Row {
    pub fn at_most(name: String, value: f64, unit: &'static str, goal: f64) -> Self {
        Self {
            goal: Some(goal),
            ..Self::reported(name, value, unit)
        }
    }

    pub fn at_least(name: String, value: f64, unit: &'static str, goal: f64) -> Self {
        Self {
            better: "higher",
            ..Self::at_most(name, value, unit, goal)
        }
    }

    pub fn reported(name: String, value: f64, unit: &'static str) -> Self {
        Self {
            name,
            value,
            unit,
            goal: None,
            better: "lower",
            note: String::new(),
        }
    }

    pub fn note(self, note: String) -> Self {
        Self { note, ..self }
    }

    pub fn print(&self) -> Result<()> {
        println!("{}", serde_json::to_string(self)?);
        Ok(())
    }
}
