//! `cargo xtask test`: every check this project has, in one run that ends with one line, `N passed, N failed`.
//!
//! Nothing is skipped: a tool that is missing is installed (as root, or with `CI=true`), or the run stops before the
//! first step and prints the one command that installs it. Steps are listed in `steps`, run by `run`, and counted
//! by `count`.

mod count;
mod run;
mod steps;
mod tools;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use count::Count;

/// What the command line of `cargo xtask test` may say.
#[derive(clap::Args)]
pub struct Options {
    /// Run only these steps (see --list); may be given more than once.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Print the steps and stop.
    #[arg(long)]
    list: bool,
}

/// Runs the steps and says how they ended; the exit code is non-zero when anything failed.
pub fn run(options: &Options) -> Result<ExitCode> {
    let all = steps::all();
    if options.list {
        for step in &all {
            println!("{:<10} {}", step.name, step.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    for name in &options.only {
        ensure!(
            all.iter().any(|step| step.name == name),
            "no step is called `{name}`; see --list"
        );
    }
    let chosen: Vec<_> = all
        .iter()
        .filter(|s| options.only.is_empty() || options.only.iter().any(|o| o == s.name))
        .collect();

    if let Err(missing) = tools::prepare(chosen.iter().flat_map(|step| step.needs)) {
        eprintln!("{missing:#}");
        return Ok(finish(Count { passed: 0, failed: 1 }));
    }
    let mut total = Count::default();
    let mut report = Vec::new();
    let mut services = run::Services::default();
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.what);
        let started = Instant::now();
        let count = step.run(&mut services).unwrap_or_else(|fault| {
            eprintln!("{}: {fault:#}", step.name);
            Count { passed: 0, failed: 1 }
        });
        report.push((step.name, count, started.elapsed()));
        total += count;
    }
    print_report(&report);
    Ok(finish(total))
}

fn print_report(report: &[(&str, Count, Duration)]) {
    println!(
        "\n{:<10} {:>7} {:>7} {:>9}",
        "step", "passed", "failed", "seconds"
    );
    for (name, count, took) in report {
        println!(
            "{name:<10} {:>7} {:>7} {:>9.1}",
            count.passed,
            count.failed,
            took.as_secs_f64()
        );
    }
}

fn finish(total: Count) -> ExitCode {
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 && total.passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
