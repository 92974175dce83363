//! The server under measurement, as a process of its own: started, read from /proc, stopped.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What `sekisho dev --json` prints when it is ready.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    pub issuer: String,
    pub spa: App,
    pub machine: App,
    pub api: Api,
    pub user: User,
}

#[derive(Clone, Debug, Deserialize)]
pub struct App {
    pub client_id: String,
    #[serde(default)]
    pub client_secret: String,
    #[serde(default)]
    pub redirect_uri: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Api {
    pub audience: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct User {
    pub email: String,
    pub password: String,
}

/// Where a server keeps its data.
pub struct Place {
    pub binary: PathBuf,
    pub data: PathBuf,
    /// `None` is SQLite in `data`.
    pub postgres: Option<String>,
    /// Kept over restarts, for the issuer's name contains it. The demo takes the next three.
    pub port: u16,
    /// Further settings, by the names of their environment variables.
    pub settings: Vec<(&'static str, &'static str)>,
}

/// A running server.
pub struct Server {
    child: Child,
    pid: u32,
    pub ready: Ready,
    pub started: Instant,
}

impl Server {
    /// Starts the server and waits until it says it is ready.
    pub async fn start(place: &Place) -> Result<Self> {
        let started = Instant::now();
        let mut command = Command::new(&place.binary);
        command
            .args(["dev", "--json", "--port", &place.port.to_string(), "--data"])
            .arg(&place.data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env_remove("DATABASE_URL")
            .env("SEKISHO_NON_RSA_KEYS", "on")
            .envs(place.settings.iter().copied())
            .kill_on_drop(true);
        if let Some(url) = &place.postgres {
            command.env("DATABASE_URL", url);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", place.binary.display()))?;
        let pid = child.id().context("the server ended at once")?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await??;
        let line = line.context("the server ended before it was ready")?;
        let ready = serde_json::from_str(&line).with_context(|| format!("unexpected: {line}"))?;
        Ok(Self {
            child,
            pid,
            ready,
            started,
        })
    }

    /// Asks the server to stop, and waits for it.
    pub async fn stop(mut self) -> Result<()> {
        let status = Command::new("kill").arg(self.pid.to_string()).status().await?;
        ensure!(status.success(), "cannot signal the server");
        match tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await {
            Ok(status) => status.map(drop).map_err(Into::into),
            Err(_) => bail!("the server did not stop within 30 s"),
        }
    }

    /// CPU seconds used so far, user and system, all threads (the kernel counts in hundredths).
    pub fn cpu(&self) -> Result<f64> {
        cpu_seconds(&format!("/proc/{}/stat", self.pid))
    }

    /// Resident memory in megabytes (10^6 bytes).
    pub fn memory(&self) -> Result<f64> {
        memory_of(self.pid, "VmRSS")
    }
}

/// A figure of a process's memory, `VmRSS` or `VmHWM`, in megabytes (10^6 bytes).
pub fn memory_of(pid: u32, figure: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'))
        .with_context(|| format!("no {figure}"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// The first of four free ports.
pub fn free_ports() -> Result<u16> {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = (42000..60000)
        .step_by(4)
        .find(|port| (0..4).all(|next| free(port + next)));
    first.context("no four free ports in a row")
}

/// User and system time of a process in seconds.
pub fn cpu_seconds(stat: &str) -> Result<f64> {
    // Linux reports in ticks of USER_HZ, which is 100 on every architecture we build for.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string(stat)?;
    // The second field is the program's name and may hold spaces.
    let rest = text.rsplit_once(')').context("no name")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields
        .get(11..13)
        .context("too short")?
        .iter()
        .filter_map(|f| f.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// The release binary, built now if it is not up to date.
pub fn build(root: &Path) -> Result<PathBuf> {
    let status = std::process::Command::new("cargo")
        .args(["build", "--release", "-p", "sekisho"])
        .current_dir(root)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the server does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/sekisho"))
}
