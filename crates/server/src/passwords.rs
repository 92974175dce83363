//! Hashing passwords: Argon2id (RFC 9106) in PHC form, off the async threads, behind a bounded queue.
//!
//! Hashes that other programs made are checked too (`foreign`), so that people keep their passwords; the next right login makes them ours.
//! Owns how much work a password costs and how much of it may run or wait at once. Does not own which passwords are
//! acceptable (`rules`), nor who may try how often (`rules::login`).
//!
//! A hash costs about 20 ms and 19 MiB, so an unbounded flood of logins would stall everything else. At most
//! `concurrency` hashes run, at most `queue` callers wait, and the next one is told [`PasswordError::Busy`] at once.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

pub mod foreign;
mod threads;

use threads::{Desk, Threads};

/// How much work a password costs, and how much of it may happen at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordWork {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Hashes that run at the same time.
    pub concurrency: usize,
    /// Callers that may wait; the next is refused.
    pub queue: usize,
}

impl Default for PasswordWork {
    /// The OWASP recommendation (19 MiB, 2 passes, 1 lane), on all cores but one.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
            concurrency: cores.saturating_sub(1).max(1),
            queue: 128,
        }
    }
}

impl PasswordWork {
    /// The least work Argon2 allows. For tests, where thousands of logins happen and nothing is worth stealing.
    pub fn cheapest() -> Self {
        Self {
            memory_kib: 8,
            passes: 1,
            ..Self::default()
        }
    }

    fn params(&self) -> Result<Params, PasswordError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| PasswordError::Parameters)
    }
}

/// Why a password was neither right nor wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many callers wait already. Answer 503 with `Retry-After`.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// The stored hash is not one this program can read.
    #[error("a stored password hash is unreadable")]
    Unreadable,
    /// Argon2 refuses the configured parameters.
    #[error("Argon2 does not allow these parameters")]
    Parameters,
    /// The hashing thread died.
    #[error("password hashing failed")]
    Failed,
}

/// Hashes and checks passwords. One per process; share it by reference.
pub struct Passwords {
    hasher: Argon2<'static>,
    /// What an unknown user's password is checked against, so that it costs the same.
    nobody: String,
    threads: Threads,
}

impl Passwords {
    /// Takes no time: the first hash is made when somebody needs one.
    ///
    /// # Errors
    /// [`PasswordError::Parameters`] when Argon2 does not allow them (memory below 8 KiB a lane, no pass).
    pub fn new(work: &PasswordWork) -> Result<Self, PasswordError> {
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, work.params()?);
        let kept = hasher.params().block_count();
        Ok(Self {
            nobody: nobody(work),
            hasher,
            threads: Threads::new(work.concurrency, work.queue, kept),
        })
    }

    /// Whether Argon2 allows these parameters together.
    pub fn allows(work: &PasswordWork) -> bool {
        work.params().is_ok()
    }

    /// Hashes a new password with a fresh salt. Returns the PHC string to store.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], [`PasswordError::Failed`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let hasher = self.hasher.clone();
        let password = Zeroizing::new(password.as_bytes().to_vec());
        self.threads
            .run(move |desk| hash_now(desk, &hasher, &password))
            .await?
    }

    /// Whether the password is the one this hash was made of. `None` means that there is no such user or that they
    /// have no password: the answer is then `false`, after the same work.
    ///
    /// # Errors
    /// [`PasswordError`], but never [`PasswordError::Parameters`].
    pub async fn verify(&self, hash: Option<&str>, password: &str) -> Result<bool, PasswordError> {
        let hasher = self.hasher.clone();
        let exists = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let nobody = self.nobody.clone();
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let check = move |desk: &mut Desk<'_>| match foreign::read(&hash, hasher.params()) {
            Ok(form) => {
                // First the work, then the question: nobody's password must take as long.
                let right = form.is_of(desk, &password);
                Ok(exists && right)
            }
            Err(_) => {
                // The same work, so that nobody learns from the time that the account is there.
                let _ = foreign::read(&nobody, hasher.params()).map(|form| form.is_of(desk, &password));
                Err(PasswordError::Unreadable)
            }
        };
        self.threads.run(check).await?
    }

    /// Whether a hash was made with other parameters than today's, so that the next right password should be hashed
    /// again.
    pub fn is_outdated(&self, hash: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(hash) else {
            // A form of somebody else's, which was right a moment ago.
            return true;
        };
        parsed.algorithm.as_str() != "argon2id"
            || Params::try_from(&parsed).is_ok_and(|made| {
                let now = self.hasher.params();
                (made.m_cost(), made.t_cost(), made.p_cost()) != (now.m_cost(), now.t_cost(), now.p_cost())
            })
    }

    /// Hashes made to their end since the start, not calls: the work tests compare.
    pub fn hashes_done(&self) -> u64 {
        self.threads.done()
    }

    /// Callers that wait right now.
    pub fn waiting(&self) -> usize {
        self.threads.waiting()
    }
}

/// A hash that no password has, of today's parameters: checking against it is the whole work of a real one.
fn nobody(work: &PasswordWork) -> String {
    let PasswordWork {
        memory_kib,
        passes,
        lanes,
        ..
    } = work;
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}")
}

/// The PHC string of a password with a fresh salt.
fn hash_now(desk: &mut Desk<'_>, hasher: &Argon2<'_>, password: &[u8]) -> Result<String, PasswordError> {
    let salt = Salt::generate();
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    desk.argon2(hasher, password, &salt, &mut out)
        .map_err(|_| PasswordError::Failed)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(hasher.params()).map_err(|_| PasswordError::Parameters)?,
        salt: Some(salt),
        hash: Some(Output::new(&out).map_err(|_| PasswordError::Failed)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn passwords(concurrency: usize, queue: usize) -> Passwords {
        Passwords::new(&PasswordWork {
            concurrency,
            queue,
            ..PasswordWork::cheapest()
        })
        .unwrap()
    }

    #[tokio::test]
    async fn the_right_password_matches_and_a_wrong_one_does_not() {
        let passwords = passwords(1, 8);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert_eq!(passwords.verify(Some(&hash), "correct horse").await, Ok(true));
        assert_eq!(passwords.verify(Some(&hash), "correct horse ").await, Ok(false));
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap());
    }

    #[tokio::test]
    async fn threat_24_an_unknown_user_costs_one_hash_and_never_matches() {
        let passwords = passwords(1, 8);
        assert_eq!(passwords.verify(None, "nobody").await, Ok(false));
        assert_eq!(passwords.hashes_done(), 1, "a hash was made, not only asked for");
        assert_eq!(
            passwords.verify(Some("not a hash"), "x").await,
            Err(PasswordError::Unreadable)
        );
        assert_eq!(passwords.hashes_done(), 2, "an unreadable one costs the same");
        let hash = passwords.hash("correct horse").await.unwrap();
        for password in ["correct horse", "wrong"] {
            let before = passwords.hashes_done();
            passwords.verify(Some(&hash), password).await.unwrap();
            assert_eq!(passwords.hashes_done() - before, 1, "{password}");
        }
    }

    #[tokio::test]
    async fn memory_that_was_used_before_changes_no_hash() {
        use argon2::password_hash::PasswordVerifier as _;
        let passwords = Passwords::new(&PasswordWork {
            memory_kib: 64,
            passes: 2,
            concurrency: 1,
            ..PasswordWork::default()
        })
        .unwrap();
        // Larger than what is kept, then smaller, then as large.
        let large = "$argon2id$v=19$m=4096,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let small = large.replace("m=4096", "m=8");
        for password in ["one", "two", "three"] {
            let hash = passwords.hash(password).await.unwrap();
            let parsed = PasswordHash::new(&hash).unwrap();
            let fresh = Argon2::default().verify_password(password.as_bytes(), &parsed);
            assert_eq!(fresh, Ok(()), "{hash}");
            for other in [large, &small] {
                assert_eq!(passwords.verify(Some(other), password).await, Ok(false));
            }
        }
        assert_eq!(passwords.hashes_done(), 9);
    }

    type Working = tokio::task::JoinHandle<Result<(), PasswordError>>;

    /// Work that keeps a thread until the sender goes away.
    fn hold(passwords: &Arc<Passwords>) -> (std::sync::mpsc::Sender<()>, Working) {
        let (held, gate) = std::sync::mpsc::channel::<()>();
        let passwords = Arc::clone(passwords);
        let work = tokio::spawn(async move {
            let wait = move |_: &mut Desk<'_>| gate.recv().unwrap_or_default();
            passwords.threads.run(wait).await
        });
        (held, work)
    }

    #[tokio::test]
    async fn work_that_panics_fails_alone() {
        let passwords = passwords(1, 8);
        let panicked = passwords.threads.run(|_| panic!("on purpose")).await;
        assert_eq!(panicked, Err::<(), _>(PasswordError::Failed));
        assert_eq!(passwords.verify(None, "x").await, Ok(false));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_recovers() {
        let passwords = Arc::new(passwords(1, 2));
        let (held, working) = hold(&passwords);
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.verify(None, "x").await })
            })
            .collect();
        while passwords.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.verify(None, "x").await, Err(PasswordError::Busy));
        drop(held);
        assert_eq!(working.await.unwrap(), Ok(()));
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), Ok(false));
        }
        assert_eq!(passwords.waiting(), 0);
        assert_eq!(passwords.verify(None, "x").await, Ok(false));
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_queue() {
        let passwords = Arc::new(passwords(1, 2));
        let (held, working) = hold(&passwords);
        let other = Arc::clone(&passwords);
        let waiter = tokio::spawn(async move { other.verify(None, "x").await });
        while passwords.waiting() < 1 {
            tokio::task::yield_now().await;
        }
        waiter.abort();
        assert!(waiter.await.unwrap_err().is_cancelled());
        assert_eq!(passwords.waiting(), 0);
        drop(held);
        assert_eq!(working.await.unwrap(), Ok(()));
        assert_eq!(passwords.hashes_done(), 0, "who went away costs nothing");
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_outdated_but_still_checked() {
        let (old, new) = (
            passwords(1, 8),
            PasswordWork {
                passes: 2,
                ..PasswordWork::cheapest()
            },
        );
        let new = Passwords::new(&new).unwrap();
        let hash = old.hash("x").await.unwrap();
        assert!(new.is_outdated(&hash) && !old.is_outdated(&hash));
        assert_eq!(new.verify(Some(&hash), "x").await, Ok(true));
    }

    #[test]
    fn the_default_is_the_owasp_recommendation() {
        let work = PasswordWork::default();
        assert_eq!((work.memory_kib, work.passes, work.lanes), (19_456, 2, 1));
        let none = PasswordWork { passes: 0, ..work };
        assert_eq!(Passwords::new(&none).err(), Some(PasswordError::Parameters));
    }
}
