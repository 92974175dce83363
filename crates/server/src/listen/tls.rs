//! TLS certificates from files, read again when the files change.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;

/// How often the files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The certificates in use. Clones share them, so a reload reaches every socket.
#[derive(Clone)]
pub struct Certificates(Arc<ArcSwap<ServerConfig>>);

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or holds nothing of use.
    #[error("`{key}` {file} cannot be used ({reason}); name a PEM file that this user may read")]
    File {
        /// `tls.certificate` or `tls.key`.
        key: &'static str,
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is not the certificate's, or of a kind TLS does not know.
    #[error("`tls.key` does not fit `tls.certificate` ({0}); name the two files of one certificate")]
    Pair(rustls::Error),
}

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn load(files: &Tls) -> Result<Self, CertificateError> {
        Ok(Self(Arc::new(ArcSwap::from(read(files)?))))
    }

    /// The acceptor for the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.load_full())
    }

    /// Watches the files for ever and takes new ones when they change. Files that cannot be used are reported and
    /// the old certificate stays. Compares sizes and times, and looks at the target of a symbolic link, so that
    /// certbot's and Kubernetes's ways of replacing files are seen.
    pub async fn watch(self, files: Tls, every: Duration) {
        let mut seen = marks(&files);
        loop {
            tokio::time::sleep(every).await;
            let now = marks(&files);
            if now == seen {
                continue;
            }
            match read(&files) {
                Ok(config) => {
                    self.0.store(config);
                    tracing::info!("took the new TLS certificate");
                }
                Err(error) => tracing::error!(%error, "kept the old TLS certificate"),
            }
            seen = now;
        }
    }
}

fn read(files: &Tls) -> Result<Arc<ServerConfig>, CertificateError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable("tls.certificate", &files.certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(
            "tls.certificate",
            &files.certificate,
            &"it holds no certificate",
        ));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable("tls.key", &files.key, &error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(CertificateError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn unusable(key: &'static str, file: &Path, reason: &dyn std::fmt::Display) -> CertificateError {
    CertificateError::File {
        key,
        file: file.display().to_string(),
        reason: reason.to_string(),
    }
}

fn marks(files: &Tls) -> [Option<(u64, SystemTime)>; 2] {
    let mark = |file: &Path| -> io::Result<(u64, SystemTime)> {
        let meta = std::fs::metadata(file)?;
        Ok((meta.len(), meta.modified()?))
    };
    [mark(&files.certificate).ok(), mark(&files.key).ok()]
}
