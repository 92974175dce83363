//! Sets of keys: the JSON form an issuer publishes (RFC 7517 section 5), and the trusted keys a verifier checks with.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::header::Header;
use crate::jwk::Jwk;
use crate::{Algorithm, Error, KeyError, VerifyingKey};

/// A JWK set as published. Keys that this crate cannot read are left out, as RFC 7517 section 5 asks, so that one
/// exotic key does not take an issuer's other keys away.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JwkSet {
    /// The keys, in the order given.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set from JSON. Bound the text's size before calling: work and memory are linear in it.
    ///
    /// # Errors
    /// [`KeyError::Json`] if it is not an object with an array `keys`.
    pub fn parse(json: &[u8]) -> Result<Self, KeyError> {
        serde_json::from_slice(json).map_err(KeyError::Json)
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Entry>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Key(Box<Jwk>),
            Unreadable(IgnoredAny),
        }
        let keys = Set::deserialize(deserializer)?
            .keys
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Key(jwk) => Some(*jwk),
                Entry::Unreadable(IgnoredAny) => None,
            });
        Ok(Self { keys: keys.collect() })
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self {
            keys: keys.into_iter().collect(),
        }
    }
}

/// Trusted keys, parsed once, among which a token's header may choose by `kid` and `alg`.
///
/// ```
/// use sekisho_jose::{Algorithm, JwkSet, KeySet, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?.with_kid("k1");
/// let published: JwkSet = key.public_jwk().into_iter().collect();
/// let trusted = KeySet::from_jwks(&published, &[Algorithm::Rs256, Algorithm::Es256]);
/// assert_eq!(trusted.keys().len(), 1);
/// # Ok::<(), sekisho_jose::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// Trusts exactly these keys.
    #[must_use]
    pub fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys }
    }

    /// Trusts the keys of a published set that are for one of `allowed`; unsafe and unusable ones are left out.
    /// A key without `alg` (RFC 7517 section 4.4 makes it optional) is taken for each allowed algorithm of its type.
    /// `oct` keys are never taken: a published secret is none.
    #[must_use]
    pub fn from_jwks(set: &JwkSet, allowed: &[Algorithm]) -> Self {
        let usable = |jwk: &Jwk| -> Vec<VerifyingKey> {
            let allowed = allowed.iter().filter(|alg| !alg.is_symmetric());
            allowed
                .filter_map(|&alg| VerifyingKey::from_jwk_as(alg, jwk).ok())
                .collect()
        };
        Self {
            keys: set.keys.iter().flat_map(usable).collect(),
        }
    }

    /// The trusted keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Whether some key has this name.
    #[must_use]
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
    }
}

/// What a token is checked with: one [`VerifyingKey`], or a [`KeySet`]. Made by `into()` from a reference to either.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'k>(Source<'k>);

#[derive(Clone, Copy, Debug)]
enum Source<'k> {
    One(&'k VerifyingKey),
    Set(&'k KeySet),
}

impl<'k> From<&'k VerifyingKey> for Keys<'k> {
    fn from(key: &'k VerifyingKey) -> Self {
        Self(Source::One(key))
    }
}

impl<'k> From<&'k KeySet> for Keys<'k> {
    fn from(set: &'k KeySet) -> Self {
        Self(Source::Set(set))
    }
}

impl<'k> Keys<'k> {
    /// The key to check `token` with, the header it begins with, and that header's encoded length, if some key has
    /// accepted exactly this header before. That spares the reading only: which key may check is chosen as for a header
    /// never met, whatever the keys have accepted alone or in other sets.
    pub(crate) fn knowing(self, token: &str) -> Option<(&'k VerifyingKey, &'k Header, usize)> {
        match self.0 {
            Source::One(key) => {
                let (header, len) = key.known().find(token)?;
                Some((key, header, len))
            }
            Source::Set(set) => {
                let (header, len) = set.keys.iter().find_map(|key| key.known().find(token))?;
                Some((set.select(header).ok()?, header, len))
            }
        }
    }

    /// The one key that may check a token with this header. The header only chooses among what is trusted: its `alg`
    /// must be the key's, and a `kid` on both sides must be equal (RFC 8725 section 3.1).
    pub(crate) fn select(self, header: &Header) -> Result<&'k VerifyingKey, Error> {
        match self.0 {
            Source::One(key) => match fit(key, header) {
                Fit::OtherKid => Err(Error::UnknownKey),
                Fit::OtherAlgorithm => Err(Error::AlgorithmMismatch {
                    expected: key.algorithm(),
                }),
                Fit::Named | Fit::Possible => Ok(key),
            },
            Source::Set(set) => set.select(header),
        }
    }
}

impl KeySet {
    fn select(&self, header: &Header) -> Result<&VerifyingKey, Error> {
        let mut possible = None;
        let mut ambiguous = false;
        let mut mismatch = None;
        for key in &self.keys {
            match fit(key, header) {
                Fit::Named => return Ok(key),
                Fit::Possible => ambiguous |= possible.replace(key).is_some(),
                Fit::OtherAlgorithm if header.kid().is_some() && key.kid() == header.kid() => {
                    mismatch = Some(Error::AlgorithmMismatch {
                        expected: key.algorithm(),
                    });
                }
                Fit::OtherAlgorithm | Fit::OtherKid => {}
            }
        }
        match possible {
            Some(key) if !ambiguous => Ok(key),
            _ => Err(mismatch.unwrap_or(Error::UnknownKey)),
        }
    }
}

enum Fit {
    /// Same `kid` on both sides and the right algorithm.
    Named,
    /// The right algorithm, and one side has no `kid`.
    Possible,
    OtherKid,
    OtherAlgorithm,
}

fn fit(key: &VerifyingKey, header: &Header) -> Fit {
    match (key.kid(), header.kid()) {
        (Some(ours), Some(theirs)) if ours != theirs => Fit::OtherKid,
        _ if key.algorithm() != header.algorithm() => Fit::OtherAlgorithm,
        (Some(_), Some(_)) => Fit::Named,
        _ => Fit::Possible,
    }
}
