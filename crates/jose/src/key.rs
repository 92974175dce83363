//! Keys that carry their algorithm and their `kid`. Owns both key types and every form they are read from and written
//! to; the numbers inside are the concern of `crypto`, the JSON form that of `jwk`.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::alg::Family;
use crate::crypto::{Private, Public};
use crate::header::{KnownHeaders, WrittenHeaders};
use crate::jwk::Jwk;
use crate::{Algorithm, KeyError, der};

/// A private key or shared secret that signs with one algorithm.
///
/// Cheap to clone. `Debug` shows the algorithm and `kid` only; secrets are wiped from memory with the last clone.
///
/// ```
/// use sekisho_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?.with_kid("2026-11");
/// let pem = key.to_pem()?;
/// let again = SigningKey::from_pem(Algorithm::Es256, &pem)?.with_kid("2026-11");
/// assert_eq!(key.verifying_key().to_spki_der()?, again.verifying_key().to_spki_der()?);
/// # Ok::<(), sekisho_jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(Arc<SigningInner>);

struct SigningInner {
    private: Arc<Private>,
    verifying: VerifyingKey,
    written: WrittenHeaders,
}

impl SigningKey {
    /// Makes a new key: RSA with 2048 bits, EC on the algorithm's curve, or a secret as long as the hash.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the library cannot.
    pub fn generate(alg: Algorithm) -> Result<Self, KeyError> {
        Self::new(alg, Private::generate(alg)?)
    }

    /// Takes a shared secret: raw bytes, at least as long as the hash (RFC 7518 section 3.2).
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::Unsafe`] for a PEM text, [`KeyError::WrongType`] if `alg` is not HS.
    pub fn hmac(alg: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let Family::Hmac(hash) = alg.family() else {
            return Err(KeyError::WrongType {
                algorithm: alg,
                needed: alg.family().kty(),
            });
        };
        Self::new(alg, Private::hmac(hash, Zeroizing::new(secret.to_vec()))?)
    }

    /// Reads an unencrypted PKCS#8 document.
    ///
    /// # Errors
    /// [`KeyError`] if it is not a safe key for `alg`.
    pub fn from_pkcs8_der(alg: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::new(alg, Private::from_der(alg, der)?)
    }

    /// Reads a PEM block: `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`.
    ///
    /// # Errors
    /// [`KeyError`] if it is not a safe, unencrypted private key for `alg`.
    pub fn from_pem(alg: Algorithm, text: &str) -> Result<Self, KeyError> {
        match der::read_pem(text)? {
            ("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY", der) => Self::from_pkcs8_der(alg, &der),
            ("PUBLIC KEY" | "RSA PUBLIC KEY", _) => Err(KeyError::NoPrivateKey),
            _ => Err(KeyError::Malformed("a PEM block of another kind")),
        }
    }

    /// Reads a private JWK (RFC 7517, RFC 7518 section 6, RFC 8037 section 2). Takes over its `kid`.
    ///
    /// # Errors
    /// [`KeyError::NoAlgorithm`] if `alg` is absent and the type fits several; other [`KeyError`]s for bad keys.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let alg = jwk.algorithm()?;
        let key = Self::new(alg, jwk.private(alg)?)?;
        Ok(match &jwk.kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
    }

    /// The same key under the name `kid`.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self::build(self.0.private.clone(), self.0.verifying.clone().with_kid(kid))
    }

    /// The key's name, written into every header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.verifying.kid()
    }

    /// The one algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.verifying.algorithm()
    }

    /// The half that checks this key's signatures, with the same algorithm and `kid`.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying.clone()
    }

    /// The unencrypted PKCS#8 document.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a shared secret.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.0.private.to_pkcs8()
    }

    /// The PKCS#8 document as PEM.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a shared secret.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(der::write_pem("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// The public JWK; `None` for a shared secret, which has none.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        self.0.verifying.public_jwk()
    }

    /// The JWK with its private members. Handle it like the key.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when the library cannot export the key.
    pub fn private_jwk(&self) -> Result<Jwk, KeyError> {
        Jwk::from_private(&self.0.private, &self.0.verifying)
    }

    pub(crate) fn private(&self) -> &Private {
        &self.0.private
    }

    pub(crate) fn written(&self) -> &WrittenHeaders {
        &self.0.written
    }

    fn new(alg: Algorithm, private: Private) -> Result<Self, KeyError> {
        let public = private.public(alg)?;
        Ok(Self::build(
            Arc::new(private),
            VerifyingKey::build(alg, None, Arc::new(public)),
        ))
    }

    fn build(private: Arc<Private>, verifying: VerifyingKey) -> Self {
        Self(Arc::new(SigningInner {
            private,
            verifying,
            written: WrittenHeaders::default(),
        }))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("alg", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// A public key or shared secret that checks signatures of one algorithm. Cheap to clone; parsed once.
#[derive(Clone)]
pub struct VerifyingKey(Arc<VerifyingInner>);

struct VerifyingInner {
    alg: Algorithm,
    kid: Option<String>,
    public: Arc<Public>,
    known: KnownHeaders,
}

impl VerifyingKey {
    /// Takes a shared secret: raw bytes, at least as long as the hash (RFC 7518 section 3.2).
    ///
    /// # Errors
    /// As [`SigningKey::hmac`].
    pub fn hmac(alg: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Ok(SigningKey::hmac(alg, secret)?.verifying_key())
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280); for RSA also the bare RSAPublicKey (RFC 8017).
    ///
    /// # Errors
    /// [`KeyError`] if it is not a safe key for `alg`.
    pub fn from_spki_der(alg: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::build(alg, None, Arc::new(Public::from_der(alg, der)?)))
    }

    /// Reads a PEM block: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// [`KeyError`] if it is not a safe public key for `alg`.
    pub fn from_pem(alg: Algorithm, text: &str) -> Result<Self, KeyError> {
        match der::read_pem(text)? {
            ("PUBLIC KEY" | "RSA PUBLIC KEY", der) => Self::from_spki_der(alg, &der),
            _ => Err(KeyError::Malformed("not a PEM block of a public key")),
        }
    }

    /// Reads a JWK, private members ignored. Takes over its `kid`.
    ///
    /// # Errors
    /// [`KeyError::NoAlgorithm`] if `alg` is absent and the type fits several; use
    /// [`from_jwk_as`](Self::from_jwk_as) then. Other [`KeyError`]s for bad keys.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_jwk_as(jwk.algorithm()?, jwk)
    }

    /// Reads a JWK that says no `alg`, or says this one, as a key for `alg`.
    ///
    /// # Errors
    /// [`KeyError::WrongType`] or [`KeyError::NotForSignatures`] if it is for something else.
    pub fn from_jwk_as(alg: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        Ok(Self::build(alg, jwk.kid.clone(), Arc::new(jwk.public(alg)?)))
    }

    /// The same key under the name `kid`.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self::build(self.0.alg, Some(kid.into()), self.0.public.clone())
    }

    /// The key's name. A token whose header names another key is refused.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The one algorithm this key accepts, whatever a header says.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.alg
    }

    /// The SubjectPublicKeyInfo document.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a shared secret.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, KeyError> {
        self.0.public.to_spki()
    }

    /// The SubjectPublicKeyInfo document as PEM.
    ///
    /// # Errors
    /// [`KeyError::Symmetric`] for a shared secret.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(der::write_pem("PUBLIC KEY", &self.to_spki_der()?).to_string())
    }

    /// The public JWK; `None` for a shared secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Jwk> {
        Jwk::from_public(&self.0.public, self)
    }

    pub(crate) fn public(&self) -> &Public {
        &self.0.public
    }

    pub(crate) fn known(&self) -> &KnownHeaders {
        &self.0.known
    }

    fn build(alg: Algorithm, kid: Option<String>, public: Arc<Public>) -> Self {
        Self(Arc::new(VerifyingInner {
            alg,
            kid,
            public,
            known: KnownHeaders::default(),
        }))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("alg", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
