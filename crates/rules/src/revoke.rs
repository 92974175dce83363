//! Token revocation (RFC 7009): which row a presented token names.

use crate::family::RefreshToken;

/// The prefix of opaque access tokens.
pub const OPAQUE_PREFIX: &str = "at_";

/// What a `token` parameter is, told by its form alone.
#[derive(Clone)]
pub enum Presented {
    /// A refresh token: its family ends.
    Refresh(RefreshToken),
    /// An opaque access token: it ends alone.
    Opaque,
    /// A JWT.
    Jwt,
    /// Nothing of ours. RFC 7009 section 2.2: answered like a success, as there is nothing left to end.
    Unknown,
}

/// Decides what a presented token is. `token_type_hint` is not needed, as every form says what it is (RFC 7009 section 2.1).
pub fn presented(token: &str) -> Presented {
    if let Some(token) = RefreshToken::parse(token) {
        return Presented::Refresh(token);
    }
    if token.starts_with(OPAQUE_PREFIX) {
        return Presented::Opaque;
    }
    match token.bytes().filter(|byte| *byte == b'.').count() {
        2 => Presented::Jwt,
        _ => Presented::Unknown,
    }
}
