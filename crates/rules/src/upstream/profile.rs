//! Who somebody is at a provider, in our words. What a provider says is shortened and held to be text; nothing of it is trusted as
//! markup, and an address that is not one is none.

use super::{AddressTrust, Connection, Strategy};
use crate::identity::Email;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest name that is kept, in characters.
const MAX_NAME: usize = 150;
/// Longest address of a picture that is kept, in bytes.
const MAX_PICTURE: usize = 1024;

/// A person at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The provider's own id of them, which never changes there.
    pub subject: String,
    /// Their address.
    pub email: Option<Address>,
    /// Their name.
    pub name: Option<String>,
    /// A short name, or what they are called there.
    pub nickname: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// The https address of a picture.
    pub picture: Option<String>,
}

/// An address, and whether it counts as theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub email: Email,
    /// Whether the provider vouches for it. An address without this opens nothing and is nobody's (threat 11).
    pub ownership: Ownership,
}

/// Whether an address was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ownership {
    /// The provider did.
    Verified,
    /// Anybody could have written it.
    Unverified,
}

/// What a provider told, by each of its ways.
#[derive(Clone, Debug, Default)]
pub struct Told<'a> {
    /// The claims of the ID token.
    pub claims: Option<&'a Map<String, Value>>,
    /// The answer of the userinfo endpoint.
    pub userinfo: Option<&'a Value>,
    /// GitHub's list of addresses.
    pub emails: Option<&'a Value>,
    /// The name Apple sends once, beside its answer. The browser brought it: it is shown, never trusted.
    pub first_name: Option<&'a Value>,
}

/// Decides who somebody is; `None` when nobody is named, or the userinfo endpoint speaks of somebody else than the ID token
/// (OpenID Connect Core section 5.3.2).
pub fn read(connection: &Connection, told: &Told<'_>) -> Option<Profile> {
    let found = match connection.strategy {
        Strategy::X => of_x(told.userinfo?)?,
        Strategy::GitHub => of_github(told.userinfo?, told.emails)?,
        Strategy::OAuth2 => of_mapping(connection, told.userinfo?)?,
        _ => of_claims(connection, told)?,
    };
    // The id that would be made of it must be one.
    connection.user_id(&found.subject)?;
    Some(Profile {
        email: found
            .email
            .map(|address| match connection.settings.address_trust {
                AddressTrust::Claimed => address,
                AddressTrust::Always => Address {
                    ownership: Ownership::Verified,
                    ..address
                },
                AddressTrust::Never => Address {
                    ownership: Ownership::Unverified,
                    ..address
                },
            }),
        ..found
    })
}

fn of_claims(connection: &Connection, told: &Told<'_>) -> Option<Profile> {
    let claims = told.claims?;
    let subject = claims.get("sub")?.as_str()?.to_owned();
    let more = told.userinfo.and_then(Value::as_object);
    if more.is_some_and(|more| more.get("sub").and_then(Value::as_str) != Some(&subject)) {
        return None;
    }
    let member = |name: &str| claims.get(name).or_else(|| more.and_then(|more| more.get(name)));
    // The address and the word about it come from the same document.
    let source = match (claims.contains_key("email"), more) {
        (false, Some(more)) => more,
        _ => claims,
    };
    let checked = match connection.strategy {
        // Anybody who runs a tenant writes any address into it; only this claim says that the domain is theirs.
        Strategy::Microsoft => says_yes(source.get("xms_edov")),
        // LINE does not say whether an address was checked.
        Strategy::Line => false,
        _ => says_yes(source.get("email_verified")),
    };
    let once = told.first_name.and_then(|user| user.get("name"));
    let given_name = name(member("given_name")).or_else(|| name(once.and_then(|n| n.get("firstName"))));
    let family_name = name(member("family_name")).or_else(|| name(once.and_then(|n| n.get("lastName"))));
    let joined = match (&given_name, &family_name) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.clone().or(other.clone()),
    };
    Some(Profile {
        email: address(source.get("email"), checked),
        name: name(member("name")).or(joined),
        nickname: name(member("nickname")).or_else(|| name(member("preferred_username"))),
        given_name,
        family_name,
        picture: picture(member("picture")),
        subject,
    })
}

/// X: <https://docs.x.com/x-api/users/get-my-user>. It tells no address.
fn of_x(answer: &Value) -> Option<Profile> {
    let data = answer.get("data")?;
    Some(Profile {
        subject: data.get("id")?.as_str()?.to_owned(),
        email: None,
        name: name(data.get("name")),
        nickname: name(data.get("username")),
        given_name: None,
        family_name: None,
        picture: picture(data.get("profile_image_url")),
    })
}

/// GitHub: the number is the person; the login can be given up and taken by another. The address is the primary one of the list, if
/// it was checked; the one in the profile never was.
fn of_github(answer: &Value, emails: Option<&Value>) -> Option<Profile> {
    let id = answer.get("id")?.as_u64().filter(|id| *id > 0)?;
    let primary = emails.and_then(Value::as_array).and_then(|list| {
        list.iter()
            .find(|entry| entry.get("primary") == Some(&Value::Bool(true)))
    });
    Some(Profile {
        subject: id.to_string(),
        email: primary.and_then(|entry| address(entry.get("email"), says_yes(entry.get("verified")))),
        name: name(answer.get("name")).or_else(|| name(answer.get("login"))),
        nickname: name(answer.get("login")),
        given_name: None,
        family_name: None,
        picture: picture(answer.get("avatar_url")),
    })
}

fn of_mapping(connection: &Connection, answer: &Value) -> Option<Profile> {
    let map = &connection.settings.mapping;
    let at = |path: &str| path.split('.').try_fold(answer, |value, part| value.get(part));
    let subject = match at(&map.id)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64()?.to_string(),
        _ => return None,
    };
    Some(Profile {
        subject,
        email: address(at(&map.email), says_yes(at(&map.email_verified))),
        name: name(at(&map.name)),
        nickname: name(at(&map.nickname)),
        given_name: None,
        family_name: None,
        picture: picture(at(&map.picture)),
    })
}

/// `true`, or the text `"true"` that Apple writes, or Microsoft's 1.
fn says_yes(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true" || text == "1",
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}

fn address(value: Option<&Value>, checked: bool) -> Option<Address> {
    let email = Email::parse(value?.as_str()?).ok()?;
    Some(Address {
        email,
        ownership: match checked {
            true => Ownership::Verified,
            false => Ownership::Unverified,
        },
    })
}

/// A name as it is kept: without control characters, 150 characters at most; `None` when nothing is left.
pub fn name(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let plain: String = text
        .chars()
        .filter(|character| !character.is_control())
        .take(MAX_NAME)
        .collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

fn picture(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let url = url::Url::parse(text).ok()?;
    (url.scheme() == "https" && text.len() <= MAX_PICTURE).then(|| url.into())
}
