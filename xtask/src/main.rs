//! The project's own tasks, called as `cargo xtask <task>`.
//!
//! `test` is what the README and `.ci/run` run: every check, with nothing skipped. `bench` measures and compares
//! with the goals. This file owns the command line only; each task is a folder.

mod bench;
mod test;
mod threats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check: formatting, lints, tests, documents, browser, foreign clients.
    Test(test::Options),
    /// Measure, and compare each figure with its goal.
    Bench(bench::Options),
    /// Write the names of the tests into docs/threats.md.
    Threats,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Threats => threats::write().map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository: the folder above this package.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}
