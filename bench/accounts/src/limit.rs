//! What the machine can do: bare Argon2id, as many threads as the server hashes on, with nothing around it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use argon2::Block;
use sekisho::passwords::PasswordWork;

use crate::people::hasher;

/// Hashes a second. Memory is kept from one hash to the next: fresh pages would make the limit lower than it is.
pub fn bare(work: &PasswordWork, length: Duration) -> Result<f64> {
    let made = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..work.concurrency)
            .map(|_| scope.spawn(|| hash_for(work, begun, length, &made)))
            .collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread died"))??;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(made.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

fn hash_for(work: &PasswordWork, begun: Instant, length: Duration, made: &AtomicU64) -> Result<()> {
    let hasher = hasher(work)?;
    let mut memory = vec![Block::default(); hasher.params().block_count()];
    let mut out = [0; 32];
    while begun.elapsed() < length {
        let done = hasher.hash_password_into_with_memory(
            b"nine purple lanterns",
            b"sixteen bytes ..",
            &mut out,
            &mut memory,
        );
        done.map_err(|error| anyhow!("{error}"))?;
        made.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
