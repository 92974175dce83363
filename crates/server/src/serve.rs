//! Start-up and shut-down of one issuer: sockets, background work, signals.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::{App, Clock};
use crate::config::Config;
use crate::jobs;
use crate::listen::tls::{Certificates, LOOK_EVERY};
use crate::listen::{Drained, Listener, Patience};
use crate::telemetry::{health, metrics};
use sekisho_store::{Fault, sweep};

/// How often rows that are long over are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// One sentence when it cannot start.
pub async fn serve(config: Config) -> Result<()> {
    let stop = on_signal()?;
    let certificates = config.tls.as_ref().map(Certificates::load).transpose()?;
    let app = App::open(config, Clock::System).await?;
    let listener = Listener::bind(&app.config.server.listen, certificates.clone()).await?;
    if let (Some(certificates), Some(files)) = (certificates, app.config.tls.clone()) {
        tokio::spawn(certificates.watch(files, LOOK_EVERY));
    }
    let work = tokio::spawn(background(Arc::clone(&app), stop.clone()));
    tracing::info!(
        issuer = %app.config.issuer,
        addresses = ?listener.addresses(),
        database = app.config.database.shown(),
        "ready"
    );
    let patience = Patience::from(&app.config.server);
    let drained = listener.serve(router(Arc::clone(&app)), patience, stop).await;
    let _ = work.await;
    match drained {
        Drained::All => tracing::info!("stopped; every open request was answered"),
        Drained::Cut(connections) => {
            tracing::warn!(connections, "stopped; some requests did not end in time");
        }
    }
    Ok(())
}

/// Everything the issuer answers, and its counters.
pub fn router(app: Arc<App>) -> Router {
    let counters = app.metrics.clone();
    crate::routes::router(Arc::clone(&app))
        .layer(from_fn_with_state(counters, metrics::observe))
        .merge(health::router(app))
}

/// Work that nobody waits for, until the stop.
pub async fn background(app: Arc<App>, stop: watch::Receiver<bool>) {
    let jobs = jobs::work(Arc::clone(&app), stop.clone());
    // Signing keys, kept rows and revocations all come by the feed's reader.
    let feed = crate::feed::run(Arc::clone(&app), stop.clone());
    let failures = crate::failures::run(Arc::clone(&app), stop.clone());
    tokio::join!(sweep_often(&app, stop), jobs, feed, failures);
}

async fn sweep_often(app: &App, stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = crate::listen::stopped(stop.clone()) => return,
            _ = tick.tick() => sweep_all(app).await,
        }
    }
}

async fn sweep_all(app: &App) {
    loop {
        match sweep_batch(app).await {
            Ok(0) => return,
            Ok(removed) => tracing::debug!(removed, "removed what is long over"),
            Err(fault) => {
                app.metrics.database_fault();
                tracing::error!(%fault, "cannot remove what is long over");
                return;
            }
        }
    }
}

/// Removes one batch of what is long over, and of the audit log what is older than it is kept; answers how many rows changed.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn sweep_batch(app: &App) -> Result<u64, Fault> {
    let now = app.clock.now();
    let mut removed = sweep::batch(&app.db, now).await?;
    if let Some(days) = app.config.audit.retention_days {
        removed += sweep::audit(&app.db, now.plus_seconds(-days * 86_400)).await?;
    }
    Ok(removed)
}

/// True once SIGTERM or SIGINT has come. A second one ends the process at once.
///
/// # Errors
/// When the system does not let signals be watched.
pub fn on_signal() -> Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        next().await;
        stop.send_replace(true);
        next().await;
        std::process::exit(1);
    });
    Ok(stopping)
}
