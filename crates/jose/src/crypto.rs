//! The only file that names the cryptography library. Owns what each algorithm row does: importing, exporting and
//! generating keys, signing and checking bytes. Knows nothing of tokens, JSON or base64.
//!
//! Every public key is parsed once, here, and refused here when its signatures would prove nothing (short RSA keys,
//! exponent 1, small-order Ed25519 points). EC keys are checked by the library to lie on their curve.

use aws_lc_rs::encoding::{
    AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der,
};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, KeySize, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair,
    ParsedPublicKey, RsaEncoding, RsaParameters, RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, hmac, rand};
use zeroize::Zeroizing;

use crate::alg::{Curve, Family, Hash, Padding};
use crate::der::{self, RsaIntegers, strip_zeros};
use crate::{Algorithm, KeyError};

/// The longest signature: RSA with 8192 bits.
pub(crate) const MAX_SIGNATURE_LEN: usize = 1024;

/// A secret or private key.
#[expect(clippy::large_enum_variant, reason = "there is one per key, behind an `Arc`")]
pub(crate) enum Private {
    Hmac {
        key: hmac::Key,
        secret: Zeroizing<Vec<u8>>,
    },
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, Curve),
    Ed25519(Ed25519KeyPair),
}

/// The numbers of a private key, for its JWK.
pub(crate) enum PrivateNumbers {
    Oct(Zeroizing<Vec<u8>>),
    Rsa(RsaIntegers),
    /// The scalar or seed.
    Scalar(Zeroizing<Vec<u8>>),
}

impl Private {
    #[expect(
        clippy::disallowed_methods,
        reason = "making a key is drawing it; no caller could do it better"
    )]
    pub(crate) fn generate(alg: Algorithm) -> Result<Self, KeyError> {
        Ok(match alg.family() {
            Family::Hmac(hash) => {
                let mut secret = Zeroizing::new(vec![0; hash.len()]);
                rand::fill(&mut secret).map_err(|_| KeyError::Backend)?;
                Self::hmac(hash, secret)?
            }
            Family::Rsa(..) => {
                Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Backend)?)
            }
            Family::Ec(curve) => Self::Ec(
                EcdsaKeyPair::generate(ec_signing(curve)).map_err(|_| KeyError::Backend)?,
                curve,
            ),
            Family::Ed25519 => Self::Ed25519(Ed25519KeyPair::generate().map_err(|_| KeyError::Backend)?),
        })
    }

    /// RFC 7518 section 3.2: the secret must be at least as long as the hash.
    pub(crate) fn hmac(hash: Hash, secret: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        if secret.len() < hash.len() {
            return Err(KeyError::TooShort {
                got: secret.len() * 8,
                least: hash.len() * 8,
            });
        }
        // The classic confusion (RFC 8725 section 2.1): the text of a published key used as a shared secret.
        if secret.trim_ascii_start().starts_with(b"-----BEGIN ") {
            return Err(KeyError::Unsafe("a PEM text is not a shared secret"));
        }
        Ok(Self::Hmac {
            key: hmac_key(hash, &secret),
            secret,
        })
    }

    /// Reads PKCS#8, or for RSA also the older RSAPrivateKey, for EC also ECPrivateKey (RFC 5915).
    pub(crate) fn from_der(alg: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let key = match alg.family() {
            Family::Hmac(_) => return Err(KeyError::Symmetric),
            Family::Rsa(..) => Self::Rsa(
                RsaKeyPair::from_pkcs8(bytes)
                    .or_else(|_| RsaKeyPair::from_der(bytes))
                    .map_err(|_| KeyError::Malformed("not an RSA private key of 2048 to 8192 bits"))?,
            ),
            Family::Ec(curve) => Self::Ec(
                EcdsaKeyPair::from_private_key_der(ec_signing(curve), bytes)
                    .map_err(|_| KeyError::Malformed("not a private key on the algorithm's curve"))?,
                curve,
            ),
            Family::Ed25519 => Self::Ed25519(
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
                    .map_err(|_| KeyError::Malformed("not an Ed25519 private key"))?,
            ),
        };
        Ok(key)
    }

    /// Two-prime RSA with all CRT numbers; the library checks that they agree with each other.
    pub(crate) fn from_rsa_integers([n, e, d, p, q, dp, dq, qi]: &RsaIntegers) -> Result<Self, KeyError> {
        let components = KeyPairComponents {
            public_key: RsaPublicKeyComponents {
                n: strip_zeros(n),
                e: strip_zeros(e),
            },
            d: d.as_slice(),
            p: p.as_slice(),
            q: q.as_slice(),
            dP: dp.as_slice(),
            dQ: dq.as_slice(),
            qInv: qi.as_slice(),
        };
        let key = RsaKeyPair::from_components(&components)
            .map_err(|_| KeyError::Malformed("not a consistent RSA private key of 2048 to 8192 bits"))?;
        Ok(Self::Rsa(key))
    }

    pub(crate) fn from_ec_scalar(curve: Curve, d: &[u8], x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if d.len() != curve.coordinate_len() {
            return Err(KeyError::Malformed("the private scalar has the wrong length"));
        }
        let point = uncompressed(curve, x, y)?;
        let key =
            EcdsaKeyPair::from_private_key_and_public_key(ec_signing(curve), d, &point).map_err(|_| {
                KeyError::Malformed("the private scalar and the public point do not belong together")
            })?;
        Ok(Self::Ec(key, curve))
    }

    pub(crate) fn from_ed25519_seed(seed: &[u8], x: &[u8]) -> Result<Self, KeyError> {
        let key = Ed25519KeyPair::from_seed_and_public_key(seed, x)
            .map_err(|_| KeyError::Malformed("the Ed25519 seed and the public key do not belong together"))?;
        Ok(Self::Ed25519(key))
    }

    pub(crate) fn public(&self, alg: Algorithm) -> Result<Public, KeyError> {
        match self {
            Self::Hmac { key, .. } => Ok(Public::Hmac { key: key.clone() }),
            Self::Rsa(key) => Public::from_numbers(alg, rsa_numbers(key.public_key())),
            Self::Ec(key, curve) => Public::from_numbers(alg, point(*curve, key.public_key().as_ref())?),
            Self::Ed25519(key) => Public::from_numbers(
                alg,
                PublicNumbers::Okp {
                    x: key.public_key().as_ref().to_vec(),
                },
            ),
        }
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match self {
            Self::Hmac { .. } => return Err(KeyError::Symmetric),
            Self::Rsa(key) => AsDer::<Pkcs8V1Der<'static>>::as_der(key)
                .map_err(|_| KeyError::Backend)?
                .as_ref()
                .to_vec(),
            Self::Ec(key, _) => key.to_pkcs8v1().map_err(|_| KeyError::Backend)?.as_ref().to_vec(),
            Self::Ed25519(key) => key.to_pkcs8v1().map_err(|_| KeyError::Backend)?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(der))
    }

    pub(crate) fn numbers(&self) -> Result<PrivateNumbers, KeyError> {
        Ok(match self {
            Self::Hmac { secret, .. } => PrivateNumbers::Oct(secret.clone()),
            Self::Rsa(_) => PrivateNumbers::Rsa(der::rsa_integers(&self.to_pkcs8()?)?),
            Self::Ec(key, curve) => {
                let d: EcPrivateKeyBin<'_> =
                    key.private_key().as_be_bytes().map_err(|_| KeyError::Backend)?;
                // Leading zeros are part of the JWK form (RFC 7518 section 6.2.2.1).
                let d = d.as_ref();
                let mut scalar = Zeroizing::new(vec![0; curve.coordinate_len().saturating_sub(d.len())]);
                scalar.extend_from_slice(d);
                PrivateNumbers::Scalar(scalar)
            }
            Self::Ed25519(key) => {
                let seed = key.seed().map_err(|_| KeyError::Backend)?;
                let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| KeyError::Backend)?;
                PrivateNumbers::Scalar(Zeroizing::new(seed.as_ref().to_vec()))
            }
        })
    }

    /// Signs `message` into the front of `out` and returns that part. `None` when the library fails.
    pub(crate) fn sign<'o>(
        &self,
        alg: Algorithm,
        message: &[u8],
        out: &'o mut [u8; MAX_SIGNATURE_LEN],
    ) -> Option<&'o [u8]> {
        let copy = |signature: &[u8], out: &'o mut [u8; MAX_SIGNATURE_LEN]| {
            let out = out.get_mut(..signature.len())?;
            out.copy_from_slice(signature);
            Some(&*out)
        };
        match self {
            Self::Hmac { key, .. } => copy(hmac::sign(key, message).as_ref(), out),
            Self::Rsa(key) => {
                let out = out.get_mut(..key.public_modulus_len())?;
                key.sign(rsa_signing(alg)?, &rand::SystemRandom::new(), message, out)
                    .ok()?;
                Some(out)
            }
            Self::Ec(key, _) => copy(key.sign(&rand::SystemRandom::new(), message).ok()?.as_ref(), out),
            Self::Ed25519(key) => copy(key.try_sign(message).ok()?.as_ref(), out),
        }
    }
}

/// The numbers of a public key, as in its JWK. Big-endian; RSA without leading zeros, EC padded to the curve.
#[derive(Clone)]
pub(crate) enum PublicNumbers {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { x: Vec<u8>, y: Vec<u8> },
    Okp { x: Vec<u8> },
}

/// What checks signatures: a shared secret or a parsed public key.
#[expect(clippy::large_enum_variant, reason = "there is one per key, behind an `Arc`")]
pub(crate) enum Public {
    Hmac {
        key: hmac::Key,
    },
    Parsed {
        key: ParsedPublicKey,
        signature_len: usize,
        numbers: PublicNumbers,
    },
}

impl Public {
    pub(crate) fn from_numbers(alg: Algorithm, numbers: PublicNumbers) -> Result<Self, KeyError> {
        let wrong = KeyError::WrongType {
            algorithm: alg,
            needed: alg.family().kty(),
        };
        let (key, signature_len) = match (alg.family(), &numbers) {
            (Family::Rsa(padding, hash), PublicNumbers::Rsa { n, e }) => {
                check_rsa(n, e)?;
                let components = RsaPublicKeyComponents { n, e };
                let key = components
                    .to_parsed_public_key(rsa_verification(padding, hash))
                    .map_err(|_| KeyError::Malformed("not an RSA public key"))?;
                (key, n.len())
            }
            (Family::Ec(curve), PublicNumbers::Ec { x, y }) => {
                let key = ParsedPublicKey::new(ec_verification(curve), uncompressed(curve, x, y)?)
                    .map_err(|_| KeyError::Malformed("not a point on the curve"))?;
                (key, 2 * curve.coordinate_len())
            }
            (Family::Ed25519, PublicNumbers::Okp { x }) => {
                check_ed25519(x)?;
                let key = ParsedPublicKey::new(&signature::ED25519, x)
                    .map_err(|_| KeyError::Malformed("not an Ed25519 public key"))?;
                (key, 64)
            }
            _ => return Err(wrong),
        };
        Ok(Self::Parsed {
            key,
            signature_len,
            numbers,
        })
    }

    /// Reads SubjectPublicKeyInfo (RFC 5280), or for RSA also RSAPublicKey (RFC 8017).
    pub(crate) fn from_der(alg: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.first() != Some(&der::SEQUENCE) {
            return Err(KeyError::Malformed("not a DER public key"));
        }
        let numbers = match alg.family() {
            Family::Hmac(_) => return Err(KeyError::Symmetric),
            Family::Rsa(..) => rsa_numbers(
                &RsaPublicKey::from_der(bytes).map_err(|_| KeyError::Malformed("not an RSA public key"))?,
            ),
            Family::Ec(curve) => {
                let key = ParsedPublicKey::new(ec_verification(curve), bytes)
                    .map_err(|_| KeyError::Malformed("not a public key on the algorithm's curve"))?;
                point(curve, spki(&key)?.as_ref())?
            }
            Family::Ed25519 => {
                let key = ParsedPublicKey::new(&signature::ED25519, bytes)
                    .map_err(|_| KeyError::Malformed("not an Ed25519 public key"))?;
                let spki = spki(&key)?;
                PublicNumbers::Okp {
                    x: spki
                        .as_ref()
                        .last_chunk::<32>()
                        .ok_or(KeyError::Backend)?
                        .to_vec(),
                }
            }
        };
        Self::from_numbers(alg, numbers)
    }

    pub(crate) fn to_spki(&self) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Hmac { .. } => Err(KeyError::Symmetric),
            Self::Parsed { key, .. } => Ok(spki(key)?.as_ref().to_vec()),
        }
    }

    /// How many bytes a signature has; any other length is refused.
    pub(crate) fn signature_len(&self) -> usize {
        match self {
            Self::Hmac { key } => key.algorithm().tag_len(),
            Self::Parsed { signature_len, .. } => *signature_len,
        }
    }

    /// Whether `signature` over `message` holds. The length is compared first (RFC 8017 section 8.2.2 step 1 and
    /// RFC 7518 section 3.4); HMAC tags are compared in constant time.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac { key, .. } => hmac::verify(key, message, signature).is_ok(),
            Self::Parsed {
                key, signature_len, ..
            } => signature.len() == *signature_len && key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// SHA-256 of `bytes`, for RFC 7638.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if bits < 2048 {
        return Err(KeyError::TooShort {
            got: bits,
            least: 2048,
        });
    }
    if bits > MAX_SIGNATURE_LEN * 8 {
        return Err(KeyError::TooLong);
    }
    if n.last().is_some_and(|byte| byte % 2 == 0) {
        return Err(KeyError::Unsafe("the RSA modulus is even"));
    }
    match e {
        [] | [1] => Err(KeyError::Unsafe("an RSA exponent below 3")),
        [.., last] if last % 2 == 0 => Err(KeyError::Unsafe("the RSA exponent is even")),
        [_, _, _, _, _, ..] => Err(KeyError::Unsafe("an RSA exponent of more than 32 bits")),
        _ => Ok(()),
    }
}

/// Refuses the encodings with which some signature holds for any message: points of order 1, 2, 4 and 8, and y
/// coordinates not below the field prime (RFC 8032 section 5.1.3; the eight points are derived in section 8 of
/// "Taming the many EdDSAs").
fn check_ed25519(x: &[u8]) -> Result<(), KeyError> {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y: [u8; 32] = x
        .try_into()
        .map_err(|_| KeyError::Malformed("an Ed25519 public key has 32 bytes"))?;
    y[31] &= 0x7f;
    // p = 2^255 - 19, little-endian: ed ff .. ff 7f. p - 1 is the point of order 2.
    let near_p = y[31] == 0x7f && y[1..31].iter().all(|&byte| byte == 0xff) && y[0] >= 0xec;
    let zero_or_one = y[0] <= 1 && y[1..].iter().all(|&byte| byte == 0);
    if near_p || zero_or_one || ORDER_8.contains(&y) {
        return Err(KeyError::Unsafe("an Ed25519 point of small order"));
    }
    Ok(())
}

fn spki(key: &ParsedPublicKey) -> Result<PublicKeyX509Der<'static>, KeyError> {
    key.as_der().map_err(|_| KeyError::Backend)
}

fn rsa_numbers(key: &RsaPublicKey) -> PublicNumbers {
    PublicNumbers::Rsa {
        n: key.modulus().big_endian_without_leading_zero().to_vec(),
        e: key.exponent().big_endian_without_leading_zero().to_vec(),
    }
}

/// The coordinates at the end of `encoded`: a bare uncompressed point, or a SubjectPublicKeyInfo ending in one.
fn point(curve: Curve, encoded: &[u8]) -> Result<PublicNumbers, KeyError> {
    let len = curve.coordinate_len();
    let start = encoded
        .len()
        .checked_sub(2 * len + 1)
        .ok_or(KeyError::Malformed("a compressed point"))?;
    match &encoded[start..] {
        [4, xy @ ..] => Ok(PublicNumbers::Ec {
            x: xy[..len].to_vec(),
            y: xy[len..].to_vec(),
        }),
        _ => Err(KeyError::Malformed("a compressed point")),
    }
}

fn uncompressed(curve: Curve, x: &[u8], y: &[u8]) -> Result<Vec<u8>, KeyError> {
    if x.len() != curve.coordinate_len() || y.len() != curve.coordinate_len() {
        return Err(KeyError::Malformed("a coordinate has the wrong length"));
    }
    Ok([&[4], x, y].concat())
}

fn hmac_key(hash: Hash, secret: &[u8]) -> hmac::Key {
    let algorithm = match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, secret)
}

fn rsa_signing(alg: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match alg.family() {
        Family::Rsa(Padding::Pkcs1, Hash::Sha256) => &signature::RSA_PKCS1_SHA256,
        Family::Rsa(Padding::Pkcs1, Hash::Sha384) => &signature::RSA_PKCS1_SHA384,
        Family::Rsa(Padding::Pkcs1, Hash::Sha512) => &signature::RSA_PKCS1_SHA512,
        Family::Rsa(Padding::Pss, Hash::Sha256) => &signature::RSA_PSS_SHA256,
        Family::Rsa(Padding::Pss, Hash::Sha384) => &signature::RSA_PSS_SHA384,
        Family::Rsa(Padding::Pss, Hash::Sha512) => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn rsa_verification(padding: Padding, hash: Hash) -> &'static RsaParameters {
    match (padding, hash) {
        (Padding::Pkcs1, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Padding::Pkcs1, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Padding::Pkcs1, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (Padding::Pss, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
        (Padding::Pss, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
        (Padding::Pss, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
    }
}

fn ec_signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

fn ec_verification(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
    }
}

#[cfg(test)]
mod wycheproof;
