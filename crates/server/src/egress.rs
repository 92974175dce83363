//! Calls to others: the only file that names the HTTP client.
//!
//! Every address that a client or a user gave us is called through [`Egress`] and by no other way (threat 14). It calls the public
//! internet over TLS, and what the operator allows (`egress.allow`). A host name is resolved once for each connection, and the
//! connection goes to those addresses and no others. It follows no redirects, uses no proxy, and stops reading and waiting at fixed limits.

use crate::config::Reach;
use anyhow::{Context as _, Result};
use axum::http::{HeaderMap, HeaderValue};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use sekisho_rules::egress::is_public;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::{Host, Url};

/// Until a connection must stand, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until a call must be over, from the look-up of the name to the last byte that is read.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes that are read of an answer.
pub const MAX_ANSWER_BYTES: usize = 65_536;

/// Calls to addresses that others gave us.
pub struct Egress {
    reach: Reach,
    lookup: Lookup,
    // Made at the first call: most issuers never make one, and reading the system's authorities takes a while.
    tls: OnceLock<Result<Client, String>>,
    plain: OnceLock<Result<Client, String>>,
}

/// What somebody answered.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What somebody is asked with our credentials.
#[derive(Clone, Copy)]
pub enum Question<'a> {
    /// A form for a token endpoint.
    Form {
        /// Its fields.
        fields: &'a [(&'a str, &'a str)],
        /// The value of `Authorization`, where the credentials are not in the form.
        basic: Option<&'a str>,
    },
    /// A protected resource.
    Resource {
        /// The value of `Authorization`.
        bearer: &'a str,
    },
}

/// Why a call was not made or gave no answer. The words are for the operator; they never hold what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not an address that can be called.
    #[error("the address is not an https or http address with a host and without credentials")]
    Address,
    /// The address lies where nobody may be called.
    #[error(
        "{0} is in a network that is not called: it is private, local or special, and not in `egress.allow`"
    )]
    Forbidden(String),
    /// Plain http leaves the networks the operator vouches for.
    #[error("{0} is called over https only: plain http is for networks in `egress.allow`")]
    NeedsTls(String),
    /// The answer did not come in time.
    #[error("no answer within {} s", CALL_TIMEOUT.as_secs())]
    TimedOut,
    /// The answer is longer than is read.
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    /// The name was not found, or the connection or TLS failed.
    #[error("{0}")]
    Failed(String),
}

impl EgressError {
    /// Whether trying again cannot help, unless somebody changes the address or the settings.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Address | Self::Forbidden(_) | Self::NeedsTls(_))
    }
}

/// Whether the peer is authenticated by TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Tls,
    Plain,
}

impl Egress {
    /// With the operator's decisions.
    pub fn new(reach: Reach) -> Self {
        Self::with_lookup(reach, Lookup::System)
    }

    fn with_lookup(reach: Reach, lookup: Lookup) -> Self {
        Self {
            reach,
            lookup,
            tls: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// Posts a form and answers the status. The body of the answer is not read.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<u16, EgressError> {
        let (client, url) = self.client_for(url)?;
        let response = send(client.post(url).form(fields)).await?;
        Ok(response.status().as_u16())
    }

    /// Gets a document of at most [`MAX_ANSWER_BYTES`]. `accept` is the media type that is asked for.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn get(&self, url: &str, accept: &'static str) -> Result<Answer, EgressError> {
        let (client, url) = self.client_for(url)?;
        read(client.get(url).header("accept", accept)).await
    }

    /// Asks for JSON, with credentials: a form that is posted, or a resource that is got. The answer is read as by [`Egress::get`].
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn ask(&self, url: &str, question: Question<'_>) -> Result<Answer, EgressError> {
        let (client, url) = self.client_for(url)?;
        let (request, authorization) = match question {
            Question::Form { fields, basic } => (client.post(url).form(fields), basic),
            Question::Resource { bearer } => (client.get(url), Some(bearer)),
        };
        let request = request.header("accept", "application/json");
        read(match authorization {
            Some(value) => request.header("authorization", sensitive(value)?),
            None => request,
        })
        .await
    }

    /// Gets a document of at most `most` bytes, with headers of the caller's.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn get_with(
        &self,
        url: &str,
        headers: &[(&'static str, &'static str)],
        most: usize,
    ) -> Result<Answer, EgressError> {
        let (client, url) = self.client_for(url)?;
        let request = headers.iter().fold(client.get(url), |request, (name, value)| {
            request.header(*name, *value)
        });
        let mut response = send(request).await?;
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| said(&error))? {
            if body.len() + part.len() > most {
                return Err(EgressError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    /// The client for an address whose form is right. An address written in numbers is judged here; a name, when it is resolved.
    fn client_for(&self, url: &str) -> Result<(&Client, Url), EgressError> {
        let url = Url::parse(url).map_err(|_| EgressError::Address)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Address);
        }
        let (transport, place) = match url.scheme() {
            "https" => (Transport::Tls, &self.tls),
            "http" => (Transport::Plain, &self.plain),
            _ => return Err(EgressError::Address),
        };
        let number = match url.host() {
            None => return Err(EgressError::Address),
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(number)) => Some(IpAddr::V4(number)),
            Some(Host::Ipv6(number)) => Some(IpAddr::V6(number)),
        };
        if let Some(number) = number {
            judge(&self.reach, transport, number)
                .map_err(|verdict| verdict.about(url.host_str().unwrap_or_default()))?;
        }
        let client = place.get_or_init(|| {
            let guard = Guard {
                reach: self.reach.clone(),
                transport,
                lookup: self.lookup.clone(),
            };
            guard.client().map_err(|error| error.to_string())
        });
        match client {
            Ok(client) => Ok((client, url)),
            Err(error) => Err(EgressError::Failed(error.clone())),
        }
    }
}

/// The whole answer, of at most [`MAX_ANSWER_BYTES`].
async fn read(request: RequestBuilder) -> Result<Answer, EgressError> {
    let mut response = send(request).await?;
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| said(&error))? {
        if body.len() + part.len() > MAX_ANSWER_BYTES {
            return Err(EgressError::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body,
    })
}

/// A credential as a header that nothing logs.
fn sensitive(value: &str) -> Result<HeaderValue, EgressError> {
    let header = HeaderValue::from_str(value);
    let mut header =
        header.map_err(|_| EgressError::Failed("a credential that no header can hold".to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}

async fn send(request: RequestBuilder) -> Result<Response, EgressError> {
    request.send().await.map_err(|error| said(&error))
}

/// What the HTTP client's error means here. Its own words name the address, which is not a secret but may carry one in its query.
fn said(error: &reqwest::Error) -> EgressError {
    if error.is_timeout() {
        return EgressError::TimedOut;
    }
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            return refused.verdict.about(&refused.name);
        }
        cause = inner;
    }
    EgressError::Failed(match error.is_connect() {
        true => format!("no connection: {cause}"),
        false => format!("the call failed: {cause}"),
    })
}

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Forbidden,
    NeedsTls,
}

impl Verdict {
    fn about(self, host: &str) -> EgressError {
        match self {
            Self::Forbidden => EgressError::Forbidden(host.to_owned()),
            Self::NeedsTls => EgressError::NeedsTls(host.to_owned()),
        }
    }
}

fn judge(reach: &Reach, transport: Transport, address: IpAddr) -> Result<(), Verdict> {
    match (reach.is_vouched_for(address), is_public(address), transport) {
        (true, _, _) | (false, true, Transport::Tls) => Ok(()),
        (false, true, Transport::Plain) => Err(Verdict::NeedsTls),
        (false, false, _) => Err(Verdict::Forbidden),
    }
}

/// How a host name becomes addresses.
#[derive(Clone)]
enum Lookup {
    /// The system's resolver.
    System,
    /// A story's: the addresses of each look-up in turn.
    #[cfg(test)]
    Scripted(Arc<std::sync::Mutex<std::collections::VecDeque<Vec<IpAddr>>>>),
}

impl Lookup {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            #[cfg(test)]
            Self::Scripted(answers) => {
                let next = answers.lock().map(|mut answers| answers.pop_front());
                Ok(next.ok().flatten().unwrap_or_default())
            }
        }
    }
}

/// Stands between the HTTP client and the resolver: connections are made to the addresses it lets through.
struct Guard {
    reach: Reach,
    transport: Transport,
    lookup: Lookup,
}

#[derive(Debug, thiserror::Error)]
#[error("{name} is not called")]
struct Refused {
    name: String,
    verdict: Verdict,
}

impl Guard {
    fn client(self) -> reqwest::Result<Client> {
        bounded(Client::builder())
            .user_agent(concat!("Sekisho/", env!("CARGO_PKG_VERSION")))
            .https_only(self.transport == Transport::Tls)
            .timeout(CALL_TIMEOUT)
            .pool_max_idle_per_host(2)
            .dns_resolver(Arc::new(self))
            .build()
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, transport, lookup) = (self.reach.clone(), self.transport, self.lookup.clone());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let (mut good, mut refused) = (Vec::new(), None);
            for address in lookup.addresses(&name).await? {
                match judge(&reach, transport, address) {
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(verdict) => refused = Some(verdict),
                }
            }
            match (good.is_empty(), refused) {
                (true, Some(verdict)) => Err(Refused { name, verdict }.into()),
                (true, None) => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
                (false, _) => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// No redirects, no proxy from the environment, no long wait.
fn bounded(builder: ClientBuilder) -> ClientBuilder {
    builder
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
}

/// A client that trusts this certificate authority (PEM) and no other, for our own demo.
///
/// # Errors
/// When the text holds no certificate.
pub fn client_trusting(authority: &str) -> Result<Client> {
    let authority =
        reqwest::Certificate::from_pem(authority.as_bytes()).context("no certificate authority")?;
    bounded(Client::builder())
        // The revocation feed's streams and its short requests must not share one connection.
        .http1_only()
        .tls_certs_only([authority])
        .build()
        .context("no HTTP client")
}

#[cfg(test)]
mod tests;
