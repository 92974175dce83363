//! APIs (resource servers): whom access tokens are for.

use crate::client::{Client, GrantType};
use sekisho_jose::Algorithm;
use sekisho_verify::Scope;
use serde::{Deserialize, Serialize};

/// An API that accepts our access tokens.
#[derive(Clone, Debug)]
pub struct Api {
    /// Our own id of the row.
    pub id: String,
    /// The `aud` of its tokens, compared exactly.
    pub identifier: String,
    /// The name people see.
    pub name: String,
    /// The scopes it knows.
    pub scopes: Vec<ApiScope>,
    /// Seconds an access token for it lives.
    pub token_lifetime: i64,
    /// The form of its access tokens.
    pub dialect: Dialect,
    /// What its access tokens are signed with.
    pub signing_alg: Algorithm,
    /// Whether refresh tokens may be given with its tokens.
    pub offline: Offline,
}

impl Api {
    /// Those of the asked scopes that this API defines.
    pub fn known(&self, asked: &Scope) -> Scope {
        asked.filtered(|word| self.scopes.iter().any(|scope| scope.value == word))
    }
}

/// One scope of an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiScope {
    /// The word in a `scope` parameter.
    pub value: String,
    /// What it allows, in words for the consent page.
    pub description: String,
}

/// The form of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `typ: JWT`, `azp`.
    AccessToken,
    /// RFC 9068: `typ: at+jwt`, `client_id`.
    Rfc9068,
}

impl Dialect {
    /// The word in the database and the Management API.
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::Rfc9068 => "rfc9068_profile",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "access_token" => Some(Self::AccessToken),
            "rfc9068_profile" => Some(Self::Rfc9068),
            _ => None,
        }
    }
}

/// Whether `offline_access` is honoured for an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offline {
    /// Refresh tokens may be given.
    Allowed,
    /// `offline_access` is dropped silently.
    Denied,
}

/// Decides whether a client may hold refresh tokens for an API, or for us alone when there is none.
pub fn offline(client: &Client, api: Option<&Api>) -> Offline {
    match client.may(GrantType::RefreshToken) {
        true => api.map_or(Offline::Allowed, |api| api.offline),
        false => Offline::Denied,
    }
}

/// Decides what of a scope can be granted now: the words of OpenID Connect that we serve, `offline_access` where [`offline`] allows it,
/// and what the API defines. Asked at the request and again at every mint, so that what an operator took away is not minted any more.
pub fn grantable(scope: &Scope, client: &Client, api: Option<&Api>) -> Scope {
    scope.filtered(|word| match word {
        "openid" | "profile" | "email" => true,
        "offline_access" => offline(client, api) == Offline::Allowed,
        _ => api.is_some_and(|api| api.scopes.iter().any(|scope| scope.value == word)),
    })
}
