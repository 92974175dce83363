//! Token revocation (RFC 7009): what a presented token is, and whether its client may end it.

use crate::client::Client;
use crate::family::RefreshToken;
use crate::id::ClientId;
use crate::refusal::{Reason, Refusal};

/// The prefix of opaque access tokens.
pub const OPAQUE_PREFIX: &str = "at_";

/// What a `token` parameter is, told by its form alone.
#[derive(Clone)]
pub enum Presented {
    /// A refresh token: its family ends.
    Refresh(RefreshToken),
    /// An opaque access token: it ends alone.
    Opaque,
    /// A JWT: an access token of ours ends alone.
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

/// Decides whether a client may end a token that was issued to `owner`.
///
/// RFC 7009 section 2.1: the server verifies that the token was issued to the client that asks, and otherwise refuses and says so
/// (section 2.2.1 with RFC 6749 section 5.2: `invalid_grant`, "was issued to another client"). Whoever holds the token knows already
/// that it is one, so nothing is given away; and a client that mixed up two tokens learns that one is still alive.
///
/// # Errors
/// The [`Refusal`] to answer with.
pub fn owner(client: &Client, owner: &ClientId) -> Result<(), Refusal> {
    match client.id == *owner {
        true => Ok(()),
        false => Err(Refusal::new(Reason::TokenOfAnother, "another client's token")),
    }
}
