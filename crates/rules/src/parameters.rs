//! The parameters of one request, from a query, a form or a JSON body.
//!
//! Empty values count as absent and unknown parameters are ignored (RFC 6749 section 3.1). A parameter sent twice is refused where
//! it is read, so that nobody can say one thing to us and another to whoever stands in front of us. So is one with a NUL: no parameter
//! has one, and a database that refuses NUL in text would make our fault of theirs.

use crate::refusal::Reason;
use serde::{Deserialize, Serialize};

/// Name and value pairs in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// From decoded pairs.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The value of a parameter, `None` when absent or empty.
    ///
    /// # Errors
    /// [`Reason::Repeated`] when it came more than once, [`Reason::Nul`] when it cannot be stored or looked up.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Reason> {
        let mut values = self
            .0
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Reason::Repeated(name.to_owned()));
        }
        if first.is_some_and(|value| value.contains('\0')) {
            return Err(Reason::Nul(name.to_owned()));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// [`Reason::Missing`], [`Reason::Repeated`] or [`Reason::Nul`].
    pub fn required(&self, name: &'static str) -> Result<&str, Reason> {
        self.get(name)?.ok_or(Reason::Missing(name))
    }

    /// The first usable value of a hint, for parameters that can never make a request fail.
    pub fn hint(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, value)| n == name && !value.is_empty() && !value.contains('\0'))
            .map(|(_, value)| value.as_str())
    }

    /// Every name, in the order they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Every name with its value, in the order they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sum of the lengths of names and values, in bytes.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}
