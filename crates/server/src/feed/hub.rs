//! The one reader of the feed at this node. It reads the head when the store's bell rings, and every 100 ms in any case;
//! what is new goes into the node's own tables first, then to every stream, encoded once.
//!
//! `as_of` is the node's time at the *start* of a reading that succeeded, so everything committed before it has been told.
//! A node that cannot read sends no heartbeat: it must not make verifiers look fresh.

use std::time::Duration;

use sekisho_store::Bell;
use sekisho_store::revocations::{self, After, Head};
use sekisho_verify::feed::{Batch, Snapshot};
use sekisho_verify::record::Record;
use sekisho_verify::revocations::Unfit;
use tokio::time::MissedTickBehavior;

use super::State;
use super::event::{self, Event, Records, Why};
use super::pulse::Began;
use super::ring::{KEPT, Ring};
use crate::app::App;

/// Between two looks at the head when no bell rings.
const POLL: Duration = Duration::from_millis(100);
/// Between two looks in any case: what comes within it goes out as one batch.
const GATHER: Duration = Duration::from_millis(25);
/// Between two heartbeats.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Between two removals of records that can hit nothing any more.
const PRUNE: Duration = Duration::from_secs(60);
/// The most records of one batch.
const BATCH: usize = 1000;

/// Reads until the stop.
pub(super) async fn run(app: &App) {
    let feed = &app.feed;
    // Without a bell there is still the poll, but rows are not kept.
    let mut bell = app.db.bell().ok();
    if let Some(bell) = &bell {
        let _ = feed.bell.set(bell.clone());
    }
    let (mut beat, mut prune) = (tokio::time::interval(HEARTBEAT), tokio::time::interval(PRUNE));
    // After a reading that took long one heartbeat is enough.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_well = true;
    loop {
        let well = match look(app).await {
            Ok(()) => true,
            Err(trouble) => {
                app.metrics.database_fault();
                if was_well {
                    tracing::error!(%trouble, "cannot read the revocation feed; no heartbeat until it can be read");
                }
                false
            }
        };
        if well && !was_well {
            tracing::info!("the revocation feed is read again");
        }
        was_well = well;
        let pause = tokio::time::sleep(GATHER);
        tokio::select! {
            () = feed.stopped() => return,
            () = pause => {}
        }
        // Due times that have passed are taken at once; the bell alone would starve them.
        tokio::select! {
            biased;
            () = feed.stopped() => return,
            _ = beat.tick() => tell_time(app, well),
            _ = prune.tick() => feed.revocations.sweep(u64::try_from(app.clock.now().millis()).unwrap_or(0)),
            () = rung(bell.as_mut()) => {}
            () = tokio::time::sleep(POLL.saturating_sub(GATHER)) => {}
        }
    }
}

async fn rung(bell: Option<&mut Bell>) {
    match bell {
        Some(bell) => bell.rung().await,
        None => std::future::pending().await,
    }
}

/// A heartbeat, or only a tick while nothing can be vouched for.
fn tell_time(app: &App, well: bool) {
    let state = app.feed.state();
    let event = match state.as_ref() {
        Some(state) if well => Event::Heartbeat(event::heartbeat(&state.heartbeat())),
        _ => Event::Tick,
    };
    // Nobody listens: nobody is told.
    let _ = app.feed.events.send(event);
}

/// One reading.
async fn look(app: &App) -> anyhow::Result<()> {
    let feed = &app.feed;
    // `as_of` is a word of this node's clock.
    app.db.clock().await?.check()?;
    let began = feed.begin(app);
    let known = feed
        .state()
        .as_ref()
        .map(|state| (state.feed_id.clone(), state.ring.head()));
    let Some((feed_id, seen)) = known else {
        load(app, None, began).await?;
        feed.pulse.beat(began);
        return Ok(());
    };
    let first = revocations::after(&app.db, seen, BATCH).await?;
    let (After::Records(head, _) | After::Gap(head) | After::Ahead(head)) = &first;
    if feed.alarms.look(&head.feed_id, head.seq) {
        tracing::warn!(head = head.seq, "the alarm of the revocation feed is over");
    }
    if head.feed_id != feed_id {
        tracing::warn!(
            from = feed_id,
            to = head.feed_id,
            "another revocation feed: a backup was restored"
        );
        load(app, Some(Why::FeedId), began).await?;
    } else {
        match first {
            After::Records(head, records) => follow(app, (head, records), began).await?,
            // What was removed had expired, but numbers must follow each other.
            After::Gap(_) => load(app, Some(Why::Gap), began).await?,
            After::Ahead(_) => {
                alarm(app, &feed_id, seen, "this node");
                load(app, Some(Why::Ahead), began).await?;
            }
        }
    }
    feed.pulse.beat(began);
    Ok(())
}

/// Somebody has seen a number above the head.
pub(super) fn alarm(app: &App, feed_id: &str, seen: u64, who: &str) {
    if app.feed.alarms.raise(feed_id, seen) {
        app.metrics.feed_alarm();
        tracing::error!(
            seen,
            who,
            "the revocation feed went backwards: revocations were lost; if a backup was restored, run `sekisho restored`"
        );
    }
}

/// Rows that are cached here have changed: forgets them and takes over the signing keys.
async fn refresh(app: &App) -> anyhow::Result<()> {
    app.rows.forget();
    app.origins.forget();
    if app.keys.reload(&app.db, &app.sealer).await? {
        tracing::info!("took the new signing keys");
    }
    Ok(())
}

/// Reads everything: at the start, and when the numbers do not go on. What was known to be revoked stays so.
async fn load(app: &App, why: Option<Why>, began: Began) -> anyhow::Result<()> {
    let feed = &app.feed;
    refresh(app).await?;
    let (head, whole) = revocations::snapshot(&app.db).await?;
    let ring = recent(app, &head).await?;
    feed.snapshots.forget().await;
    let jwks_etag = app.keys.current().etag.clone();
    feed.revocations.load(&Snapshot {
        feed_id: head.feed_id.clone(),
        seq: head.seq,
        as_of: began.millis(),
        hash_key: feed.hash_key,
        jwks_etag: jwks_etag.clone(),
        records: whole,
    });
    let mut state = feed.state();
    *state = Some(State {
        feed_id: head.feed_id,
        ring,
        changes: head.changes,
        as_of: began.millis(),
        jwks_etag,
    });
    if let Some(why) = why {
        feed.acks.reset();
        let _ = feed.events.send(Event::Snapshot(why));
    }
    drop(state);
    Ok(())
}

/// The newest records up to this head: readers that were here before a restart go on from what is still stored.
async fn recent(app: &App, head: &Head) -> anyhow::Result<Ring> {
    let from = head.seq.saturating_sub(KEPT as u64).max(head.kept_from);
    let mut ring = Ring::starting_at(from, KEPT);
    while ring.head() < head.seq {
        match revocations::after(&app.db, ring.head(), BATCH).await? {
            After::Records(_, mut page) if !page.is_empty() => {
                let left = usize::try_from(head.seq - ring.head()).unwrap_or(usize::MAX);
                page.truncate(left);
                ring.push(&page);
            }
            _ => return Ok(Ring::starting_at(head.seq, KEPT)),
        }
    }
    Ok(ring)
}

/// Tells what is new, page by page; `page` is the first, with the head that was read before it.
async fn follow(app: &App, page: (Head, Vec<Record>), began: Began) -> anyhow::Result<()> {
    let feed = &app.feed;
    let (head, mut new) = page;
    let known = feed
        .state()
        .as_ref()
        .map(|state| (state.ring.head(), state.changes));
    let Some((mut seen, changes)) = known else {
        return Ok(());
    };
    if changes != head.changes {
        refresh(app).await?;
    }
    while !new.is_empty() {
        app.rows.forget();
        if tell(app, &head, (seen, new), began).is_err() {
            return load(app, Some(Why::Gap), began).await;
        }
        seen = feed.state().as_ref().map_or(seen, |state| state.ring.head());
        new = match seen < head.seq {
            false => Vec::new(),
            true => match revocations::after(&app.db, seen, BATCH).await? {
                After::Records(_, records) => records,
                After::Gap(_) | After::Ahead(_) => return load(app, Some(Why::Gap), began).await,
            },
        };
    }
    let beat = feed.state().as_mut().map(|state| {
        settle(app, state, &head, began);
        state.heartbeat()
    });
    match beat.map(|beat| feed.revocations.beat(&beat)) {
        Some(Err(_)) => load(app, Some(Why::Gap), began).await,
        _ => Ok(()),
    }
}

/// Tells one page to every stream, after this node itself goes by it.
fn tell(app: &App, head: &Head, page: (u64, Vec<Record>), began: Began) -> Result<(), Unfit> {
    let (prev, records) = page;
    // Locked to the end, so that nobody subscribes in between.
    let mut state = app.feed.state();
    let state = state.as_mut().ok_or(Unfit::NoSnapshot)?;
    state.ring.push(&records);
    // More may follow that was committed before this reading, so only the last page vouches for it.
    if state.ring.head() >= head.seq {
        settle(app, state, head, began);
    }
    let batch = Batch {
        feed_id: state.feed_id.clone(),
        prev,
        seq: state.ring.head(),
        as_of: state.as_of,
        jwks_etag: state.jwks_etag.clone(),
        records,
    };
    app.feed.revocations.apply(&batch)?;
    let _ = app.feed.events.send(Event::Records(Records::new(batch).into()));
    Ok(())
}

fn settle(app: &App, state: &mut State, head: &Head, began: Began) {
    state.as_of = state.as_of.max(began.millis());
    state.changes = head.changes;
    state.jwks_etag.clone_from(&app.keys.current().etag);
}
