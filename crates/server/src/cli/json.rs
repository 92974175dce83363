//! JSON as it was written: members in their order, repeated ones too, safe to print on a terminal.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value that keeps the order of members.
pub(super) enum Written {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Written>),
    Object(Vec<(String, Written)>),
}

impl Written {
    /// Reads one JSON value; `None` when it is not JSON.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// A member of an object: the last one of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    fn pretty(&self, indent: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pad = |f: &mut fmt::Formatter<'_>, indent: usize| write!(f, "\n{:1$}", "", indent * 2);
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => quoted(text, f),
            Self::List(items) if items.is_empty() => f.write_str("[]"),
            Self::Object(members) if members.is_empty() => f.write_str("{}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    pad(f, indent + 1)?;
                    item.pretty(indent + 1, f)?;
                }
                pad(f, indent)?;
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    pad(f, indent + 1)?;
                    quoted(name, f)?;
                    f.write_str(": ")?;
                    value.pretty(indent + 1, f)?;
                }
                pad(f, indent)?;
                f.write_str("}")
            }
        }
    }
}

/// Indented by two spaces.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pretty(0, f)
    }
}

/// Escapes whatever could command a terminal or turn the direction of text, so that a token cannot forge the output.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            other if is_hidden(other) => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    write!(f, "\\u{unit:04x}")?;
                }
            }
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Written, E> {
                Ok(Written::Null)
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Written, E> {
                Ok(Written::Bool(truth))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Written, E> {
                Ok(Written::Number(number.into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Written, E> {
                Ok(Written::Number(number.into()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Written, E> {
                Ok(Number::from_f64(number).map_or(Written::Null, Written::Number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Written, E> {
                Ok(Written::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Written, A::Error> {
                let mut items = vec![];
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Written::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
                let mut members = vec![];
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Written::Object(members))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_survive() {
        let text = r#"{"b":1,"a":[true,null,{}],"b":"ü"}"#;
        let wanted = "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null,\n    {}\n  ],\n  \"b\": \"ü\"\n}";
        assert_eq!(Written::parse(text.as_bytes()).unwrap().to_string(), wanted);
    }

    #[test]
    fn nothing_in_it_can_command_a_terminal() {
        let hostile = "\u{1b}[31m \u{9b}0m \u{202e}evil \u{7f} \u{7}";
        let json = serde_json::to_vec(hostile).unwrap();
        let shown = Written::parse(&json).unwrap().to_string();
        assert!(!shown.chars().any(is_hidden), "{shown:?}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), hostile);
    }
}
