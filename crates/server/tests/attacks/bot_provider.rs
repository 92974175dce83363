//! The service of a bot check: it listens on this machine and verifies answers as the published documentation of Turnstile, hCaptcha and
//! reCAPTCHA says they do.

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use sekisho::listen::{Listener, Patience};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

pub(super) const SITE_KEY: &str = "10000000-ffff-ffff-ffff-000000000001";
pub(super) const SECRET: &str = "0x0000000000000000000000000000000000000000";

/// How the service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// With this status and nothing that can be read.
    Status(u16),
    /// That it does not know the secret.
    UnknownSecret,
    /// As for a page of this host.
    For(&'static str),
}

pub(super) struct Scene {
    pub(super) mood: Mood,
    /// How much like a person the next one is.
    pub(super) score: Option<f64>,
    /// What was asked, newest last.
    pub(super) asked: Vec<BTreeMap<String, String>>,
    seen: BTreeSet<String>,
    /// The word for an answer that was shown before.
    used: &'static str,
}

pub(super) struct BotProvider {
    pub(super) name: &'static str,
    port: u16,
    pub(super) scene: Arc<Mutex<Scene>>,
    _stop: watch::Sender<bool>,
}

impl BotProvider {
    pub(super) async fn start(name: &'static str) -> Self {
        let scene = Arc::new(Mutex::new(Scene {
            mood: Mood::Well,
            score: None,
            asked: Vec::new(),
            seen: BTreeSet::new(),
            used: match name {
                "hcaptcha" => "already-seen-response",
                _ => "timeout-or-duplicate",
            },
        }));
        let router = Router::new()
            .route("/siteverify", post(verify))
            .with_state(Arc::clone(&scene));
        let listener = Listener::bind_loopback(0, None).await.unwrap();
        let port = listener.port();
        let (stop, stopping) = watch::channel(false);
        let patience = Patience {
            max_connections: 64,
            header_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(1),
        };
        tokio::spawn(listener.serve(router, patience, stopping));
        Self {
            name,
            port,
            scene,
            _stop: stop,
        }
    }

    /// The settings that switch it on.
    pub(super) fn settings(&self, when: &str) -> Vec<(&'static str, String)> {
        vec![
            ("SEKISHO_BOT_CHECK_PROVIDER", self.name.to_owned()),
            ("SEKISHO_BOT_CHECK_SITE_KEY", SITE_KEY.to_owned()),
            ("SEKISHO_BOT_CHECK_SECRET", SECRET.to_owned()),
            ("SEKISHO_BOT_CHECK_WHEN", when.to_owned()),
            (
                "SEKISHO_BOT_CHECK_VERIFY",
                format!("http://127.0.0.1:{}/siteverify", self.port),
            ),
        ]
    }

    /// The field that its script adds to a form.
    pub(super) fn field(&self) -> &'static str {
        match self.name {
            "turnstile" => "cf-turnstile-response",
            "hcaptcha" => "h-captcha-response",
            _ => "g-recaptcha-response",
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.scene.lock().unwrap().asked.len()
    }

    pub(super) fn is(&self, mood: Mood) {
        self.scene.lock().unwrap().mood = mood;
    }
}

/// An answer that begins with `good` is one, the first time.
async fn verify(
    State(scene): State<Arc<Mutex<Scene>>>,
    Form(sent): Form<BTreeMap<String, String>>,
) -> Response {
    let mut scene = scene.lock().unwrap();
    let field = |name: &str| sent.get(name).cloned().unwrap_or_default();
    let answer = field("response");
    let failed = |code: &str| Json(json!({ "success": false, "error-codes": [code] })).into_response();
    let said = match &scene.mood {
        Mood::Status(status) => (StatusCode::from_u16(*status).unwrap(), "<h1>Sorry</h1>").into_response(),
        Mood::UnknownSecret => failed("invalid-input-secret"),
        _ if field("secret") != SECRET => failed("invalid-input-secret"),
        _ if answer.is_empty() => failed("missing-input-response"),
        _ if !answer.starts_with("good") => failed("invalid-input-response"),
        _ if scene.seen.contains(&answer) => failed(scene.used),
        mood => {
            let hostname = match mood {
                Mood::For(host) => host,
                _ => "login.example",
            };
            let mut said = json!({ "success": true, "challenge_ts": "2027-01-15T08:00:00.000Z", "hostname": hostname,
                "error-codes": [] });
            if let Some(score) = scene.score {
                said["score"] = json!(score);
            }
            Json(said).into_response()
        }
    };
    scene.seen.insert(answer);
    scene.asked.push(sent);
    said
}
