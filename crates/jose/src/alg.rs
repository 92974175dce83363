//! The algorithms, one row each (RFC 7518 section 3.1, RFC 8037 section 3.1).
//!
//! Owns the names and which key family a row needs. There is no row for `none`: an unsigned token has no name here,
//! so nothing can accept one. What a row *does* is in `crypto`.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// A JWS signature algorithm. A key carries exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    Hs256,
    /// HMAC with SHA-384 and a shared secret.
    Hs384,
    /// HMAC with SHA-512 and a shared secret.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256 and a 32-byte salt.
    Ps256,
    /// RSASSA-PSS with SHA-384 and a 48-byte salt.
    Ps384,
    /// RSASSA-PSS with SHA-512 and a 64-byte salt.
    Ps512,
    /// ECDSA on P-256 with SHA-256; a signature is 64 bytes.
    Es256,
    /// ECDSA on P-384 with SHA-384; a signature is 96 bytes.
    Es384,
    /// ECDSA on P-521 with SHA-512; a signature is 132 bytes.
    Es512,
    /// Ed25519; a signature is 64 bytes. Ed448 has no row.
    EdDsa,
}

impl Algorithm {
    /// Every row, in the order of RFC 7518.
    pub const ALL: [Self; 13] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The `alg` value, as in `"RS256"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether the key is a secret that signer and verifier share. Such a key is never published.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Hs256 => Family::Hmac(Hash::Sha256),
            Self::Hs384 => Family::Hmac(Hash::Sha384),
            Self::Hs512 => Family::Hmac(Hash::Sha512),
            Self::Rs256 => Family::Rsa(Padding::Pkcs1, Hash::Sha256),
            Self::Rs384 => Family::Rsa(Padding::Pkcs1, Hash::Sha384),
            Self::Rs512 => Family::Rsa(Padding::Pkcs1, Hash::Sha512),
            Self::Ps256 => Family::Rsa(Padding::Pss, Hash::Sha256),
            Self::Ps384 => Family::Rsa(Padding::Pss, Hash::Sha384),
            Self::Ps512 => Family::Rsa(Padding::Pss, Hash::Sha512),
            Self::Es256 => Family::Ec(Curve::P256),
            Self::Es384 => Family::Ec(Curve::P384),
            Self::Es512 => Family::Ec(Curve::P521),
            Self::EdDsa => Family::Ed25519,
        }
    }
}

/// What kind of key a row needs and the parameters that distinguish rows of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Hmac(Hash),
    Rsa(Padding, Hash),
    Ec(Curve),
    Ed25519,
}

impl Family {
    /// The JWK `kty` of this family (RFC 7518 section 6.1, RFC 8037 section 2).
    pub(crate) const fn kty(self) -> &'static str {
        match self {
            Self::Hmac(_) => "oct",
            Self::Rsa(..) => "RSA",
            Self::Ec(_) => "EC",
            Self::Ed25519 => "OKP",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Digest length in bytes; also the shortest HMAC secret allowed (RFC 7518 section 3.2).
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    Pkcs1,
    Pss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Length of one coordinate, and of the private scalar, in bytes (RFC 7518 section 6.2.1.2).
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }
}

/// The name is not that of a signature algorithm of this crate; `none` never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported signature algorithm")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Names are case-sensitive (RFC 7515 section 4.1.1).
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|row| row.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = Algorithm;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a signature algorithm")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Algorithm, E> {
                name.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}
