//! One record of an export read as a user: Auth0's user export, its export of password hashes, its bulk import schema, and our own form,
//! which is the same with fewer members. Addresses are normalised first and judged afterwards (threat 12).

use crate::passwords::foreign::{self, Plain, PlainDigest, SaltAt};
use base64_simd::{STANDARD, STANDARD_NO_PAD};
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::imports::Newcomer;
use serde_json::{Map, Value};

/// The longest id, in bytes.
const LONGEST_ID: usize = 255;
/// The longest name, in characters.
const LONGEST_NAME: usize = 300;
/// The longest address of a picture, in bytes.
const LONGEST_PICTURE: usize = 2048;

/// Members that become something here.
const READ: &[&str] = &[
    "_id",
    "id",
    "user_id",
    "email",
    "email_verified",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "picture",
    "blocked",
    "created_at",
    "updated_at",
    "passwordHash",
    "password_hash",
    "custom_password_hash",
    "has_password",
    "identities",
];

/// A record that became a user.
#[derive(Debug)]
pub struct Person {
    /// The row.
    pub newcomer: Newcomer,
    /// The digest of their password, to be hashed before it rests.
    pub weak: Option<Weak>,
    /// Members that nothing here keeps.
    pub left: Vec<String>,
}

/// A digest that must not rest as it is.
#[derive(Clone, Debug)]
pub struct Weak {
    /// How it was made.
    pub plain: Plain,
    /// Its salt.
    pub salt: Vec<u8>,
    /// In hexadecimal.
    pub digest: String,
}

/// Reads a record.
///
/// # Errors
/// One clause for the report.
pub fn read(record: &Map<String, Value>, now: Timestamp) -> Result<Person, String> {
    let email = match text(record, "email")? {
        Some(written) => Some(Email::parse(written).map_err(|error| error.to_string())?),
        None => None,
    };
    let id = id(record, email.as_ref())?;
    let folded = match &email {
        Some(email) => email.folded.clone(),
        None => User::no_address(&id),
    };
    let (hash, weak) = match &email {
        Some(_) => secret(record)?,
        // A password without an address opens nothing.
        None => (None, None),
    };
    let mut left: Vec<String> = record
        .iter()
        .filter(|(name, value)| !READ.contains(&name.as_str()) && !value.is_null())
        .map(|(name, _)| name.clone())
        .collect();
    let picture = text(record, "picture")?.filter(|address| {
        let fits = address.len() <= LONGEST_PICTURE
            && url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        if !fits {
            left.push("picture".to_owned());
        }
        fits
    });
    let created_at = time(record, "created_at")?.unwrap_or(now);
    let name = name(record, "name")?;
    let email_verified = truth(record, "email_verified")? && email.is_some();
    let address = email.map(|email| email.display);
    Ok(Person {
        newcomer: Newcomer {
            user: User {
                name: name.or_else(|| address.clone()).unwrap_or_else(|| id.to_string()),
                id,
                email_verified,
                nickname: self::name(record, "nickname")?,
                given_name: self::name(record, "given_name")?,
                family_name: self::name(record, "family_name")?,
                picture: picture.map(str::to_owned),
                locale: None,
                password_hash: hash,
                blocked: truth(record, "blocked")?,
                epoch: 0,
                nbf: 0,
                created_at,
                updated_at: time(record, "updated_at")?.unwrap_or(created_at),
                email: address.unwrap_or_default(),
            },
            folded,
        },
        weak,
        left,
    })
}

/// The id as Auth0 writes it; one made of the address when there is none, so that the next import finds the same account. Who has no
/// address must come from another provider, as its id says.
fn id(record: &Map<String, Value>, email: Option<&Email>) -> Result<UserId, String> {
    let oid = record.get("_id").and_then(|id| match id {
        Value::String(text) => Some(text.as_str()),
        id => id.get("$oid").and_then(Value::as_str),
    });
    let named = match text(record, "user_id")?.or(oid) {
        Some(named) => Some(named),
        None => text(record, "id")?,
    };
    let is_ours = |id: &str| !id.contains('|') || id.starts_with("auth0|") || id.starts_with("email|");
    let id = match (named, email) {
        (named, None) if named.is_none_or(is_ours) => return Err("there is no e-mail address".to_owned()),
        (Some(named), _) if named.contains('|') => named.to_owned(),
        (Some(named), _) => format!("auth0|{named}"),
        (None, email) => {
            let email = email.ok_or("there is no e-mail address")?;
            let digest = SecretHash::of(&format!("imported\n{}", email.folded));
            format!("auth0|{}", &hex(digest.bytes())[..24])
        }
    };
    if id.len() > LONGEST_ID || id.chars().any(|c| c.is_control() || c.is_whitespace()) || id.ends_with('|') {
        return Err("the id is empty, has blanks in it, or is longer than 255 bytes".to_owned());
    }
    Ok(UserId::new(id))
}

/// The password hash that may be stored, or the digest that may not.
fn secret(record: &Map<String, Value>) -> Result<(Option<String>, Option<Weak>), String> {
    let plain = match text(record, "passwordHash")? {
        Some(hash) => Some(hash),
        None => text(record, "password_hash")?,
    };
    match (plain, record.get("custom_password_hash")) {
        (Some(hash), _) => taken(hash.to_owned()),
        (None, Some(Value::Object(custom))) => custom_hash(custom),
        (None, None | Some(Value::Null)) => Ok((None, None)),
        (None, Some(_)) => Err("custom_password_hash is not an object".to_owned()),
    }
}

fn taken(hash: String) -> Result<(Option<String>, Option<Weak>), String> {
    foreign::acceptable(&hash).map_err(|error| error.to_string())?;
    Ok((Some(hash), None))
}

/// `custom_password_hash` of Auth0's bulk import schema.
fn custom_hash(custom: &Map<String, Value>) -> Result<(Option<String>, Option<Weak>), String> {
    let algorithm = text(custom, "algorithm")?.ok_or("custom_password_hash has no algorithm")?;
    let hash = object(custom, "hash")?.ok_or("custom_password_hash has no hash")?;
    let value = text(hash, "value")?.ok_or("custom_password_hash has no hash")?;
    let encoding = text(hash, "encoding")?;
    let typed = match object(custom, "password")? {
        Some(password) => text(password, "encoding")?.unwrap_or("utf8"),
        None => "utf8",
    };
    if !matches!(typed, "utf8" | "ascii") {
        return Err(format!("passwords in {typed} are not supported"));
    }
    let salt = || -> Result<(Vec<u8>, SaltAt), String> {
        let Some(salt) = object(custom, "salt")? else {
            return Ok((Vec::new(), SaltAt::Back));
        };
        let at = match text(salt, "position")? {
            Some("suffix") => SaltAt::Back,
            None | Some("prefix") => SaltAt::Front,
            Some(_) => return Err("the position of the salt is neither prefix nor suffix".to_owned()),
        };
        let value = text(salt, "value")?.unwrap_or_default();
        Ok((bytes(value, text(salt, "encoding")?.unwrap_or("utf8"))?, at))
    };
    match algorithm {
        "bcrypt" | "argon2" | "pbkdf2" => taken(value.to_owned()),
        "scrypt" => {
            let number = |name: &str| -> Result<u64, String> {
                let found = custom.get(name).and_then(Value::as_u64);
                found.ok_or_else(|| format!("custom_password_hash has no {name}"))
            };
            let cost = number("cost")?;
            if !cost.is_power_of_two() {
                return Err("the cost of scrypt is not a power of two".to_owned());
            }
            let hash = bytes(value, encoding.unwrap_or("base64"))?;
            taken(format!(
                "$scrypt$ln={},r={},p={}${}${}",
                cost.trailing_zeros(),
                number("blockSize")?,
                number("parallelization")?,
                STANDARD_NO_PAD.encode_to_string(salt()?.0),
                STANDARD_NO_PAD.encode_to_string(hash),
            ))
        }
        named => match PlainDigest::named(named) {
            None => Err(format!("the algorithm {named} is not supported")),
            Some(digest) => {
                let made = bytes(value, encoding.unwrap_or("hex"))?;
                if made.len() != digest.length() {
                    return Err("the password hash is damaged".to_owned());
                }
                let (salt, at) = salt()?;
                if salt.len() > 128 {
                    return Err("the salt is longer than 128 bytes".to_owned());
                }
                let weak = Weak {
                    plain: Plain { digest, salt: at },
                    salt,
                    digest: hex(&made),
                };
                Ok((None, Some(weak)))
            }
        },
    }
}

/// Bytes in one of the encodings of the schema.
fn bytes(text: &str, encoding: &str) -> Result<Vec<u8>, String> {
    let read = match encoding {
        "utf8" | "ascii" => Some(text.as_bytes().to_vec()),
        "hex" => hexadecimal(text),
        "base64" => {
            let standard = text.replace('-', "+").replace('_', "/");
            let decoded = match text.ends_with('=') {
                true => STANDARD.decode_to_vec(standard),
                false => STANDARD_NO_PAD.decode_to_vec(standard),
            };
            decoded.ok()
        }
        _ => return Err(format!("the encoding {encoding} is not supported")),
    };
    read.ok_or_else(|| format!("a value is not {encoding}"))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

fn object<'a>(record: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
    match record.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(_) => Err(format!("{name} is not an object")),
    }
}

/// A text; an empty one counts as absent.
pub(super) fn text<'a>(record: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match record.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => Err(format!("{name} holds a NUL character")),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("{name} is not a text")),
    }
}

fn name(record: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match text(record, name)? {
        Some(text) if text.chars().count() > LONGEST_NAME => {
            Err(format!("{name} is longer than {LONGEST_NAME} characters"))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// Only what the export says: nothing is verified because it is absent.
fn truth(record: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match record.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text.is_empty() || text == "false" => Ok(false),
        Some(_) => Err(format!("{name} is neither true nor false")),
    }
}

/// RFC 3339, or MongoDB's `{"$date": ..}`.
fn time(record: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, String> {
    let value = match record.get(name) {
        Some(Value::Object(inner)) => inner.get("$date"),
        value => value,
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => Ok(Some(Timestamp::from_millis(time.as_millisecond()))),
            Err(_) => Err(format!("{name} is not a time")),
        },
        Some(_) => Err(format!("{name} is not a time")),
    }
}
