//! A closed loop: some workers, each sending its next request when the last one was answered.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::process::Server;

/// What a loop found.
pub struct Figures {
    pub requests: usize,
    /// CPU seconds the server used meanwhile.
    pub cpu: f64,
    latencies: Vec<Duration>,
}

impl Figures {
    /// Requests per CPU-second of the server's own process.
    pub fn per_cpu_second(&self) -> f64 {
        self.requests as f64 / self.cpu.max(0.01)
    }

    /// The latency in milliseconds that this share of the requests stayed under.
    pub fn percentile(&self, share: f64) -> f64 {
        let at = ((self.latencies.len() as f64 - 1.0) * share).round() as usize;
        self.latencies
            .get(at)
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// One worker: whatever it needs from one request to the next (a refresh token, the codes it has left).
pub trait Worker: Send + 'static {
    /// Sends one request and checks the answer. `false` means this worker has nothing left to send.
    fn step(&mut self) -> impl Future<Output = Result<bool>> + Send;
}

/// Runs the workers side by side for a while and gives them back.
pub async fn drive<W: Worker>(
    server: &Server,
    workers: Vec<W>,
    length: Duration,
) -> Result<(Figures, Vec<W>)> {
    let before = server.cpu()?;
    let end = Instant::now() + length;
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while Instant::now() < end {
                    let sent = Instant::now();
                    if !worker.step().await? {
                        break;
                    }
                    latencies.push(sent.elapsed());
                }
                Ok::<_, anyhow::Error>((latencies, worker))
            })
        })
        .collect();
    let mut latencies = Vec::new();
    let mut workers = Vec::new();
    for task in tasks {
        let (mut own, worker) = task.await??;
        latencies.append(&mut own);
        workers.push(worker);
    }
    let cpu = server.cpu()? - before;
    ensure!(!latencies.is_empty(), "no request was answered");
    latencies.sort_unstable();
    Ok((
        Figures {
            requests: latencies.len(),
            cpu,
            latencies,
        },
        workers,
    ))
}
