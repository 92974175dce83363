//! An API whose tokens are issued by Sekisho: no call per request, and a revoked token is refused within a second.
//!
//! `sekisho verifier add my-api` prints the first lines of its environment: see README.md beside this file.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use sekisho_verify::fetch::{Credentials, FeedClient, OnlineVerifier};
use sekisho_verify::tower::{AuthLayer, Authorized, ScopeLayer};
use sekisho_verify::{Issuer, OnStale, Policy, Scope};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = verifier()?;

    let app = Router::new()
        .route(
            "/notes",
            get(notes).layer(ScopeLayer::new(Scope::parse("read:notes")?)),
        )
        // Everything above needs a token, everything below does not.
        .layer(AuthLayer::new(verifier.clone()))
        .route("/", get(|| async { Json(json!({ "hello": "world" })) }))
        .route("/ready", get(ready).with_state(verifier.clone()));

    let port: u16 = env::var("PORT").map_or(Ok(3001), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await?;
    // Keeps what is revoked for the next start, if there is a state file.
    verifier.close().await;
    Ok(())
}

/// What is trusted, from the environment.
fn verifier() -> Result<OnlineVerifier, Box<dyn Error>> {
    let issuer = needed("SEKISHO_ISSUER")?;
    let credentials = Credentials::new(needed("SEKISHO_CLIENT_ID")?, needed("SEKISHO_CLIENT_SECRET")?);
    let mut feed = FeedClient::new(&issuer, credentials).on_event(|event| say(&format!("feed: {event:?}")));
    if let Some(path) = optional("SEKISHO_STATE_FILE") {
        feed = feed.state_file(path);
    }
    if let Some(seconds) = optional("SEKISHO_MAX_STALE") {
        feed = feed.max_stale(Duration::from_secs(seconds.parse()?));
    }
    let on_stale = match optional("SEKISHO_ON_STALE").as_deref() {
        None | Some("closed") => OnStale::Closed,
        Some("introspect") => OnStale::Introspect,
        Some("until_exp") => OnStale::UntilExp,
        Some(_) => return Err("SEKISHO_ON_STALE is closed, introspect or until_exp".into()),
    };
    let policy = Policy::access(Issuer::fetched(&issuer), needed("SEKISHO_AUDIENCE")?)
        .leeway(5)
        .on_stale(on_stale);
    Ok(OnlineVerifier::listening(policy, feed)?)
}

/// Needs a good token with the scope `read:notes`.
async fn notes(Authorized(claims): Authorized) -> Json<Value> {
    Json(json!({ "sub": claims.sub, "notes": [] }))
}

/// For the load balancer: whether tokens can be judged.
async fn ready(State(verifier): State<OnlineVerifier>) -> (StatusCode, Json<Value>) {
    let ready = verifier.is_ready();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let feed = verifier.feed_state().map(|state| state.name());
    (status, Json(json!({ "ready": ready, "feed": feed })))
}

fn needed(name: &str) -> Result<String, String> {
    optional(name).ok_or_else(|| format!("{name} is missing: see README.md"))
}

fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn say(line: &str) {
    // Nobody may be reading any more.
    let _ = writeln!(io::stdout(), "{line}");
}

async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        _ = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
