//! Measures accounts: logins against the Argon2id limit of the machine, the token endpoint while logins flood, the import of many users
//! against plain INSERTs of the same rows, and login time with many users against few. What is compared takes turns in one run.
//!
//! Rows go to standard output as JSON lines, progress to standard error. `cargo xtask bench accounts` makes the table.
//! Arguments: `--users N` (1,000,000), `--rounds N` (6), `--seconds N` of one measurement in a round (4), `--engine sqlite|postgres`,
//! `--binary FILE`.

mod flood;
mod import;
mod limit;
mod people;
mod plain;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bench_server::process::{self, Place, Server};
use bench_server::row::Row;
use sekisho::passwords::PasswordWork;

use flood::Visitors;
use people::People;
use plain::Plain;

/// The small database.
const FEW: u64 = 1000;
/// Logins of a round for the time of one login.
const LOGINS: usize = 25;
/// All visitors come from this machine; an office behind one address is trusted the same way.
const SETTINGS: [(&str, &str); 1] = [("SEKISHO_ATTACKS_TRUSTED_NETWORKS", "127.0.0.0/8")];

struct Options {
    users: u64,
    rounds: u32,
    length: Duration,
    engines: Vec<String>,
    binary: Option<PathBuf>,
}

fn main() -> Result<()> {
    // The load is light work; one thread leaves the other cores to the server.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&options()?))
}

fn options() -> Result<Options> {
    let mut options = Options {
        users: 1_000_000,
        rounds: 6,
        length: Duration::from_secs(4),
        engines: vec!["sqlite".into(), "postgres".into()],
        binary: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--users" => options.users = value()?.parse()?,
            "--rounds" => options.rounds = value()?.parse()?,
            "--seconds" => options.length = Duration::from_secs(value()?.parse()?),
            "--engine" => options.engines = vec![value()?],
            "--binary" => options.binary = Some(value()?.into()),
            _ => bail!("unknown argument {word}"),
        }
    }
    // Whole batches; and enough that the import says how far it is.
    options.users = options.users.next_multiple_of(10_000).max(20_000);
    Ok(options)
}

async fn run(options: &Options) -> Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok()
        .context("the TLS backend")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("the repository")?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => process::build(root)?,
    };
    for engine in &options.engines {
        measure(engine, &binary, options)
            .await
            .with_context(|| format!("on {engine}"))?;
    }
    Ok(())
}

async fn measure(engine: &str, binary: &Path, options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let place = async |name: &str| {
        let postgres = match engine {
            "sqlite" => None,
            "postgres" => Some(tokio::task::spawn_blocking(sekisho_test_postgres::fresh_database).await?),
            other => bail!("no engine is called {other}"),
        };
        Ok(Place {
            binary: binary.to_owned(),
            data: folder.path().join(name),
            postgres,
            port: process::free_ports()?,
            settings: SETTINGS.to_vec(),
        })
    };
    let work = PasswordWork::default();
    let people = People::new(options.users, &work)?;
    let file = folder.path().join("export.ndjson");
    people.export(&file)?;
    let (many, beside) = (place("many").await?, place("plain").await?);
    import::migrate(&beside).await?;
    let mut plain = match &beside.postgres {
        None => Plain::sqlite(&beside.data.join("sekisho.db"))?,
        Some(url) => Plain::postgres(url).await?,
    };
    import::compare(engine, &many, &mut plain, &file, &people).await?;
    drop(plain);
    std::fs::remove_dir_all(&beside.data)?;

    let few_people = People {
        count: FEW,
        ..people.clone()
    };
    few_people.export(&file)?;
    let few = place("few").await?;
    import::import(&few, &file, &few_people).await?;
    std::fs::remove_file(&file)?;
    let server = Server::start(&many).await?;
    let visitors = Visitors::new(&server, &people)?;
    let other = Server::start(&Place {
        port: process::free_ports()?,
        ..few
    })
    .await?;
    let others = Visitors::new(&other, &few_people)?;
    login_time(engine, options, &visitors, &others).await?;
    other.stop().await?;
    logins(engine, options, &work, &server, &visitors).await?;
    tokens(engine, options, &work, &server, &visitors).await?;
    Row::new(
        format!("{engine}: memory after the floods"),
        server.memory()?,
        "MB",
    )
    .print();
    server.stop().await
}

/// One login at a time, here and there in turn.
async fn login_time(engine: &str, options: &Options, many: &Visitors, few: &Visitors) -> Result<()> {
    eprintln!("{engine}: one login at a time");
    let timed = async |visitors: &Visitors| {
        let begun = Instant::now();
        visitors.log_in().await?;
        Ok::<_, anyhow::Error>(begun.elapsed().as_secs_f64() * 1e3)
    };
    for _ in 0..5 {
        timed(many).await?;
        timed(few).await?;
    }
    // The small one twice: what differs between its halves is noise.
    let mut times = [const { Vec::new() }; 4];
    for turn in 0..LOGINS * options.rounds as usize {
        let half = turn % 2;
        times[half].push(timed(few).await?);
        times[2 + half].push(timed(many).await?);
    }
    let [mut first, second, mut large, large_second] = times;
    let noise = 100.0 * (median(&mut first.clone()) / median(&mut second.clone()) - 1.0).abs();
    first.extend(second);
    large.extend(large_second);
    let (small, large_time) = (median(&mut first), median(&mut large));
    Row::new(format!("{engine}: login, {FEW} users, p50"), small, "ms")
        .note(format!("from /authorize to the code; p90 {:.1}", at(&first, 0.9)))
        .print();
    Row::new(
        format!("{engine}: login, {} users, p50", options.users),
        large_time,
        "ms",
    )
    .note(format!("p90 {:.1}", at(&large, 0.9)))
    .print();
    Row::new(
        format!("{engine}: login time, {} users against {FEW}", options.users),
        large_time / small,
        "times",
    )
    // Five per cent is the noise of a quiet machine.
    .at_most(1.05)
    .note(format!(
        "{} logins each; {noise:.1} % between two halves of the same",
        first.len()
    ))
    .print();
    Ok(())
}

/// Bare hashes and a flood of logins in turn.
async fn logins(
    engine: &str,
    options: &Options,
    work: &PasswordWork,
    server: &Server,
    visitors: &Visitors,
) -> Result<()> {
    eprintln!("{engine}: logins against the limit");
    visitors
        .flood(server, work.concurrency, Duration::from_secs(1))
        .await?;
    let (mut limits, mut floods, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let bare = limit::bare(work, options.length)?;
        let flood = visitors.flood(server, work.concurrency, options.length).await?;
        limits.push(bare);
        floods.push(flood);
        shares.push(100.0 * flood / bare);
    }
    Row::new(
        format!("{engine}: bare Argon2id"),
        median(&mut limits),
        "hashes/s",
    )
    .note(format!(
        "{} KiB, {} passes, {} at once",
        work.memory_kib, work.passes, work.concurrency
    ))
    .print();
    Row::new(format!("{engine}: logins"), median(&mut floods), "logins/s")
        .note(format!("{} users", options.users))
        .print();
    let share = median(&mut shares);
    Row::new(format!("{engine}: logins against bare Argon2id"), share, "%")
        .at_least(95.0)
        .note(format!(
            "median of {} rounds, {:.1} to {:.1}",
            options.rounds,
            at(&shares, 0.0),
            at(&shares, 1.0)
        ))
        .print();
    Ok(())
}

/// The token endpoint at a steady pace, quiet and beside a flood in turn.
async fn tokens(
    engine: &str,
    options: &Options,
    work: &PasswordWork,
    server: &Server,
    visitors: &Visitors,
) -> Result<()> {
    eprintln!("{engine}: tokens while logins flood");
    let (mut machines, mut families) = (flood::machines(server)?, flood::families(server).await?);
    let mut found: [[Vec<f64>; 2]; 2] = Default::default();
    for round in 0..=options.rounds {
        for (loud, found) in found.iter_mut().enumerate() {
            let probing = (machines.start(options.length), families.start(options.length));
            match loud {
                0 => tokio::time::sleep(options.length).await,
                _ => drop(visitors.flood(server, work.concurrency, options.length).await?),
            }
            let (machine, family);
            (machines, machine) = flood::join(probing.0)?;
            (families, family) = flood::join(probing.1)?;
            // The first round makes the connections.
            if round > 0 {
                found[0].extend(machine);
                found[1].extend(family);
            }
        }
    }
    machines.end();
    families.end();
    let [quiet, loud] = found;
    for ((name, mut quiet), mut loud) in ["client credentials", "refresh"].into_iter().zip(quiet).zip(loud) {
        ensure!(quiet.len() > 100, "too few requests for a p99");
        let (calm, flooded) = (p99(&mut quiet), p99(&mut loud));
        for (when, times, value) in [("quiet", &quiet, calm), ("while logins flood", &loud, flooded)] {
            Row::new(format!("{engine}: {name}, p99, {when}"), value, "ms")
                .note(format!("{} requests, p50 {:.1}", times.len(), at(times, 0.5)))
                .print();
        }
        Row::new(
            format!("{engine}: {name}, p99, flood against quiet"),
            flooded / calm,
            "times",
        )
        .at_most(2.0)
        .print();
    }
    Ok(())
}

/// Sorts them, too.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    at(values, 0.5)
}

/// Sorts them, too.
fn p99(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    at(values, 0.99)
}

/// The value below which this share of sorted values lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}
