//! Calls to others: the only file that names the HTTP client.
//!
//! Now only `sekisho dev` calls anybody: its demo API fetches the issuer's keys over TLS with the local authority.

use anyhow::{Context as _, Result};

/// A client that trusts this certificate authority (PEM) and no other, and follows no redirect.
///
/// # Errors
/// When the text holds no certificate.
pub fn client_trusting(authority: &str) -> Result<reqwest::Client> {
    let authority =
        reqwest::Certificate::from_pem(authority.as_bytes()).context("no certificate authority")?;
    reqwest::Client::builder()
        .tls_certs_only([authority])
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(std::time::Duration::from_secs(3))
        .build()
        .context("no HTTP client")
}
