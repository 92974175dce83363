//! The client credentials grant (RFC 6749 section 4.4): a machine asks in its own name.

use super::{Grant, Origin, Refreshable, Subject};
use crate::api::Api;
use crate::client::GrantType;
use crate::client_auth::AuthenticatedClient;
use crate::id::GrantId;
use crate::refusal::{Reason, Refusal};
use crate::time::Timestamp;
use sekisho_verify::Scope;

/// What a client may ask for in its own name.
#[derive(Clone, Debug)]
pub struct ClientGrant {
    /// The fixed `gid` of its tokens.
    pub id: GrantId,
    /// For which API.
    pub audience: String,
    /// At most this.
    pub scope: Scope,
}

/// Decides whether a client gets a token in its own name.
///
/// RFC 6749 section 4.4: confidential clients only. The audience may be left out by a client with exactly one grant. Without a scope
/// the whole grant is given; words that were not granted are dropped, and nothing left is an error.
///
/// # Errors
/// The [`Refusal`] to answer with.
pub fn decide(
    client: &AuthenticatedClient,
    asked: (Option<&str>, Option<&Scope>),
    found: Option<ClientGrant>,
    api: Option<Api>,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let client = client.client();
    let (audience, scope) = asked;
    if client.is_public() || !client.may(GrantType::ClientCredentials) {
        return Err(Reason::GrantNotAllowed("client_credentials").into());
    }
    let Some(found) = found else {
        return Err(match audience {
            None => Reason::Missing("audience").into(),
            Some(audience) => Reason::ClientNotAuthorized(audience.to_owned()).into(),
        });
    };
    let Some(api) = api.filter(|api| api.identifier == found.audience) else {
        return Err(Reason::UnknownAudience(found.audience).into());
    };
    let granted = api.known(&found.scope);
    let scope = match scope {
        Some(asked) if asked.intersect(&granted).is_empty() && !asked.is_empty() => {
            return Err(Reason::InvalidScope(asked.to_string()).into());
        }
        Some(asked) => asked.intersect(&granted),
        None => granted,
    };
    Ok(Grant {
        client: client.clone(),
        subject: Subject::Client,
        gid: found.id,
        scope,
        api: Some(api),
        origin: Origin::ClientCredentials,
        issued_at: now,
        refreshable: Refreshable::No,
    })
}
