//! Where the key-encryption key comes from: the environment, a file, or (on this machine only) made at the first
//! start. Reading or making it is [`KekSource::load`]; what it seals is `seal`.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use sekisho_jose::Algorithm;
use zeroize::Zeroizing;

use super::issuer::Issuer;
use super::value::{ConfigError, Setting, Value};
use crate::seal::{Kek, Sealer};

/// The key-encryption key seals every secret in the database. It is 32 random bytes in base64:
/// `openssl rand -base64 32`. Keep a copy apart from the backups.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct KeysSection {
    /// The key itself; better in the environment than in this file.
    #[config(env = "SEKISHO_KEY_ENCRYPTION_KEY")]
    pub(super) encryption_key: Option<Value>,

    /// File with the key. Without either, an issuer on this machine gets a key of its own in `data_dir`.
    #[config(env = "SEKISHO_KEY_ENCRYPTION_KEY_FILE")]
    pub(super) encryption_key_file: Option<Value>,

    /// Former keys, which only open: needed until `sekisho key rewrap` is done.
    #[config(env = "SEKISHO_OLDER_KEY_ENCRYPTION_KEYS")]
    pub(super) older_encryption_keys: Option<Value>,

    /// `on` publishes an EC key beside the RSA keys, so that access tokens of an API may be signed with ES256. It is
    /// off because one such key in the set breaks a widely used Python SDK.
    #[config(env = "SEKISHO_NON_RSA_KEYS", default = "off")]
    pub(super) non_rsa: Value,
}

/// Where the key-encryption keys come from. `Debug` does not show them.
#[derive(Clone)]
pub struct KekSource {
    current: Current,
    older: Vec<Zeroizing<[u8; 32]>>,
    algorithms: &'static [Algorithm],
}

#[derive(Clone)]
enum Current {
    Given(Zeroizing<[u8; 32]>),
    File(PathBuf),
    Generated(PathBuf),
}

impl KeysSection {
    pub(super) fn resolve(&self, issuer: &Issuer, data_dir: &Path) -> Result<KekSource, ConfigError> {
        let key = Setting::new("keys.encryption_key", self.encryption_key.as_ref());
        let file = Setting::new("keys.encryption_key_file", self.encryption_key_file.as_ref());
        let older = Setting::new("keys.older_encryption_keys", self.older_encryption_keys.as_ref());
        let current = match (key.text()?, file.path()?) {
            (Some(_), Some(_)) => {
                return Err(file.mistake("is set as well as `keys.encryption_key`; leave one of them out"));
            }
            (Some(text), None) => Current::Given(decode(text).ok_or_else(|| not_a_key(&key))?),
            (None, Some(path)) => Current::File(path),
            (None, None) if issuer.is_loopback() => Current::Generated(data_dir.join("key-encryption.key")),
            (None, None) => {
                return Err(key.mistake(
                    "is missing; for an issuer that is not on this machine make one with `openssl rand -base64 32` \
                     and keep a copy apart from the backups",
                ));
            }
        };
        let older = older
            .list()
            .into_iter()
            .map(|text| decode(text).ok_or_else(|| not_a_key(&older)))
            .collect::<Result<_, _>>()?;
        let algorithms =
            Setting::new("keys.non_rsa", Some(&self.non_rsa)).one_of(&[("off", RSA), ("on", ANY)])?;
        Ok(KekSource {
            current,
            older,
            algorithms: algorithms.unwrap_or(RSA),
        })
    }
}

const RSA: &[Algorithm] = &[Algorithm::Rs256];
const ANY: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256];

impl KekSource {
    /// What tokens may be signed with. ID tokens are always RS256.
    pub fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    /// Reads the keys; makes one (mode 0600) when the issuer is on this machine and none was configured.
    ///
    /// # Errors
    /// A sentence that names the key and the remedy: the file is missing, unreadable, open to others, or not 32
    /// bytes in base64.
    pub fn load(&self) -> Result<Sealer, ConfigError> {
        let key = match (self.existing()?, &self.current) {
            (Some(key), _) => key,
            (None, Current::Generated(path)) => generate(path)?,
            (None, Current::Given(key)) => key.clone(),
            (None, Current::File(path)) => return Err(missing(path)),
        };
        self.sealer(&key)
    }

    /// As [`KekSource::load`], but `None` where that would make a key.
    ///
    /// # Errors
    /// As [`KekSource::load`].
    pub fn load_existing(&self) -> Result<Option<Sealer>, ConfigError> {
        match (self.existing()?, &self.current) {
            (Some(key), _) => self.sealer(&key).map(Some),
            (None, Current::File(path)) => Err(missing(path)),
            (None, _) => Ok(None),
        }
    }

    fn existing(&self) -> Result<Option<Zeroizing<[u8; 32]>>, ConfigError> {
        match &self.current {
            Current::Given(key) => Ok(Some(key.clone())),
            Current::Generated(path) | Current::File(path) => read(path),
        }
    }

    fn sealer(&self, current: &[u8; 32]) -> Result<Sealer, ConfigError> {
        let kek = |key: &[u8; 32]| Kek::new(key).map_err(|error| ConfigError::new(error.to_string()));
        let older = self.older.iter().map(|key| kek(key)).collect::<Result<_, _>>()?;
        Ok(Sealer::new(kek(current)?, older))
    }
}

impl std::fmt::Debug for KekSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.current {
            Current::Given(_) => "given",
            Current::File(_) => "file",
            Current::Generated(_) => "generated",
        })
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, ConfigError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(at_file(
                path,
                &format!("cannot be read ({error}); let this user read it"),
            ));
        }
    };
    let mode = fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if mode & 0o007 != 0 {
        return Err(at_file(
            path,
            "is open to everybody on this machine; `chmod 600` it",
        ));
    }
    decode(text.trim()).map(Some).ok_or_else(|| {
        at_file(
            path,
            "does not hold 32 bytes in base64; make it with `openssl rand -base64 32`",
        )
    })
}

/// Two processes may start at once: the one that loses the race to create the file reads the winner's.
fn generate(path: &Path) -> Result<Zeroizing<[u8; 32]>, ConfigError> {
    let cannot = |error: std::io::Error| {
        at_file(
            path,
            &format!("cannot be made ({error}); make `data_dir` writable"),
        )
    };
    let mut key = Zeroizing::new([0; 32]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: the first start makes its own key"
    )]
    aws_lc_rs::rand::fill(&mut key[..]).map_err(|_| at_file(path, "cannot be made: no random source"))?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode_to_string(&key[..])));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    // Written aside and linked into place, so that nobody ever reads half a key.
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)
        .map_err(cannot)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(cannot)?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside).map_err(cannot)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| at_file(path, "disappeared while it was read; start again"))
        }
        Err(error) => Err(cannot(error)),
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode_to_vec(text).ok())
        .map(Zeroizing::new)?;
    bytes[..].try_into().ok().map(Zeroizing::new)
}

fn missing(path: &Path) -> ConfigError {
    at_file(path, "does not exist; make it with `openssl rand -base64 32`")
}

/// The value is a secret, so the sentence does not repeat it.
fn not_a_key(setting: &Setting<'_>) -> ConfigError {
    setting.mistake("is not 32 bytes in base64; make one with `openssl rand -base64 32`")
}

fn at_file(path: &Path, what: &str) -> ConfigError {
    Setting::new("keys.encryption_key_file", None).mistake(&format!("{} {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_private_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/key-encryption.key");
        let source = KekSource {
            current: Current::Generated(path.clone()),
            older: vec![],
            algorithms: RSA,
        };
        let first = source.load().unwrap().kek_id();
        assert_eq!(source.load().unwrap().kek_id(), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_file_that_everybody_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kek");
        let source = KekSource {
            current: Current::File(path.clone()),
            older: vec![],
            algorithms: RSA,
        };
        let sentence = |source: &KekSource| source.load().err().unwrap().to_string();
        assert!(sentence(&source).contains("does not exist"));
        fs::write(&path, STANDARD.encode_to_string([1; 32])).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(sentence(&source).contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(source.load().is_ok());
        fs::write(&path, "c2hvcnQ=").unwrap();
        assert!(sentence(&source).contains("32 bytes"));
    }
}
