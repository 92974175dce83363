//! The demo API: an outsider that trusts tokens of the issuer through `sekisho-verify` and nothing else.
//!
//! It owns a few notes in memory and the CORS answers for the demo app. It never asks the issuer about a token: it
//! has the issuer's keys and listens to its revocation feed, and every decision is made here.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sekisho_verify::tower::{AuthLayer, Authorized, ScopeLayer};
use sekisho_verify::{Scope, ScopeError};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The scopes of the demo API, each with the sentence that a consent page shows.
pub const SCOPES: [(&str, &str); 2] = [
    (READ, "Read your notes in the demo"),
    (WRITE, "Write notes in the demo"),
];
/// How long access tokens for the demo API live, in seconds: short, so that expiry can be watched.
pub const TOKEN_LIFETIME: u64 = 300;

const READ: &str = "read:notes";
const WRITE: &str = "write:notes";
/// Limits of what lives in memory.
const MAX_PEOPLE: usize = 1_000;
const MAX_NOTES: usize = 20;
const MAX_NOTE_CHARS: usize = 500;

/// The demo API's own web server: `auth` judges the tokens, `app_origins` (`http://localhost:4001`) are the browser
/// apps that may call it.
///
/// # Errors
///
/// When a scope of ours is not one by RFC 6749 section 3.3.
pub fn api_router(auth: AuthLayer, app_origins: Vec<String>) -> Result<Router, ScopeError> {
    let read = ScopeLayer::new(Scope::parse(READ)?);
    let write = ScopeLayer::new(Scope::parse(WRITE)?);
    // Behind the layer nothing is reached without a good access token; `ScopeLayer` asks for more where it is needed.
    let guarded = Router::new()
        .route("/me", get(me))
        .route(
            "/notes",
            get(read_notes)
                .layer(read)
                .merge(axum::routing::post(write_note).layer(write)),
        )
        .layer(auth);
    let open = Router::new().route("/", get(front)).route("/public", get(public));
    Ok(open
        .merge(guarded)
        .fallback(nothing_here)
        .with_state(Notes::default())
        .layer(DefaultBodyLimit::max(8 * 1024))
        // Outermost: a preflight carries no token, and an app must be able to read a refusal.
        .layer(middleware::from_fn_with_state(Arc::new(app_origins), cors)))
}

async fn front() -> &'static str {
    "The demo API of Sekisho.\n\n\
     GET  /public   no token needed\n\
     GET  /me       any access token made for this API\n\
     GET  /notes    scope read:notes\n\
     POST /notes    scope write:notes, body {\"text\": \"...\"}\n"
}

async fn public() -> Response {
    Json(json!({ "message": "Everybody may read this." })).into_response()
}

async fn nothing_here() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing here; GET / lists what is",
    )
}

/// What the API learned from the token alone.
async fn me(Authorized(claims): Authorized) -> Response {
    Json(json!({
        "message": "Your access token is good. Everything below was in it.",
        "you": claims.sub,
        "app": claims.client_id,
        "scope": claims.scope.to_string(),
        "expires_at": claims.exp,
        "session": claims.sid,
        "grant": claims.gid,
    }))
    .into_response()
}

/// Everybody's notes, by the subject of the token that wrote them.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<HashMap<String, VecDeque<Note>>>>);

#[derive(Clone, Serialize)]
struct Note {
    number: u64,
    text: String,
    written_by_app: Option<String>,
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn read_notes(State(notes): State<Notes>, Authorized(claims): Authorized) -> Response {
    let everybody = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = everybody.get(&claims.sub).cloned().unwrap_or_default();
    Json(json!({ "notes": mine })).into_response()
}

async fn write_note(
    State(notes): State<Notes>,
    Authorized(claims): Authorized,
    body: Result<Json<NewNote>, JsonRejection>,
) -> Response {
    let text = match body {
        Ok(Json(note)) => note.text,
        Err(wrong) => {
            return problem(
                wrong.status(),
                "invalid_request",
                "The body must be JSON: {\"text\": \"...\"}",
            );
        }
    };
    if text.is_empty() || text.chars().count() > MAX_NOTE_CHARS {
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "A note has 1 to 500 characters",
        );
    }
    let mut everybody = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
    if everybody.len() >= MAX_PEOPLE && !everybody.contains_key(&claims.sub) {
        return problem(
            StatusCode::INSUFFICIENT_STORAGE,
            "full",
            "The demo remembers no more people",
        );
    }
    let mine = everybody.entry(claims.sub.clone()).or_default();
    let number = mine.back().map_or(1, |last| last.number + 1);
    let note = Note {
        number,
        text,
        written_by_app: claims.client_id.clone(),
    };
    mine.push_back(note.clone());
    if mine.len() > MAX_NOTES {
        mine.pop_front();
    }
    (StatusCode::CREATED, Json(note)).into_response()
}

fn problem(status: StatusCode, error: &str, description: &str) -> Response {
    (
        status,
        Json(json!({ "error": error, "error_description": description })),
    )
        .into_response()
}

/// Lets the demo app's origin read the answers (Fetch standard, CORS), refusals and their `WWW-Authenticate` included.
async fn cors(State(allowed): State<Arc<Vec<String>>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|origin| allowed.iter().any(|one| one.as_bytes() == origin.as_bytes()));
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST"),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type"),
        );
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("www-authenticate"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}
