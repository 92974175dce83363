//! JWS compact serialization (RFC 7515 sections 3.1, 5.1 and 5.2): three base64url parts, signed and checked as bytes.
//!
//! The order of work is fixed: length, shape, header, key, signature; only then is the payload decoded. Nothing a token
//! claims is looked at before its signature holds, except through the plainly named [`Unverified`].

use std::fmt;

use serde::Deserialize;

use crate::crypto::MAX_SIGNATURE_LEN;
use crate::header::{Header, MAX_HEADER_LEN};
use crate::jwks::Keys;
use crate::{Error, SigningKey, base64url, strict};

/// The longest token read, in characters.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// Where tokens are decoded to. Keep one per thread or task and reuse it: after the first token of a size, checking
/// allocates nothing.
#[derive(Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn at_least(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len {
            self.0.resize(len, 0);
        }
        &mut self.0
    }
}

impl fmt::Debug for Buffer {
    /// Shows the size only: the contents are somebody's claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// A token whose signature held under a trusted key.
#[derive(Debug)]
pub struct Verified<'b> {
    header: HeaderRef<'b>,
    payload: &'b [u8],
}

impl<'b> Verified<'b> {
    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        match &self.header {
            HeaderRef::Known(header) => header,
            HeaderRef::Fresh(header) => header,
        }
    }

    /// The payload bytes.
    #[must_use]
    pub fn payload(&self) -> &'b [u8] {
        self.payload
    }

    pub(crate) fn into_parts(self) -> (HeaderRef<'b>, &'b [u8]) {
        (self.header, self.payload)
    }
}

/// A header that the key remembers, or one met for the first time.
#[derive(Debug)]
pub(crate) enum HeaderRef<'b> {
    Known(&'b Header),
    Fresh(Box<Header>),
}

/// Signs `payload`. The header has the key's `alg` and `kid`, and `typ` if given, in this order.
///
/// # Errors
/// [`Error::Signing`] when the library fails.
pub fn sign(payload: &[u8], typ: Option<&str>, key: &SigningKey) -> Result<String, Error> {
    // A signature is at most 1024 bytes, but mostly far less: a third of that spares regrowth for RSA-2048.
    let mut token = String::with_capacity(payload.len() / 3 * 4 + 640);
    key.written().append(key.algorithm(), key.kid(), typ, &mut token);
    token.push('.');
    base64url::encode_append(payload, &mut token);
    let mut signature = [0; MAX_SIGNATURE_LEN];
    let signature = key
        .private()
        .sign(key.algorithm(), token.as_bytes(), &mut signature)
        .ok_or(Error::Signing)?;
    token.push('.');
    base64url::encode_append(signature, &mut token);
    Ok(token)
}

/// Checks a token with one key or a set of keys, and decodes its payload into `buffer`.
///
/// ```
/// use sekisho_jose::{Algorithm, Buffer, SigningKey, jws};
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let token = jws::sign(b"any bytes", None, &key)?;
/// let trusted = key.verifying_key();
/// let mut buffer = Buffer::new();
/// assert_eq!(jws::verify(&token, &trusted, &mut buffer)?.payload(), b"any bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::UnknownKey`] if no trusted key answers to the header; other [`Error`]s by the first check that fails.
pub fn verify<'b>(
    token: &str,
    keys: impl Into<Keys<'b>>,
    buffer: &'b mut Buffer,
) -> Result<Verified<'b>, Error> {
    let keys = keys.into();
    let (parts, key, header) = match keys.knowing(token) {
        Some((key, header, len)) => {
            let parts = Parts::split_known(token, len, key.public().signature_len())?;
            (parts, key, HeaderRef::Known(header))
        }
        None => {
            let parts = Parts::split(token)?;
            let header = Header::parse(parts.header)?;
            (parts, keys.select(&header)?, HeaderRef::Fresh(Box::new(header)))
        }
    };
    let payload_len = base64url::decoded_len(parts.payload.len());
    let signature_len = base64url::decoded_len(parts.signature.len());
    let (payload, signature) = buffer
        .at_least(payload_len + signature_len)
        .split_at_mut(payload_len);
    let signature = base64url::decode_into(parts.signature, signature).map_err(|_| Error::Encoding)?;
    if !key.public().verify(parts.signing_input.as_bytes(), signature) {
        return Err(Error::Signature);
    }
    if let HeaderRef::Fresh(header) = &header {
        key.known().add(parts.header, header);
    }
    let payload = base64url::decode_into(parts.payload, payload).map_err(|_| Error::Encoding)?;
    Ok(Verified { header, payload })
}

/// The parts of a compact JWS, still encoded.
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    signing_input: &'t str,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Error::TooLong);
        }
        let first = token.find('.').ok_or(Error::Shape)?;
        let last = token.rfind('.').ok_or(Error::Shape)?;
        if first == 0 || last == first || last + 1 == token.len() {
            return Err(Error::Shape);
        }
        if first > MAX_HEADER_LEN {
            return Err(Error::TooLong);
        }
        Ok(Self::at(token, first, last))
    }

    /// With a header met before and a key whose signatures have one length, the dots are where they must be. Anything
    /// unexpected takes the longer way, to be refused for its own reason.
    fn split_known(token: &'t str, first: usize, signature_len: usize) -> Result<Self, Error> {
        let encoded_len = (signature_len * 4).div_ceil(3);
        match token.len().checked_sub(encoded_len + 1) {
            Some(last) if last > first && token.len() <= MAX_TOKEN_LEN && token.as_bytes()[last] == b'.' => {
                Ok(Self::at(token, first, last))
            }
            _ => Self::split(token),
        }
    }

    /// A further dot inside the payload is refused when it is decoded.
    fn at(token: &'t str, first: usize, last: usize) -> Self {
        Self {
            header: &token[..first],
            payload: &token[first + 1..last],
            signature: &token[last + 1..],
            signing_input: &token[..last],
        }
    }
}

/// A look at a token **without checking it**: anybody could have written every byte.
///
/// For showing a token to a person, or for finding out whose key to check it with; never for deciding anything else.
#[derive(Clone, PartialEq, Eq)]
pub struct Unverified {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    members: Members,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
struct Members {
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
}

impl Unverified {
    /// Takes a token apart. Any `alg`, even `none` with an empty signature, can be looked at.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Shape`], [`Error::Encoding`], or [`Error::Header`] if the header is not an object.
    pub fn parse(token: &str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Error::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Shape);
        };
        if header.len() > MAX_HEADER_LEN {
            return Err(Error::TooLong);
        }
        let decode = |part| base64url::decode(part).map_err(|_| Error::Encoding);
        let header = decode(header)?;
        let members = strict::from_slice(&header).map_err(Error::Header)?;
        Ok(Self {
            header,
            payload: decode(payload)?,
            signature: decode(signature)?,
            members,
        })
    }

    /// The `alg` the token claims, as written.
    #[must_use]
    pub fn alg(&self) -> Option<&str> {
        self.members.alg.as_deref()
    }

    /// The `kid` the token claims.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.members.kid.as_deref()
    }

    /// The `typ` the token claims.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.members.typ.as_deref()
    }

    /// The header's JSON text, as bytes.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The payload's bytes; JSON if this is a JWT.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The payload read as claims, as strictly as a verified token's.
    ///
    /// # Errors
    /// [`Error::Claims`] if the payload is not such an object.
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        strict::from_slice(&self.payload).map_err(Error::Claims)
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("alg", &self.alg())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
