//! An application on the other end of the back channel: it listens on this machine, answers as it is told to, and believes a logout
//! token only after every check of OpenID Connect Back-Channel Logout 1.0 section 2.6.

use crate::browser::claims;
use crate::site::{ISSUER, Site};
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use sekisho::listen::tls::Certificates;
use sekisho::listen::{Listener, Patience};
use sekisho_jose::{Algorithm, Buffer, JwkSet, KeySet, jws};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// The application.
pub(crate) struct RelyingParty {
    port: u16,
    inbox: Arc<Inbox>,
    seen: BTreeSet<String>,
    _stop: watch::Sender<bool>,
}

#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<BTreeMap<String, String>>>,
    answers: Mutex<VecDeque<u16>>,
    held: Mutex<Option<watch::Receiver<bool>>>,
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    inbox.received.lock().unwrap().push(form);
    let held = inbox.held.lock().unwrap().clone();
    if let Some(mut gate) = held {
        gate.wait_for(|open| *open).await.unwrap();
    }
    let answer = inbox.answers.lock().unwrap().pop_front();
    StatusCode::from_u16(answer.unwrap_or(200)).unwrap()
}

impl RelyingParty {
    pub(crate) async fn start() -> Self {
        Self::behind(None).await
    }

    /// With TLS, or without.
    pub(crate) async fn behind(tls: Option<Certificates>) -> Self {
        let inbox = Arc::new(Inbox::default());
        let router = Router::new()
            .route("/backchannel-logout", post(receive))
            .with_state(Arc::clone(&inbox));
        let listener = Listener::bind_loopback(0, tls).await.unwrap();
        let port = listener.port();
        let (stop, stopping) = watch::channel(false);
        let patience = Patience {
            max_connections: 64,
            header_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(1),
        };
        tokio::spawn(listener.serve(router, patience, stopping));
        Self {
            port,
            inbox,
            seen: BTreeSet::new(),
            _stop: stop,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/backchannel-logout?from=sekisho", self.port)
    }

    /// The same by name and with TLS.
    pub(crate) fn tls_url(&self) -> String {
        format!("https://localhost:{}/backchannel-logout", self.port)
    }

    /// Registers this application's address with a client.
    pub(crate) async fn stands_for(&self, site: &Site, client: &str) {
        let mut client = clients::find(&site.app, client).await.unwrap();
        client.notices.backchannel_urls = vec![self.url()];
        clients::update(&site.app, Operator, client).await.unwrap();
    }

    /// What it answers next, before it answers 200 again.
    pub(crate) fn will_answer(&self, statuses: &[u16]) {
        self.inbox.answers.lock().unwrap().extend(statuses);
    }

    /// From now on it answers only when `true` is sent.
    pub(crate) fn hold(&self) -> watch::Sender<bool> {
        let (gate, held) = watch::channel(false);
        *self.inbox.held.lock().unwrap() = Some(held);
        gate
    }

    /// Whether somebody has called.
    pub(crate) fn has_received(&self) -> bool {
        !self.inbox.received.lock().unwrap().is_empty()
    }

    /// Lets the server do its work, and answers the claims of the logout tokens that arrived for this client, each verified.
    pub(crate) async fn told(&mut self, site: &Site, client: &str) -> Vec<Value> {
        sekisho::jobs::run_due(&site.app).await.unwrap();
        self.heard(site, client).await
    }

    /// The logout tokens that have arrived for this client, verified.
    pub(crate) async fn heard(&mut self, site: &Site, client: &str) -> Vec<Value> {
        let received = std::mem::take(&mut *self.inbox.received.lock().unwrap());
        let mut all = Vec::new();
        for form in received {
            assert_eq!(
                form.keys().collect::<Vec<_>>(),
                ["logout_token"],
                "nothing else is in the form"
            );
            all.push(self.verified(site, client, &form["logout_token"]).await);
        }
        all
    }

    async fn verified(&mut self, site: &Site, client: &str, token: &str) -> Value {
        let published = site.get("/.well-known/jwks.json").await;
        let set = JwkSet::parse(published.body.as_bytes()).unwrap();
        let keys = KeySet::from_jwks(&set, &[Algorithm::Rs256]);
        let head = jws::Unverified::parse(token).unwrap();
        assert_eq!(head.typ(), Some("logout+jwt"));
        assert_eq!(head.alg(), Some("RS256"));
        let key = keys.keys().iter().find(|key| key.kid() == head.kid()).unwrap();
        jws::verify(token, key, &mut Buffer::new()).unwrap();
        let claims = claims(&Value::String(token.to_owned()));
        let now = site.now().seconds();
        assert_eq!(claims["iss"], ISSUER);
        assert_eq!(claims["aud"], client, "one audience, as text");
        assert!(claims["iat"].as_i64().unwrap() <= now && claims["exp"].as_i64().unwrap() > now);
        assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 120);
        let event = &claims["events"]["http://schemas.openid.net/event/backchannel-logout"];
        assert_eq!(event, &serde_json::json!({}));
        assert!(
            claims.get("nonce").is_none(),
            "nobody may take it for an ID token"
        );
        assert!(claims["sub"].is_string() && claims["sid"].is_string());
        let jti = claims["jti"].as_str().unwrap().to_owned();
        assert!(self.seen.insert(jti), "a token that was used before");
        claims
    }
}
