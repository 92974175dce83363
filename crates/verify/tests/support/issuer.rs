//! An issuer on loopback that can be told to misbehave, and counts what it is asked.

#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part of this"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use sekisho_jose::{JwkSet, SigningKey};
use serde_json::json;

/// How the key set is answered.
#[derive(Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Good,
    /// 500.
    Broken,
    /// Never, but the connection stays open.
    Silent,
    /// The keys after more white space than may be read.
    Huge,
    /// A page, with status 200.
    Html,
    /// 302 to a place where the keys are.
    Redirect,
    /// The discovery document names this issuer.
    OtherIssuer(String),
    /// The discovery document names this place for the keys.
    KeysAt(String),
}

#[derive(Default)]
struct Face {
    url: Mutex<String>,
    mood: Mutex<Mood>,
    keys: Mutex<JwkSet>,
    fetches: AtomicUsize,
}

/// Serves until the test's runtime ends.
pub(crate) struct LocalIssuer {
    /// The issuer, with its slash.
    pub(crate) url: String,
    face: Arc<Face>,
}

impl LocalIssuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let face = Arc::new(Face {
            url: Mutex::new(url.clone()),
            ..Face::default()
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/elsewhere", get(elsewhere))
            .with_state(Arc::clone(&face));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let issuer = Self { url, face };
        issuer.publish(keys);
        issuer
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.face.keys.lock().unwrap() = keys.iter().filter_map(|key| key.public_jwk()).collect();
    }

    pub(crate) fn mood(&self, mood: Mood) {
        *self.face.mood.lock().unwrap() = mood;
    }

    /// How often the discovery document was asked for: once for each fetch.
    pub(crate) fn fetches(&self) -> usize {
        self.face.fetches.load(Ordering::SeqCst)
    }
}

async fn discovery(State(face): State<Arc<Face>>) -> Response {
    face.fetches.fetch_add(1, Ordering::SeqCst);
    let url = face.url.lock().unwrap().clone();
    let mood = face.mood.lock().unwrap().clone();
    let (issuer, keys) = match mood {
        Mood::OtherIssuer(other) => (other, format!("{url}jwks")),
        Mood::KeysAt(place) => (url, place),
        _ => (url.clone(), format!("{url}jwks")),
    };
    axum::Json(json!({ "issuer": issuer, "jwks_uri": keys })).into_response()
}

async fn jwks(State(face): State<Arc<Face>>) -> Response {
    let mood = face.mood.lock().unwrap().clone();
    match mood {
        Mood::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Silent => std::future::pending().await,
        Mood::Huge => {
            let keys = serde_json::to_string(&*face.keys.lock().unwrap()).unwrap();
            format!("{}{keys}", " ".repeat(sekisho_verify::MAX_KEY_SET_BYTES)).into_response()
        }
        Mood::Html => axum::response::Html("<!doctype html><title>Not found</title>").into_response(),
        Mood::Redirect => Redirect::to("/elsewhere").into_response(),
        _ => elsewhere(State(face)).await,
    }
}

async fn elsewhere(State(face): State<Arc<Face>>) -> Response {
    let keys = face.keys.lock().unwrap().clone();
    axum::Json(keys).into_response()
}
