//! Thread CPU time of short rounds, the median of many; what must be done besides is measured alone and taken off.

use cpu_time::ThreadTime;

/// Nanoseconds per call, the median of the rounds. Each round gets its number; each call the number of the call.
pub fn median(rounds: usize, calls: usize, mut call: impl FnMut(usize)) -> f64 {
    let mut next = 0;
    let mut samples: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = ThreadTime::now();
            for _ in 0..calls {
                call(next);
                next += 1;
            }
            start.elapsed().as_nanos() as f64 / calls as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// The first without the second, in interleaved rounds. They get different numbers, so that what the first has touched is no
/// nearer to the second.
pub fn difference(rounds: usize, calls: usize, with: impl FnMut(usize), without: impl FnMut(usize)) -> f64 {
    let (mut with, mut without) = (with, without);
    let mut next = 0;
    let mut samples: Vec<f64> = (0..rounds)
        .map(|_| {
            let from = next;
            next += calls;
            let start = ThreadTime::now();
            (from..next).for_each(&mut with);
            let long = start.elapsed().as_nanos() as f64;
            let start = ThreadTime::now();
            (from..next).map(|n| n + FAR).for_each(&mut without);
            (long - start.elapsed().as_nanos() as f64) / calls as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

const FAR: usize = 1_000_003;
