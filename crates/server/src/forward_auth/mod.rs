//! `/forward-auth`: a proxy asks before it passes a request on. The answer is identity headers and a short-lived access token, a way
//! to sign in, or a refusal. `/.sekisho/*` on an application's host is where its browsers sign in and out.

mod enter;
mod forwarded;
mod holder;
mod leave;
mod say;

pub use enter::{callback, start};
pub use leave::leave;

use crate::gateway::Known;
use crate::http::reply::{Refused, Trouble};
use crate::http::visit::Visit;
use axum::http::header;
use axum::response::Response;
use forwarded::Forwarded;
use say::Mode;
use sekisho_rules::forward_auth::{Asked, Caller, ReturnPath, Signs, verdict};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::Reason;
use sekisho_verify::Scope;
use std::sync::Arc;

/// Where Envoy puts the original path.
pub const BELOW: &str = "/forward-auth/at";

/// What the operator wrote into the proxy's configuration.
struct Wanted {
    mode: Mode,
    needs: Scope,
}

impl Wanted {
    /// # Errors
    /// When it is not understood: a scope that was misspelt must not be no scope.
    fn read(query: &Parameters) -> Result<Self, Reason> {
        if query.names().any(|name| !matches!(name, "mode" | "scope")) {
            return Err(Reason::Malformed("query", "only mode and scope are known"));
        }
        let mode = match query.get("mode")? {
            None | Some("redirect") => Mode::Redirect,
            Some("nginx") => Mode::Nginx,
            Some(_) => return Err(Reason::Malformed("mode", "nginx or redirect")),
        };
        let needs = Scope::parse(query.get("scope")?.unwrap_or_default())
            .map_err(|_| Reason::Malformed("scope", "words with one space between"))?;
        Ok(Self { mode, needs })
    }
}

/// `/forward-auth`, with any method: some proxies repeat the request's own.
pub async fn ask(visit: Visit) -> Response {
    let asked = Forwarded::by_headers(&visit);
    match Wanted::read(&visit.query) {
        Ok(wanted) => answer(&visit, &wanted, asked).await,
        Err(reason) => {
            tracing::warn!(%reason, "the proxy's configuration is wrong");
            say::refuse(&visit, Refused::from(reason))
        }
    }
}

/// `/forward-auth/at/..`: the original path and query come below ours, so the query is the sender's and says nothing to us.
pub async fn ask_below(visit: Visit) -> Response {
    let asked = Forwarded::by_path(&visit, BELOW);
    let wanted = Wanted {
        mode: Mode::Redirect,
        needs: Scope::default(),
    };
    answer(&visit, &wanted, asked).await
}

async fn answer(visit: &Visit, wanted: &Wanted, forwarded: Forwarded) -> Response {
    if !visit.is_from_proxy() {
        tracing::warn!(peer = %visit.peer, "asked by somebody who is not in server.trusted_proxies");
        return say::stranger();
    }
    match decide(visit, wanted, &forwarded).await {
        Ok(Some(response)) => response,
        Ok(None) => say::unknown_application(),
        Err(refused) => say::refuse(visit, refused),
    }
}

async fn decide(visit: &Visit, wanted: &Wanted, forwarded: &Forwarded) -> Result<Option<Response>, Refused> {
    let app = &visit.app;
    let known = app
        .gateway
        .app(&forwarded.host, &app.db, visit.moment.now)
        .await?;
    let Some(known) = known else { return Ok(None) };
    let has = |name: &str| visit.headers.contains_key(name);
    let asked = Asked {
        caller: Caller::of(&Signs {
            method: &forwarded.method,
            accept: visit.header(header::ACCEPT),
            fetch_mode: visit.header("sec-fetch-mode"),
            websocket: has("upgrade") || has("sec-websocket-key"),
            authorization: has("authorization"),
            requested_with: has("x-requested-with"),
        }),
        back: forwarded.path(&known.app.origin).and_then(ReturnPath::parse),
        needs: wanted.needs.clone(),
    };
    let presented = holder::presented(visit, &known).await?;
    Ok(Some(say::verdict(
        verdict(&known.app, &asked, presented),
        wanted.mode,
    )))
}

/// The application whose host a browser is at.
///
/// # Errors
/// [`Trouble::NotFound`] at the issuer's own host.
async fn at_application(visit: &Visit) -> Result<Arc<Known>, Trouble> {
    let host = visit.header(header::HOST).unwrap_or_default();
    let known = visit
        .app
        .gateway
        .app(host, &visit.app.db, visit.moment.now)
        .await?;
    known.ok_or(Trouble::NotFound)
}
