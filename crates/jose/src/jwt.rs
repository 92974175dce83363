//! JSON Web Tokens (RFC 7519): a JWS whose payload is one JSON object of claims, read strictly into the caller's type.
//!
//! What the claims *mean* (issuer, audience, time) is for the caller to check: this crate has no clock and no policy.

use serde::{Deserialize, Serialize};

use crate::header::Header;
use crate::jwks::Keys;
use crate::jws::{self, Buffer, HeaderRef};
use crate::{Error, SigningKey, strict};

/// A JWT whose signature held, with its claims.
#[derive(Debug)]
pub struct Token<'b, T> {
    header: HeaderRef<'b>,
    /// The claims. Their time, issuer and audience are **not** checked yet.
    pub claims: T,
}

impl<T> Token<'_, T> {
    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        match &self.header {
            HeaderRef::Known(header) => header,
            HeaderRef::Fresh(header) => header,
        }
    }
}

/// Signs `claims`, which must serialize as one JSON object. `typ` is the media type, as in `at+jwt` or `JWT`.
///
/// # Errors
/// [`Error::Unwritable`] if the claims are not a JSON object, [`Error::Signing`] when the library fails.
pub fn sign<T: Serialize + ?Sized>(claims: &T, typ: &str, key: &SigningKey) -> Result<String, Error> {
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, claims).map_err(Error::Unwritable)?;
    if json.first() != Some(&b'{') {
        return Err(Error::Unwritable(serde::ser::Error::custom("not an object")));
    }
    jws::sign(&json, Some(typ), key)
}

/// Checks the signature of `token` with one key or a set of keys and reads its claims.
///
/// `T` may borrow from `buffer`: with [`Claims`](crate::Claims), or any type made of `&str`,
/// [`Text`](crate::claims::Text) and numbers, nothing is allocated. A member given twice is refused, at every depth
/// that `T` reads.
///
/// # Errors
/// As [`jws::verify`], and [`Error::Claims`] if the payload is not one JSON object that reads as `T`.
pub fn verify<'b, T: Deserialize<'b>>(
    token: &str,
    keys: impl Into<Keys<'b>>,
    buffer: &'b mut Buffer,
) -> Result<Token<'b, T>, Error> {
    let (header, payload) = jws::verify(token, keys, buffer)?.into_parts();
    let claims = strict::from_slice(payload).map_err(Error::Claims)?;
    Ok(Token { header, claims })
}
