//! The threads that hash, and the bounded queue before them.
//!
//! A thread takes the next caller's work when it is done with the last one's, without a turn through the scheduler of the async threads:
//! on a busy machine that turn can take as long as a tenth of a hash. What a hash needs of memory is kept from one to the next, for fresh
//! pages cost another tenth. Threads start when there is work and end, with their memory, after a while without.

use super::PasswordError;
use argon2::{Argon2, Block};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a thread without work keeps its memory.
const PATIENCE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce(&mut Desk) + Send>;

/// A few threads and their queue. They end with it.
pub(super) struct Threads(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    bell: Condvar,
    /// Threads there may be.
    most: usize,
    /// Callers that may wait while all of them work.
    places: usize,
    /// Blocks of memory a thread keeps.
    kept: usize,
    done: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u64, Work)>,
    /// The number the next caller gets.
    next: u64,
    /// Threads there are, and how many of them have nothing to do.
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Threads {
    /// At most `most` threads with `places` callers before them. Each keeps so many blocks of memory.
    pub(super) fn new(most: usize, places: usize, kept: usize) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            bell: Condvar::new(),
            most: most.max(1),
            places,
            kept,
            done: AtomicU64::new(0),
        }))
    }

    /// Has a thread do some work, and waits for what comes of it. A caller that goes away before its turn leaves the queue; work that
    /// was begun is finished.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when no place is left, [`PasswordError::Failed`] when the work panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (say, heard) = oneshot::channel();
        let _place = self.enter(Box::new(move |desk| {
            let _ = say.send(work(desk));
        }))?;
        heard.await.map_err(|_| PasswordError::Failed)
    }

    fn enter(&self, work: Work) -> Result<Place, PasswordError> {
        let shared = &self.0;
        let mut state = shared.lock();
        if state.waiting.len() >= shared.places + shared.free(&state) {
            return Err(PasswordError::Busy);
        }
        if state.idle <= state.waiting.len() && state.threads < shared.most {
            let thread = Arc::clone(shared);
            let started = std::thread::Builder::new()
                .name("password".to_owned())
                .spawn(move || thread.live());
            match started {
                Ok(_) => {
                    state.threads += 1;
                    state.idle += 1;
                }
                Err(_) if state.threads == 0 => return Err(PasswordError::Failed),
                Err(error) => tracing::warn!(%error, "a thread for password hashes does not start"),
            }
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push_back((number, work));
        drop(state);
        shared.bell.notify_one();
        Ok(Place {
            shared: Arc::clone(shared),
            number,
        })
    }

    /// Callers that wait while all threads work.
    pub(super) fn waiting(&self) -> usize {
        let state = self.0.lock();
        state.waiting.len().saturating_sub(self.0.free(&state))
    }

    /// Hashes that were made to their end.
    pub(super) fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.bell.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Threads that could take work now, started or not.
    fn free(&self, state: &State) -> usize {
        self.most - (state.threads - state.idle)
    }

    /// The life of a thread.
    fn live(&self) {
        let mut desk = Desk::new(self.kept, &self.done);
        // Whoever started it counted it among the idle ones.
        let mut state = self.lock();
        while let Some(work) = self.next(state) {
            // A caller whose work panicked hears nothing and is told so; the thread goes on for the others.
            let _ = catch_unwind(AssertUnwindSafe(|| work(&mut desk)));
            state = self.lock();
            state.idle += 1;
        }
    }

    /// The next work for a thread that is idle; `None` when it may end.
    fn next(&self, mut state: MutexGuard<'_, State>) -> Option<Work> {
        loop {
            if let Some((_, work)) = state.waiting.pop_front() {
                state.idle -= 1;
                return Some(work);
            }
            let waited = self.bell.wait_timeout(state, PATIENCE);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if state.waiting.is_empty() && (state.closed || timeout.timed_out()) {
                state.idle -= 1;
                state.threads -= 1;
                return None;
            }
        }
    }
}

/// A place in the queue, given back when dropped.
struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Ok(at) = state
            .waiting
            .binary_search_by_key(&self.number, |(number, _)| *number)
        {
            state.waiting.remove(at);
        }
    }
}

/// Where a thread hashes: the only way to the functions that cost something, so that what they did is counted.
pub(super) struct Desk<'a> {
    memory: Vec<Block>,
    kept: usize,
    done: &'a AtomicU64,
}

impl<'a> Desk<'a> {
    /// One that keeps so many blocks, and counts there.
    pub(super) fn new(kept: usize, done: &'a AtomicU64) -> Self {
        Self {
            memory: Vec::new(),
            kept,
            done,
        }
    }

    /// Argon2 (RFC 9106) of a password.
    ///
    /// # Errors
    /// When salt or output have a length that Argon2 does not allow; then nothing was computed.
    pub(super) fn argon2(
        &mut self,
        hasher: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let blocks = hasher.params().block_count();
        let mut once;
        let memory = match blocks <= self.kept {
            true => &mut self.memory,
            false => {
                once = Vec::new();
                &mut once
            }
        };
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        hasher.hash_password_into_with_memory(password, salt, out, &mut memory[..blocks])?;
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A function of another program's, which was computed to its end when it answers something.
    pub(super) fn other<T>(&mut self, compute: impl FnOnce() -> Option<T>) -> Option<T> {
        let answer = compute()?;
        self.done.fetch_add(1, Ordering::Relaxed);
        Some(answer)
    }
}
