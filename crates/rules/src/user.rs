//! Users: the people who sign in.

use crate::id::UserId;
use crate::identity::Email;
use crate::time::Timestamp;

/// A person with an account.
#[derive(Clone, Debug)]
pub struct User {
    /// The `sub` of every token about them.
    pub id: UserId,
    /// Their address as they wrote it; empty when they have none. Read it by [`User::address`].
    pub email: String,
    /// Whether they proved that the address is theirs.
    pub email_verified: bool,
    /// Their display name; the address unless they gave another.
    pub name: String,
    /// A short name.
    pub nickname: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// A URL of a picture.
    pub picture: Option<String>,
    /// The language they chose for our pages and mails (BCP 47, RFC 5646).
    pub locale: Option<String>,
    /// PHC string of their password; `None` for accounts without one.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub blocked: bool,
    /// Raised to end everything they hold.
    pub epoch: i64,
    /// Tokens with `iat` before this unix second are void.
    pub nbf: i64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// A new account of an address that nobody has proven, named after it; it opens by nothing yet.
    pub fn new(id: UserId, email: &Email, now: Timestamp) -> Self {
        let local = email.display.split('@').next().unwrap_or_default();
        Self {
            id,
            email: email.display.clone(),
            email_verified: false,
            name: email.display.clone(),
            nickname: Some(local.to_owned()),
            given_name: None,
            family_name: None,
            picture: None,
            locale: None,
            password_hash: None,
            blocked: false,
            epoch: 0,
            nbf: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Their address, `None` for an account without one: some providers tell none.
    pub fn address(&self) -> Option<&str> {
        (!self.email.is_empty()).then_some(self.email.as_str())
    }

    /// What their own pages call the account: its address, or the name where it has none.
    pub fn shown(&self) -> &str {
        self.address().unwrap_or(&self.name)
    }

    /// What stands in the column of folded addresses for an account without one. No address is mistaken for it: a colon stands in none.
    pub fn no_address(id: &UserId) -> String {
        format!(":{id}")
    }
}
