//! Secrets at rest: sealing what the database keeps and what a browser carries for us, under the key-encryption key.
//!
//! Owns the sealed format and the keys derived from the master key. Does not own where the master key comes from
//! (`config::keys`), nor which columns are sealed (the features and `admin::keys`).
//!
//! A sealed value is AES-256-GCM (NIST SP 800-38D) in this form:
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version, now 1 |
//! | 8 | id of the key-encryption key |
//! | 12 | nonce, random |
//! | n | ciphertext |
//! | 16 | tag |
//!
//! The associated data is the place the value belongs to, so a value copied to another row does not open there.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use sekisho_rules::secret::SecretHash;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KEK_ID_LEN: usize = 8;
const HEADER_LEN: usize = 1 + KEK_ID_LEN + NONCE_LEN;

/// Which column of which row a sealed value belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The row's primary key.
    pub row: &'a str,
}

impl Place<'_> {
    /// Each part with its length in front, so that no two places share their bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        for part in [self.table, self.column, self.row] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Why something could not be sealed or opened. It never says anything about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of a version this program does not know.
    #[error("the sealed value is malformed")]
    Malformed,
    /// Sealed under a key-encryption key that is not loaded.
    #[error("the value is sealed under the key-encryption key {}, which is not loaded", hex(.0))]
    UnknownKek([u8; KEK_ID_LEN]),
    /// Changed, or opened in another place than it was sealed for.
    #[error("the sealed value does not belong here or was changed")]
    Forged,
    /// The cryptographic library refused; it does for inputs of 64 GB.
    #[error("the value could not be sealed")]
    Backend,
}

/// A key-encryption key: 256 random bits from which every sealing key is derived.
pub struct Kek {
    id: [u8; KEK_ID_LEN],
    master: hmac::Key,
    rows: RandomizedNonceKey,
}

impl Kek {
    /// From 32 random bytes.
    ///
    /// # Errors
    /// [`SealError::Backend`] when the cryptographic library refuses the key.
    pub fn new(bytes: &[u8; 32]) -> Result<Self, SealError> {
        // HKDF-SHA256 (RFC 5869). One output block is all that is ever asked for: HMAC(PRK, info | 0x01).
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"sekisho key-encryption key");
        let master = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&salt, bytes).as_ref());
        let id_block = expand(&master, "id");
        let mut id = [0; KEK_ID_LEN];
        id.copy_from_slice(&id_block[..KEK_ID_LEN]);
        let rows = aead(&expand(&master, "rows"))?;
        Ok(Self { id, master, rows })
    }

    /// Which key this is, as 16 hexadecimal digits. It says nothing about the key.
    pub fn id(&self) -> String {
        hex(&self.id)
    }
}

/// Seals under the current key-encryption key, opens under it and older ones.
pub struct Sealer {
    current: Kek,
    older: Vec<Kek>,
}

impl Sealer {
    /// `older` keys only open: they are loaded while `sekisho key rewrap` moves everything to `current`.
    pub fn new(current: Kek, older: Vec<Kek>) -> Self {
        Self { current, older }
    }

    /// The id of the key that seals now: 16 hexadecimal digits.
    pub fn kek_id(&self) -> String {
        self.current.id()
    }

    /// Seals a column's value for this place.
    ///
    /// # Errors
    /// [`SealError::Backend`].
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        encrypt(&self.current.rows, &self.current.id, &place.bytes(), plain)
    }

    /// Opens a column's value; the place must be the one it was sealed for.
    ///
    /// # Errors
    /// [`SealError`], each variant.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let kek = self.kek_of(sealed)?;
        decrypt(&kek.rows, &place.bytes(), sealed)
    }

    /// Whether `sekisho key rewrap` has to seal this value again.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed
            .get(1..1 + KEK_ID_LEN)
            .is_some_and(|id| id == self.current.id)
    }

    /// A key for another purpose (HKDF-SHA256, RFC 5869, with the label as `info`). It changes with the
    /// key-encryption key, so it must not guard anything that is stored.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        expand(&self.current.master, &format!("derive {label}"))
    }

    /// What is kept in place of something short that a person types, where a plain hash could be guessed: an HMAC (RFC 2104) whose key
    /// is not in the database. The label names what it is.
    pub fn mark(&self, label: &str, plain: &str) -> SecretHash {
        marked(&self.current, label, plain)
    }

    /// Whether this was marked under the same label, by this key-encryption key or an older one.
    pub fn recognises(&self, label: &str, plain: &str, mark: &SecretHash) -> bool {
        let keks = std::iter::once(&self.current).chain(&self.older);
        // Every key is tried, whichever fits.
        keks.fold(false, |known, kek| {
            marked(kek, label, plain).matches(mark) | known
        })
    }

    /// Seals something short-lived that a browser carries for us. The label names what it is, and a value sealed
    /// under one label opens under no other. Returns base64url.
    ///
    /// # Errors
    /// [`SealError::Backend`].
    pub fn seal_transient(&self, label: &str, plain: &[u8]) -> Result<String, SealError> {
        let key = transient_key(&self.current, label)?;
        let sealed = encrypt(&key, &self.current.id, label.as_bytes(), plain)?;
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// Opens what [`Sealer::seal_transient`] sealed under the same label.
    ///
    /// # Errors
    /// [`SealError`], each variant. All of them are the sender's fault, never ours.
    pub fn open_transient(&self, label: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let sealed = URL_SAFE_NO_PAD
            .decode_to_vec(text)
            .map_err(|_| SealError::Malformed)?;
        let key = transient_key(self.kek_of(&sealed)?, label)?;
        decrypt(&key, label.as_bytes(), &sealed)
    }

    fn kek_of(&self, sealed: &[u8]) -> Result<&Kek, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
        let id: &[u8; KEK_ID_LEN] = rest.first_chunk().ok_or(SealError::Malformed)?;
        if *version != VERSION {
            return Err(SealError::Malformed);
        }
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|kek| kek.id == *id)
            .ok_or(SealError::UnknownKek(*id))
    }
}

fn encrypt(
    key: &RandomizedNonceKey,
    kek_id: &[u8; KEK_ID_LEN],
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut body = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(aad), &mut body)
        .map_err(|_| SealError::Backend)?;
    let mut sealed = Vec::with_capacity(HEADER_LEN + body.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(kek_id);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.append(&mut body);
    Ok(sealed)
}

fn decrypt(key: &RandomizedNonceKey, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce = sealed
        .get(1 + KEK_ID_LEN..HEADER_LEN)
        .and_then(|bytes| Nonce::try_assume_unique_for_key(bytes).ok())
        .ok_or(SealError::Malformed)?;
    let mut body = Zeroizing::new(sealed[HEADER_LEN..].to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(aad), &mut body)
        .map_err(|_| SealError::Forged)?
        .len();
    body.truncate(length);
    Ok(body)
}

fn marked(kek: &Kek, label: &str, plain: &str) -> SecretHash {
    let key = hmac::Key::new(
        hmac::HMAC_SHA256,
        &expand(&kek.master, &format!("mark {label}"))[..],
    );
    SecretHash::of_bytes(hmac::sign(&key, plain.as_bytes()).as_ref())
}

fn transient_key(kek: &Kek, label: &str) -> Result<RandomizedNonceKey, SealError> {
    aead(&expand(&kek.master, &format!("transient {label}")))
}

fn aead(key: &[u8; 32]) -> Result<RandomizedNonceKey, SealError> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealError::Backend)
}

fn expand(master: &hmac::Key, info: &str) -> Zeroizing<[u8; 32]> {
    let mut context = hmac::Context::with_key(master);
    context.update(info.as_bytes());
    context.update(&[1]);
    let mut block = Zeroizing::new([0; 32]);
    block.copy_from_slice(context.sign().as_ref());
    block
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        table: "clients",
        column: "secret",
        row: "abc",
    };

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(Kek::new(&[byte; 32]).unwrap(), vec![])
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let sealer = sealer(1);
        let sealed = sealer.seal(&PLACE, b"plain").unwrap();
        assert_eq!(&sealer.open(&PLACE, &sealed).unwrap()[..], b"plain");
        assert!(!sealed.windows(5).any(|part| part == b"plain"));
        for other in [
            Place { row: "abd", ..PLACE },
            Place {
                column: "secre",
                row: "tabc",
                ..PLACE
            },
            Place {
                table: "client",
                ..PLACE
            },
        ] {
            assert_eq!(sealer.open(&other, &sealed), Err(SealError::Forged));
        }
    }

    #[test]
    fn any_changed_or_missing_byte_is_refused() {
        let sealer = sealer(1);
        let sealed = sealer.seal(&PLACE, b"plain").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(&PLACE, &changed).is_err(), "byte {at}");
            assert!(sealer.open(&PLACE, &sealed[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn two_seals_of_one_value_differ() {
        let sealer = sealer(1);
        assert_ne!(
            sealer.seal(&PLACE, b"x").unwrap(),
            sealer.seal(&PLACE, b"x").unwrap()
        );
    }

    #[test]
    fn an_older_kek_opens_and_says_that_a_rewrap_is_due() {
        let old = sealer(1);
        let sealed = old.seal(&PLACE, b"plain").unwrap();
        let both = Sealer::new(Kek::new(&[2; 32]).unwrap(), vec![Kek::new(&[1; 32]).unwrap()]);
        assert_eq!(&both.open(&PLACE, &sealed).unwrap()[..], b"plain");
        assert!(!both.is_current(&sealed));
        let moved = both.seal(&PLACE, b"plain").unwrap();
        assert!(both.is_current(&moved));
        let error = old.open(&PLACE, &moved).unwrap_err();
        assert!(error.to_string().contains(&both.kek_id()), "{error}");
    }

    #[test]
    fn a_transient_value_opens_under_its_label_only() {
        let sealer = sealer(1);
        let text = sealer.seal_transient("flow", b"{}").unwrap();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
        assert_eq!(&sealer.open_transient("flow", &text).unwrap()[..], b"{}");
        assert_eq!(sealer.open_transient("form", &text), Err(SealError::Forged));
        assert_eq!(sealer.open_transient("flow", "%%%"), Err(SealError::Malformed));
        assert_eq!(sealer.open_transient("flow", ""), Err(SealError::Malformed));
        assert_eq!(
            sealer.open(
                &Place {
                    table: "",
                    column: "",
                    row: ""
                },
                text.as_bytes()
            ),
            Err(SealError::Malformed)
        );
    }

    #[test]
    fn a_mark_is_recognised_under_its_label_and_by_older_keys() {
        let (one, two) = (sealer(1), sealer(2));
        let mark = one.mark("code", "123456");
        assert!(one.recognises("code", "123456", &mark));
        assert!(!one.recognises("code", "123457", &mark));
        assert!(!one.recognises("other", "123456", &mark));
        assert!(!two.recognises("code", "123456", &mark));
        let moved = Sealer::new(Kek::new(&[2; 32]).unwrap(), vec![Kek::new(&[1; 32]).unwrap()]);
        assert!(moved.recognises("code", "123456", &mark));
    }

    #[test]
    fn derived_keys_differ_by_label_and_by_kek() {
        let (one, two) = (sealer(1), sealer(2));
        assert_eq!(one.derive("a"), sealer(1).derive("a"));
        assert_ne!(one.derive("a"), one.derive("b"));
        assert_ne!(one.derive("a"), two.derive("a"));
    }

    #[test]
    fn rfc5869_expand_is_one_block_of_hkdf() {
        use aws_lc_rs::hkdf;
        struct Len;
        impl hkdf::KeyType for Len {
            fn len(&self) -> usize {
                32
            }
        }
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"sekisho key-encryption key");
        let prk = salt.extract(&[7; 32]);
        let mut wanted = [0; 32];
        prk.expand(&[b"derive x"], Len)
            .unwrap()
            .fill(&mut wanted)
            .unwrap();
        assert_eq!(*sealer(7).derive("x"), wanted);
    }
}
