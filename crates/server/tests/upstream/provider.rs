//! A provider on the other end: it listens on this machine, speaks as the published documentation of Google, X, LINE, GitHub, Apple and
//! Microsoft says they do, checks what it is sent as they do, and errs in the ways it is told to.

use axum::Json;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use sekisho::listen::{Listener, Patience};
use sekisho_jose::{Algorithm, Buffer, JwkSet, SigningKey, jwt};
use sekisho_rules::pkce::Challenge;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

pub(super) const CLIENT_ID: &str = "sekisho-there";
/// As long as a channel secret of LINE.
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(super) const TEAM: &str = "TEAM123456";

/// What a provider does not do right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flaw {
    #[default]
    None,
    WrongAudience,
    TwoAudiences,
    OtherParty,
    WrongIssuer,
    OtherNonce,
    NoNonce,
    Expired,
    FromTheFuture,
    NoExpiry,
    TextualExpiry,
    NoAlgorithm,
    /// HS256 with the bytes of the published RSA key.
    PublicKeyAsSecret,
    /// HS256 with our client secret, where RS256 is due.
    SecretAsKey,
    /// ES256 with a published key, where another algorithm is due.
    OtherAlgorithm,
    /// RS256 with a key that is not published.
    OtherKey,
    NoToken,
    RefusesCode,
    ErrorWith200,
    Status(u16),
    RedirectsToItself,
    NotJson,
    Endless,
}

/// How a provider proves that a client is who it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    Basic,
    Post,
    Apple,
}

pub(super) struct Scene {
    pub(super) flaw: Flaw,
    pub(super) proof: Proof,
    /// How ID tokens are signed; `None` for OAuth 2 alone.
    pub(super) signs: Option<Algorithm>,
    pub(super) issuer: String,
    /// Claims of the person, or the answer of the userinfo endpoint.
    pub(super) person: Value,
    pub(super) userinfo: Value,
    pub(super) emails: Value,
    codes: BTreeMap<String, BTreeMap<String, String>>,
    nonces: Vec<String>,
    pub(super) fetched_keys: usize,
    now: i64,
}

#[derive(Clone)]
pub(crate) struct Provider {
    port: u16,
    pub(super) scene: Arc<Mutex<Scene>>,
    _stop: Arc<watch::Sender<bool>>,
}

struct Keys {
    rsa: SigningKey,
    stranger: SigningKey,
    ec: SigningKey,
}

fn keys() -> &'static Keys {
    static KEYS: std::sync::OnceLock<Keys> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: SigningKey::generate(Algorithm::Rs256).unwrap().with_kid("rsa"),
        stranger: SigningKey::generate(Algorithm::Rs256).unwrap().with_kid("rsa"),
        ec: SigningKey::generate(Algorithm::Es256).unwrap().with_kid("ec"),
    })
}

/// The private key whose public half this provider holds for Apple's form of a client secret.
pub(super) fn apple_key() -> &'static SigningKey {
    static KEY: std::sync::OnceLock<SigningKey> = std::sync::OnceLock::new();
    KEY.get_or_init(|| {
        SigningKey::generate(Algorithm::Es256)
            .unwrap()
            .with_kid("KEY1234567")
    })
}

impl Provider {
    pub(super) async fn start(now: i64) -> Self {
        let scene = Arc::new(Mutex::new(Scene {
            flaw: Flaw::None,
            proof: Proof::Post,
            signs: Some(Algorithm::Rs256),
            issuer: String::new(),
            person: json!({}),
            userinfo: Value::Null,
            emails: Value::Null,
            codes: BTreeMap::new(),
            nonces: Vec::new(),
            fetched_keys: 0,
            now,
        }));
        let router = Router::new()
            .route("/token", post(token))
            .route("/keys", get(published))
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/me", get(me))
            .route("/me/emails", get(emails))
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
        let provider = Self {
            port,
            scene,
            _stop: Arc::new(stop),
        };
        provider.scene.lock().unwrap().issuer = provider.at("");
        provider
    }

    pub(super) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn errs(&self, flaw: Flaw) {
        self.scene.lock().unwrap().flaw = flaw;
    }

    pub(crate) fn is(&self, person: Value) {
        self.scene.lock().unwrap().person = person;
    }

    /// Lets time pass here too.
    pub(super) fn now(&self, seconds: i64) {
        self.scene.lock().unwrap().now = seconds;
    }

    /// What the browser brings back after the person said yes: the query of the callback. The request is looked at as a provider does.
    pub(crate) fn allow(&self, request: &str) -> BTreeMap<String, String> {
        let url = url::Url::parse(request).unwrap();
        assert!(request.starts_with(&self.at("/authorize")), "{request}");
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT_ID);
        assert_eq!(asked["redirect_uri"], "https://login.example/login/callback");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(Challenge::from_stored(&asked["code_challenge"]).is_some());
        assert!((20..=500).contains(&asked["state"].len()), "X takes at most 500");
        let mut scene = self.scene.lock().unwrap();
        assert_eq!(asked.contains_key("nonce"), scene.signs.is_some());
        if let Some(nonce) = asked.get("nonce") {
            assert!(!scene.nonces.contains(nonce), "a nonce is fresh");
            scene.nonces.push(nonce.clone());
        }
        let code = format!("code-{}", scene.codes.len());
        let mut back = BTreeMap::from([("code".to_owned(), code.clone())]);
        back.insert("state".to_owned(), asked["state"].clone());
        scene.codes.insert(code, asked);
        back
    }
}

type Shared = State<Arc<Mutex<Scene>>>;

async fn token(
    State(scene): Shared,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let mut scene = scene.lock().unwrap();
    match scene.flaw {
        Flaw::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Flaw::RedirectsToItself => return Redirect::temporary("/token").into_response(),
        Flaw::NotJson => return "<html>".into_response(),
        Flaw::Endless => return "x".repeat(100_000).into_response(),
        Flaw::RefusesCode => {
            return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
        }
        Flaw::ErrorWith200 => return Json(json!({"error": "bad_verification_code"})).into_response(),
        _ => {}
    }
    assert_eq!(form["grant_type"], "authorization_code");
    let Some(asked) = scene.codes.remove(&form["code"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
    let challenge = Challenge::from_stored(&asked["code_challenge"]).unwrap();
    assert!(challenge.accepts(&form["code_verifier"]), "PKCE");
    prove(scene.proof, &headers, &form, scene.now);
    let mut answer = json!({
        "access_token": "their-access-token", "refresh_token": "their-refresh-token", "token_type": "Bearer", "expires_in": 7200,
    });
    if let Some(signs) = scene.signs.filter(|_| scene.flaw != Flaw::NoToken) {
        answer["id_token"] = id_token(&scene, signs, &asked).into();
    }
    Json(answer).into_response()
}

fn prove(proof: Proof, headers: &HeaderMap, form: &BTreeMap<String, String>, now: i64) {
    match proof {
        Proof::Basic => {
            let pair = base64_simd::STANDARD.encode_to_string(format!("{CLIENT_ID}:{SECRET}"));
            assert_eq!(headers["authorization"], format!("Basic {pair}"));
            assert!(!form.contains_key("client_secret"));
        }
        Proof::Post => {
            assert_eq!(
                (form["client_id"].as_str(), form["client_secret"].as_str()),
                (CLIENT_ID, SECRET)
            );
            assert!(!headers.contains_key("authorization"));
        }
        Proof::Apple => {
            let mut buffer = Buffer::new();
            let key = apple_key().verifying_key();
            let token = jwt::verify::<Map<String, Value>>(&form["client_secret"], &key, &mut buffer).unwrap();
            assert_eq!(token.header().kid(), Some("KEY1234567"));
            let claims = &token.claims;
            assert_eq!(claims["iss"], TEAM);
            assert_eq!(claims["sub"], CLIENT_ID);
            assert_eq!(claims["aud"], "https://appleid.apple.com");
            let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
            assert!(iat <= now + 60 && exp > now && exp - iat <= 15_777_000);
        }
    }
}

fn id_token(scene: &Scene, signs: Algorithm, asked: &BTreeMap<String, String>) -> String {
    let mut claims = json!({
        "iss": scene.issuer, "aud": CLIENT_ID, "iat": scene.now, "exp": scene.now + 3600, "nonce": asked["nonce"],
    });
    for (name, value) in scene.person.as_object().unwrap() {
        claims[name] = value.clone();
    }
    match scene.flaw {
        Flaw::WrongAudience => claims["aud"] = "somebody-else".into(),
        Flaw::TwoAudiences => claims["aud"] = json!([CLIENT_ID, "somebody-else"]),
        Flaw::OtherParty => claims["azp"] = "somebody-else".into(),
        Flaw::WrongIssuer => claims["iss"] = format!("{}/", scene.issuer).into(),
        Flaw::OtherNonce => claims["nonce"] = scene.nonces[0].clone().into(),
        Flaw::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Flaw::Expired => claims["exp"] = (scene.now - 61).into(),
        Flaw::FromTheFuture => claims["iat"] = (scene.now + 120).into(),
        Flaw::NoExpiry => drop(claims.as_object_mut().unwrap().remove("exp")),
        Flaw::TextualExpiry => claims["exp"] = (scene.now + 3600).to_string().into(),
        _ => {}
    }
    let sign = |key: &SigningKey| jwt::sign(&claims, "JWT", key).unwrap();
    let hmac = |secret: &[u8]| sign(&SigningKey::hmac(Algorithm::Hs256, secret).unwrap());
    match (scene.flaw, signs) {
        (Flaw::NoAlgorithm, _) => {
            let part = |value: &Value| base64_simd::URL_SAFE_NO_PAD.encode_to_string(value.to_string());
            format!(
                "{}.{}.",
                part(&json!({"alg": "none", "typ": "JWT"})),
                part(&claims)
            )
        }
        (Flaw::PublicKeyAsSecret, _) => hmac(&keys().rsa.verifying_key().to_spki_der().unwrap()),
        (Flaw::SecretAsKey, _) => hmac(SECRET.as_bytes()),
        (Flaw::OtherAlgorithm, _) => sign(&keys().ec),
        (Flaw::OtherKey, _) => sign(&keys().stranger),
        (_, Algorithm::Hs256) => hmac(SECRET.as_bytes()),
        (_, Algorithm::Es256) => sign(&keys().ec),
        _ => sign(&keys().rsa),
    }
}

async fn published(State(scene): Shared) -> Json<Value> {
    scene.lock().unwrap().fetched_keys += 1;
    let set: JwkSet = [&keys().rsa, &keys().ec]
        .into_iter()
        .filter_map(SigningKey::public_jwk)
        .collect();
    Json(serde_json::to_value(set).unwrap())
}

async fn discovery(State(scene): Shared) -> Json<Value> {
    let issuer = scene.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/me"),
        // What a document says about algorithms is not listened to.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn me(State(scene): Shared, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer their-access-token");
    let scene = scene.lock().unwrap();
    match &scene.userinfo {
        Value::Null => StatusCode::NOT_FOUND.into_response(),
        told => Json(told.clone()).into_response(),
    }
}

async fn emails(State(scene): Shared, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer their-access-token");
    match &scene.lock().unwrap().emails {
        Value::Null => StatusCode::FORBIDDEN.into_response(),
        told => Json(told.clone()).into_response(),
    }
}
