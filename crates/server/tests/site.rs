//! The fixture of the stories: a whole issuer in memory with a clock of its own, and browsers with cookie jars. Requests go through the
//! real router; nothing is mocked.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use sekisho::app::{App, Clock};
use sekisho::config::{Config, Environment};
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::client::{AuthMethod, Client, ClientKind, GrantType, Party, RefreshPolicy, Standing};
use sekisho_rules::grant::client_credentials::ClientGrant;
use sekisho_rules::id::{ClientId, GrantId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::{apis, client_grants, clients, users};
use sekisho_verify::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tower::ServiceExt as _;

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
    clock: Arc<AtomicI64>,
    _data: tempfile::TempDir,
}

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
        ]
        .into_iter()
        .chain(settings.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        environment
            .entry("SEKISHO_NAME".to_owned())
            .or_insert_with(|| "Example".to_owned());
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
        let config = Config::from_environment(&environment).unwrap();
        let app = App::open(config, Clock::Manual(Arc::clone(&clock)))
            .await
            .unwrap();
        let site = Self {
            router: sekisho::routes::router(Arc::clone(&app)),
            app,
            clock,
            _data: data,
        };
        site.seed().await;
        site
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
            id: GrantId::new(format!("cgr_{client}")),
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
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
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
        self.post(
            "/oauth/token",
            basic,
            &fields[if basic.is_some() { 0..5 } else { 0..5 }],
        )
        .await
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
        Browser {
            site: self,
            jar: BTreeMap::new(),
            language: "en",
        }
    }
}

/// A client with what its kind usually has.
pub(crate) fn client(id: &str, kind: ClientKind) -> Client {
    let (auth_method, refresh) = match kind {
        ClientKind::SinglePage | ClientKind::Native => (AuthMethod::None, RefreshPolicy::ROTATING),
        ClientKind::RegularWeb | ClientKind::Machine => (AuthMethod::SecretBasic, RefreshPolicy::FIXED),
    };
    Client {
        id: ClientId::new(id),
        name: format!("App {id}"),
        kind,
        auth_method,
        sealed_secret: None,
        jwks: None,
        callbacks: vec![CALLBACK.to_owned()],
        logout_urls: vec!["https://app.example/bye".to_owned()],
        web_origins: vec!["https://app.example".to_owned()],
        grant_types: match kind {
            ClientKind::Machine => vec![GrantType::ClientCredentials],
            _ => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        },
        party: Party::First,
        standing: Standing::Enabled,
        refresh,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    }
}

pub(crate) fn api(identifier: &str) -> Api {
    let scope = |value: &str, description: &str| ApiScope {
        value: value.to_owned(),
        description: description.to_owned(),
    };
    Api {
        id: format!("api-{}", identifier.len()),
        identifier: identifier.to_owned(),
        name: "Notes".to_owned(),
        scopes: vec![
            scope("read:notes", "Read your notes"),
            scope("write:notes", "Write notes for you"),
        ],
        token_lifetime: 300,
        dialect: Dialect::AccessToken,
        offline: Offline::Allowed,
    }
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

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let path = path.strip_prefix("https://login.example").unwrap_or(path);
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "login.example")
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "{} {}", self.status, self.body);
        self.header("location")
    }

    /// A parameter of the query of where this answer sends the browser.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let base = url::Url::parse(ISSUER).unwrap();
        let to = base.join(self.location()).unwrap();
        to.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.body))
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let at = self
            .body
            .find(&format!("name=\"{name}\""))
            .unwrap_or_else(|| panic!("no {name} in {}", self.body));
        let rest = &self.body[at..];
        let rest = &rest[rest.find("value=\"").unwrap() + 7..];
        rest[..rest.find('"').unwrap()]
            .replace("&#61;", "=")
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    }

    /// Where the page's form is sent.
    pub(crate) fn action(&self) -> String {
        let rest = &self.body[self.body.find("action=\"").unwrap() + 8..];
        rest[..rest.find('"').unwrap()]
            .replace("&#38;", "&")
            .replace("&#61;", "=")
            .replace("&amp;", "&")
    }
}

/// The payload of a token, unverified.
pub(crate) fn claims(token: &serde_json::Value) -> serde_json::Value {
    let text = token.as_str().unwrap();
    let payload = text
        .split('.')
        .nth(1)
        .unwrap_or_else(|| panic!("not a JWT: {text}"));
    serde_json::from_slice(&sekisho_jose::base64url::decode(payload).unwrap()).unwrap()
}

/// A browser: keeps cookies and posts forms.
pub(crate) struct Browser<'a> {
    pub(crate) site: &'a Site,
    pub(crate) jar: BTreeMap<String, String>,
    pub(crate) language: &'static str,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.visit(Method::GET, path, &[], &[]).await
    }

    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.visit(
            Method::POST,
            path,
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://login.example"),
            ],
            fields,
        )
        .await
    }

    pub(crate) async fn visit(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let cookies: Vec<String> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut builder = request(method, path).header(header::ACCEPT_LANGUAGE, self.language);
        if !cookies.is_empty() {
            builder = builder.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let body = match fields {
            [] => Body::empty(),
            fields => {
                builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(form(fields))
            }
        };
        let answer = self.site.send(builder.body(body).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Follows redirects as long as they stay with us.
    pub(crate) async fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.status.is_redirection() && answer.location().starts_with('/') {
            let to = answer.location().to_owned();
            answer = self.get(&to).await;
        }
        answer
    }

    /// Opens an address and follows redirects.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        let answer = self.get(path).await;
        self.follow(answer).await
    }

    /// Fills in the sign-in page.
    pub(crate) async fn log_in(&mut self, page: &Answer, email: &str, password: &str) -> Answer {
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", email),
            ("password", password),
        ];
        let answer = self.submit(&page.action(), &fields).await;
        self.follow(answer).await
    }

    /// An authorization request, the sign-in page filled in, and the answer that leaves for the application.
    pub(crate) async fn sign_in(&mut self, authorize: &str) -> Answer {
        let page = self.open(authorize).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        self.log_in(&page, EMAIL, PASSWORD).await
    }
}
