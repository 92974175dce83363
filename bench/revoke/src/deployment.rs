//! The servers under measurement, as processes of their own: one on SQLite, or two on PostgreSQL, behind a balancer that their issuer
//! names. Seeded from the command line, as an operator would.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::balancer::Balancer;
use bench_server::browser::{self, Browser, authorization};
use bench_server::doors::{Family, TokenDoor};
use bench_server::load::Worker as _;
use bench_server::process::{Api, App, Ready, User};

/// The API whose tokens are revoked.
pub const AUDIENCE: &str = "https://api.bench.example/";

/// Where codes are sent; nobody listens there, for nobody follows.
const CALLBACK: &str = "http://127.0.0.1:1/callback";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One node.
    Sqlite,
    /// Two nodes.
    Postgres,
}

impl Engine {
    /// From the word on the command line.
    pub fn named(word: &str) -> Result<Self> {
        match word {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            _ => bail!("an engine is sqlite or postgres, not {word}"),
        }
    }

    /// For the table.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL, two nodes",
        }
    }

    fn nodes(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 2,
        }
    }
}

/// A client with its secret, as the command line prints it.
#[derive(Clone, Debug, Deserialize)]
pub struct Client {
    /// Its `client_id`.
    #[serde(rename = "client_id")]
    pub id: String,
    /// Its secret.
    #[serde(rename = "client_secret", default)]
    pub secret: String,
}

/// A running deployment.
pub struct Deployment {
    /// Which database.
    pub engine: Engine,
    /// The issuer, with its slash.
    pub issuer: String,
    /// The client the verifiers read the feed with.
    pub listener: Client,
    machine: Client,
    ready: Ready,
    http: reqwest::Client,
    balancer: Balancer,
    nodes: Vec<Child>,
    _folder: TempDir,
}

impl Deployment {
    /// Starts the nodes, and makes what is needed.
    pub async fn start(binary: &Path, engine: Engine) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (balancer, door) = Balancer::open().await?;
        let issuer = format!("http://127.0.0.1:{}/", balancer.port);
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                Some(tokio::task::spawn_blocking(sekisho_test_postgres::fresh_database).await?)
            }
        };
        let settings = |port: u16| {
            let mut command = Command::new(binary);
            command
                .env("SEKISHO_ISSUER", &issuer)
                .env("SEKISHO_DATA_DIR", folder.path())
                .env("SEKISHO_LISTEN", format!("127.0.0.1:{port}"))
                .env(
                    "SEKISHO_KEY_ENCRYPTION_KEY",
                    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                )
                .env("SEKISHO_LOG", "warn")
                .env_remove("DATABASE_URL")
                .stdin(Stdio::null())
                .kill_on_drop(true);
            if let Some(url) = &database {
                command.env("DATABASE_URL", url);
            }
            command
        };
        let cli = async |words: &[&str]| {
            let output = settings(0).args(words).output().await?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(output.status.success(), "sekisho {words:?}: {said}");
            Ok(output.stdout)
        };
        cli(&["migrate"]).await?;
        cli(&["api", "add", AUDIENCE, "--scope", "read:bench=Read"]).await?;
        let machine: Client =
            json(&cli(&["client", "add", "Bench", "--kind", "non_interactive", "--json"]).await?)?;
        cli(&["grant", "add", &machine.id, AUDIENCE, "--scope", "read:bench"]).await?;
        let listener: Client = json(&cli(&["verifier", "add", "bench", "--json"]).await?)?;

        let spa: Client = json(
            &cli(&[
                "client",
                "add",
                "App",
                "--kind",
                "spa",
                "--callback",
                CALLBACK,
                "--json",
            ])
            .await?,
        )?;
        let user: User = json(
            &cli(&[
                "user",
                "add",
                "bench@example.com",
                "--verified",
                "--generate",
                "--json",
            ])
            .await?,
        )?;
        let app = |client: &Client, redirect_uri: &str| App {
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
            redirect_uri: redirect_uri.to_owned(),
        };
        let ready = Ready {
            issuer: issuer.clone(),
            spa: app(&spa, CALLBACK),
            machine: app(&machine, ""),
            api: Api {
                audience: AUDIENCE.to_owned(),
            },
            user,
        };
        let http = reqwest::Client::new();
        let mut nodes = Vec::new();
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for _ in 0..engine.nodes() {
            let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let child = settings(port)
                .arg("serve")
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()?;
            let started = Instant::now();
            let ready = format!("http://127.0.0.1:{port}/readyz");
            while !matches!(http.get(&ready).send().await, Ok(answer) if answer.status().is_success()) {
                ensure!(
                    started.elapsed() < Duration::from_secs(30),
                    "a node did not become ready"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            nodes.push(child);
            addresses.push(([127, 0, 0, 1], port).into());
        }
        balancer.serve(door, addresses);
        Ok(Self {
            engine,
            issuer,
            listener,
            machine,
            ready,
            http,
            balancer,
            nodes,
            _folder: folder,
        })
    }

    /// Resident memory of all nodes, in megabytes (10^6 bytes).
    pub fn memory(&self) -> Result<f64> {
        self.ids().map(memory_of).sum()
    }

    /// Bytes sent to callers so far.
    pub fn bytes_sent(&self) -> u64 {
        self.balancer.sent()
    }

    /// A fresh token of the machine client.
    pub async fn machine_token(&self) -> Result<String> {
        let grant = [("grant_type", "client_credentials"), ("audience", AUDIENCE)];
        #[derive(Deserialize)]
        struct Tokens {
            access_token: String,
        }
        let tokens: Tokens = json(&self.ask("oauth/token", &grant).await?)?;
        Ok(tokens.access_token)
    }

    /// Revokes a token of the machine client (RFC 7009).
    pub async fn revoke(&self, token: &str) -> Result<()> {
        self.ask("oauth/revoke", &[("token", token)]).await.map(drop)
    }

    /// Signs a person in and grows that many refresh families from the session.
    pub async fn families(&self, count: usize) -> Result<Vec<Family>> {
        let request = authorization(
            &self.ready,
            &self.ready.spa,
            AUDIENCE,
            "openid offline_access read:bench",
        )?;
        let http = browser::http()?;
        let mut browser = Browser::new(http.clone());
        let mut families = Vec::new();
        for _ in 0..count {
            let code = browser.code(&request, &self.ready.user).await?;
            let door = TokenDoor::new(&http, &self.ready, &self.ready.spa);
            let token = door
                .redeem(&code)
                .await?
                .refresh_token
                .context("no refresh token")?;
            families.push(Family { door, token });
        }
        Ok(families)
    }

    /// Refreshes per CPU-second of the nodes, every family as fast as it can, for `length`.
    pub async fn refreshes(&self, families: &mut Vec<Family>, length: Duration) -> Result<f64> {
        let before = self.cpu()?;
        let end = Instant::now() + length;
        let workers: Vec<_> = std::mem::take(families)
            .into_iter()
            .map(|mut family| {
                tokio::spawn(async move {
                    let mut answered = 0_u32;
                    while Instant::now() < end {
                        family.step().await?;
                        answered += 1;
                    }
                    Ok::<_, anyhow::Error>((answered, family))
                })
            })
            .collect();
        let mut answered = 0;
        for worker in workers {
            let (own, family) = worker.await??;
            answered += own;
            families.push(family);
        }
        Ok(f64::from(answered) / (self.cpu()? - before))
    }

    /// The share of a core the nodes use while nobody asks anything.
    pub async fn idle_cpu(&self, length: Duration) -> Result<f64> {
        let before = self.cpu()?;
        tokio::time::sleep(length).await;
        Ok((self.cpu()? - before) / length.as_secs_f64())
    }

    /// Stops the nodes.
    pub async fn stop(mut self) -> Result<()> {
        for node in &mut self.nodes {
            let id = node.id().context("a node has ended")?;
            Command::new("kill").arg(id.to_string()).status().await?;
            node.wait().await?;
        }
        Ok(())
    }

    async fn ask(&self, path: &str, fields: &[(&str, &str)]) -> Result<Vec<u8>> {
        let mut form = vec![
            ("client_id", self.machine.id.as_str()),
            ("client_secret", self.machine.secret.as_str()),
        ];
        form.extend(fields);
        let answer = self
            .http
            .post(format!("{}{path}", self.issuer))
            .form(&form)
            .send()
            .await?;
        let status = answer.status();
        let body = answer.bytes().await?.to_vec();
        ensure!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    fn cpu(&self) -> Result<f64> {
        self.ids().map(cpu_of).sum()
    }

    fn ids(&self) -> impl Iterator<Item = u32> {
        self.nodes.iter().filter_map(Child::id)
    }
}

/// Resident memory of a process in megabytes (10^6 bytes).
pub fn memory_of(id: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.context("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// CPU seconds a process has used, user and system (Linux counts in hundredths).
fn cpu_of(id: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let rest = text.rsplit_once(')').context("no name")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let used = fields.get(11..13).context("too short")?;
    Ok(used
        .iter()
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0)
}

/// The release binary, built now if it is not up to date.
pub fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("the repository")?;
    let status = std::process::Command::new("cargo")
        .args(["build", "--release", "-p", "sekisho"])
        .current_dir(root)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the server does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/sekisho"))
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).with_context(|| String::from_utf8_lossy(bytes).into_owned())
}
