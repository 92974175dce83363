//! TLS by certificate files, or none (plain HTTP behind a proxy, or on this machine).

use std::path::PathBuf;

use super::value::{ConfigError, Setting, Value};

/// TLS from certificate files. Leave both out to speak plain HTTP behind a trusted proxy. The files are read again
/// when they change.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct TlsSection {
    /// File with the certificate chain in PEM, the server's own certificate first.
    #[config(env = "SEKISHO_TLS_CERTIFICATE")]
    pub(super) certificate: Option<Value>,

    /// File with the private key in PEM.
    #[config(env = "SEKISHO_TLS_KEY")]
    pub(super) key: Option<Value>,
}

/// The files TLS is served from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain in PEM.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

impl TlsSection {
    pub(super) fn resolve(&self) -> Result<Option<Tls>, ConfigError> {
        let certificate = Setting::new("tls.certificate", self.certificate.as_ref());
        let key = Setting::new("tls.key", self.key.as_ref());
        match (certificate.path()?, key.path()?) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(key.mistake("is missing while `tls.certificate` is set; name the key's file"))
            }
            (None, Some(_)) => {
                Err(certificate.mistake("is missing while `tls.key` is set; name the certificate's file"))
            }
            (Some(certificate), Some(key)) => Ok(Some(Tls { certificate, key })),
        }
    }
}
