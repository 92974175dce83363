//! The chain of `act` (RFC 8693 section 4.1): everybody who acts for a token's subject. Owns reading it, and how long it
//! may be.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Text, Value};

/// The most actors of one token: nobody hands a token on so often, and each costs a look at the revocations.
const MOST: usize = 8;

/// The subjects of an `act`, the innermost first; `None` when it is not an object, or one of its subjects no text.
pub(super) struct Chain<'a>(Option<Vec<Cow<'a, str>>>);

impl<'a> Chain<'a> {
    /// The present actor first; `None` when the claim is not of its type.
    pub(super) fn subjects(self) -> Option<Vec<Cow<'a, str>>> {
        let mut subjects = self.0.filter(|subjects| subjects.len() <= MOST)?;
        subjects.reverse();
        Some(subjects)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Chain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Chain<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an actor")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Chain<'de>, A::Error> {
                let mut earlier = Some(Vec::new());
                let mut subject = None;
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    match &*name {
                        "sub" => subject = Some(map.next_value::<Value<'de>>()?),
                        "act" => earlier = map.next_value::<Chain<'de>>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let mut subjects = earlier;
                match subject {
                    None => {}
                    Some(Value::Text(text)) if !text.is_empty() => {
                        subjects
                            .iter_mut()
                            .for_each(|subjects| subjects.push(text.clone()));
                    }
                    Some(_) => subjects = None,
                }
                Ok(Chain(subjects))
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_unit<E>(self) -> Result<Chain<'de>, E> {
                Ok(Chain(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Chain<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Chain(None))
            }
        }
        deserializer.deserialize_any(Read)
    }
}
