//! `/healthz` (this process runs), `/readyz` (it can answer) and `/metrics`, for whoever looks after the process.
//!
//! They stand outside the rest of the router: a probe calls by address, so no `Host` is checked.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};

use super::metrics;
use crate::app::App;

/// The three paths.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { text(StatusCode::OK, "ok\n") }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(read_metrics))
        .with_state(app)
}

/// Ready means that the database answers and that the revocation feed can be believed; signing keys are loaded before the first socket
/// is open.
async fn readyz(State(app): State<Arc<App>>) -> Response {
    match app.db.ping().await {
        Ok(()) => match app.feed.complaint(app.clock.now()) {
            None => text(StatusCode::OK, "ready\n"),
            Some(complaint) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not ready: {complaint}\n"),
            ),
        },
        Err(fault) => {
            app.metrics.database_fault();
            tracing::error!(%fault, "not ready");
            text(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: the database does not answer\n",
            )
        }
    }
}

/// Whoever comes through a proxy is not the machine the proxy runs on, so a forwarded request is never a reader's.
async fn read_metrics(
    State(app): State<Arc<App>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let readers = &app.config.server.metrics_readers;
    let is_reader = peer.is_some_and(|Extension(ConnectInfo(peer))| readers.contains(peer.ip()));
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    if forwarded || !is_reader {
        return text(
            StatusCode::FORBIDDEN,
            "not for you; see `server.metrics_readers`\n",
        );
    }
    app.metrics.feed(&app.feed.figures(app.clock.now()));
    let mut response = text(StatusCode::OK, app.metrics.text(&app.passwords));
    let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn text(status: StatusCode, body: impl Into<String>) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], body.into()).into_response()
}
