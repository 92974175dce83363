//! What holds for every request before a feature sees it, and for every answer after.

use crate::app::App;
use crate::http::moment::Moment;
use crate::http::reply::problem_page;
use crate::http::visit::{APPLICATION_PATHS, RequestId, Visit, peer};
use crate::listen::limits::{self, BodyLimits, BodyProblem};
use crate::pages::Problem;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a page of ours may do. Nothing inline; forms may post anywhere, because browsers apply `form-action` to the redirect that
/// follows a login and would block the way back to the application.
macro_rules! page_policy {
    ($ancestors:expr) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
             frame-ancestors ",
            $ancestors
        )
    };
}

const PAGE_POLICY: &str = page_policy!("'none'");

/// Gives the request an id, refuses hosts that are not ours (421, RFC 9110 section 15.5.20), logs it without its query, and puts the
/// safe headers on the answer.
pub async fn outermost(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = Moment { now: app.clock.now() }.id();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(RequestId(id.clone()));
    let method = parts.method.clone();
    let path = parts.uri.path().to_owned();
    let span = tracing::info_span!("request", id, %method, path);
    let ours = is_at_home(&app, &parts).await;
    let mut response = match ours {
        true => {
            next.run(Request::from_parts(parts, body))
                .instrument(span.clone())
                .await
        }
        false => match Visit::from_request_parts(&mut parts, &app).await {
            Ok(visit) => problem_page(&visit, Problem::WrongHost, None),
        },
    };
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), "answered"));
    harden(response.headers_mut(), &app, &id);
    response
}

/// Whether a request names a host of ours or, on the paths that are ours there, one of an application behind the gateway. What a
/// trusted proxy asks about is not in `Host`, so there it may be anything.
async fn is_at_home(app: &App, parts: &Parts) -> bool {
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or(authority);
    let Some(host) = host else { return false };
    if app.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)) {
        return true;
    }
    let path = parts.uri.path();
    if path.starts_with(APPLICATION_PATHS) {
        // A database that is down is told by the feature.
        return !matches!(app.gateway.app(host, &app.db, app.clock.now()).await, Ok(None));
    }
    let asks = path == "/forward-auth" || path.starts_with("/forward-auth/");
    asks && app.config.server.trusted_proxies.contains(peer(parts))
}

fn harden(headers: &mut HeaderMap, app: &App, id: &str) {
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    set(headers, header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, header::CACHE_CONTROL, "no-store");
    let frame_free = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        .is_some_and(|policy| policy.contains("frame-ancestors 'none'"));
    if frame_free {
        set(headers, header::X_FRAME_OPTIONS, "DENY");
    }
    // Not on this machine: browsers would insist on https for every other program at localhost as well.
    if app.config.issuer.is_https() && !app.config.issuer.is_loopback() {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// The policy of the one page that may be framed: by this origin only.
pub fn framed_by(origin: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{}{origin}", page_policy!(""))).ok()
}

/// The policy of a page that anybody may frame.
pub fn framed_by_anybody() -> HeaderValue {
    HeaderValue::from_static(page_policy!("*"))
}

/// The policy of a page that loads pages of these origins in frames, and of no others.
pub fn framing(origins: &[String]) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{PAGE_POLICY}; frame-src {}", origins.join(" "))).ok()
}

/// Where the parts of a page come from that are not ours: origins, or what begins with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Of scripts.
    pub scripts: Vec<String>,
    /// Of pages in frames.
    pub frames: Vec<String>,
    /// Of styles.
    pub styles: Vec<String>,
    /// Of what scripts ask for.
    pub calls: Vec<String>,
}

/// The policy of a page that loads parts of somebody else's. Everything else is as strict as everywhere.
pub fn with_foreign(foreign: &Foreign) -> Option<HeaderValue> {
    let list = |places: &[String]| {
        places
            .iter()
            .fold(String::new(), |list, place| list + " " + place)
    };
    HeaderValue::from_str(&format!(
        "default-src 'none'; script-src 'self'{}; style-src 'self'{}; img-src 'self'; connect-src 'self'{}; base-uri 'none'; \
         frame-ancestors 'none'; frame-src{}",
        list(&foreign.scripts),
        list(&foreign.styles),
        list(&foreign.calls),
        list(&foreign.frames),
    ))
    .ok()
}

/// Reads the body of a form before a page of ours sees it; what is too large or too slow is told on a page.
pub async fn page_body(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let problem = match limits::read(&parts, body, BodyLimits::of(&app)).await {
        Ok(body) => return next.run(Request::from_parts(parts, body)).await,
        Err(BodyProblem::TooLarge) => Problem::TooLarge,
        Err(BodyProblem::TooSlow) => Problem::TimedOut,
        Err(BodyProblem::Unreadable) => Problem::BadRequest,
    };
    match Visit::from_request_parts(&mut parts, &app).await {
        Ok(visit) => limits::closing(problem_page(&visit, problem, None)),
    }
}

/// Whether a form was sent from a page of ours: browsers say so in `Sec-Fetch-Site` and `Origin`; a program that says neither is no
/// browser and has no cookies to abuse.
pub fn is_from_our_page(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (
        text(HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == app.config.issuer.origin(),
        (None, None) => true,
    }
}

/// Whether a browser says that this is a person moving to a page, not an image, a script, a frame or a background call.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok());
    says("sec-fetch-dest").is_none_or(|dest| dest == "document")
        && says("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}
