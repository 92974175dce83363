//! `cargo xtask bench [part ...]`: measures, and prints goal, value and verdict per row.
//!
//! Each part is a program of its own (`bench/<part>`), built with the `bench` profile and runnable alone. A part prints
//! one JSON object per row on standard output (the shape of `table::Row`) and anything else on standard error; the table
//! is made here, so all parts look the same.

mod table;

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use table::Row;

/// What the command line of `cargo xtask bench` may say.
#[derive(clap::Args)]
pub struct Options {
    /// The parts to run: jose, server, store (all that exist when none is named).
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

/// The folders under bench/ that hold a package.
fn known_parts() -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(crate::root().join("bench")) else {
        return Ok(Vec::new());
    };
    let mut parts = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            parts.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    parts.sort();
    Ok(parts)
}

fn measure(part: &str) -> Result<Vec<Row>> {
    // The token library is measured as it is shipped, with link-time optimisation; the server as the README builds it.
    let profile = if part == "jose" { "bench" } else { "release" };
    let manifest = format!("bench/{part}/Cargo.toml");
    let mut child = Command::new("cargo")
        .args([
            "run",
            "--quiet",
            "--profile",
            profile,
            "--target-dir",
            "target",
            "--manifest-path",
            &manifest,
        ])
        .args(["--", "--json"])
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
    ensure!(child.wait()?.success(), "bench/{part} failed");
    Ok(rows)
}
