//! Who calls the Management API, and whether they may.

use sekisho_rules::id::ClientId;
use sekisho_rules::permission::{Operation, Permission, permission};
use sekisho_verify::{Reject, Scope};

use super::refused::Refused;
use crate::admin::Actor;
use crate::api_token::Denied;
use crate::http::visit::Visit;

/// Lets a caller do an operation, before anything is looked up: a token for this API, not revoked, with one of the operation's scopes.
///
/// # Errors
/// 401 or 403, the same whether what is asked for is there or not.
pub(super) fn admit(visit: &Visit, operation: Operation) -> Result<Actor, Refused> {
    let admitted = visit
        .app
        .management
        .admit_machine(&visit.app, &visit.headers, &Scope::empty())
        .map_err(Refused::Token)?;
    let claims = admitted.claims;
    if permission(&claims.scope, operation) == Permission::Missing {
        return Err(Refused::Scope(operation.scopes()));
    }
    let Some(client) = &claims.client_id else {
        return Err(Refused::Token(Denied::Rejected(Reject::Malformed)));
    };
    let from = visit.birthplace();
    Ok(Actor::Client {
        id: ClientId::new(client.as_str()),
        ip: from.ip,
        user_agent: from.user_agent,
    })
}
