//! Token requests: what each grant of the token endpoint becomes.
//!
//! Only the rules in this folder make a [`Grant`], and only a grant whose write was committed reaches the signer.

pub mod authorization_code;
pub mod client_credentials;
pub mod gateway;
pub mod login;
pub mod refresh_token;
mod request;

pub use request::{TokenRequest, Wish};

use crate::api::Api;
use crate::client::Client;
use crate::id::{Epochs, GrantId, SessionId};
use crate::time::Timestamp;
use crate::user::User;
use sekisho_verify::Scope;

/// Seconds an access token without an API lives.
pub const OPAQUE_LIFETIME_SECONDS: i64 = 86_400;

/// Tokens that may be issued. Its fields can be read by everyone and set only here.
#[derive(Clone, Debug)]
pub struct Grant {
    client: Client,
    subject: Subject,
    gid: GrantId,
    scope: Scope,
    api: Option<Api>,
    origin: Origin,
    issued_at: Timestamp,
    refreshable: Refreshable,
}

/// For whom the tokens speak.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A user.
    User(Box<UserSubject>),
    /// The client itself.
    Client,
}

/// A user as the subject of tokens.
#[derive(Clone, Debug)]
pub struct UserSubject {
    /// Who.
    pub user: User,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Under which epochs.
    pub epochs: Epochs,
    /// When they proved themselves.
    pub auth_time: Timestamp,
    /// How.
    pub amr: Vec<String>,
    /// The authentication context.
    pub acr: Option<String>,
    /// To be echoed in the ID token; never on refresh.
    pub nonce: Option<String>,
}

/// Which request a grant answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A code.
    Code,
    /// A refresh.
    Refresh,
    /// Client credentials.
    ClientCredentials,
    /// A request that passes the gateway.
    Gateway,
    /// A password at the token endpoint, with what was proven after it.
    Password,
    /// A mailed code at the token endpoint.
    Passwordless,
    /// A passkey at the token endpoint.
    Passkey,
}

/// Whether a refresh token belongs to the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshable {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl Grant {
    /// Who asked.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// For whom the tokens speak.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The user, when there is one.
    pub fn user(&self) -> Option<&UserSubject> {
        match &self.subject {
            Subject::User(user) => Some(user),
            Subject::Client => None,
        }
    }

    /// The `gid` of every token of the grant.
    pub fn gid(&self) -> &GrantId {
        &self.gid
    }

    /// What is granted.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The API the access token is for; without one it is opaque.
    pub fn api(&self) -> Option<&Api> {
        self.api.as_ref()
    }

    /// Which request it answers.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether a refresh token belongs to it.
    pub fn refreshable(&self) -> Refreshable {
        self.refreshable
    }

    /// When it was decided; `iat` of its tokens is this in whole seconds.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Whether an ID token belongs to it (OpenID Connect Core section 3.1.3.3).
    pub fn has_id_token(&self) -> bool {
        self.user().is_some() && self.scope.contains("openid")
    }

    /// Seconds the access token lives.
    pub fn access_lifetime(&self) -> i64 {
        self.api
            .as_ref()
            .map_or(OPAQUE_LIFETIME_SECONDS, |api| api.token_lifetime)
    }

    /// The latest `exp` of any token of this answer, in unix seconds.
    pub fn last_exp(&self) -> i64 {
        let id = if self.has_id_token() {
            self.client.id_token_lifetime
        } else {
            0
        };
        self.issued_at.seconds() + self.access_lifetime().max(id)
    }

    /// The same grant decided a moment later, for when its write had to wait.
    #[must_use]
    pub fn reissued_at(mut self, now: Timestamp) -> Self {
        self.issued_at = now;
        self
    }
}
