//! What the demo is seeded with: an app, a server-side app, a machine, an API and a user. Seeding again finds what is
//! there; another port makes new clients, because addresses are part of a client.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use sekisho_jose::jwt;
use sekisho_rules::api::{ApiScope, Dialect, Offline};
use sekisho_rules::client::{ClientKind, LogoutNotices, Party};
use sekisho_verify::Scope;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::Origins;
use crate::admin::clients::NewClient;
use crate::admin::gateway::{self, NewApp};
use crate::admin::users::NewUser;
use crate::admin::{Actor, Refused, apis, clients, grants, users};
use crate::app::App;
use crate::builtin;
use crate::demo::api::{SCOPES, TOKEN_LIFETIME};
use crate::demo::app::{logout_uris, redirect_uris};

/// The demo API's identifier.
pub(super) const AUDIENCE: &str = "https://demo-api.sekisho.invalid/";
/// The demo user's address.
pub(super) const EMAIL: &str = "demo@example.com";
/// The demo user's password. Everybody knows it: the demo listens on this machine only.
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// What was seeded, kept in the data folder beside the key-encryption key, with the same mode.
#[derive(Serialize, Deserialize)]
pub(super) struct Seed {
    pub(super) issuer: String,
    app: String,
    pub(super) spa: Spa,
    pub(super) web: Web,
    pub(super) machine: Machine,
    /// By which the demo API reads the revocation feed.
    pub(super) verifier: Machine,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Spa {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Web {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) redirect_uri: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// Seeds, or finds what was seeded before for the same addresses.
pub(super) async fn seed(app: &App, origins: &Origins, data: &Path) -> Result<Seed> {
    let file = data.join("dev.json");
    if let Some(seed) = known(app, origins, &file).await {
        return Ok(seed);
    }
    tolerate(apis::add(app, Actor::Operator, demo_api()).await)?;
    let user = NewUser {
        email: EMAIL.to_owned(),
        name: Some("Demo User".to_owned()),
        password: Zeroizing::new(PASSWORD.to_owned()),
        email_verified: true,
    };
    tolerate(users::add(app, Actor::Operator, user).await)?;
    let seed = Seed {
        issuer: app.config.issuer.to_string(),
        app: origins.app.clone(),
        spa: spa(app, origins).await?,
        web: web(app, origins).await?,
        machine: machine(app).await?,
        verifier: verifier(app).await?,
    };
    keep(&file, &seed).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(seed)
}

/// Puts the demo app that has no login of its own behind the gateway.
pub(super) async fn put_behind(app: &App, origins: &Origins) -> Result<()> {
    let new = NewApp {
        origin: origins.behind.clone(),
        name: Some("Demo app behind the gateway".to_owned()),
        audience: Some(AUDIENCE.to_owned()),
        scope: Scope::parse(SCOPES[0].0)?,
    };
    tolerate(gateway::add(app, Actor::Operator, new).await)
}

async fn known(app: &App, origins: &Origins, file: &Path) -> Option<Seed> {
    let seed: Seed = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let same = seed.issuer == app.config.issuer.as_str() && seed.app == origins.app;
    // The database may be another one than the file remembers.
    let there = clients::find(app, &seed.machine.client_id).await.is_ok();
    (same && there).then_some(seed)
}

fn demo_api() -> apis::NewApi {
    let scope = |(value, description): (&str, &str)| ApiScope {
        value: value.to_owned(),
        description: description.to_owned(),
    };
    apis::NewApi {
        identifier: AUDIENCE.to_owned(),
        name: "Demo API".to_owned(),
        scopes: SCOPES.into_iter().map(scope).collect(),
        token_lifetime: i64::try_from(TOKEN_LIFETIME).unwrap_or(300),
        dialect: Dialect::AccessToken,
        signing_alg: sekisho_jose::Algorithm::Rs256,
        offline: Offline::Allowed,
    }
}

async fn spa(app: &App, origins: &Origins) -> Result<Spa> {
    let callbacks = redirect_uris(&origins.app);
    let redirect_uri = callbacks
        .first()
        .cloned()
        .context("the demo app has a redirect URI")?;
    let new = NewClient {
        callbacks,
        logout_urls: logout_uris(&origins.app),
        web_origins: vec![origins.app.clone()],
        grants: Vec::new(),
        ..client("Demo app", ClientKind::SinglePage)
    };
    let (client, _) = clients::add(app, Actor::Operator, new).await?;
    Ok(Spa {
        client_id: client.id.to_string(),
        redirect_uri,
    })
}

async fn web(app: &App, origins: &Origins) -> Result<Web> {
    let redirect_uri = format!("{}/web/callback", origins.app);
    let new = NewClient {
        callbacks: vec![redirect_uri.clone()],
        logout_urls: logout_uris(&origins.app),
        ..client("Demo web application", ClientKind::RegularWeb)
    };
    let (client, secret) = clients::add(app, Actor::Operator, new).await?;
    let client_secret = secret.context("a web application has a secret")?.encode();
    Ok(Web {
        client_id: client.id.to_string(),
        client_secret,
        redirect_uri,
    })
}

async fn machine(app: &App) -> Result<Machine> {
    let words: Vec<&str> = SCOPES.iter().map(|(word, _)| *word).collect();
    granted(app, "Demo machine", AUDIENCE, &words.join(" ")).await
}

async fn verifier(app: &App) -> Result<Machine> {
    let feed = builtin::revocations(&app.config.issuer);
    granted(app, "Demo API", &feed, builtin::READ_REVOCATIONS).await
}

/// A machine that may ask for tokens of one API.
async fn granted(app: &App, name: &str, audience: &str, scope: &str) -> Result<Machine> {
    let (client, secret) = clients::add(app, Actor::Operator, client(name, ClientKind::Machine)).await?;
    grants::put(app, Actor::Operator, &client, audience, Scope::parse(scope)?).await?;
    let client_secret = secret.context("a machine has a secret")?.encode();
    Ok(Machine {
        client_id: client.id.to_string(),
        client_secret,
    })
}

fn client(name: &str, kind: ClientKind) -> NewClient {
    NewClient {
        name: name.to_owned(),
        kind,
        auth_method: None,
        callbacks: vec![],
        logout_urls: vec![],
        web_origins: vec![],
        grants: Vec::new(),
        jwks: None,
        mfa: None,
        party: Party::First,
        notices: LogoutNotices::default(),
        refresh: None,
    }
}

/// What is there already is what the demo needs.
fn tolerate<T>(done: Result<T, Refused>) -> Result<()> {
    match done {
        Ok(_) | Err(Refused::Taken(..)) => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}

fn keep(file: &Path, seed: &Seed) -> Result<()> {
    let mut written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    Ok(written.write_all(&serde_json::to_vec_pretty(seed)?)?)
}

/// An access token for the demo API whose time was over before it was made.
pub(super) fn expired_token(app: &App, seed: &Seed) -> Result<String> {
    let issued = app.clock.now().seconds() - 2 * 86_400;
    let claims = json!({
        "iss": seed.issuer,
        "sub": "auth0|000000000000000000000000",
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + 300,
        "scope": SCOPES[0].0,
        "azp": seed.spa.client_id,
        "jti": "expired-before-it-was-made",
        "gid": "expired-before-it-was-made",
    });
    Ok(jwt::sign(
        &claims,
        "JWT",
        app.keys
            .current()
            .signing(sekisho_jose::Algorithm::Rs256)
            .context("an RS256 key")?,
    )?)
}
