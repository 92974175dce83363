//! The JSON form of one key (RFC 7517, RFC 7518 section 6, RFC 8037 section 2) and its thumbprint (RFC 7638).

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::alg::{Curve, Family};
use crate::crypto::{self, Private, PrivateNumbers, Public, PublicNumbers};
use crate::der::strip_zeros;
use crate::{Algorithm, KeyError, VerifyingKey, base64url};

/// A JSON Web Key as read or as to be written. Becomes usable as a [`VerifyingKey`] or
/// [`SigningKey`](crate::SigningKey), which is where it is checked. `Debug` shows no key material.
///
/// Members that this crate does not know are dropped; a member given twice is an error.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Jwk {
    /// The key type: `RSA`, `EC`, `OKP` or `oct`.
    pub kty: String,
    /// What the key is for: `sig` or `enc`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The operations the key is for; for a public key `verify` must be among them, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ops: Option<Vec<String>>,
    /// The algorithm's name; may be one that this crate has not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The key's name in its set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Curve name of EC and OKP keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    /// Certificate chain, base64 (not base64url) DER, the key's own certificate first. Never consulted for trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
    /// Base64url SHA-1 of the first certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5t: Option<String>,
    /// Base64url SHA-256 of the first certificate.
    #[serde(rename = "x5t#S256", default, skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dp: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dq: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qi: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<Secret>,
}

impl Jwk {
    /// Reads one JWK from JSON text.
    ///
    /// # Errors
    /// [`KeyError::Json`] if it is not an object of the right shape.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        serde_json::from_str(json).map_err(KeyError::Json)
    }

    /// The algorithm the key is for: its `alg`, or the only one its type and curve allow.
    ///
    /// # Errors
    /// [`KeyError::NoAlgorithm`] if `alg` is absent and several fit, [`KeyError::NotForSignatures`] if none does.
    pub fn algorithm(&self) -> Result<Algorithm, KeyError> {
        if let Some(name) = &self.alg {
            return name.parse().map_err(|_| KeyError::NotForSignatures);
        }
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Algorithm::Es256),
            ("EC", Some("P-384")) => Ok(Algorithm::Es384),
            ("EC", Some("P-521")) => Ok(Algorithm::Es512),
            ("OKP", Some("Ed25519")) => Ok(Algorithm::EdDsa),
            ("RSA" | "oct", _) => Err(KeyError::NoAlgorithm),
            _ => Err(KeyError::NotForSignatures),
        }
    }

    /// Whether private members are present.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.d.is_some() || self.k.is_some()
    }

    /// The key without its private members; `None` for a shared secret, which would be empty.
    #[must_use]
    pub fn to_public(&self) -> Option<Self> {
        let public = Self {
            d: None,
            p: None,
            q: None,
            dp: None,
            dq: None,
            qi: None,
            k: None,
            ..self.clone()
        };
        (self.kty != "oct").then_some(public)
    }

    /// The RFC 7638 thumbprint: base64url of the SHA-256 over the required members in lexical order.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if a required member is absent.
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        let need = |member: &'static str, value: Option<&str>| {
            let value = value.ok_or(KeyError::Malformed("a required member is absent"))?;
            // Written as JSON, so that a quote in a hostile member cannot imitate another key.
            let value = serde_json::to_string(value).map_err(KeyError::Json)?;
            Ok::<_, KeyError>(format!("\"{member}\":{value}"))
        };
        let kty = need("kty", Some(&self.kty))?;
        let members = match self.kty.as_str() {
            "RSA" => vec![need("e", self.e.as_deref())?, kty, need("n", self.n.as_deref())?],
            "EC" => vec![
                need("crv", self.crv.as_deref())?,
                kty,
                need("x", self.x.as_deref())?,
                need("y", self.y.as_deref())?,
            ],
            "OKP" => vec![
                need("crv", self.crv.as_deref())?,
                kty,
                need("x", self.x.as_deref())?,
            ],
            "oct" => vec![need("k", self.k.as_ref().map(|secret| secret.0.as_str()))?, kty],
            _ => return Err(KeyError::Malformed("an unknown key type")),
        };
        let text = Zeroizing::new(format!("{{{}}}", members.join(",")));
        Ok(base64url::encode(&crypto::sha256(text.as_bytes())))
    }

    pub(crate) fn public(&self, alg: Algorithm) -> Result<Public, KeyError> {
        self.check(alg, "verify")?;
        if let Family::Hmac(hash) = alg.family() {
            return Private::hmac(hash, self.secret(&self.k)?)?.public(alg);
        }
        let numbers = match alg.family() {
            Family::Rsa(..) => {
                let strip = |bytes: Vec<u8>| strip_zeros(&bytes).to_vec();
                PublicNumbers::Rsa {
                    n: strip(bytes(&self.n)?),
                    e: strip(bytes(&self.e)?),
                }
            }
            Family::Ec(_) => PublicNumbers::Ec {
                x: bytes(&self.x)?,
                y: bytes(&self.y)?,
            },
            Family::Ed25519 | Family::Hmac(_) => PublicNumbers::Okp { x: bytes(&self.x)? },
        };
        Public::from_numbers(alg, numbers)
    }

    pub(crate) fn private(&self, alg: Algorithm) -> Result<Private, KeyError> {
        self.check(alg, "sign")?;
        if !self.is_private() {
            return Err(KeyError::NoPrivateKey);
        }
        match alg.family() {
            Family::Hmac(hash) => Private::hmac(hash, self.secret(&self.k)?),
            Family::Rsa(..) => Private::from_rsa_integers(&[
                Zeroizing::new(bytes(&self.n)?),
                Zeroizing::new(bytes(&self.e)?),
                self.secret(&self.d)?,
                self.secret(&self.p)?,
                self.secret(&self.q)?,
                self.secret(&self.dp)?,
                self.secret(&self.dq)?,
                self.secret(&self.qi)?,
            ]),
            Family::Ec(curve) => {
                Private::from_ec_scalar(curve, &self.secret(&self.d)?, &bytes(&self.x)?, &bytes(&self.y)?)
            }
            Family::Ed25519 => Private::from_ed25519_seed(&self.secret(&self.d)?, &bytes(&self.x)?),
        }
    }

    pub(crate) fn from_public(public: &Public, key: &VerifyingKey) -> Option<Self> {
        let Public::Parsed { numbers, .. } = public else {
            return None;
        };
        let mut jwk = Self::empty(key);
        match numbers {
            PublicNumbers::Rsa { n, e } => {
                jwk.n = Some(base64url::encode(n));
                jwk.e = Some(base64url::encode(e));
            }
            PublicNumbers::Ec { x, y } => {
                jwk.x = Some(base64url::encode(x));
                jwk.y = Some(base64url::encode(y));
            }
            PublicNumbers::Okp { x } => jwk.x = Some(base64url::encode(x)),
        }
        Some(jwk)
    }

    pub(crate) fn from_private(private: &Private, key: &VerifyingKey) -> Result<Self, KeyError> {
        let mut jwk = Self::from_public(key.public(), key).unwrap_or_else(|| Self::empty(key));
        match private.numbers()? {
            PrivateNumbers::Oct(secret) => jwk.k = Some(Secret::new(&secret)),
            PrivateNumbers::Scalar(scalar) => jwk.d = Some(Secret::new(&scalar)),
            PrivateNumbers::Rsa([_, _, d, p, q, dp, dq, qi]) => {
                jwk.d = Some(Secret::new(&d));
                jwk.p = Some(Secret::new(&p));
                jwk.q = Some(Secret::new(&q));
                jwk.dp = Some(Secret::new(&dp));
                jwk.dq = Some(Secret::new(&dq));
                jwk.qi = Some(Secret::new(&qi));
            }
        }
        Ok(jwk)
    }

    /// Type, curve, `use`, `key_ops` and `alg` must all allow `operation` with `alg`.
    fn check(&self, alg: Algorithm, operation: &str) -> Result<(), KeyError> {
        let family = alg.family();
        let curve = match family {
            Family::Ec(curve) => Some(curve.name()),
            Family::Ed25519 => Some("Ed25519"),
            Family::Rsa(..) | Family::Hmac(_) => None,
        };
        if self.kty != family.kty() || curve.is_some_and(|curve| self.crv.as_deref() != Some(curve)) {
            return Err(KeyError::WrongType {
                algorithm: alg,
                needed: curve.unwrap_or(family.kty()),
            });
        }
        // A private JWK often lists `sign` alone; it may still check its own signatures.
        let allows = |ops: &Vec<String>| ops.iter().any(|op| op == operation || op == "sign");
        if self.usage.as_deref().is_some_and(|usage| usage != "sig")
            || self.key_ops.as_ref().is_some_and(|ops| !allows(ops))
            || self.alg.as_deref().is_some_and(|name| name != alg.name())
        {
            return Err(KeyError::NotForSignatures);
        }
        Ok(())
    }

    fn secret(&self, member: &Option<Secret>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = member
            .as_ref()
            .ok_or(KeyError::Malformed("a required member is absent"))?;
        base64url::decode(&text.0)
            .map(Zeroizing::new)
            .map_err(|_| NOT_BASE64URL)
    }

    fn empty(key: &VerifyingKey) -> Self {
        let family = key.algorithm().family();
        Self {
            kty: family.kty().to_owned(),
            usage: Some("sig".to_owned()),
            key_ops: None,
            alg: Some(key.algorithm().name().to_owned()),
            kid: key.kid().map(str::to_owned),
            crv: match family {
                Family::Ec(curve) => Some(Curve::name(curve).to_owned()),
                Family::Ed25519 => Some("Ed25519".to_owned()),
                Family::Rsa(..) | Family::Hmac(_) => None,
            },
            x: None,
            y: None,
            n: None,
            e: None,
            x5c: None,
            x5t: None,
            x5t_s256: None,
            d: None,
            p: None,
            q: None,
            dp: None,
            dq: None,
            qi: None,
            k: None,
        }
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kty", &self.kty)
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

const NOT_BASE64URL: KeyError = KeyError::Malformed("a member is not strict base64url");

fn bytes(member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let text = member
        .as_deref()
        .ok_or(KeyError::Malformed("a required member is absent"))?;
    base64url::decode(text).map_err(|_| NOT_BASE64URL)
}

/// A private member: wiped from memory when dropped.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl Secret {
    fn new(bytes: &[u8]) -> Self {
        Self(base64url::encode(bytes))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
