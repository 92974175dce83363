//! A flood of logins, and the token endpoint beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use bench_server::browser::{self, Browser, authorization};
use bench_server::doors::{Family, Machine, TokenDoor};
use bench_server::load::{Worker, drive};
use bench_server::process::Server;
use url::Url;

use crate::people::People;

/// Browsers for each hashing thread: enough that one always waits.
const BROWSERS: usize = 12;
/// Between two requests of a prober, all its callers together.
const PACE: Duration = Duration::from_millis(40);
/// Callers of a prober that take turns, so that no request waits for another one's answer.
const CALLERS: usize = 8;

/// Somebody new each time, through the pages to a code.
#[derive(Clone)]
pub struct Visitors {
    http: reqwest::Client,
    request: Url,
    people: People,
    turn: Arc<AtomicU64>,
}

impl Visitors {
    pub fn new(server: &Server, people: &People) -> Result<Self> {
        let ready = &server.ready;
        Ok(Self {
            http: browser::http()?,
            request: authorization(ready, &ready.spa, &ready.api.audience, "openid email")?,
            people: people.clone(),
            turn: Arc::default(),
        })
    }

    /// One login, in a browser of its own.
    pub async fn log_in(&self) -> Result<()> {
        let user = self.people.visitor(self.turn.fetch_add(1, Ordering::Relaxed));
        let code = Browser::new(self.http.clone()).code(&self.request, &user).await;
        code.map(drop).with_context(|| user.email)
    }

    /// Logins a second, with so many hashing threads to be kept busy.
    pub async fn flood(&self, server: &Server, threads: usize, length: Duration) -> Result<f64> {
        let begun = Instant::now();
        let (figures, _) = drive(server, vec![self.clone(); BROWSERS * threads], length).await?;
        // Whoever was on the way when time was up is waited for, and counted.
        Ok(figures.requests as f64 / begun.elapsed().as_secs_f64())
    }
}

impl Worker for Visitors {
    async fn step(&mut self) -> Result<bool> {
        self.log_in().await.map(|()| true)
    }
}

/// One sort of request at a steady pace, from a thread of its own.
pub struct Prober<W> {
    workers: Vec<W>,
    /// Kept from round to round, for the connections live on it.
    runtime: tokio::runtime::Runtime,
}

impl<W: Worker> Prober<W> {
    fn new(workers: Vec<W>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self { workers, runtime })
    }

    /// Sends for a while; answers latencies in milliseconds.
    pub fn start(mut self, length: Duration) -> JoinHandle<Result<(Self, Vec<f64>)>> {
        std::thread::spawn(move || {
            let (workers, begun) = (std::mem::take(&mut self.workers), Instant::now());
            let beat = PACE * u32::try_from(workers.len())?;
            let latencies = self.runtime.block_on(async {
                let turns = workers.into_iter().zip(0..);
                let tasks: Vec<_> = turns
                    .map(|(worker, turn)| {
                        tokio::spawn(keep_asking(worker, begun + PACE * turn, beat, length))
                    })
                    .collect();
                let mut latencies = Vec::new();
                for task in tasks {
                    let (worker, own) = task.await??;
                    self.workers.push(worker);
                    latencies.extend(own);
                }
                Ok::<_, anyhow::Error>(latencies)
            })?;
            Ok((self, latencies))
        })
    }

    /// Lets go of it, also where a runtime may not be dropped.
    pub fn end(self) {
        self.runtime.shutdown_background();
    }
}

/// A request at each beat, timed from the moment it was due: waiting for the answer before counts.
async fn keep_asking<W: Worker>(
    mut worker: W,
    first: Instant,
    beat: Duration,
    length: Duration,
) -> Result<(W, Vec<f64>)> {
    let (mut due, mut latencies) = (first, Vec::new());
    while due < first + length {
        tokio::time::sleep_until(due.into()).await;
        worker.step().await?;
        latencies.push(due.elapsed().as_secs_f64() * 1e3);
        due += beat;
    }
    Ok((worker, latencies))
}

/// Client credentials: a signature, no row.
pub fn machines(server: &Server) -> Result<Prober<Machine>> {
    let ready = &server.ready;
    let door = TokenDoor::new(&browser::http()?, ready, &ready.machine);
    let machine = || Machine(door.clone(), ready.api.audience.clone());
    Prober::new((0..CALLERS).map(|_| machine()).collect())
}

/// Rotating refresh tokens: two signatures, a durable row.
pub async fn families(server: &Server) -> Result<Prober<Family>> {
    let ready = &server.ready;
    let scope = "openid profile email offline_access";
    let request = authorization(ready, &ready.spa, &ready.api.audience, scope)?;
    let mut browser = Browser::new(browser::http()?);
    let mut workers = Vec::new();
    // Its connections live on the prober's runtime, so nothing is asked here.
    let http = browser::http()?;
    for _ in 0..CALLERS {
        let code = browser.code(&request, &ready.user).await?;
        let first = TokenDoor::new(&browser::http()?, ready, &ready.spa)
            .redeem(&code)
            .await?;
        workers.push(Family {
            door: TokenDoor::new(&http, ready, &ready.spa),
            token: first.refresh_token.context("no refresh token")?,
        });
    }
    Prober::new(workers)
}

/// What a prober found, and itself for the next round.
pub fn join<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a prober died"))?
}
