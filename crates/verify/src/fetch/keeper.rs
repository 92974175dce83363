//! Keeping what is revoked on disk: when it is written. Whether what was kept is young enough to start from is the core's to say.

use std::sync::Arc;
use std::time::Duration;

use super::link::Link;
use super::report::{FeedEvent, Report, StateFault};
use super::state_file::{Kept, StateFile};
use crate::revocations::Revocations;

/// How often it is written, at most.
const EVERY: Duration = Duration::from_secs(10);

/// One verifier's state file.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    pub(super) file: StateFile,
}

impl Keeper {
    /// What was kept, however old.
    pub(super) async fn read(&self) -> Result<Option<Kept>, StateFault> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || file.read(2 * Link::SNAPSHOT_LIMIT)).await;
        read.map_err(|_| StateFault::Unreadable)?
    }

    /// Writes the state whenever it is newer than the last one written.
    pub(super) async fn keep(&self, revocations: &Arc<Revocations>, link: &Link, report: &Report) {
        let mut written = 0;
        loop {
            tokio::time::sleep(EVERY).await;
            written = self.write(revocations, link, report, written).await;
        }
    }

    /// Writes the state if its `as_of` is later than `written`; answers the `as_of` of what is on disk.
    pub(super) async fn write(
        &self,
        revocations: &Arc<Revocations>,
        link: &Link,
        report: &Report,
        written: u64,
    ) -> u64 {
        let Some(offset) = link.offset() else {
            return written;
        };
        let (file, revocations) = (self.file.clone(), Arc::clone(revocations));
        let done = tokio::task::spawn_blocking(move || {
            let Some(snapshot) = revocations.export().filter(|state| state.as_of > written) else {
                return Ok(written);
            };
            let as_of = snapshot.as_of;
            file.write(&Kept { snapshot, offset }).map(|()| as_of)
        });
        match done.await.unwrap_or(Err(StateFault::Unwritable)) {
            Ok(as_of) => as_of,
            Err(fault) => {
                report.tell(&FeedEvent::StateIgnored(fault));
                written
            }
        }
    }
}
