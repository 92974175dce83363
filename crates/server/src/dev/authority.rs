//! The certificate authority of `sekisho dev --https`: made once per folder, good for names of this machine only, so
//! that whoever trusts it risks nothing else.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};

use crate::config::Tls;
use crate::listen::tls::Certificates;

/// The authority and the folder it lives in.
pub(super) struct Authority {
    /// The file of its certificate, which clients are told to trust.
    pub(super) path: PathBuf,
    /// The certificate in PEM.
    pub(super) pem: String,
    key: KeyPair,
    folder: PathBuf,
}

impl Authority {
    /// Reads the authority of this folder, or makes it.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let (path, key_path) = (folder.join("dev-ca.pem"), folder.join("dev-ca.key"));
        let (pem, key) = match (fs::read_to_string(&path), fs::read_to_string(&key_path)) {
            (Ok(pem), Ok(key)) => (
                pem,
                KeyPair::from_pem(&key).context("dev-ca.key is no private key; remove it")?,
            ),
            _ => {
                let key = KeyPair::generate().context("no key for the local authority")?;
                let pem = authority().self_signed(&key).context("no local authority")?.pem();
                write_private(&key_path, &key.serialize_pem())?;
                fs::write(&path, &pem).with_context(|| format!("{} cannot be written", path.display()))?;
                (pem, key)
            }
        };
        Ok(Self {
            path,
            pem,
            key,
            folder: folder.to_owned(),
        })
    }

    /// A fresh certificate for this machine's own names.
    pub(super) fn certificates(&self) -> Result<Certificates> {
        let files = Tls {
            certificate: self.folder.join("dev-localhost.pem"),
            key: self.folder.join("dev-localhost.key"),
        };
        // The same parameters as the certificate in the file: they hold nothing that changes.
        let parameters = authority();
        let issuer = Issuer::from_params(&parameters, &self.key);
        let key = KeyPair::generate().context("no key for the certificate")?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut leaf = CertificateParams::new(names).context("no certificate")?;
        name(&mut leaf, "localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        (leaf.not_before, leaf.not_after) =
            (rcgen::date_time_ymd(2025, 1, 1), rcgen::date_time_ymd(2099, 1, 1));
        let leaf = leaf.signed_by(&key, &issuer).context("no certificate")?;
        write_private(&files.key, &key.serialize_pem())?;
        fs::write(&files.certificate, leaf.pem()).context("the certificate cannot be written")?;
        Ok(Certificates::load(&files)?)
    }
}

fn authority() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    name(
        &mut parameters,
        "Sekisho development authority (this machine only)",
    );
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                [255; 16],
            )),
        ],
        excluded_subtrees: vec![],
    });
    (parameters.not_before, parameters.not_after) =
        (rcgen::date_time_ymd(2025, 1, 1), rcgen::date_time_ymd(2099, 1, 1));
    parameters
}

fn name(parameters: &mut CertificateParams, common: &str) {
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common);
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let cannot = || format!("{} cannot be written", path.display());
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)
}
