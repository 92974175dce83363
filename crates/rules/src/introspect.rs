//! Token introspection (RFC 7662): who may ask about a token.

use crate::client::Client;
use crate::id::ClientId;

/// What is known of a token that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whom it was issued to.
    pub client_id: &'a ClientId,
    /// Its audiences; none when it is of use at our own endpoints only.
    pub audiences: &'a [String],
}

/// Whether a caller may know anything about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The truth.
    Tell,
    /// `active: false`, as for a token that never was (RFC 7662 section 2.2).
    Hide,
}

/// Decides whether a caller may know anything about a token: the client it was issued to may, and an API it is for. An API asks by a
/// client of its own, which holds a grant for the API's audience; `granted` are the audiences of the caller's grants.
///
/// RFC 7662 section 4: a caller that could ask about any token could look for tokens, and one API could spend the tokens of another.
pub fn answer(caller: &Client, token: Asked<'_>, granted: &[String]) -> Answer {
    let is_its_client = caller.id == *token.client_id;
    let is_its_api = token.audiences.iter().any(|audience| granted.contains(audience));
    match is_its_client || is_its_api {
        true => Answer::Tell,
        false => Answer::Hide,
    }
}
