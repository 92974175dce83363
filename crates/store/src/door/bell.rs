//! The bell: wakes whoever follows the feed when something may have been written to it. It rings after COMMIT, may ring for
//! nothing, and may stay silent (a listening connection that was lost): it is a wake-up, never the truth.

use tokio::sync::watch;

/// Hears the bell. Rings that came while nobody waited are heard once.
#[derive(Clone, Debug)]
pub struct Bell(watch::Receiver<u64>);

impl Bell {
    /// How often it has rung. A commit of this process has rung it when its answer comes, so whoever compares two counts knows
    /// whether what was read at the first may be another by now.
    pub fn rings(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits until it has rung since the last call. Poll the head as well, every 100 ms.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // The database is closed: nothing will be written any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Rings the bell.
#[derive(Clone, Debug)]
pub(super) struct Ringer(watch::Sender<u64>);

impl Ringer {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(super) fn ring(&self) {
        self.0.send_modify(|rings| *rings += 1);
    }

    pub(super) fn bell(&self) -> Bell {
        Bell(self.0.subscribe())
    }
}
