//! How a PostgreSQL connection is made: the URL, TLS, the session's settings, the pool. Certificates are always
//! verified when TLS is used: unlike in libpq, `require` does not mean "encrypted to whoever answers".

use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Fault, Options, options::Postgres};

/// How to reach the server, for a connection of its own.
#[derive(Clone)]
pub(super) struct Dial {
    config: Config,
    tls: MakeRustlsConnect,
}

/// A connection that its owner drives.
type Driven = (
    Client,
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
);

impl Dial {
    pub(super) async fn connect(&self) -> Result<Driven, Error> {
        self.config.connect(self.tls.clone()).await
    }
}

pub(super) fn dial(place: &Postgres, options: &Options) -> Result<Dial, Fault> {
    let Target { mut config, ca_file } = parse(&place.url)?;
    config.connect_timeout(options.acquire);
    // After a fail-over the old primary may be a standby: it is not the database.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_application_name().is_none() {
        config.application_name("sekisho");
    }
    // A connection that only listens must notice a server that is gone.
    config.keepalives_idle(std::time::Duration::from_secs(30));
    let tls = MakeRustlsConnect::new(tls(place.ca_file.as_deref().or(ca_file.as_deref()))?);
    Ok(Dial { config, tls })
}

pub(super) fn pool(
    dial: &Dial,
    connections: usize,
    options: &Options,
    runtime: tokio::runtime::Handle,
) -> Result<Pool, Fault> {
    let connector = Connector {
        tls: dial.tls.clone(),
        settings: format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = 15000; \
             SET default_transaction_isolation = 'read committed'; SET synchronous_commit = 'on'",
            options.statement.as_millis(),
            options.lock.as_millis(),
        )
        .into(),
        runtime,
    };
    let manager = Manager::from_connect(
        dial.config.clone(),
        connector,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(connections.max(1))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.acquire))
        .create_timeout(Some(options.acquire))
        .recycle_timeout(Some(options.acquire))
        .build()
        .map_err(|error| Fault::Unsupported(error.to_string().into()))
}

/// Serves every connection on the program's own runtime, whichever thread asked for it.
struct Connector {
    tls: MakeRustlsConnect,
    settings: Arc<str>,
    runtime: tokio::runtime::Handle,
}

impl Connect for Connector {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let (config, tls, settings) = (config.clone(), self.tls.clone(), Arc::clone(&self.settings));
        let runtime = self.runtime.clone();
        let task = self.runtime.spawn(async move {
            let (client, connection) = config.connect(tls).await?;
            let driver = runtime.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(error = explain(&error), "a PostgreSQL connection ended");
                }
            });
            client.batch_execute(&settings).await?;
            Ok((client, driver))
        });
        Box::pin(async move {
            match task.await {
                Ok(result) => result,
                // The runtime is shutting down, and with it whoever waits for this.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

/// The whole chain of an error about a connection. It names hosts and users, never a password or a row.
pub(super) fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        // "db error" and its cause, the server's words, are the same error twice.
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

struct Target {
    config: Config,
    ca_file: Option<std::path::PathBuf>,
}

/// Takes `sslmode` and `sslrootcert` out of the URL, because the driver knows neither `verify-full` nor files.
fn parse(url: &str) -> Result<Target, Fault> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut rest, mut mode, mut ca_file) = (Vec::new(), None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "disable")) => mode = Some(SslMode::Disable),
            Some(("sslmode", "prefer")) => mode = Some(SslMode::Prefer),
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => mode = Some(SslMode::Require),
            Some(("sslmode", _)) => {
                return Err(Fault::Unsupported(
                    "sslmode is one of disable, prefer, require, verify-ca, verify-full".into(),
                ));
            }
            Some(("sslrootcert", path)) => ca_file = Some(path.into()),
            _ => rest.push(pair),
        }
    }
    let url = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    // The driver's message may quote the URL, and with it the password.
    let mut config: Config = url
        .parse()
        .map_err(|_| Fault::Unsupported("the PostgreSQL URL cannot be read".into()))?;
    let mode = mode.unwrap_or_else(|| {
        if config.get_hosts().iter().all(is_local) {
            SslMode::Disable
        } else {
            SslMode::Require
        }
    });
    config.ssl_mode(mode);
    Ok(Target { config, ca_file })
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn tls(ca_file: Option<&std::path::Path>) -> Result<rustls::ClientConfig, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let refuse = |what: String| {
                Fault::Unsupported(format!("certificate file {}: {what}", path.display()).into())
            };
            let certificates = CertificateDer::pem_file_iter(path).map_err(|e| refuse(e.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| refuse(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(refuse("no certificate in it".to_owned()));
            }
        }
    }
    // The provider is named here, so that it does not depend on what else the process has installed.
    Ok(
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::Unsupported(error.to_string().into()))?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
