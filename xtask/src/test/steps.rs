//! The steps of `cargo xtask test`, in order: cheap ones first, so that a small mistake is told early.

use anyhow::Result;

use super::count::{Count, Runner};
use super::run::{Call, Services};
use super::tools::Tool;

/// One step: a name for `--only`, what it does, what it needs, and its commands.
pub struct Step {
    pub name: &'static str,
    pub what: &'static str,
    pub needs: &'static [Tool],
    calls: fn() -> Vec<Call>,
}

impl Step {
    /// Runs the step's commands; the rest of them is left out after one that failed, for it builds on it.
    pub fn run(&self, services: &mut Services) -> Result<Count> {
        let postgres = self
            .needs
            .contains(&Tool::Postgres)
            .then(|| services.postgres())
            .transpose()?;
        let mut total = Count::default();
        for mut call in (self.calls)() {
            call.environment.extend(postgres.clone());
            let count = call.count()?;
            total += count;
            if count.failed > 0 && call.runner == Runner::Whole {
                break;
            }
        }
        Ok(total)
    }
}

/// Every step.
pub fn all() -> Vec<Step> {
    let mut steps = vec![
        Step {
            name: "fmt",
            what: "the sources are formatted",
            needs: &[],
            calls: fmt,
        },
        Step {
            name: "clippy",
            what: "no lint fires",
            needs: &[],
            calls: clippy,
        },
        Step {
            name: "doc",
            what: "the published crates' documents build without a warning",
            needs: &[],
            calls: doc,
        },
        Step {
            name: "cargo",
            what: "every Rust test, on SQLite and PostgreSQL, behind nginx and Caddy",
            needs: &[Tool::Postgres, Tool::Nginx, Tool::Caddy],
            calls: cargo,
        },
    ];
    if exists("fuzz/Cargo.toml") {
        steps.push(Step {
            name: "fuzz",
            what: "the fuzz targets build",
            needs: &[Tool::CxxCompiler],
            calls: fuzz,
        });
    }
    if exists("e2e/package.json") {
        steps.push(Step {
            name: "e2e",
            what: "a real browser and foreign clients (Node)",
            needs: &[Tool::Chromium, Tool::JapaneseFonts, Tool::Node],
            calls: e2e,
        });
    }
    if exists("sdk/node/package.json") {
        steps.push(Step {
            name: "sdk-node",
            what: "the verifier for Node.js",
            needs: &[Tool::Node],
            calls: sdk_node,
        });
    }
    if exists("sdk/python/requirements.txt") {
        steps.push(Step {
            name: "sdk-python",
            what: "the verifier for Python",
            needs: &[Tool::Python, Tool::PythonVenv],
            calls: sdk_python,
        });
    }
    if exists("sdk/go/go.mod") {
        steps.push(Step {
            name: "sdk-go",
            what: "the verifier for Go, with the race detector",
            needs: &[Tool::Go, Tool::CxxCompiler],
            calls: sdk_go,
        });
    }
    if exists("sdk/blackbox/run.mjs") {
        steps.push(Step {
            name: "blackbox",
            what: "an API in each language refuses what was revoked at the real issuer",
            needs: &[Tool::Go, Tool::Node, Tool::Python, Tool::PythonVenv],
            calls: blackbox,
        });
    }
    if exists("e2e/requirements.txt") {
        steps.push(Step {
            name: "python",
            what: "foreign clients (Python)",
            needs: &[Tool::Python, Tool::PythonVenv],
            calls: python,
        });
    }
    steps
}

fn fmt() -> Vec<Call> {
    vec![Call::new(Runner::Whole, "cargo fmt --all --check")]
}

fn clippy() -> Vec<Call> {
    vec![Call::new(
        Runner::Whole,
        "cargo clippy --locked --workspace --all-targets --all-features -- -D warnings",
    )]
}

fn doc() -> Vec<Call> {
    let words = "cargo doc --locked --no-deps --all-features -p sekisho-jose -p sekisho-verify";
    vec![Call::new(Runner::Whole, words).with("RUSTDOCFLAGS", "-D warnings")]
}

fn cargo() -> Vec<Call> {
    vec![Call::new(
        Runner::Cargo,
        "cargo test --locked --workspace --all-features --no-fail-fast",
    )]
}

/// A workspace of its own, kept apart below the target folder that is cleaned as one.
fn fuzz() -> Vec<Call> {
    vec![Call::new(
        Runner::Whole,
        "cargo build --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz",
    )]
}

/// The program under test, as the step before built it: building its package alone would resolve other features and
/// compile everything again.
fn binary() -> Call {
    Call::new(
        Runner::Whole,
        "cargo test --locked --workspace --all-features --no-run",
    )
}

fn e2e() -> Vec<Call> {
    vec![
        binary(),
        Call::new(Runner::Whole, "npm ci --no-audit --no-fund").inside("e2e"),
        Call::new(Runner::Node, "node --test --test-reporter=spec").inside("e2e"),
    ]
}

fn sdk_node() -> Vec<Call> {
    vec![
        Call::new(Runner::Whole, "npm ci --no-audit --no-fund").inside("sdk/node"),
        Call::new(Runner::Node, "node --test --test-reporter=spec").inside("sdk/node"),
    ]
}

fn sdk_python() -> Vec<Call> {
    let python = "../../target/sdk-python/bin/python";
    vec![
        Call::new(Runner::Whole, "python3 -m venv ../../target/sdk-python").inside("sdk/python"),
        Call::new(
            Runner::Whole,
            &format!("{python} -m pip install --quiet --disable-pip-version-check -r requirements.txt"),
        )
        .inside("sdk/python"),
        Call::new(Runner::Pytest, &format!("{python} -m pytest -p no:cacheprovider")).inside("sdk/python"),
    ]
}

fn sdk_go() -> Vec<Call> {
    vec![
        Call::new(Runner::Whole, "go vet ./...").inside("sdk/go"),
        Call::new(Runner::Go, "go test -race -v ./...")
            .inside("sdk/go")
            .with("CGO_ENABLED", "1"),
    ]
}

fn blackbox() -> Vec<Call> {
    vec![binary(), Call::new(Runner::Node, "node sdk/blackbox/run.mjs")]
}

fn python() -> Vec<Call> {
    vec![
        binary(),
        Call::new(Runner::Whole, "python3 -m venv .venv").inside("e2e"),
        Call::new(
            Runner::Whole,
            ".venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt",
        )
        .inside("e2e"),
        Call::new(
            Runner::Python,
            ".venv/bin/python -m unittest discover -v -p *_test.py",
        )
        .inside("e2e"),
    ]
}

fn exists(path: &str) -> bool {
    crate::root().join(path).is_file()
}
