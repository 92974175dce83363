//! The way to a relay: pooled connections over TLS.

use crate::config::{Security, Smtp};
use anyhow::{Context as _, Result};
use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::time::Duration;

/// How long a relay may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections at the same time.
const CONNECTIONS: u32 = 4;

/// A relay.
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Relay {
    pub(super) fn open(settings: &Smtp) -> Result<Self> {
        let tls = || -> Result<TlsParameters> {
            let mut tls = TlsParameters::builder(settings.host.clone());
            if let Some(file) = &settings.ca {
                let shown = file.display();
                let pem = std::fs::read(file).with_context(|| format!("mail.ca: {shown} cannot be read"))?;
                let authority = Certificate::from_pem(&pem)
                    .with_context(|| format!("mail.ca: {shown} holds no certificate"))?;
                tls = tls.add_root_certificate(authority);
            }
            Ok(tls.build_rustls()?)
        };
        let security = match settings.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(security)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((user, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self {
            transport: builder.build(),
            from: settings.from.clone(),
        })
    }

    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Hands a mail over. The error never holds the mail's text.
    pub(super) async fn send(&self, message: Message) -> Result<()> {
        let sent = self.transport.send(message).await;
        sent.map(drop).context("the mail relay did not take the mail")
    }
}
