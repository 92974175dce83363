//! Measures the way of a revocation: from the request that revokes to the refusal at every one of many verifiers, each with a
//! connection of its own, spread over processes of their own. Two nodes on PostgreSQL behind a balancer, then one on SQLite.
//!
//! Rows go to standard output as JSON lines, progress to standard error. `cargo xtask bench revoke` makes the table.
//! Arguments: `--verifiers N` (1,000), `--rounds N` revocations (100), `--engine sqlite|postgres`, `--binary FILE`.

mod balancer;
mod deployment;
mod verifiers;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use bench_server::row::Row;
use deployment::{Deployment, Engine};
use verifiers::Fleet;

/// Processes the verifiers are spread over.
const PROCESSES: usize = 4;
/// Between two revocations, so that they are measured one by one.
const PAUSE: Duration = Duration::from_millis(150);
/// How long idle traffic is counted.
const IDLE: Duration = Duration::from_secs(5);
/// Refresh families at the same time.
const FAMILIES: usize = 32;
/// One measurement of throughput.
const LENGTH: Duration = Duration::from_secs(4);

struct Options {
    verifiers: usize,
    rounds: usize,
    engines: Vec<Engine>,
    binary: Option<PathBuf>,
}

fn main() -> Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok()
        .context("the TLS backend")?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match words.first().map(String::as_str) {
        Some(verifiers::CHILD) => runtime.block_on(verifiers::listen(&words[1..])),
        _ => runtime.block_on(run(&options(words)?)),
    }
}

fn options(words: Vec<String>) -> Result<Options> {
    let mut options = Options {
        verifiers: 1000,
        rounds: 100,
        engines: vec![Engine::Postgres, Engine::Sqlite],
        binary: None,
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--verifiers" => options.verifiers = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--engine" => options.engines = vec![Engine::named(&value()?)?],
            "--binary" => options.binary = Some(value()?.into()),
            _ => bail!("unknown argument {word}"),
        }
    }
    Ok(options)
}

async fn run(options: &Options) -> Result<()> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => deployment::build()?,
    };
    for engine in &options.engines {
        let deployment = Deployment::start(&binary, *engine).await?;
        measure(&deployment, options).await?;
        deployment.stop().await?;
    }
    Ok(())
}

async fn measure(deployment: &Deployment, options: &Options) -> Result<()> {
    let engine = deployment.engine.shown();
    let alone = deployment.memory()?;
    eprintln!("{engine}: starting {} verifiers", options.verifiers);
    let mut fleet = Fleet::start(deployment, options.verifiers, PROCESSES).await?;
    let count = options.verifiers as f64;
    let streams = (deployment.memory()? - alone) * 1e6 / count;
    Row::new(format!("{engine}: server memory per stream"), streams / 1e3, "kB").print();
    Row::new(
        format!("{engine}: memory per verifier, its HTTP client included"),
        fleet.memory()? * 1e6 / count / 1e3,
        "kB",
    )
    .print();

    let before = deployment.bytes_sent();
    tokio::time::sleep(IDLE).await;
    let sent = (deployment.bytes_sent() - before) as f64 / IDLE.as_secs_f64() / count;
    Row::new(
        format!("{engine}: idle traffic to a verifier"),
        sent / 1e3,
        "kB/s",
    )
    .note("a heartbeat each 500 ms")
    .print();

    let mut delays = Vec::new();
    for round in 0..options.rounds {
        if round % 20 == 0 {
            eprintln!("{engine}: revocation {round} of {}", options.rounds);
        }
        let token = deployment.machine_token().await?;
        fleet.accept(&token).await?;
        let revoked = verifiers::now();
        deployment.revoke(&token).await?;
        delays.extend(
            fleet
                .refused()
                .await?
                .into_iter()
                .map(|at| (at - revoked) as f64 / 1e3),
        );
        tokio::time::sleep(PAUSE).await;
    }
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share).round() as usize];
    let note = format!(
        "{} verifiers, {} revocations, one by one",
        options.verifiers, options.rounds
    );
    for (name, share, goal) in [
        ("p50", 0.5, None),
        ("p99", 0.99, Some(250.0)),
        ("max", 1.0, Some(1000.0)),
    ] {
        let row = Row::new(format!("{engine}: revoke to refuse, {name}"), at(share), "ms").note(note.clone());
        match goal {
            Some(goal) => row.at_most(goal).print(),
            None => row.print(),
        }
    }
    throughput(deployment, fleet, engine).await
}

/// Refreshes per CPU-second of the servers while the verifiers listen and when they are gone, in one run.
async fn throughput(deployment: &Deployment, fleet: Fleet, engine: &str) -> Result<()> {
    eprintln!("{engine}: refreshes with and without verifiers");
    let mut families = deployment.families(FAMILIES).await?;
    let heartbeats = deployment.idle_cpu(LENGTH).await?;
    let listening = deployment.refreshes(&mut families, LENGTH).await?;
    fleet.stop().await?;
    let alone = deployment.refreshes(&mut families, LENGTH).await?;
    Row::new(
        format!("{engine}: CPU for heartbeats alone"),
        heartbeats * 100.0,
        "% of a core",
    )
    .print();
    Row::new(format!("{engine}: refreshes, nobody listening"), alone, "/CPU-s").print();
    Row::new(
        format!("{engine}: refreshes, verifiers listening"),
        listening,
        "/CPU-s",
    )
    .print();
    Row::new(
        format!("{engine}: throughput cost of listening"),
        (1.0 - listening / alone) * 100.0,
        "%",
    )
    .at_most(3.0)
    .note("the heartbeats' CPU time is in it")
    .print();
    Ok(())
}
