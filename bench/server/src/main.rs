//! Measures a release `sekisho` over loopback: requests per CPU-second of its own process (the load shares the machine's
//! cores, so wall-clock throughput would measure the load too), latency, memory, start, and few users against many.
//!
//! Rows go to standard output as JSON lines, progress to standard error. `cargo xtask bench server` makes the table.
//! Arguments: `--users N` for the large database (1,000,000), `--seconds N` per figure (4), `--engine sqlite|postgres`,
//! `--binary FILE`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use bench_server::browser::{self, Browser, authorization};
use bench_server::doors::{Codes, Family, Get, Machine, TokenDoor};
use bench_server::load::{Figures, Worker, drive};
use bench_server::process::{self, Place, Server};
use bench_server::raw::{self, Limits};
use bench_server::row::Row;
use bench_server::seed;

/// Enough at once that the database can gather writes into one commit.
const BUSY: usize = 32;
/// Few enough that a latency is the server's own and not the queue's.
const CALM: usize = 2;
/// The scopes that make two signatures: an ID token beside the access token.
const SIGNED_IN: &str = "openid profile email offline_access";

struct Options {
    users: u64,
    length: Duration,
    engines: Vec<String>,
    /// A program to measure in place of the one built now.
    binary: Option<PathBuf>,
}

fn main() -> Result<()> {
    // The load is light work; one thread leaves the other core to the server.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(&options()?))
}

fn options() -> Result<Options> {
    let mut options = Options {
        users: 1_000_000,
        length: Duration::from_secs(4),
        engines: vec!["sqlite".into(), "postgres".into()],
        binary: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--users" => options.users = value()?.parse()?,
            "--seconds" => options.length = Duration::from_secs(value()?.parse()?),
            "--engine" => options.engines = vec![value()?],
            "--binary" => options.binary = Some(value()?.into()),
            _ => bail!("unknown argument {word}"),
        }
    }
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
    let limits = raw::limits()?;
    Row::new("raw RS256 signatures", limits.rs256, "per CPU-second").print();
    Row::new("raw ES256 signatures", limits.es256, "per CPU-second").print();
    for engine in &options.engines {
        let folder = tempfile::tempdir()?;
        let database = match engine.as_str() {
            "sqlite" => None,
            "postgres" => Some(sekisho_test_postgres::fresh_database()),
            other => bail!("no engine is called {other}"),
        };
        let place = Place {
            binary: binary.clone(),
            data: folder.path().join("data"),
            postgres: database,
            port: process::free_ports()?,
            settings: Vec::new(),
        };
        measure(engine, &place, options, &limits)
            .await
            .with_context(|| format!("on {engine}"))?;
    }
    Ok(())
}

/// Everything on one engine: few users first, then many.
async fn measure(engine: &str, place: &Place, options: &Options, limits: &Limits) -> Result<()> {
    const FEW: u64 = 1000;
    // The first start makes keys and the demo data; one login makes the rows that are copied.
    let server = Server::start(place).await?;
    families(&server, 1, (&server.ready.api.audience, SIGNED_IN)).await?;
    server.stop().await?;

    seed::ec_api(&place.data, place.postgres.as_deref()).await?;
    eprintln!("{engine}: {FEW} users");
    seed::users(&place.data, place.postgres.as_deref(), 1, FEW).await?;
    let few = Scale {
        engine,
        users: FEW,
        options,
    };
    let (server, idle) = few.start(place).await?;
    Row::new(format!("{engine}: idle memory"), idle, "MB")
        .at_most(40.0)
        .print();
    let few_costs = few.costs(&server, Some(limits)).await?;
    few.light_doors(&server).await?;
    Row::new(format!("{engine}: memory after load"), server.memory()?, "MB").print();
    server.stop().await?;

    eprintln!("{engine}: {} users", options.users);
    seed::users(&place.data, place.postgres.as_deref(), FEW + 1, options.users).await?;
    let many = Scale {
        engine,
        users: options.users,
        options,
    };
    let (server, _) = many.start(place).await?;
    let many_costs = many.costs(&server, None).await?;
    Row::new(
        format!("{engine}: memory after load, {} users", options.users),
        server.memory()?,
        "MB",
    )
    .print();
    server.stop().await?;
    for ((name, few), (_, many)) in few_costs.iter().zip(&many_costs) {
        // Ten per cent is the noise of a shared machine.
        Row::new(
            format!("{engine}: {name}, cost at {} users against {FEW}", options.users),
            few / many,
            "times",
        )
        .at_most(1.1)
        .print();
    }
    Ok(())
}

/// One size of the database.
struct Scale<'a> {
    engine: &'a str,
    users: u64,
    options: &'a Options,
}

impl Scale<'_> {
    /// Starts the server and times its first token; gives its memory before any load.
    async fn start(&self, place: &Place) -> Result<(Server, f64)> {
        // Made before the clock starts: it reads the machine's certificates.
        let http = browser::http()?;
        let server = Server::start(place).await?;
        let idle = server.memory()?;
        let ready = &server.ready;
        TokenDoor::new(&http, ready, &ready.machine)
            .client_credentials(&ready.api.audience)
            .await?;
        let took = server.started.elapsed().as_secs_f64() * 1e3;
        let cpu = server.cpu()? * 1e3;
        Row::new(
            format!("{}: start until first token, {} users", self.engine, self.users),
            took,
            "ms",
        )
        .at_most(100.0)
        .note(format!("{cpu:.0} ms of CPU"))
        .print();
        Ok((server, idle))
    }

    /// The three grants; gives each one's requests per CPU-second.
    async fn costs(&self, server: &Server, limits: Option<&Limits>) -> Result<Vec<(&'static str, f64)>> {
        let ready = &server.ready;
        let http = browser::http()?;
        let machine = TokenDoor::new(&http, ready, &ready.machine);
        let machines = |audience: &str| {
            (0..BUSY)
                .map(|_| Machine(machine.clone(), audience.to_owned()))
                .collect()
        };
        let goal = limits.map(|limits| limits.rs256 * 0.85);
        let credentials = self
            .door(
                server,
                "client credentials, RS256",
                goal,
                machines(&ready.api.audience),
            )
            .await?;
        self.door(
            server,
            "client credentials, ES256",
            None,
            machines(seed::EC_AUDIENCE),
        )
        .await?;
        let goal = limits.map(|_| 1000.0);
        let workers = families(server, BUSY, (&ready.api.audience, SIGNED_IN)).await?;
        let refresh = self
            .door(server, "refresh, RS256, two signatures", goal, workers)
            .await?;
        let workers = families(server, BUSY, (&ready.api.audience, "offline_access")).await?;
        self.door(
            server,
            "refresh without openid, RS256, one signature",
            None,
            workers,
        )
        .await?;
        let goal = limits.map(|_| 3000.0);
        let workers = families(server, BUSY, (seed::EC_AUDIENCE, "offline_access")).await?;
        self.door(
            server,
            "refresh without openid, ES256, one signature",
            goal,
            workers,
        )
        .await?;
        let code = self.codes(server).await?;
        Ok(vec![
            ("client credentials", credentials),
            ("refresh", refresh),
            ("code exchange", code),
        ])
    }

    async fn codes(&self, server: &Server) -> Result<f64> {
        const EACH: usize = 60;
        let ready = &server.ready;
        let http = browser::http()?;
        let request = authorization(ready, &ready.spa, &ready.api.audience, SIGNED_IN)?;
        let mut browser = Browser::new(http.clone());
        let mut workers = Vec::new();
        for _ in 0..BUSY {
            let mut left = Vec::new();
            for _ in 0..EACH {
                left.push(browser.code(&request, &ready.user).await?);
            }
            workers.push(Codes {
                door: TokenDoor::new(&http, ready, &ready.spa),
                left,
            });
        }
        let (figures, _) = drive(server, workers, Duration::from_secs(50)).await?;
        self.print("code exchange, RS256, two signatures", &figures, None);
        Ok(figures.per_cpu_second())
    }

    /// The doors that only read.
    async fn light_doors(&self, server: &Server) -> Result<()> {
        let ready = &server.ready;
        let http = browser::http()?;
        let request = authorization(ready, &ready.spa, &ready.api.audience, SIGNED_IN)?;
        let code = Browser::new(http.clone()).code(&request, &ready.user).await?;
        let tokens = TokenDoor::new(&http, ready, &ready.spa).redeem(&code).await?;
        let bearer = Some(tokens.access_token);
        let userinfo = Get {
            http: http.clone(),
            url: format!("{}userinfo", ready.issuer),
            bearer,
        };
        self.door(server, "userinfo", None, vec![userinfo; BUSY]).await?;
        let keys = Get {
            http,
            url: format!("{}.well-known/jwks.json", ready.issuer),
            bearer: None,
        };
        self.door(server, "JWKS", None, vec![keys; BUSY]).await?;
        Ok(())
    }

    /// One door: many workers for the cost, then few for the latency.
    async fn door<W: Worker>(
        &self,
        server: &Server,
        name: &str,
        goal: Option<f64>,
        workers: Vec<W>,
    ) -> Result<f64> {
        let (_, workers) = drive(server, workers, Duration::from_millis(500)).await?;
        let (busy, mut workers) = drive(server, workers, self.options.length).await?;
        self.print(name, &busy, goal);
        workers.truncate(CALM);
        let (calm, _) = drive(server, workers, self.options.length / 2).await?;
        for (label, share) in [("p50", 0.50), ("p99", 0.99)] {
            let name = format!("{}: {name}, {label}", self.engine);
            let note = format!(
                "{CALM} at once, {} users; {:.1} ms with {BUSY}",
                self.users,
                busy.percentile(share)
            );
            Row::new(name, calm.percentile(share), "ms").note(note).print();
        }
        Ok(busy.per_cpu_second())
    }

    fn print(&self, name: &str, figures: &Figures, goal: Option<f64>) {
        let row = Row::new(
            format!("{}: {name}", self.engine),
            figures.per_cpu_second(),
            "per CPU-second",
        )
        .note(format!("{} requests, {} users", figures.requests, self.users));
        match goal {
            Some(goal) => row.at_least(goal).print(),
            None => row.print(),
        }
    }
}

/// Logs the demo user in once and grows that many refresh families from the session.
async fn families(server: &Server, count: usize, (audience, scope): (&str, &str)) -> Result<Vec<Family>> {
    let ready = &server.ready;
    let http = browser::http()?;
    let request = authorization(ready, &ready.spa, audience, scope)?;
    let mut browser = Browser::new(http.clone());
    let mut families = Vec::new();
    for _ in 0..count {
        let code = browser.code(&request, &ready.user).await?;
        let door = TokenDoor::new(&http, ready, &ready.spa);
        let token = door
            .redeem(&code)
            .await?
            .refresh_token
            .context("no refresh token")?;
        families.push(Family { door, token });
    }
    Ok(families)
}
