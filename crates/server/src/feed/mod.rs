//! The revocation feed at one node: what was revoked, read from the database by one task and told to everybody who
//! listens. `hub` reads and tells; `stream`, `snapshot` and `ack` are its endpoints; `acks` and `report` count who has
//! applied what.
//!
//! Records are written by `end` alone. The promises of the feed to a verifier are in docs/revocation.md.

mod ack;
mod acks;
mod alarm;
mod ask;
mod event;
mod hub;
mod places;
mod pulse;
mod report;
mod ring;
mod snapshot;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::response::Response;
use sekisho_rules::time::Timestamp;
use sekisho_store::revocations::{self, Identity};
use sekisho_store::{Bell, Db};
use sekisho_verify::feed::{Batch, Heartbeat};
use sekisho_verify::record::{HashKey, Subject};
use sekisho_verify::{Revocations, Scope};
use tokio::sync::{broadcast, watch};

use crate::api_token::{Admitted, Denied, Gate};
use crate::app::App;
use crate::builtin;
use crate::config::Config;
use crate::http::moment::Moment;
use crate::http::visit::Visit;
use crate::seal::{Place, Sealer};

pub use ack::acknowledge;
use acks::Acks;
pub use acks::Applied;
use alarm::Alarms;
use event::{Event, Why};
use places::Places;
use pulse::{Began, Pulse};
pub use report::wait_applied;
use ring::{Missing, Ring};
pub use snapshot::snapshot;
pub use stream::listen;

/// How many events a stream may be behind before it is told to take a snapshot.
const BEHIND: usize = 256;
/// How old the last reading may be for the node's own word on what is revoked.
const OWN_WORD: Duration = Duration::from_secs(30);
/// How old it may be for a reader to be let in.
const LET_IN: Duration = Duration::from_secs(5);

/// The feed at one node.
pub struct Feed {
    hash_key: HashKey,
    /// The name of this node among the nodes.
    node: String,
    gate: Gate,
    /// What a token for the feed must allow.
    scope: Scope,
    /// `None` until the first reading.
    state: Mutex<Option<State>>,
    events: broadcast::Sender<Event>,
    pulse: Pulse,
    /// The store's bell, once somebody reads.
    bell: OnceLock<Bell>,
    /// What is revoked, for tokens that are brought to us.
    revocations: Arc<Revocations>,
    places: Places,
    acks: Acks,
    alarms: Alarms,
    snapshots: snapshot::Snapshots,
    stopping: watch::Sender<bool>,
}

/// What was read and told.
struct State {
    feed_id: String,
    ring: Ring,
    /// Edits of cached rows that were seen.
    changes: u64,
    /// When the reading began that all of this comes from; Unix milliseconds.
    as_of: u64,
    /// The entity tag of the published key set.
    jwks_etag: String,
}

/// Where a reader goes on.
struct Subscription {
    /// What it has missed; without records when it has missed nothing.
    missed: Batch,
    /// What comes now.
    events: broadcast::Receiver<Event>,
}

/// Why a reader cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotHere {
    /// It needs a snapshot.
    Snapshot(Why),
    /// Nothing is known here at the moment.
    Unready,
}

/// What the operator sees of the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Streams and long polls that are served.
    pub streams: usize,
    /// Different verifiers among them.
    pub verifiers: u64,
    /// The number of the newest record.
    pub head: u64,
    /// Records held for our own APIs.
    pub records: usize,
    /// Milliseconds since the last reading began; `None` before the first.
    pub age: Option<u64>,
    /// Acknowledgements received.
    pub acks: u64,
    /// Whether an alarm stands.
    pub alarm: bool,
}

impl Feed {
    /// The feed of a deployment: its hash key is made where there is none. Nothing is read until [`run`].
    ///
    /// # Errors
    /// When the database does not answer, or the hash key does not open.
    pub async fn open(db: &Db, sealer: &Sealer, config: &Config, moment: Moment) -> Result<Self> {
        let made = sealer
            .seal(&HASH_KEY, &moment.bytes::<16>())
            .map_err(|_| anyhow::anyhow!("the feed's hash key cannot be sealed"))?;
        let first = Identity {
            feed_id: fresh_feed_id(moment),
            sealed_hash_key: made,
        };
        let known = revocations::open(db, first).await?;
        let plain = sealer.open(&HASH_KEY, &known.sealed_hash_key).map_err(|_| {
            anyhow::anyhow!(
                "`keys.encryption_key` (SEKISHO_KEY_ENCRYPTION_KEY) does not open the hash key of the revocation feed: set \
                 the key it was sealed with, or name that one in `keys.older_encryption_keys`"
            )
        })?;
        let bytes = plain
            .as_slice()
            .try_into()
            .context("the feed's hash key has 16 bytes")?;
        Ok(Self {
            hash_key: HashKey::new(bytes),
            node: moment.id(),
            gate: Gate::new(builtin::revocations(&config.issuer)),
            scope: Scope::parse(builtin::READ_REVOCATIONS)?,
            state: Mutex::new(None),
            events: broadcast::channel(BEHIND).0,
            pulse: Pulse::default(),
            bell: OnceLock::new(),
            revocations: Arc::default(),
            places: Places::new(config.feed.max_streams, config.feed.max_streams_per_client),
            acks: Acks::default(),
            alarms: Alarms::default(),
            snapshots: snapshot::Snapshots::default(),
            stopping: watch::channel(false).0,
        })
    }

    /// What record keys are made with.
    pub fn hash_key(&self) -> &HashKey {
        &self.hash_key
    }

    /// Whether a token was revoked; `None` when this node does not know: it has not read the feed for 30 s, or never.
    pub fn is_revoked(&self, token: &Subject<'_>, now: Timestamp) -> Option<bool> {
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        if self.revocations.ended(token, seconds).is_some() {
            return Some(true);
        }
        self.pulse.is_younger(OWN_WORD, now).then_some(false)
    }

    /// What is revoked, for a verifier of this process.
    pub fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Whether rows read a moment ago still hold: nothing had changed at a reading this young.
    pub fn vouches(&self, now: Timestamp) -> bool {
        let bell = self.bell.get();
        bell.is_some_and(|bell| self.pulse.covers(crate::rows::VOUCHED, now, bell.rings()))
    }

    /// A reading begins.
    fn begin(&self, app: &App) -> Began {
        Began::now(&app.clock, self.bell.get().map_or(0, Bell::rings))
    }

    /// Why this node must not be sent requests, as far as the feed can tell.
    pub fn complaint(&self, now: Timestamp) -> Option<String> {
        if let Some(alarm) = self.alarms.standing() {
            return Some(alarm);
        }
        let silent = self.pulse.has_begun() && !self.pulse.is_younger(LET_IN, now);
        silent.then(|| "the revocation feed is not read".to_owned())
    }

    /// Waits for the first reading.
    pub async fn begun(&self) {
        self.pulse.begun().await;
    }

    /// For the metrics.
    pub fn figures(&self, now: Timestamp) -> Figures {
        let head = self.state().as_ref().map_or(0, |state| state.ring.head());
        Figures {
            streams: self.places.taken(),
            verifiers: self.acks.count(0).connected,
            head,
            records: self.revocations.stats().records,
            age: self.pulse.age(now),
            acks: self.acks.received(),
            alarm: self.alarms.standing().is_some(),
        }
    }

    /// Lets a verifier in.
    fn admit(&self, visit: &Visit) -> Result<Admitted, Denied> {
        self.gate.admit_machine(&visit.app, &visit.headers, &self.scope)
    }

    fn deny(&self, denied: &Denied) -> Response {
        denied.response(self.gate.audience(), &self.scope)
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a reader go on after the number it has.
    fn subscribe(&self, feed_id: &str, after: u64, now: Timestamp) -> Result<Subscription, NotHere> {
        // Under one lock: between what was missed and what comes now there is no gap.
        let state = self.state();
        let missed = self.missed(state.as_ref(), feed_id, after, now)?;
        Ok(Subscription {
            missed,
            events: self.events.subscribe(),
        })
    }

    /// Everything after a number, as one batch.
    fn after(&self, feed_id: &str, after: u64, now: Timestamp) -> Result<Batch, NotHere> {
        self.missed(self.state().as_ref(), feed_id, after, now)
    }

    fn missed(
        &self,
        state: Option<&State>,
        feed_id: &str,
        after: u64,
        now: Timestamp,
    ) -> Result<Batch, NotHere> {
        let state = state.filter(|_| self.pulse.is_younger(LET_IN, now));
        let state = state.ok_or(NotHere::Unready)?;
        if state.feed_id != feed_id {
            return Err(NotHere::Snapshot(Why::FeedId));
        }
        let records = state.ring.after(after).map_err(|missing| match missing {
            Missing::Gap => NotHere::Snapshot(Why::Gap),
            Missing::Ahead => NotHere::Snapshot(Why::Ahead),
        })?;
        Ok(Batch {
            feed_id: state.feed_id.clone(),
            prev: after,
            seq: state.ring.head(),
            as_of: state.as_of,
            jwks_etag: state.jwks_etag.clone(),
            records,
        })
    }

    /// Ends once the node is asked to stop.
    async fn stopped(&self) {
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

impl State {
    fn heartbeat(&self) -> Heartbeat {
        Heartbeat::new(
            self.feed_id.clone(),
            self.ring.head(),
            self.as_of,
            self.jwks_etag.clone(),
        )
    }
}

/// Reads the feed and tells it, until the stop.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) {
    let stopping = async {
        crate::listen::stopped(stop.clone()).await;
        app.feed.stopping.send_replace(true);
    };
    tokio::join!(hub::run(&app), report::run(&app), stopping);
    // Whoever asked for the stop sees by it that nothing runs any more.
    drop(stop);
}

/// What a verifier is called: by itself, or by its token.
fn verifier_name<'a>(said: Option<&'a str>, token: &'a Admitted) -> &'a str {
    said.or(token.claims.jti.as_deref()).unwrap_or_default()
}

/// A name for a feed that begins: another one after every restore.
pub fn fresh_feed_id(moment: Moment) -> String {
    format!("fd_{}", moment.id())
}

/// Where the hash key is sealed for.
pub(crate) const HASH_KEY: Place<'static> = Place {
    table: "feed",
    column: "hash_key",
    row: "1",
};
