//! Thread CPU time of short rounds: the median of many, and what the fastest tenth of them stays under, since other programs on
//! the machine take the caches away. What must be done besides is measured alone and taken off.

use cpu_time::ThreadTime;

/// Nanoseconds per call.
#[derive(Clone, Copy)]
pub struct Cost {
    pub median: f64,
    /// A tenth of the rounds took at most this.
    pub tenth: f64,
}

impl Cost {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self {
            median: samples[samples.len() / 2],
            tenth: samples[samples.len() / 10],
        }
    }

    pub fn note(&self) -> String {
        format!("the fastest tenth {:.0} ns", self.tenth)
    }
}

/// Each call gets its number.
pub fn cost(rounds: usize, calls: usize, mut call: impl FnMut(usize)) -> Cost {
    let mut next = 0;
    let round = |_| {
        let from = next;
        next += calls;
        nanoseconds(from..next, &mut call)
    };
    Cost::of((0..rounds).map(round).collect())
}

/// The first without the second, in interleaved rounds. They get different numbers, so that what the first has touched is no
/// nearer to the second.
pub fn difference(
    rounds: usize,
    calls: usize,
    mut with: impl FnMut(usize),
    mut without: impl FnMut(usize),
) -> Cost {
    let (mut long, mut short) = (Vec::new(), Vec::new());
    for from in (0..rounds).map(|round| round * calls) {
        long.push(nanoseconds(from..from + calls, &mut with));
        short.push(nanoseconds(from + FAR..from + FAR + calls, &mut without));
    }
    let (long, short) = (Cost::of(long), Cost::of(short));
    Cost {
        median: long.median - short.median,
        tenth: long.tenth - short.tenth,
    }
}

const FAR: usize = 1_000_003;

fn nanoseconds(calls: std::ops::Range<usize>, call: &mut impl FnMut(usize)) -> f64 {
    let count = calls.len() as f64;
    let start = ThreadTime::now();
    calls.for_each(call);
    start.elapsed().as_nanos() as f64 / count
}
