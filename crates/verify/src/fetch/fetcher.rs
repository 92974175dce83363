//! Fetching documents of an issuer: from the discovery document (OIDC Discovery 1.0 section 4) to the keys. Owns what may be
//! fetched and how much of it; *when* is decided by `keys`.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use sekisho_jose::KeySet;
use serde::Deserialize;

use crate::keys::{KeySetError, MAX_KEY_SET_BYTES, parse_key_set};

/// Fetches an issuer's keys.
///
/// Limits: each document at most [`Fetcher::MAX_DOCUMENT_BYTES`] and, connecting included, 5 s (see
/// [`Fetcher::timeout`]); status 200 only; no redirects; `https` only, except that an issuer on loopback
/// (`localhost`, `127.0.0.0/8`, `::1`) may use `http` and may then have its keys on loopback only.
#[derive(Debug, Clone)]
pub struct Fetcher {
    pub(super) client: Client,
    pub(super) timeout: Duration,
}

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The issuer or its `jwks_uri` is not a URL that may be fetched.
    #[error("not a URL that may be fetched (https, or http on loopback): {0}")]
    Url(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    /// No connection, no valid certificate, or the connection broke.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// What was fetched.
        url: String,
        /// The reason.
        #[source]
        source: reqwest::Error,
    },
    /// Not done within the time-out.
    #[error("{0} did not answer in time")]
    TimedOut(String),
    /// Not 200; a redirect counts as any other.
    #[error("{url} answered {status}")]
    Status {
        /// What was fetched.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// Longer than [`Fetcher::MAX_DOCUMENT_BYTES`].
    #[error("{0} is longer than is allowed")]
    TooLong(String),
    /// The discovery document is not JSON with `issuer` and `jwks_uri`.
    #[error("{0} is not a discovery document")]
    Discovery(String),
    /// The discovery document names another issuer (OIDC Discovery 1.0 section 4.3).
    #[error("the discovery document of {expected} says that the issuer is {found}")]
    IssuerMismatch {
        /// The policy's.
        expected: String,
        /// The document's.
        found: String,
    },
    /// Not a key set.
    #[error("{url}: {source}")]
    Keys {
        /// What was fetched.
        url: String,
        /// The reason.
        #[source]
        source: KeySetError,
    },
}

/// The members of the discovery document that matter here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    /// The longest document that is read, in bytes.
    pub const MAX_DOCUMENT_BYTES: usize = MAX_KEY_SET_BYTES;

    /// A fetcher with an HTTP client of its own.
    ///
    /// # Errors
    /// [`FetchError::Client`].
    pub fn new() -> Result<Self, FetchError> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .build()
            .map_err(FetchError::Client)?;
        Ok(Self::with_client(client))
    }

    /// A fetcher that uses this client: for a private certificate authority, a proxy, or an address filter. It should
    /// follow no redirects; an answer that came by one is refused.
    pub fn with_client(client: Client) -> Self {
        Self {
            client,
            timeout: Duration::from_secs(5),
        }
    }

    /// Sets how long one document may take, from connecting to its last byte.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Fetches the issuer's keys: its discovery document, which must name exactly this issuer, then its key set.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn keys(&self, issuer: &str) -> Result<KeySet, FetchError> {
        let trust = Url::parse(issuer).ok().and_then(|url| Reach::of(&url));
        let trust = trust.ok_or_else(|| FetchError::Url(issuer.to_owned()))?;
        let slash = if issuer.ends_with('/') { "" } else { "/" };
        let place = format!("{issuer}{slash}.well-known/openid-configuration");
        let document = self.document(&allowed(&place, trust)?).await?;
        let found: Discovery =
            serde_json::from_slice(&document).map_err(|_| FetchError::Discovery(place.clone()))?;
        if found.issuer != issuer {
            return Err(FetchError::IssuerMismatch {
                expected: issuer.to_owned(),
                found: found.issuer,
            });
        }
        let url = allowed(&found.jwks_uri, trust)?;
        let document = self.document(&url).await?;
        parse_key_set(&document).map_err(|source| FetchError::Keys {
            url: url.into(),
            source,
        })
    }

    async fn document(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        match tokio::time::timeout(self.timeout, self.read(url)).await {
            Ok(read) => read,
            Err(_) => Err(FetchError::TimedOut(url.to_string())),
        }
    }

    async fn read(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let unreachable = |source| FetchError::Unreachable {
            url: url.to_string(),
            source,
        };
        let request = self
            .client
            .get(url.clone())
            .header(reqwest::header::ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(unreachable)?;
        if answer.status() != StatusCode::OK || answer.url() != url {
            return Err(FetchError::Status {
                url: url.to_string(),
                status: answer.status().as_u16(),
            });
        }
        let mut document = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if document.len() + chunk.len() > Self::MAX_DOCUMENT_BYTES {
                return Err(FetchError::TooLong(url.to_string()));
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

/// How far an issuer's documents may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere, over TLS.
    Tls,
    /// On this machine, without.
    Loopback,
}

impl Reach {
    pub(super) fn of(url: &Url) -> Option<Self> {
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return None;
        }
        match url.scheme() {
            "https" => Some(Self::Tls),
            "http" if is_loopback(url) => Some(Self::Loopback),
            _ => None,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The URL, if an issuer of this reach may have a document there. A `jwks_uri` may carry a query.
pub(super) fn allowed(text: &str, reach: Reach) -> Result<Url, FetchError> {
    let refuse = || FetchError::Url(text.to_owned());
    let url = Url::parse(text).map_err(|_| refuse())?;
    let fits = match reach {
        Reach::Tls => url.scheme() == "https",
        Reach::Loopback => matches!(url.scheme(), "http" | "https") && is_loopback(&url),
    };
    if fits && url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err(refuse())
    }
}
