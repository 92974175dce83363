//! The fixture of the stories: a whole issuer in memory with a clock of its own, and browsers with cookie jars. Requests go through the
//! real router; nothing is mocked.

use crate::browser::{Answer, Browser};
use crate::seed::{api, client};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{Method, Request, StatusCode, header};
use sekisho::app::{App, Clock};
use sekisho::config::{Config, Environment, Mail, Passwordless, Signup};
use sekisho::feed;
use sekisho::http::moment::Moment;
use sekisho_jose::Algorithm;
use sekisho_rules::api::Api;
use sekisho_rules::client::{AuthMethod, Client, ClientKind, Party};
use sekisho_rules::grant::client_credentials::ClientGrant;
use sekisho_rules::id::{ClientId, GrantId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_rules::wire::Wire;
use sekisho_store::keys::{self, KeyRow, KeyState};
use sekisho_store::{Db, apis, client_grants, clients, meta, users};
use sekisho_verify::Scope;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{OnceCell, watch};
use tower::ServiceExt as _;

/// When every story begins: 2027-01-15T08:00:00Z, in unix milliseconds.
const START: i64 = 1_800_000_000_000;
pub(crate) const ISSUER: &str = "https://login.example/";
pub(crate) const CALLBACK: &str = "https://app.example/callback";
pub(crate) const API: &str = "https://api.example/";
pub(crate) const EMAIL: &str = "hanako@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const SECRET: &str = "s3cret-_.~of-the-web-client";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An issuer with an API, one user and a client of each sort: `spa`, `native`, `web`, `machine`, `third`.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) environment: Environment,
    pub(crate) data: tempfile::TempDir,
    /// The node's reader of the revocation feed ends with it.
    pub(crate) stop: watch::Sender<bool>,
}

/// One story on each engine: `engines!(name)` runs `async fn name(site: Site)` on SQLite and on PostgreSQL.
macro_rules! engines {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            use crate::site::Site;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$story(Site::new().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                super::$story(Site::on_postgres().await).await;
            }
        }
    )*};
}
pub(crate) use engines;

/// One story on each wire: `wires!(name)` runs `async fn name(site: Site)` with `wire=auth0` and with `wire=standard`.
macro_rules! wires {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            use crate::site::Site;

            #[tokio::test]
            async fn auth0() {
                super::$story(Site::new().await).await;
            }

            #[tokio::test]
            async fn standard() {
                super::$story(Site::standard().await).await;
            }
        }
    )*};
}
pub(crate) use wires;

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn standard() -> Self {
        Self::with(&[("SEKISHO_WIRE", "standard")]).await
    }

    /// With settings of one's own, as environment variables.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut environment: Environment = [
            ("SEKISHO_ISSUER", ISSUER),
            ("SEKISHO_DATA_DIR", data.path().to_str().unwrap()),
            (
                "SEKISHO_KEY_ENCRYPTION_KEY",
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            ),
            ("SEKISHO_PASSWORDS_MEMORY_KIB", "8"),
            ("SEKISHO_PASSWORDS_PASSES", "1"),
            // The applications of the stories that are called listen on this machine.
            ("SEKISHO_EGRESS_ALLOW", "127.0.0.1"),
            ("SEKISHO_SIGNUP", "immediate"),
            // Stories sign the same person in in many new browsers; those about suspicion switch it on.
            ("SEKISHO_ATTACKS_SUSPICIOUS_LOGINS", "off"),
        ]
        .into_iter()
        .chain(settings.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        environment
            .entry("SEKISHO_NAME".to_owned())
            .or_insert_with(|| "Example".to_owned());
        let clock = Arc::new(AtomicI64::new(START));
        let site = Self::open(environment, clock, data).await;
        site.seed().await;
        site
    }

    /// The same on a PostgreSQL database of its own.
    pub(crate) async fn on_postgres() -> Self {
        let url = sekisho_test_postgres::fresh_database();
        Self::with(&[("DATABASE_URL", &url), ("SEKISHO_DATABASE_CONNECTIONS", "8")]).await
    }

    /// A second node on the same database, with the same clock.
    pub(crate) async fn second_node(&self) -> Self {
        let (environment, clock) = (self.environment.clone(), Arc::clone(&self.clock));
        Self::open(environment, clock, tempfile::tempdir().unwrap()).await
    }

    /// Stops the server and starts it again with its data.
    pub(crate) async fn restart(self) -> Self {
        let Self {
            app,
            router,
            clock,
            environment,
            data,
            stop,
        } = self;
        drop(stop);
        drop(router);
        drop(app);
        Self::open(environment, clock, data).await
    }

    /// Stops the server and starts it again with a former key-encryption key at hand.
    pub(crate) async fn with_former_key(mut self, key: [u8; 32]) -> Self {
        self.environment.insert(
            "SEKISHO_OLDER_KEY_ENCRYPTION_KEYS".to_owned(),
            base64_simd::STANDARD.encode_to_string(key),
        );
        self.restart().await
    }

    pub(crate) async fn open(
        environment: Environment,
        clock: Arc<AtomicI64>,
        data: tempfile::TempDir,
    ) -> Self {
        let mut plain = environment.clone();
        let verify_first = plain
            .get("SEKISHO_SIGNUP")
            .is_some_and(|signup| signup == "verify_first");
        if verify_first {
            plain.remove("SEKISHO_SIGNUP");
        }
        let passwordless = plain.remove("SEKISHO_PASSWORDLESS").is_some();
        let mut config = Config::from_environment(&plain).unwrap();
        if config.mail == Mail::None {
            // A story reads the mails that would have been sent; the settings allow that on this machine only.
            config.mail = Mail::Mailbox;
        }
        if verify_first {
            config.accounts.signup = Signup::VerifyFirst;
        }
        if passwordless {
            config.accounts.passwordless = Passwordless::On;
        }
        share_signing_keys(&config).await;
        let app = App::open(config, Clock::Manual(Arc::clone(&clock)))
            .await
            .unwrap();
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(feed::run(Arc::clone(&app), stopping));
        app.feed.begun().await;
        Self {
            stop,
            router: sekisho::routes::router(Arc::clone(&app)),
            app,
            clock,
            environment,
            data,
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        self.app.config.wire
    }

    /// Ends the node's reader of the revocation feed.
    pub(crate) async fn deafen(&self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    async fn seed(&self) {
        self.add_api(api(API)).await;
        self.add_client(client("spa", ClientKind::SinglePage)).await;
        self.add_client(client("native", ClientKind::Native)).await;
        self.add_client(client("web", ClientKind::RegularWeb)).await;
        self.add_client(client("machine", ClientKind::Machine)).await;
        let mut third = client("third", ClientKind::RegularWeb);
        third.party = Party::Third;
        self.add_client(third).await;
        self.allow("machine", API, "read:notes write:notes").await;
        self.add_user("auth0|0123456789abcdef01234567", EMAIL, PASSWORD)
            .await;
    }

    pub(crate) async fn add_client(&self, mut client: Client) {
        if client.auth_method != AuthMethod::None && client.auth_method != AuthMethod::PrivateKeyJwt {
            let place = sekisho::seal::Place {
                table: "clients",
                column: "secret",
                row: client.id.as_str(),
            };
            client.sealed_secret = Some(self.app.sealer.seal(&place, SECRET.as_bytes()).unwrap());
        }
        let now = self.now();
        assert!(
            self.app
                .db
                .tx(async move |tx| clients::insert(tx, &client, now).await)
                .await
                .unwrap()
        );
    }

    pub(crate) async fn add_api(&self, api: Api) {
        let now = self.now();
        assert!(
            self.app
                .db
                .tx(async move |tx| apis::insert(tx, &api, now).await)
                .await
                .unwrap()
        );
    }

    pub(crate) async fn allow(&self, client: &str, audience: &str, scope: &str) {
        let grant = ClientGrant {
            id: GrantId::new(format!("cgr_{client}_{}", audience.len())),
            audience: audience.to_owned(),
            scope: Scope::parse(scope).unwrap(),
        };
        let (client, now) = (ClientId::new(client), self.now());
        self.app
            .db
            .tx(async move |tx| client_grants::put(tx, &client, &grant, now).await)
            .await
            .unwrap();
    }

    pub(crate) async fn add_user(&self, id: &str, email: &str, password: &str) {
        let hash = self.app.passwords.hash(password).await.unwrap();
        let now = self.now();
        let user = User {
            id: UserId::new(id),
            email: email.to_owned(),
            email_verified: true,
            name: "関 花子".to_owned(),
            nickname: Some("hanako".to_owned()),
            given_name: Some("花子".to_owned()),
            family_name: Some("関".to_owned()),
            picture: None,
            locale: None,
            password_hash: Some(hash),
            blocked: false,
            epoch: 0,
            nbf: 0,
            created_at: now,
            updated_at: now,
        };
        let folded = email.to_lowercase();
        assert!(
            self.app
                .db
                .tx(async move |tx| users::insert(tx, &user, &folded).await)
                .await
                .unwrap()
        );
    }

    /// One request without cookies.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.send_raw(request).await;
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// One request whose answer may not be text.
    pub(crate) async fn send_raw(&self, request: Request<Body>) -> (Parts, Bytes) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts, axum::body::to_bytes(body, 4 << 20).await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    /// A form, as a program posts it; the credentials go into `Authorization: Basic`.
    pub(crate) async fn post(
        &self,
        path: &str,
        basic: Option<(&str, &str)>,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request =
            request(Method::POST, path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((id, secret)) = basic {
            let pair = base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}"));
            request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
        }
        self.send(request.body(Body::from(form(fields))).unwrap()).await
    }

    /// `/userinfo` with a bearer token.
    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        let request =
            request(Method::GET, "/userinfo").header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Redeems a code of the public client.
    pub(crate) async fn redeem(&self, client: &str, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let basic = (client == "web" || client == "third").then_some((client, SECRET));
        self.post("/oauth/token", basic, &fields).await
    }

    /// Signs in with a new browser and redeems the code: the tokens of one client.
    pub(crate) async fn tokens(&self, client: &str, extra: &[(&str, &str)]) -> serde_json::Value {
        let mut browser = self.browser();
        let code = browser
            .sign_in(&authorize(client, extra))
            .await
            .param("code")
            .unwrap();
        let answer = self.redeem(client, &code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    pub(crate) async fn refresh(&self, client: &str, token: &str) -> Answer {
        let basic = (client == "web" || client == "third").then_some((client, SECRET));
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token),
        ];
        self.post("/oauth/token", basic, &fields).await
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }
}

/// Making an RSA key takes longer than a story: all sites of a test run share one pair.
async fn share_signing_keys(config: &Config) {
    static PAIR: OnceCell<[KeyRow; 2]> = OnceCell::const_new();
    let sealer = config.keys.load().unwrap();
    let made = PAIR.get_or_init(async || {
        let moment = Moment {
            now: Timestamp::from_millis(START),
        };
        let current = sekisho::keys::fresh(&sealer, Algorithm::Rs256, KeyState::Current, moment).await;
        let next = sekisho::keys::fresh(&sealer, Algorithm::Rs256, KeyState::Next, moment).await;
        [current.unwrap(), next.unwrap()]
    });
    let pair = made.await.clone();
    let db = Db::open(&config.database.options()).unwrap();
    db.migrate().await.unwrap();
    db.tx(async move |tx| {
        if meta::claim(tx, "signing_keys RS256", "made").await? {
            for row in &pair {
                keys::insert(tx, row).await?;
            }
        }
        Ok(())
    })
    .await
    .unwrap();
}

/// An authorization request of a client, with PKCE, `openid profile email`, and `extra` in place of or beside these.
pub(crate) fn authorize(client: &str, extra: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
    fields.extend(extra.iter().copied().filter(|(_, value)| *value != "-"));
    format!("/authorize?{}", form(&fields))
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let path = path.strip_prefix("https://login.example").unwrap_or(path);
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "login.example")
}
