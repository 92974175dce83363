//! Is everything here that the steps need? If not: install it, or say in one line how.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// Something a step needs that Cargo does not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Caddy,
    Chromium,
    CxxCompiler,
    Go,
    JapaneseFonts,
    Nginx,
    Node,
    Postgres,
    Python,
    PythonVenv,
}

/// Makes sure that every tool is here.
///
/// As root, or when `CI` is `true`, missing Debian packages are installed. Otherwise the error is the one command that
/// installs them.
pub fn prepare<'a>(needs: impl Iterator<Item = &'a Tool>) -> Result<()> {
    let needs: BTreeSet<Tool> = needs.copied().collect();
    let missing: Vec<Tool> = needs.into_iter().filter(|tool| !tool.is_here()).collect();
    if let Some(advice) = missing.iter().find_map(|tool| tool.advice()) {
        bail!("{advice}");
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages()).copied().collect();
    if packages.is_empty() {
        return Ok(());
    }
    let root = is_root();
    if !root && std::env::var("CI").is_ok_and(|value| value == "true") {
        install(&["sudo", "-n"], &packages);
    } else if root {
        install(&[], &packages);
    }
    let still: Vec<Tool> = missing.into_iter().filter(|tool| !tool.is_here()).collect();
    if !still.is_empty() {
        let packages: Vec<&str> = still.iter().flat_map(|tool| tool.packages()).copied().collect();
        bail!(
            "missing: {still:?}; install with\nsudo apt-get update && sudo apt-get install -y {}",
            packages.join(" ")
        );
    }
    Ok(())
}

impl Tool {
    fn is_here(self) -> bool {
        match self {
            Self::Caddy => on_path("caddy"),
            Self::Chromium => ["chromium", "chromium-browser", "google-chrome"]
                .iter()
                .any(|name| on_path(name)),
            Self::CxxCompiler => on_path("c++"),
            Self::Go => output(&["go", "version"]).is_some(),
            Self::JapaneseFonts => {
                output(&["fc-list", ":lang=ja", "file"]).is_some_and(|list| !list.trim().is_empty())
            }
            // Debian keeps it where only root looks.
            Self::Nginx => on_path("nginx") || Path::new("/usr/sbin/nginx").is_file(),
            Self::Node => {
                let version = output(&["node", "--version"]);
                let major = version.and_then(|v| v.trim().strip_prefix('v')?.split('.').next()?.parse().ok());
                major.is_some_and(|major: u32| major >= 20) && on_path("npm")
            }
            Self::Postgres => on_path("initdb") || debian_postgres(),
            Self::Python => on_path("python3"),
            Self::PythonVenv => succeeds(&["python3", "-c", "import venv, ensurepip"]),
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Caddy => &["caddy"],
            Self::Chromium => &["chromium"],
            Self::CxxCompiler => &["g++"],
            Self::JapaneseFonts => &["fontconfig", "fonts-noto-cjk"],
            Self::Nginx => &["nginx-light"],
            Self::Postgres => &["postgresql"],
            Self::PythonVenv => &["python3-venv"],
            Self::Go => &["golang-go"],
            Self::Node | Self::Python => &[],
        }
    }

    /// What to do about a tool that no Debian package brings for certain.
    fn advice(self) -> Option<&'static str> {
        match self {
            Self::Node => Some(
                "Node.js 20 or newer with npm is missing: `apt-get install nodejs npm` on Debian 13, else https://nodejs.org/en/download",
            ),
            Self::Python => Some("Python 3.11 or newer is missing: `apt-get install python3 python3-venv`"),
            _ => None,
        }
    }
}

fn install(before: &[&str], packages: &[&str]) {
    for words in [
        &["apt-get", "update"][..],
        &["apt-get", "install", "-y", "--no-install-recommends"],
    ] {
        let rest = if words.len() > 2 { packages } else { &[] };
        let line: Vec<&str> = before.iter().chain(words).chain(rest).copied().collect();
        println!("$ {}", line.join(" "));
        let Some((program, arguments)) = line.split_first() else {
            return;
        };
        // What is still missing afterwards is reported by the caller, so the exit code needs no reading here.
        let _ = Command::new(program)
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .status();
    }
}

fn debian_postgres() -> bool {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return false;
    };
    versions
        .flatten()
        .any(|version| version.path().join("bin/initdb").is_file())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

fn is_root() -> bool {
    output(&["id", "-u"]).is_some_and(|id| id.trim() == "0")
}

fn output(words: &[&str]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let out = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    out.status
        .success()
        .then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

fn succeeds(words: &[&str]) -> bool {
    output(words).is_some()
}
