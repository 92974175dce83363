//! What nodes tell each other about their verifiers, through one row each: how many listen, how far they have come. So a
//! revocation at any node, or at the command line, can wait until those who listen have applied it.

use std::time::{Duration, Instant};

use sekisho_rules::time::Timestamp;
use sekisho_store::{Db, Fault, nodes};

use super::acks::{Applied, Report};
use super::pulse::running;
use crate::app::App;

/// Between two looks at what has changed.
const EVERY: Duration = Duration::from_millis(250);
/// A row is written this often even if nothing has changed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A node whose row is older than this is gone; in milliseconds.
const GONE_MILLIS: i64 = 30_000;
/// Between two looks of somebody who waits.
const LOOK: Duration = Duration::from_millis(50);

/// Tells and listens until the stop.
pub(super) async fn run(app: &App) {
    let feed = &app.feed;
    let mut told: Option<(Report, Instant)> = None;
    loop {
        tokio::select! {
            () = feed.stopped() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
        feed.snapshots.sweep(app.clock.now());
        // A node that cannot read the feed has nothing to say that anybody may count on.
        if !feed.pulse.is_younger(super::LET_IN, app.clock.now()) {
            continue;
        }
        if let Err(fault) = exchange(app, &mut told).await {
            app.metrics.database_fault();
            tracing::debug!(%fault, "cannot tell other nodes about verifiers");
        }
    }
    let _ = nodes::gone(&app.db, &feed.node).await;
}

async fn exchange(app: &App, told: &mut Option<(Report, Instant)>) -> Result<(), Fault> {
    let (feed, now) = (&app.feed, app.clock.now());
    let head = feed.state().as_ref().map_or(0, |state| state.ring.head());
    // Somebody's acknowledgement is due: it may have come to another node.
    if !feed.acks.count(head).is_everybody() {
        for (id, report) in live(&app.db, now).await? {
            if id != feed.node {
                feed.acks.learn(&report);
            }
        }
    }
    let report = feed.acks.report(running());
    let unchanged = told
        .as_ref()
        .is_some_and(|(last, at)| *last == report && running().saturating_duration_since(*at) < KEEP_ALIVE);
    if unchanged {
        return Ok(());
    }
    let text = serde_json::to_string(&report).map_err(|_| Fault::Bug("a report that is no JSON".into()))?;
    nodes::seen(&app.db, &feed.node, &text, now).await?;
    *told = Some((report, running()));
    Ok(())
}

async fn live(db: &Db, now: Timestamp) -> Result<Vec<(String, Report)>, Fault> {
    let since = Timestamp::from_millis(now.millis() - GONE_MILLIS);
    let rows = nodes::live(db, since).await?;
    // What a newer version says and this one does not understand counts as nobody.
    Ok(rows
        .into_iter()
        .map(|row| (row.id, serde_json::from_str(&row.streams).unwrap_or_default()))
        .collect())
}

/// Waits until every verifier that listens has applied a record, at most `limit`; answers how many listen and how many have, over
/// all live nodes.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn wait_applied(app: &App, seq: u64, limit: Duration) -> Result<Applied, Fault> {
    let began = running();
    loop {
        let mut sum = Applied::default();
        for (id, report) in live(&app.db, app.clock.now()).await? {
            if id != app.feed.node {
                sum = sum.plus(report.count(seq));
            }
        }
        // What this node knows itself is newer than its row; at the command line it is nothing.
        sum = sum.plus(app.feed.acks.count(seq));
        if sum.is_everybody() || running().saturating_duration_since(began) >= limit {
            return Ok(sum);
        }
        tokio::time::sleep(LOOK).await;
    }
}
