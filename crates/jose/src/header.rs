//! The JOSE header (RFC 7515 section 4): reading it strictly, writing it, and remembering the few spellings a key
//! has met, so that the common token's header is compared instead of parsed.
//!
//! A header never brings its own key: `jwk`, `jku`, `x5u` and `x5c` are not even looked at.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::{Algorithm, Error, base64url, strict};

/// The longest encoded header read, in characters.
pub const MAX_HEADER_LEN: usize = 8 * 1024;

/// The longest `kid` read, in bytes.
pub const MAX_KID_LEN: usize = 255;

/// The header of a token whose signature held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    alg: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<String>,
}

impl Header {
    /// The signature's algorithm, which is also the key's.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.alg
    }

    /// The name of the key, as the token gives it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The media type of the whole token, as in `at+jwt`; letter case as given.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The media type of the payload.
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// Reads an encoded header. Refuses what RFC 7515 and RFC 8725 tell to refuse.
    pub(crate) fn parse(encoded: &str) -> Result<Self, Error> {
        let json = base64url::decode(encoded).map_err(|_| Error::Encoding)?;
        let read: Read = strict::from_slice(&json).map_err(Error::Header)?;
        if read.crit.is_some() || read.b64.is_some() {
            return Err(Error::Critical);
        }
        let alg = read
            .alg
            .and_then(|name| name.parse().ok())
            .ok_or(Error::Algorithm)?;
        if read.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_LEN) {
            return Err(Error::TooLong);
        }
        Ok(Self {
            alg,
            kid: read.kid,
            typ: read.typ,
            cty: read.cty,
        })
    }
}

/// The members with a meaning here. `null` is not absent: it is refused as not a string.
#[derive(Deserialize)]
struct Read {
    #[serde(default, deserialize_with = "strict::present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "strict::present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "strict::present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "strict::present")]
    cty: Option<String>,
    #[serde(default, deserialize_with = "strict::present")]
    crit: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "strict::present")]
    b64: Option<serde::de::IgnoredAny>,
}

#[derive(Serialize)]
struct Written<'a> {
    alg: Algorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
}

/// How many spellings a key remembers. An issuer writes one per `typ`.
const SLOTS: usize = 4;

/// Longer headers are parsed every time.
const LONGEST_REMEMBERED: usize = 1024;

/// Encoded headers of tokens whose signature held under one key. Only such headers are added, so an outsider can
/// neither fill the slots nor place anything in them.
#[derive(Default)]
pub(crate) struct KnownHeaders([OnceLock<(Box<str>, Header)>; SLOTS]);

impl KnownHeaders {
    /// The remembered header that `token` begins with, and its encoded length.
    pub(crate) fn find(&self, token: &str) -> Option<(&Header, usize)> {
        self.0
            .iter()
            .map_while(OnceLock::get)
            .find_map(|(known, header)| {
                let begins = token.as_bytes().get(known.len()) == Some(&b'.') && token.starts_with(&**known);
                begins.then_some((header, known.len()))
            })
    }

    /// Remembers an accepted header if there is room.
    pub(crate) fn add(&self, encoded: &str, header: &Header) {
        if encoded.len() <= LONGEST_REMEMBERED {
            for slot in &self.0 {
                let (known, _) = slot.get_or_init(|| (encoded.into(), header.clone()));
                if **known == *encoded {
                    return;
                }
            }
        }
    }
}

/// Encoded headers this key has written, by `typ`.
#[derive(Default)]
pub(crate) struct WrittenHeaders([OnceLock<WrittenHeader>; SLOTS]);

struct WrittenHeader {
    typ: Option<String>,
    encoded: String,
}

impl WrittenHeaders {
    /// Appends the encoded header with the key's `alg` and `kid` and this `typ` to `token`.
    pub(crate) fn append(&self, alg: Algorithm, kid: Option<&str>, typ: Option<&str>, token: &mut String) {
        let encode = || {
            let json = serde_json::to_vec(&Written { alg, kid, typ }).unwrap_or_default();
            base64url::encode(&json)
        };
        for slot in &self.0 {
            let written = slot.get_or_init(|| WrittenHeader {
                typ: typ.map(str::to_owned),
                encoded: encode(),
            });
            if written.typ.as_deref() == typ {
                token.push_str(&written.encoded);
                return;
            }
        }
        token.push_str(&encode());
    }
}
