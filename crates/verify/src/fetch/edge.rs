//! The edge: the clock and chance of the feed client. Owns nothing else.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells the time in Unix milliseconds.
#[derive(Clone)]
pub(crate) struct Clock {
    source: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self {
            source: Arc::new(system_millis),
        }
    }

    /// Now, in Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        (self.source)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A number by chance: for jitter and for names, not for secrets.
pub(crate) fn chance() -> u64 {
    RandomState::new().hash_one(instant())
}

/// The moment that lies this far ahead.
#[expect(clippy::disallowed_methods, reason = "the edge")]
pub(crate) fn after(wait: std::time::Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + wait
}

#[expect(clippy::disallowed_methods, reason = "the edge")]
fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the edge")]
fn system_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::chance;

    #[test]
    fn chance_differs() {
        assert_ne!(chance(), chance());
    }
}
