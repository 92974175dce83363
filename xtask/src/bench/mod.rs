//! `cargo xtask bench [part ...]`: measures, and prints goal, value and verdict per row.
//!
//! Each part is a program of its own (`bench/<part>`), built with the `bench` profile and runnable alone. A part prints
//! one JSON object per row on standard output (the shape of `table::Row`) and anything else on standard error; the table
//! is made here, so all parts look the same.

mod table;

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use sekisho_test_postgres::Server;
use table::Row;

/// What the command line of `cargo xtask bench` may say.
#[derive(clap::Args)]
pub struct Options {
    /// The parts to run: accounts, jose, revoke, server, store, verify (all that exist when none is named).
    parts: Vec<String>,
    /// Print one JSON object per row instead of tables.
    #[arg(long)]
    json: bool,
}

/// Runs the parts. A missed goal is a row in the table, not an error: figures differ between machines.
pub fn run(options: &Options) -> Result<ExitCode> {
    let known = known_parts()?;
    let chosen = if options.parts.is_empty() {
        known.clone()
    } else {
        options.parts.clone()
    };
    ensure!(
        !chosen.is_empty(),
        "there is nothing to measure: the folder bench/ has no part"
    );
    for part in &chosen {
        if !known.contains(part) {
            bail!("no part is called `{part}`; there are: {}", known.join(", "));
        }
    }
    for part in &chosen {
        let rows = measure(part)?;
        if options.json {
            for row in &rows {
                println!("{}", serde_json::to_string(row)?);
            }
        } else {
            print!("\n{part}\n{}", table::render(&rows));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folders under bench/ that hold a package, and the door of `store`, whose bench lies beside it.
fn known_parts() -> Result<Vec<String>> {
    let mut parts = vec![STORE.to_owned()];
    for entry in std::fs::read_dir(crate::root().join("bench"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            parts.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    parts.sort();
    Ok(parts)
}

/// The part that is a `cargo bench` target.
const STORE: &str = "store";

/// The published libraries are measured as they are shipped, with link-time optimisation; the rest as the README builds it.
fn command(part: &str) -> Command {
    let mut command = Command::new("cargo");
    if part == STORE {
        command.args([
            "bench",
            "--quiet",
            "-p",
            "sekisho-store",
            "--bench",
            "door",
            "--profile",
            "release",
        ]);
    } else {
        let profile = if matches!(part, "jose" | "verify") {
            "bench"
        } else {
            "release"
        };
        let package = format!("bench-{part}");
        command.args(["run", "--quiet", "--profile", profile, "-p", &package]);
    }
    command
}

fn measure(part: &str) -> Result<Vec<Row>> {
    let mut command = command(part);
    // The other parts bring their own database, or need none.
    let postgres = (part == STORE).then(Server::start);
    if let Some(server) = &postgres {
        command.env("SEKISHO_TEST_POSTGRES", server.url("postgres"));
    }
    let mut child = command
        .current_dir(crate::root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let mut rows = Vec::new();
    for line in BufReader::new(child.stdout.take().context("no standard output")?).lines() {
        let line = line?;
        match serde_json::from_str(&line) {
            Ok(row) => rows.push(row),
            Err(_) => eprintln!("{line}"),
        }
    }
    ensure!(child.wait()?.success(), "the bench `{part}` failed");
    Ok(rows)
}
