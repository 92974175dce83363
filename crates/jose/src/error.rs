//! What can be wrong with a token and with a key. No message repeats the token, its claims or key material.

use crate::Algorithm;

/// Why a token was refused, or could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN) or its header longer than
    /// [`MAX_HEADER_LEN`](crate::MAX_HEADER_LEN); nothing else was looked at.
    #[error("the token is too long")]
    TooLong,
    /// Not exactly three parts, or an empty header or signature (RFC 7515 section 3.1).
    #[error("not a compact JWS of three parts")]
    Shape,
    /// A part is not strict base64url.
    #[error("a part of the token is not strict base64url without padding")]
    Encoding,
    /// The header is not one JSON object with string `alg`, `kid`, `typ` and `cty`, each at most once.
    #[error("malformed header: {0}")]
    Header(#[source] serde_json::Error),
    /// `alg` names no algorithm of this crate; `none` never does (RFC 8725 section 3.2).
    #[error("unsupported or missing `alg`")]
    Algorithm,
    /// The header asks for an extension (`crit`, `b64`); this crate understands none (RFC 7515 section 4.1.11).
    #[error("the header demands an extension that is not understood")]
    Critical,
    /// `alg` differs from the algorithm the key carries (RFC 8725 section 3.1).
    #[error("the header's `alg` is not the key's, {expected}")]
    AlgorithmMismatch {
        /// What the key is for.
        expected: Algorithm,
    },
    /// No trusted key answers to this `kid` and `alg`. A verifier may fetch the issuer's keys again.
    #[error("no trusted key answers to the header's `kid` and `alg`")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The signature holds, but the payload is not the claims asked for.
    #[error("unacceptable claims: {0}")]
    Claims(#[source] serde_json::Error),
    /// The claims could not be written as one JSON object.
    #[error("the claims are not a JSON object: {0}")]
    Unwritable(#[source] serde_json::Error),
    /// The cryptography library failed to sign.
    #[error("signing failed")]
    Signing,
}

/// Why a key was refused or could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the PEM, DER or JWK form of a key for this algorithm.
    #[error("malformed key: {0}")]
    Malformed(&'static str),
    /// The JWK or JWK set is not JSON of the right shape.
    #[error("malformed JWK: {0}")]
    Json(#[source] serde_json::Error),
    /// A key of another type than the algorithm needs.
    #[error("{algorithm} needs a key of type {needed}")]
    WrongType {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// The JWK `kty` (and curve) it needs.
        needed: &'static str,
    },
    /// The JWK names no algorithm and its type fits several.
    #[error("the key does not say its `alg`, and its type fits several")]
    NoAlgorithm,
    /// The JWK names an algorithm this crate has not, or which it must not be used for (`use`, `key_ops`).
    #[error("the key is not for signatures of a supported algorithm")]
    NotForSignatures,
    /// An HMAC secret shorter than the hash (RFC 7518 section 3.2), or an RSA modulus below 2048 bits (3.3).
    #[error("the key is too short: {got} bits, at least {least} needed")]
    TooShort {
        /// Bits the key has.
        got: usize,
        /// Bits the algorithm needs.
        least: usize,
    },
    /// An RSA modulus above 8192 bits, which would make each check expensive.
    #[error("the RSA modulus is longer than 8192 bits")]
    TooLong,
    /// Parameters with which signatures prove nothing: RSA exponent 1 or even, a small-order Ed25519 point.
    #[error("unsafe key: {0}")]
    Unsafe(&'static str),
    /// Only a public key is there.
    #[error("the key has no private part")]
    NoPrivateKey,
    /// A shared secret has no public half and no PKCS#8 form.
    #[error("a shared secret has no such form")]
    Symmetric,
    /// The cryptography library failed.
    #[error("the cryptography library failed")]
    Backend,
}
