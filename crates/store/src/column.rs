//! Columns whose text is more than text: words of an enum, scopes, lists. What does not fit is reported, never guessed.

use crate::{Fault, Row};
use sekisho_rules::ending::Minted;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_verify::Scope;

pub(crate) fn word<T>(row: &Row, column: &str, from: impl Fn(&str) -> Option<T>) -> Result<T, Fault> {
    let text: String = row.get(column)?;
    from(&text).ok_or_else(|| Fault::corrupt(column, "unknown word"))
}

pub(crate) fn opt_word<T>(
    row: &Row,
    column: &str,
    from: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| from(&text).ok_or_else(|| Fault::corrupt(column, "unknown word")))
        .transpose()
}

pub(crate) fn scope(row: &Row, column: &str) -> Result<Scope, Fault> {
    word(row, column, |text| Scope::parse(text).ok())
}

pub(crate) fn words(row: &Row, column: &str) -> Result<Vec<String>, Fault> {
    let text: String = row.get(column)?;
    Ok(text
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect())
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T, Fault> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| Fault::corrupt(column, "not the expected JSON"))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::corrupt("json", "cannot be written"))
}

pub(crate) fn time(row: &Row, column: &str) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

pub(crate) fn opt_time(row: &Row, column: &str) -> Result<Option<Timestamp>, Fault> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
}

pub(crate) fn hash(row: &Row, column: &str) -> Result<SecretHash, Fault> {
    let bytes: Vec<u8> = row.get(column)?;
    SecretHash::from_slice(&bytes).ok_or_else(|| Fault::corrupt(column, "not 32 bytes"))
}

pub(crate) fn opt_hash(row: &Row, column: &str) -> Result<Option<SecretHash>, Fault> {
    match row.get::<Option<Vec<u8>>>(column)? {
        None => Ok(None),
        Some(bytes) => match SecretHash::from_slice(&bytes) {
            Some(hash) => Ok(Some(hash)),
            None => Err(Fault::corrupt(column, "not 32 bytes")),
        },
    }
}

pub(crate) fn minted(row: &Row) -> Result<Minted, Fault> {
    Ok(Minted {
        last_iat: row.get("last_iat")?,
        last_exp: row.get("last_exp")?,
    })
}

/// A place in a list that is read newest first: what was born before, or at the same time with a lesser id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// When the last that was seen was born.
    pub created_at: Timestamp,
    /// Its id.
    pub id: String,
}

impl After {
    /// Before the first.
    pub const fn beginning() -> Self {
        Self {
            created_at: Timestamp::from_millis(i64::MAX),
            id: String::new(),
        }
    }
}
