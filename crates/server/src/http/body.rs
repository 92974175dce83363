//! Bodies of API requests: forms and JSON, read once into parameters.
//!
//! JSON `null` and empty text mean absent; numbers and booleans count as their text; a list or an object counts as a parameter that was
//! sent more than once: refused where the parameter is read, ignored where nobody knows it.

use crate::http::reply::Refused;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::Reason;

/// What a body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// A form only: what a page of ours or a redirect posts.
    Form,
    /// A form or JSON.
    FormOrJson,
}

/// Reads a body.
///
/// # Errors
/// 415 for another content type, 400 for a body that is not what its type says.
pub fn parameters(headers: &HeaderMap, body: &Bytes, accepts: Accepts) -> Result<Parameters, Refused> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match (essence.as_str(), accepts) {
        ("application/x-www-form-urlencoded", _) => form(body),
        ("application/json", Accepts::FormOrJson) => json(body),
        _ => Err(Refused::MediaType),
    }
}

fn form(body: &Bytes) -> Result<Parameters, Refused> {
    std::str::from_utf8(body).map_err(|_| malformed("send UTF-8"))?;
    Ok(Parameters::from_pairs(
        url::form_urlencoded::parse(body).into_owned().collect(),
    ))
}

fn json(body: &Bytes) -> Result<Parameters, Refused> {
    let mut members = serde_json::Deserializer::from_slice(body);
    let read: Result<Members, _> = serde::Deserialize::deserialize(&mut members);
    let (Ok(Members(members)), Ok(())) = (read, members.end()) else {
        return Err(malformed("send one JSON object"));
    };
    let mut pairs = Vec::with_capacity(members.len());
    for (name, value) in members {
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(yes) => yes.to_string(),
            // Never as absent: a scope that cannot be read must not become every scope there is.
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                pairs.push((name.clone(), String::new()));
                String::new()
            }
        };
        pairs.push((name, text));
    }
    Ok(Parameters::from_pairs(pairs))
}

/// A member of a JSON body that is an object, as text. `None` when it is something else, or there are several of this name.
pub fn object(body: &Bytes, name: &str) -> Option<String> {
    let Members(members) = serde_json::from_slice(body).ok()?;
    let mut named = members.into_iter().filter(|(other, _)| other == name);
    let (_, value) = named.next()?;
    (value.is_object() && named.next().is_none()).then(|| value.to_string())
}

fn malformed(remedy: &'static str) -> Refused {
    Refused::Request(Reason::Malformed("body", remedy).into())
}

/// Members in order, duplicates kept, so that a parameter sent twice is seen.
struct Members(Vec<(String, serde_json::Value)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
