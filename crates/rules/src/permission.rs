//! What a token for the Management API allows: which scopes open which operation.

use sekisho_verify::Scope;

/// An operation of the Management API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// See where users are signed in.
    ReadSessions,
    /// End sessions.
    EndSessions,
    /// See grants that hold a refresh token.
    ReadRefreshTokens,
    /// End grants that hold a refresh token.
    EndRefreshTokens,
    /// See what was revoked.
    ReadRevocations,
    /// Revoke tokens, users, clients, keys, everything.
    Revoke,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] = [
        Self::ReadSessions,
        Self::EndSessions,
        Self::ReadRefreshTokens,
        Self::EndRefreshTokens,
        Self::ReadRevocations,
        Self::Revoke,
    ];

    /// The scopes of which any one opens it.
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::ReadSessions => &["read:sessions"],
            Self::EndSessions => &["delete:sessions"],
            Self::ReadRefreshTokens => &["read:refresh_tokens"],
            Self::EndRefreshTokens => &["delete:refresh_tokens"],
            Self::ReadRevocations => &["read:revocations"],
            Self::Revoke => &["create:revocations"],
        }
    }
}

/// Whether an operation may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// The token has none of the scopes that open it.
    Missing,
}

/// Decides whether a token of this scope opens an operation. Nothing about the thing that is asked for is looked at, so a refusal says
/// nothing about whether it is there.
pub fn permission(held: &Scope, operation: Operation) -> Permission {
    match operation.scopes().iter().any(|scope| held.contains(scope)) {
        true => Permission::Granted,
        false => Permission::Missing,
    }
}
