//! What an API does with an access token: decide whether to trust it, by itself and in microseconds, without asking
//! anybody.
//!
//! A [`Policy`] says what is demanded (issuers, audience, algorithms, scope); a [`Verifier`] answers about each token:
//! its [`Claims`], or a named [`Reject`], or that it needs the issuer's keys. The verifier is a state machine without
//! clock and network. With the feature `fetch` the `fetch::OnlineVerifier` gets the keys (OIDC discovery, rotation,
//! outages) and follows the issuer's revocation feed; with `tower` the `tower::AuthLayer` guards the routes of an axum service.
//!
//! ```
//! use sekisho_jose::{SigningKey, jwt};
//! use sekisho_verify::{Algorithm, Issuer, KeySet, Policy, Reject, Verdict, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The issuer's side: a key and a token.
//! let key = SigningKey::generate(Algorithm::Es256)?.with_kid("one");
//! let token = jwt::sign(&serde_json::json!({
//!     "iss": "https://id.example.com/", "sub": "auth0|42", "aud": "https://api.example.com/",
//!     "iat": 1_000, "exp": 1_300, "scope": "read:notes",
//! }), "JWT", &key)?;
//!
//! // The API's side.
//! let issuer = Issuer::pinned("https://id.example.com/", KeySet::new(vec![key.verifying_key()]));
//! let policy = Policy::access(issuer, "https://api.example.com/").algorithms([Algorithm::Es256]);
//! let verifier = Verifier::new(policy)?;
//!
//! let Verdict::Trusted(claims) = verifier.check(&token, 1_100) else { panic!("a good token") };
//! assert_eq!(claims.sub, "auth0|42");
//! assert!(claims.has_scope("read:notes"));
//! assert_eq!(verifier.check(&token, 1_300), Verdict::Refused(Reject::Expired));
//! # Ok(()) }
//! ```
//!
//! # Limits
//!
//! | what | limit |
//! |---|---|
//! | a token | [`MAX_TOKEN_BYTES`] |
//! | a scope | [`Scope::MAX_BYTES`], [`Scope::MAX_TOKENS`] words |
//! | a key set | [`MAX_KEY_SET_BYTES`], [`MAX_KEY_SET_KEYS`] keys |
//! | leeway | [`Policy::MAX_LEEWAY`] seconds |
//! | issuers of one policy | [`Policy::MAX_ISSUERS`] |
//! | fetches and ages | [`KeyTiming`] |
//! | age of what is known of revocations | [`revocations::Freshness`] |
//! | records of revocations | as many as are sent; 18 to 23 bytes each, 27 to 30 for users and clients |
//! | a record is looked at after its expiry | for [`Policy::MAX_LEEWAY`] seconds |
//! | times of records | to the year 2106; later ones count as its end |
//! | verified tokens that are remembered | [`Remember`] |
//! | actors of a token (`act`) | 8 |
//!
//! # What is not here yet
//!
//! Tokens bound to a key (`cnf`) are refused, because no proof of possession can be passed in.

mod claims;
pub mod feed;
#[cfg(feature = "fetch")]
pub mod fetch;
mod keys;
mod policy;
pub mod record;
mod reject;
mod remembered;
pub mod revocations;
mod scope;
#[cfg(feature = "tower")]
pub mod tower;
mod verifier;

pub use claims::Claims;
pub use keys::{KeySetError, KeyTiming, MAX_KEY_SET_BYTES, MAX_KEY_SET_KEYS, parse_key_set};
pub use policy::{Issuer, Policy, PolicyError, TokenKind};
pub use reject::{ClaimName, Reject};
pub use remembered::Remember;
pub use revocations::{OnStale, Revocations};
pub use scope::{Scope, ScopeError};
pub use sekisho_jose::{Algorithm, KeySet};
pub use verifier::{
    FetchCause, KeyFetch, MAX_TOKEN_BYTES, NeedKeys, Stats, Told, Unavailable, Verdict, Verifier,
};

#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;
