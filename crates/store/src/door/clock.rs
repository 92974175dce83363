//! The door's own reading of the system clock: what it notes in the feed's rows.

use std::time::{SystemTime, UNIX_EPOCH};

use sekisho_rules::time::Timestamp;

/// The system clock.
pub(super) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: the clock is what is judged here"
    )]
    let now = SystemTime::now();
    let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
