//! Random values that open something: made at the edge, shown once, stored only as a hash.

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// 256 random bits. It has no `Debug` or `Display`; [`Secret::encode`] is the only way to read it.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// From bytes that came from a cryptographic random source.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 43 characters of base64url.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode_to_string(&self.0[..])
    }

    /// The raw bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What is stored in place of the encoded form.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.encode())
    }
}

/// SHA-256 of a secret's encoded form. Enough for 256 random bits; passwords need Argon2id instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a value as it was presented. A value changed in any character has another hash.
    pub fn of(presented: &str) -> Self {
        Self::of_bytes(presented.as_bytes())
    }

    /// The hash of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From a stored column; `None` unless it is 32 bytes.
    pub fn from_slice(stored: &[u8]) -> Option<Self> {
        stored.try_into().ok().map(Self)
    }

    /// The 32 bytes to store.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares without leaking where the two differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
