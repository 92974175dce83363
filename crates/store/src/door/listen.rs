//! How one process hears that another one wrote to the feed: on PostgreSQL a connection of its own that listens, on SQLite a look
//! at the file's version. Both only ring the bell.

use std::time::Duration;

use rusqlite::Connection;
use tokio_postgres::AsyncMessage;

use super::Fault;
use super::bell::Ringer;
use super::connect::{self, Dial};
use super::sqlite;

/// The end of a transaction that wrote to the feed.
pub(super) const RING_AND_COMMIT: &str = "NOTIFY sekisho_feed; COMMIT";

const LISTEN: &str = "LISTEN sekisho_feed";

/// Changes when another connection has committed to the file.
const VERSION: &str = "PRAGMA data_version";

/// How often a SQLite file is looked at. It costs a few microseconds.
const LOOK: Duration = Duration::from_millis(50);

/// Between two attempts to listen: doubled each time, from the first up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A task that listens, until this is dropped.
pub(super) struct Listener(tokio::task::AbortHandle);

impl Listener {
    pub(super) fn start(
        runtime: &tokio::runtime::Handle,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self(runtime.spawn(work).abort_handle())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Rings when any node of this PostgreSQL database does.
pub(super) async fn postgres(dial: Dial, ringer: Ringer) {
    let mut pause = AGAIN.0;
    loop {
        let error = match listen(&dial, &ringer, &mut pause).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        tracing::warn!(error, "not listening to the database: the feed is polled");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(AGAIN.1);
    }
}

async fn listen(
    dial: &Dial,
    ringer: &Ringer,
    pause: &mut Duration,
) -> Result<std::convert::Infallible, String> {
    let (client, mut connection) = dial.connect().await.map_err(|error| connect::explain(&error))?;
    let mut listening = std::pin::pin!(client.batch_execute(LISTEN));
    let mut listens = false;
    loop {
        let message = tokio::select! {
            done = &mut listening, if !listens => {
                done.map_err(|error| connect::explain(&error))?;
                (listens, *pause) = (true, AGAIN.0);
                // Whatever was written while nobody listened.
                ringer.ring();
                continue;
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => message,
        };
        match message {
            Some(Ok(AsyncMessage::Notification(_))) => ringer.ring(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(connect::explain(&error)),
            None => return Err("the connection ended".to_owned()),
        }
    }
}

/// Rings when another connection, perhaps another program's, has written to this file.
pub(super) async fn sqlite(connection: Connection, ringer: Ringer) {
    let mut seen = None;
    loop {
        match version(&connection) {
            Ok(version) if seen == Some(version) => {}
            Ok(version) => {
                seen = Some(version);
                ringer.ring();
            }
            Err(fault) => tracing::warn!(%fault, "cannot look at the database file's version"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn version(connection: &Connection) -> Result<i64, Fault> {
    connection
        .prepare_cached(VERSION)
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(sqlite::fault)
}
