//! Following the revocation feed: which request comes next, and what each event does. Owns the order of things and their
//! pauses. An event is applied or makes a snapshot necessary; none is passed over.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Response;
use tokio::sync::watch;

use super::edge::{self, Clock};
use super::error::FeedClientError;
use super::keeper::Keeper;
use super::key_fetches::KeyFetches;
use super::link::{Link, Opened, Position};
use super::pause::{Pause, share};
use super::report::{FeedEvent, Report, SnapshotCause, StateFault, Way, add};
use super::sse::{Event, Parser};
use crate::feed::{Batch, Heartbeat, Snapshot};
use crate::record::Kind;
use crate::revocations::{Revocations, Unfit};

/// A stream without an event for this long stands still: heartbeats come every half second.
const STALL: Duration = Duration::from_secs(2);
/// A stream whose heartbeats are older than this on arrival (milliseconds) is held back on its way.
const BEHIND: u64 = 5_000;
/// A stream that lasted this long (milliseconds) worked.
const SOUND: u64 = 10_000;
/// Streams that did not work before long polls are tried, and for how long these are kept to.
const STREAMS_TRIED: u32 = 2;
const POLLING_TIME: u64 = 60_000;
/// The most that a snapshot waits, so that all verifiers of a restored issuer do not ask in one moment.
const SNAPSHOT_JITTER: Duration = Duration::from_millis(500);
/// The least time between two acknowledgements, and the most: each also measures the issuer's clock.
const ACK_EVERY: Duration = Duration::from_millis(250);
const ACK_AT_LEAST: Duration = Duration::from_secs(30);
/// How often the token's age and the clock are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The pause before another try to renew the token, in milliseconds.
const RENEW_AGAIN: u64 = 1_000;
/// How often records that can hit no token any more are dropped, in milliseconds.
const SWEEP_EVERY: u64 = 10_000;
/// How far a clock must go wrong within a look to have been set, in milliseconds.
const CLOCK_JUMP: u64 = 200;

/// The one writer of a verifier's revocations.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) issuer: String,
    pub(super) link: Arc<Link>,
    pub(super) revocations: Arc<Revocations>,
    pub(super) report: Arc<Report>,
    pub(super) clock: Clock,
    pub(super) keeper: Option<Keeper>,
    pub(super) keys: Arc<KeyFetches>,
    /// The key set that should be here; every event tells.
    pub(super) wish: watch::Sender<Wish>,
    /// Counts changes of the revocations, for those who wait to be ready.
    pub(super) changed: watch::Sender<u64>,
    /// What has been applied, to be acknowledged.
    pub(super) applied: watch::Sender<Option<Position>>,
}

/// A key set that somebody told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Its entity tag.
    pub(super) etag: Option<String>,
    /// Grows with each record of a removed key, which asks for the keys whatever the tag says.
    pub(super) removals: u64,
}

/// Whether a batch removes a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removal {
    None,
    Key,
}

/// Whether the issuer wants a new token to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reauth {
    NotAsked,
    Asked,
}

/// Why reading ended.
#[derive(Debug)]
enum End {
    /// Go on at once: a new token is here.
    Renewed,
    /// Nothing but a snapshot helps.
    Snapshot(SnapshotCause),
    /// Try again after a pause.
    Failed(FeedClientError),
}

impl Follower {
    /// Follows until the task is dropped.
    pub(super) async fn run(self) {
        if let Some(keeper) = self.keeper.as_ref().filter(|_| self.position().is_none()) {
            self.restore(keeper).await;
        }
        let keeping = async {
            match &self.keeper {
                Some(keeper) => keeper.keep(&self.revocations, &self.link, &self.report).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.read() => {}
            () = self.acknowledge() => {}
            () = self.fetch_keys() => {}
            () = self.watch_clock() => {}
            () = keeping => {}
        }
    }

    /// Begins with what was kept: all its records count, and it may stand for a snapshot while it is young enough.
    async fn restore(&self, keeper: &Keeper) {
        let kept = match keeper.read().await {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(fault) => return self.report.tell(&FeedEvent::StateIgnored(fault)),
        };
        let there = self.clock.now().saturating_add_signed(kept.offset);
        self.revocations.set_offset(kept.offset);
        let revocations = Arc::clone(&self.revocations);
        let restored = tokio::task::spawn_blocking(move || revocations.restore(&kept.snapshot, there)).await;
        if restored.is_err() || !self.revocations.is_loaded() {
            self.report.tell(&FeedEvent::StateIgnored(StateFault::TooOld));
        }
        self.changed.send_modify(|count| *count += 1);
    }

    async fn read(&self) {
        let mut pause = Pause::of_feed();
        let mut wanted = self.position().is_none().then_some(SnapshotCause::First);
        let mut failed_streams = 0;
        let mut polling_until = 0;
        loop {
            if let Some(cause) = wanted {
                match self.fetch_snapshot(cause).await {
                    Ok(()) => wanted = None,
                    Err(error) => {
                        self.report.fail(error);
                        tokio::time::sleep(pause.after_failure(edge::chance())).await;
                        continue;
                    }
                }
            }
            let began = self.clock.now();
            let way = if began < polling_until {
                Way::Poll
            } else {
                Way::Stream
            };
            let end = match way {
                Way::Stream => self.stream(&mut failed_streams).await,
                Way::Poll => self.poll(polling_until).await,
            };
            let ended = self.clock.now();
            if ended.saturating_sub(began) >= SOUND {
                pause.reset();
                if way == Way::Stream {
                    failed_streams = 0;
                }
            }
            if failed_streams >= STREAMS_TRIED {
                failed_streams = 0;
                polling_until = ended.saturating_add(POLLING_TIME);
            }
            match end {
                // A token that is too old at once would make this a race.
                End::Renewed if ended.saturating_sub(began) >= RENEW_AGAIN => continue,
                End::Renewed => {}
                End::Snapshot(cause) => wanted = Some(cause),
                End::Failed(error) => self.report.fail(error),
            }
            tokio::time::sleep(pause.after_failure(edge::chance())).await;
        }
    }

    async fn fetch_snapshot(&self, cause: SnapshotCause) -> Result<(), FeedClientError> {
        if cause != SnapshotCause::First {
            tokio::time::sleep(share(SNAPSHOT_JITTER, edge::chance())).await;
        }
        let snapshot = self.link.snapshot().await?;
        self.set_offset();
        let records = snapshot.records.len();
        self.load(snapshot).await;
        self.applied.send_replace(self.position());
        self.report.tell(&FeedEvent::Loaded { cause, records });
        Ok(())
    }

    async fn load(&self, snapshot: Snapshot) {
        let etag = snapshot.jwks_etag.clone();
        let revocations = Arc::clone(&self.revocations);
        // Millions of records take a while; requests that share this thread must not wait for them.
        let loaded = tokio::task::spawn_blocking(move || revocations.load(&snapshot)).await;
        if loaded.is_ok() {
            self.moved(&etag, Removal::None);
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Reads a stream to its end.
    async fn stream(&self, failed_streams: &mut u32) -> End {
        let Some(position) = self.position() else {
            return End::Snapshot(SnapshotCause::First);
        };
        let answer = match self.link.stream(&position).await {
            Ok(Opened::Stream(answer)) => answer,
            Ok(Opened::SnapshotRequired) => return End::Snapshot(SnapshotCause::Position),
            Ok(Opened::Batch(batch)) => {
                *failed_streams += 1;
                return match self.batch(&batch) {
                    Ok(()) => End::Failed(FeedClientError::Stream("is not one")),
                    Err(end) => end,
                };
            }
            Err(error) => return self.failed(error),
        };
        self.set_offset();
        self.report.tell(&FeedEvent::Connected(Way::Stream));
        let end = self.events(answer).await;
        if let End::Failed(FeedClientError::Stream("stands still" | "is held back")) = &end {
            *failed_streams += 1;
            add(&self.report.counters.stalls, 1);
        }
        end
    }

    /// Takes events as they come, and a new token before the present one ends.
    async fn events(&self, mut answer: Response) -> End {
        let mut parser = Parser::new(Parser::LIMIT);
        let mut deadline = edge::after(STALL);
        let mut look = tokio::time::interval(LOOK);
        let mut asked_for = Reauth::NotAsked;
        let mut renewal = None;
        let mut renew_at = 0;
        loop {
            tokio::select! {
                chunk = answer.chunk() => {
                    let bytes = match chunk {
                        Ok(Some(bytes)) => bytes,
                        Ok(None) => return End::Failed(FeedClientError::Stream("ended")),
                        Err(_) => return End::Failed(FeedClientError::Stream("broke")),
                    };
                    let Ok(events) = parser.push(&bytes) else {
                        return self.not_understood();
                    };
                    for event in events {
                        deadline = edge::after(STALL);
                        match self.take(&event) {
                            Ok(Reauth::Asked) => asked_for = Reauth::Asked,
                            Ok(Reauth::NotAsked) => {}
                            Err(end) => return end,
                        }
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    return End::Failed(FeedClientError::Stream("stands still"));
                }
                _ = look.tick() => {
                    let due = asked_for == Reauth::Asked || self.link.token_left() == 0;
                    if due && renewal.is_none() && self.clock.now() >= renew_at {
                        renewal = Some(Box::pin(self.link.renew_token()));
                    }
                }
                renewed = async {
                    match &mut renewal {
                        Some(renewal) => renewal.await,
                        None => std::future::pending().await,
                    }
                } => {
                    match renewed {
                        Ok(()) => return End::Renewed,
                        Err(error) => self.report.fail(error),
                    }
                    // The stream stands for some time yet; so may the trouble.
                    renewal = None;
                    renew_at = self.clock.now().saturating_add(RENEW_AGAIN);
                }
            }
        }
    }

    /// Reads by long polls until it fails or it is time to try a stream again.
    async fn poll(&self, until: u64) -> End {
        let mut connected = false;
        while self.clock.now() < until {
            let Some(position) = self.position() else {
                return End::Snapshot(SnapshotCause::First);
            };
            let batch = match self.link.poll(&position).await {
                Ok(Opened::Batch(batch)) => batch,
                Ok(Opened::SnapshotRequired) => return End::Snapshot(SnapshotCause::Position),
                Ok(Opened::Stream(_)) => return End::Failed(FeedClientError::Stream("was not asked for")),
                Err(error) => return self.failed(error),
            };
            self.set_offset();
            if !std::mem::replace(&mut connected, true) {
                self.report.tell(&FeedEvent::Connected(Way::Poll));
            }
            if let Err(end) = self.batch(&batch) {
                return end;
            }
        }
        End::Renewed
    }

    /// Does what an event says. Whatever is not understood makes a snapshot necessary.
    fn take(&self, event: &Event) -> Result<Reauth, End> {
        let not_understood = |_| self.not_understood();
        match event.name.as_str() {
            "records" => {
                let batch = Batch::parse(&event.data).map_err(not_understood)?;
                self.batch(&batch)?;
            }
            "heartbeat" => {
                let beat = Heartbeat::parse(&event.data).map_err(not_understood)?;
                self.revocations.beat(&beat).map_err(unfit)?;
                self.moved(&beat.jwks_etag, Removal::None);
                if self.age(beat.as_of).is_some_and(|age| age > BEHIND) {
                    return Err(End::Failed(FeedClientError::Stream("is held back")));
                }
            }
            "snapshot" => return Err(End::Snapshot(SnapshotCause::Asked)),
            "reauth" => return Ok(Reauth::Asked),
            _ => return Err(self.not_understood()),
        }
        Ok(Reauth::NotAsked)
    }

    fn failed(&self, error: FeedClientError) -> End {
        match error {
            FeedClientError::Document(_) => self.not_understood(),
            error => End::Failed(error),
        }
    }

    /// From now on nothing counts as fresh, until there is a snapshot.
    fn not_understood(&self) -> End {
        self.revocations.distrust();
        End::Snapshot(SnapshotCause::NotUnderstood)
    }

    fn batch(&self, batch: &Batch) -> Result<(), End> {
        self.revocations.apply(batch).map_err(unfit)?;
        let removed = batch.records.iter().any(|record| record.kind == Kind::Key);
        self.moved(
            &batch.jwks_etag,
            if removed { Removal::Key } else { Removal::None },
        );
        let records = batch.records.len();
        if records > 0 {
            self.applied.send_replace(self.position());
            self.report.tell(&FeedEvent::Applied {
                records,
                age: self.age(batch.as_of),
            });
        }
        Ok(())
    }

    /// Tells of the key set that an event named.
    fn moved(&self, etag: &str, removal: Removal) {
        self.wish.send_if_modified(|wish| {
            let new = wish.etag.as_deref() != Some(etag);
            if new {
                wish.etag = Some(etag.to_owned());
            }
            wish.removals += u64::from(removal == Removal::Key);
            new || removal == Removal::Key
        });
    }

    /// Acknowledges what was applied, and measures the issuer's clock by it.
    async fn acknowledge(&self) {
        let mut applied = self.applied.subscribe();
        loop {
            // Nothing for long: acknowledge the same again.
            let _ = tokio::time::timeout(ACK_AT_LEAST, applied.changed()).await;
            let position = applied.borrow_and_update().clone();
            if let Some(position) = position {
                match self.link.acknowledge(&position).await {
                    Ok(()) => self.set_offset(),
                    Err(error) => self.report.fail(error),
                }
            }
            tokio::time::sleep(ACK_EVERY).await;
        }
    }

    /// Fetches the issuer's keys whenever the feed tells of other ones.
    async fn fetch_keys(&self) {
        let mut wish = self.wish.subscribe();
        while wish.changed().await.is_ok() {
            wish.borrow_and_update();
            let mut pause = Pause::of_feed();
            while !self.keys.fetch_told(&self.issuer, self.clock.now() / 1_000).await {
                tokio::time::sleep(pause.after_failure(edge::chance())).await;
            }
        }
    }

    /// Notices when somebody sets our clock, and drops what can hit no token any more.
    async fn watch_clock(&self) {
        let mut swept_at = 0;
        loop {
            let (before, began) = (self.clock.now(), edge::after(Duration::ZERO));
            tokio::time::sleep(LOOK).await;
            let passed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let now = self.clock.now();
            let expected = before.saturating_add(passed);
            if expected > now.saturating_add(CLOCK_JUMP) {
                // Otherwise what we know would look younger than it is. The other way it looks older, which also happens
                // when this machine slept, and then is true.
                self.link.clock_set_back(expected - now);
                self.set_offset();
            }
            if expected.abs_diff(now) > CLOCK_JUMP {
                // An acknowledgement measures the clocks.
                self.applied.send_modify(|_| {});
            }
            if now.abs_diff(swept_at) >= SWEEP_EVERY {
                self.revocations.sweep(now);
                swept_at = now;
            }
        }
    }

    fn position(&self) -> Option<Position> {
        let position = self.revocations.position()?;
        Some(Position {
            feed_id: position.feed_id,
            seq: position.seq,
        })
    }

    fn set_offset(&self) {
        if let Some(offset) = self.link.offset() {
            self.revocations.set_offset(offset);
        }
    }

    /// How old something is that the issuer said at `as_of`.
    fn age(&self, as_of: u64) -> Option<u64> {
        let now = self.clock.now().checked_add_signed(self.link.offset()?)?;
        Some(now.saturating_sub(as_of))
    }
}

fn unfit(unfit: Unfit) -> End {
    End::Snapshot(match unfit {
        Unfit::OtherFeed => SnapshotCause::OtherFeed,
        _ => SnapshotCause::Gap,
    })
}
