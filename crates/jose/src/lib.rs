//! Seals and checks tokens: JWS (RFC 7515), JWK and JWK sets (RFC 7517), JWT (RFC 7519), and the algorithms of
//! RFC 7518 and RFC 8037. Fast, strict, and without `none`.
//!
//! - A key carries its algorithm. The header of a token only chooses among keys you trust; it cannot choose how it is
//!   checked, and it never brings a key along.
//! - Looking at a token without checking it is a type of its own, [`jws::Unverified`].
//! - Claims may borrow from a reused [`Buffer`]; then checking a token allocates nothing.
//! - There is no clock, no network and no policy here: whether the issuer, the audience and the time are right is the
//!   business of the crate `sekisho-verify`, or yours.
//!
//! ```
//! use sekisho_jose::{Algorithm, Buffer, Claims, JwkSet, KeySet, SigningKey, jwt};
//!
//! // The issuer has a key and publishes its public half.
//! let key = SigningKey::generate(Algorithm::Rs256)?.with_kid("2026-11");
//! let published: JwkSet = key.public_jwk().into_iter().collect();
//! let token = jwt::sign(&serde_json::json!({"sub": "alice", "exp": 1_800_000_000}), "at+jwt", &key)?;
//!
//! // An API trusts the published keys, for the algorithms it chose.
//! let trusted = KeySet::from_jwks(&published, &[Algorithm::Rs256]);
//! let mut buffer = Buffer::new();
//! let checked = jwt::verify::<Claims>(&token, &trusted, &mut buffer)?;
//! assert_eq!(checked.header().typ(), Some("at+jwt"));
//! assert_eq!(checked.claims.sub.as_deref(), Some("alice"));
//!
//! // Another key's token is refused.
//! let stranger = jwt::sign(&serde_json::json!({"sub": "alice"}), "at+jwt", &SigningKey::generate(Algorithm::Rs256)?)?;
//! assert!(jwt::verify::<Claims>(&stranger, &trusted, &mut buffer).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Limits: a token has at most [`MAX_TOKEN_LEN`] characters, its header [`MAX_HEADER_LEN`], a `kid`
//! [`MAX_KID_LEN`] bytes, an object 256 members; RSA keys have 2048 to 8192 bits.

mod alg;
pub mod base64url;
pub mod claims;
mod crypto;
mod der;
mod error;
mod header;
mod jwk;
mod jwks;
pub mod jws;
pub mod jwt;
mod key;
mod strict;

pub use alg::{Algorithm, UnknownAlgorithm};
pub use claims::Claims;
pub use error::{Error, KeyError};
pub use header::{Header, MAX_HEADER_LEN, MAX_KID_LEN};
pub use jwk::Jwk;
pub use jwks::{JwkSet, KeySet, Keys};
pub use jws::{Buffer, MAX_TOKEN_LEN, Unverified};
pub use key::{SigningKey, VerifyingKey};
