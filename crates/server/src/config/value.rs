//! One written setting, and how it becomes a typed value or a sentence that says what to write instead.
//!
//! The file and the environment both arrive here as text, so a number may stand in quotes and a list may be one line
//! with commas, and so the same mistake gets the same sentence wherever it was made.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

/// What was written for one key, before anybody asked what it means.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text, a number or a truth value.
    One(String),
    /// A list of them.
    Many(Vec<String>),
}

/// Why the program does not start: one sentence that names the key and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// From the whole sentence.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// A key together with what was written for it, if anything.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    key: &'static str,
    value: Option<&'a Value>,
}

impl<'a> Setting<'a> {
    /// `key` is the dotted name in the file, for example `session.idle`.
    pub(crate) fn new(key: &'static str, value: Option<&'a Value>) -> Self {
        Self { key, value }
    }

    /// The text without blanks around it; an empty text counts as not written.
    pub(crate) fn text(&self) -> Result<Option<&'a str>, ConfigError> {
        match self.value {
            None => Ok(None),
            Some(Value::One(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Value::Many(_)) => Err(self.mistake("is a list; write one value")),
        }
    }

    /// The items: a list, or one text with commas.
    pub(crate) fn list(&self) -> Vec<&'a str> {
        let items: Vec<&str> = match self.value {
            None => vec![],
            Some(Value::One(text)) => text.split(',').collect(),
            Some(Value::Many(items)) => items.iter().map(String::as_str).collect(),
        };
        items
            .into_iter()
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// A path.
    pub(crate) fn path(&self) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.text()?.map(PathBuf::from))
    }

    /// A whole number within a range; `unit` completes "a number of ...".
    pub(crate) fn number<N>(&self, range: RangeInclusive<N>, unit: &str) -> Result<Option<N>, ConfigError>
    where
        N: FromStr + PartialOrd + fmt::Display,
    {
        let Some(text) = self.text()? else { return Ok(None) };
        match text.parse::<N>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(self.mistake(&format!(
                "is \"{text}\"; write a number of {unit} from {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text()? else { return Ok(None) };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*meaning));
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        Err(self.mistake(&format!("is \"{text}\"; write {}", known.join(" or "))))
    }

    /// The sentence for this key. `what` goes on after the key's name and contains the remedy.
    pub(crate) fn mistake(&self, what: &str) -> ConfigError {
        ConfigError(match super::environment_name(self.key) {
            Some(name) => format!("`{}` ({name}) {what}.", self.key),
            None => format!("`{}` {what}.", self.key),
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::One(text.to_owned()))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::One(truth.to_string()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::One(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::One(number.to_string()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
                let mut items = vec![];
                while let Some(item) = list.next_element::<Value>()? {
                    match item {
                        Value::One(text) => items.push(text),
                        Value::Many(_) => return Err(A::Error::custom("a list must not hold a list")),
                    }
                }
                Ok(Value::Many(items))
            }
        }
        deserializer.deserialize_any(Written)
    }
}
