//! The identities that an export names beside an account: read, and written as they were.

use super::person::text;
use crate::admin::Refused;
use crate::app::App;
use sekisho_rules::id::UserId;
use sekisho_rules::upstream::profile::{self, Profile};
use sekisho_rules::upstream::{Connection, Strategy};
use sekisho_rules::user::User;
use sekisho_store::imports::Joined;
use sekisho_store::{connections, identities};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The most identities of one account that are read.
const MOST: usize = 20;
/// Providers whose identity is the account itself.
const OURS: [&str; 2] = ["auth0", "email"];

/// What a record says of identities.
#[derive(Debug, Default)]
pub struct Linked {
    /// Those that can be joined.
    pub joined: Vec<Joined>,
    /// Those that nobody could sign in with, named for the report.
    pub left: Vec<String>,
}

/// Reads `identities` of Auth0's export: objects with `provider`, `user_id` and `connection`. A connection that is not set up here is
/// named, and what came by it is left out: it can be brought once the connection is there.
///
/// # Errors
/// One clause for the report.
pub fn read(
    record: &Map<String, Value>,
    user: &UserId,
    connections: &[Connection],
) -> Result<Linked, String> {
    let listed = match record.get("identities") {
        None | Some(Value::Null) => return Ok(Linked::default()),
        Some(Value::Array(listed)) if listed.len() <= MOST => listed,
        Some(Value::Array(_)) => return Err(format!("there are more than {MOST} identities")),
        Some(_) => return Err("identities is not a list".to_owned()),
    };
    let mut linked = Linked::default();
    for entry in listed {
        let entry = entry.as_object().ok_or("an identity is not an object")?;
        let provider = text(entry, "provider")?.ok_or("an identity has no provider")?;
        if OURS.contains(&provider) {
            continue;
        }
        let subject = match entry.get("user_id") {
            // GitHub's and X's ids are numbers, and some exports write them so.
            Some(Value::Number(number)) => number.to_string(),
            _ => text(entry, "user_id")?
                .ok_or("an identity has no user_id")?
                .to_owned(),
        };
        let named = text(entry, "connection")?.unwrap_or_default();
        match joined(entry, user, (provider, named, &subject), connections) {
            Some(identity) => linked.joined.push(identity),
            // The account finds its own identity by its id when they come.
            None if user.as_str() == format!("{provider}|{subject}") && is_single(provider) => {}
            None => linked.left.push(said(provider)),
        }
    }
    Ok(linked)
}

fn is_single(provider: &str) -> bool {
    Strategy::from_word(provider).is_some_and(|strategy| !strategy.is_generic())
}

fn joined(
    entry: &Map<String, Value>,
    user: &UserId,
    (provider, named, subject): (&str, &str, &str),
    connections: &[Connection],
) -> Option<Joined> {
    let strategy = Strategy::from_word(provider)?;
    // There is one connection to each of the well-known providers, whatever it was called elsewhere.
    let fits = |one: &&Connection| one.strategy == strategy && (!strategy.is_generic() || one.name == named);
    let connection = connections.iter().find(fits)?;
    // Auth0 writes the connection into the ids of generic providers: `oidc|name|subject`.
    let prefix = format!("{}|", connection.name);
    let subject = match strategy.is_generic() {
        true => subject.strip_prefix(&prefix).unwrap_or(subject),
        false => subject,
    };
    connection.user_id(subject)?;
    let told = entry.get("profileData").and_then(Value::as_object);
    Some(Joined {
        provider: connection.provider(),
        user_id: user.clone(),
        connection_id: connection.id.clone(),
        profile: Profile {
            subject: subject.to_owned(),
            // Whether an address counts is said when they come; it opens nothing until then.
            email: None,
            name: profile::name(told.and_then(|told| told.get("name"))),
            nickname: profile::name(told.and_then(|told| told.get("nickname"))),
            given_name: None,
            family_name: None,
            picture: None,
        },
    })
}

/// A provider by its name, if it looks like one.
fn said(provider: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match provider.len() <= 40 && provider.chars().all(plain) {
        true => format!("identities ({provider})"),
        false => "identities".to_owned(),
    }
}

/// The identities of users in the order of their ids, as an export names them.
///
/// # Errors
/// When the database does not answer.
pub async fn of(app: &App, users: &[User]) -> Result<HashMap<UserId, Vec<Value>>, Refused> {
    let mut listed: HashMap<UserId, Vec<Value>> = HashMap::new();
    let (Some(first), Some(last)) = (users.first(), users.last()) else {
        return Ok(listed);
    };
    let connections = connections::every(&app.db).await?;
    for identity in identities::of_users(&app.db, &first.id, &last.id).await? {
        let connection = connections.iter().find(|one| one.id == identity.connection_id);
        let Some(connection) = connection else { continue };
        let subject = &identity.profile.subject;
        let subject = match connection.strategy.is_generic() {
            true => format!("{}|{subject}", connection.name),
            false => subject.clone(),
        };
        listed.entry(identity.user_id).or_default().push(json!({
            "provider": connection.strategy.word(),
            "user_id": subject,
            "connection": connection.name,
            "isSocial": !connection.strategy.is_generic(),
        }));
    }
    Ok(listed)
}
