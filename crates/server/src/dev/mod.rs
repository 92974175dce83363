//! `sekisho dev`: an issuer, a demo app and a demo API on this machine, ready to be looked at or tested against.
//!
//! Owns the ports, the folder, the certificate authority of `--https` and the ready line. What is seeded is `seed`.

mod authority;
mod seed;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use url::Url;

use crate::app::{App, Clock};
use crate::config::{Config, Environment};
use crate::demo::api::api_router;
use crate::demo::app::{AppConfig, DemoUser, app_router};
use crate::demo::behind::{Neighbours, behind_router};
use crate::egress;
use crate::listen::{Listener, Patience};
use crate::serve::{background, on_signal, router};
use crate::telemetry::logs;
use authority::Authority;
use seed::{Machine, Seed};
use sekisho_verify::fetch::{Credentials, FeedClient, OnlineVerifier};
use sekisho_verify::tower::AuthLayer;
use sekisho_verify::{Issuer, Policy};

/// Where the data is when nobody says.
pub const DATA: &str = "sekisho-dev-data";
/// The issuer's port when nobody says; the app and the API take the next two.
pub const PORT: u16 = 4000;

/// How long the demo API may take to hear of revocations for the first time.
const LISTENING: Duration = Duration::from_secs(20);

/// How the demo runs.
pub struct Options {
    /// Where the data is.
    pub data: Data,
    /// The issuer's port; 0 finds three free ones.
    pub port: u16,
    /// How the three are reached.
    pub transport: Transport,
    /// Settings that are honoured: `DATABASE_URL`, `SEKISHO_WIRE`, `SEKISHO_NAME`, `SEKISHO_LOG` and the like.
    pub environment: Environment,
}

/// Where the data is.
pub enum Data {
    /// In this folder, which stays.
    Folder(PathBuf),
    /// In a fresh folder that is removed at the end.
    Ephemeral,
}

/// How the three are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain, on this machine.
    Http,
    /// With a certificate of a local authority.
    Https,
}

/// What is ready, and where.
pub struct Ready {
    origins: Origins,
    seed: Seed,
    /// The folder with everything.
    data: PathBuf,
    authority: Option<PathBuf>,
}

struct Origins {
    issuer: String,
    app: String,
    api: String,
    /// The app behind the gateway.
    behind: String,
}

/// Runs the demo until SIGTERM or SIGINT; `announce` is called once everything answers.
///
/// # Errors
/// One sentence when it cannot start.
pub async fn dev(options: Options, announce: impl FnOnce(&Ready) -> Result<()>) -> Result<()> {
    let stop = on_signal()?;
    let ephemeral = match &options.data {
        Data::Ephemeral => Some(
            tempfile::Builder::new()
                .prefix("sekisho-dev-")
                .tempdir()
                .context("no fresh folder")?,
        ),
        Data::Folder(_) => None,
    };
    let data = match (&options.data, &ephemeral) {
        (Data::Folder(folder), _) => folder.clone(),
        (Data::Ephemeral, Some(folder)) => folder.path().to_owned(),
        (Data::Ephemeral, None) => PathBuf::from(DATA),
    };
    std::fs::create_dir_all(&data)
        .with_context(|| format!("the folder {} cannot be made", data.display()))?;

    let authority = match options.transport {
        Transport::Https => Some(Authority::open(&data)?),
        Transport::Http => None,
    };
    let certificates = authority.as_ref().map(Authority::certificates).transpose()?;
    let next = |offset: u16| {
        if options.port == 0 {
            0
        } else {
            options.port.saturating_add(offset)
        }
    };
    let issuer = Listener::bind_loopback(next(0), certificates.clone()).await?;
    let app = Listener::bind_loopback(next(1), certificates.clone()).await?;
    let api = Listener::bind_loopback(next(2), certificates.clone()).await?;
    let behind = Listener::bind_loopback(next(3), certificates).await?;
    let scheme = if authority.is_some() { "https" } else { "http" };
    let origin = |listener: &Listener| format!("{scheme}://localhost:{}", listener.port());
    let origins = Origins {
        issuer: origin(&issuer),
        app: origin(&app),
        api: origin(&api),
        behind: origin(&behind),
    };

    let config = settings(&options.environment, &origins.issuer, &data)?;
    logs::install(&config.log).context("no log")?;
    let server = App::open(config, Clock::System).await?;
    let seed = seed::seed(&server, &origins, &data).await?;
    let verifier = demo_verifier(&seed, authority.as_ref())?;
    seed::put_behind(&server, &origins).await?;
    let routers = (
        router(Arc::clone(&server)),
        demo_app(&server, &origins, &seed)?,
        api_router(AuthLayer::new(verifier.clone()), vec![origins.app.clone()])?,
    );
    let gateway = behind_router(Neighbours {
        issuer: routers.0.clone(),
        api: routers.2.clone(),
        spa: format!("{}/", origins.app),
        account: server.config.issuer.link("account"),
    });
    let work = tokio::spawn(background(Arc::clone(&server), stop.clone()));
    let patience = Patience {
        drain: Duration::from_secs(5),
        ..Patience::from(&server.config.server)
    };
    let serving = async {
        tokio::join!(
            issuer.serve(routers.0, patience, stop.clone()),
            app.serve(routers.1, patience, stop.clone()),
            api.serve(routers.2, patience, stop.clone()),
            behind.serve(gateway, patience, stop.clone()),
        )
    };
    let mut serving = pin!(serving);
    tokio::select! {
        ready = verifier.wait_ready(LISTENING) => ready.context("the demo API does not hear what is revoked")?,
        _ = &mut serving => return Ok(()),
    }
    // Everything answers, so whoever reads the announcement and calls at once is heard.
    announce(&Ready {
        origins,
        seed,
        data,
        authority: authority.map(|authority| authority.path),
    })?;
    serving.await;
    let _ = work.await;
    Ok(())
}

/// The settings of the demo: its own issuer and folder; anything else as the environment says.
fn settings(environment: &Environment, issuer: &str, data: &Path) -> Result<Config> {
    let mut environment = environment.clone();
    environment.insert("SEKISHO_ISSUER".to_owned(), issuer.to_owned());
    environment.insert("SEKISHO_DATA_DIR".to_owned(), data.display().to_string());
    // So that nobody needs a mail server to try signing up.
    environment
        .entry("SEKISHO_MAIL_RELAY".to_owned())
        .or_insert_with(|| "mailbox".to_owned());
    // The demo's person signs in in ever new windows; they are told, not stopped.
    environment
        .entry("SEKISHO_ATTACKS_SUSPICIOUS_LOGINS".to_owned())
        .or_insert_with(|| "notify".to_owned());
    environment
        .entry("SEKISHO_LOG_FORMAT".to_owned())
        .or_insert_with(|| "pretty".to_owned());
    environment
        .entry("SEKISHO_LOG".to_owned())
        .or_insert_with(|| "info".to_owned());
    // The proxy of the app behind the gateway is in this process.
    environment
        .entry("SEKISHO_TRUSTED_PROXIES".to_owned())
        .or_insert_with(|| "127.0.0.1".to_owned());
    Ok(Config::from_environment(&environment)?)
}

fn demo_app(server: &App, origins: &Origins, seed: &Seed) -> Result<axum::Router> {
    let config = AppConfig {
        issuer: server.config.issuer.url().clone(),
        client_id: seed.spa.client_id.clone(),
        audience: seed::AUDIENCE.to_owned(),
        api_url: Url::parse(&origins.api)?,
        behind_url: Some(Url::parse(&origins.behind)?),
        user: Some(DemoUser {
            email: seed::EMAIL.to_owned(),
            password: seed::PASSWORD.to_owned(),
        }),
        expired_token: seed::expired_token(server, seed)?,
    };
    Ok(app_router(config)?)
}

/// The API trusts the issuer as any outsider does: by its published keys and its revocation feed.
fn demo_verifier(seed: &Seed, authority: Option<&Authority>) -> Result<OnlineVerifier> {
    let Machine {
        client_id,
        client_secret,
    } = &seed.verifier;
    let mut feed = FeedClient::new(&seed.issuer, Credentials::new(client_id, client_secret));
    if let Some(authority) = authority {
        feed = feed.http_client(egress::client_trusting(&authority.pem)?);
    }
    let policy = Policy::access(Issuer::fetched(&seed.issuer), seed::AUDIENCE);
    Ok(OnlineVerifier::listening(policy, feed)?)
}

impl Ready {
    /// The one line of `--json`.
    pub fn json(&self) -> Value {
        let Self { origins, seed, .. } = self;
        let mut line = json!({
            "issuer": seed.issuer,
            "spa": {
                "client_id": seed.spa.client_id,
                "redirect_uri": seed.spa.redirect_uri,
                "url": format!("{}/", origins.app),
            },
            "web": {
                "client_id": seed.web.client_id,
                "client_secret": seed.web.client_secret,
                "redirect_uri": seed.web.redirect_uri,
            },
            "machine": { "client_id": seed.machine.client_id, "client_secret": seed.machine.client_secret },
            "api": { "audience": seed::AUDIENCE, "url": format!("{}/", origins.api) },
            "gateway": { "url": format!("{}/", origins.behind) },
            "user": { "email": seed::EMAIL, "password": seed::PASSWORD },
        });
        if let Some(authority) = &self.authority {
            line["ca"] = json!(std::path::absolute(authority).unwrap_or_else(|_| authority.clone()));
        }
        line
    }

    /// What a person reads.
    pub fn text(&self) -> String {
        let Self { origins, seed, .. } = self;
        let mut text = format!(
            "\nSekisho is ready. Open the demo app and sign in:\n\n  \
             demo app   {}/\n  sign in    {}  {}\n\n  \
             issuer     {}\n  demo API   {}/\n  gateway    {}/\n  data       {}\n",
            origins.app,
            seed::EMAIL,
            seed::PASSWORD,
            seed.issuer,
            origins.api,
            origins.behind,
            self.data.display(),
        );
        if let Some(authority) = &self.authority {
            let file = std::path::absolute(authority).unwrap_or_else(|_| authority.clone());
            let file = file.display();
            text += &format!(
                "\nIts certificate comes from a local authority. Trust it:\n\n  \
                 export NODE_EXTRA_CA_CERTS={file}\n  export SSL_CERT_FILE={file}\n  curl --cacert {file} ...\n"
            );
        }
        text + "\nCtrl+C stops it.\n"
    }
}
