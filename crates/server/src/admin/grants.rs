//! Client grants: what a client may ask for in its own name.

use sekisho_rules::client::{Client, GrantType};
use sekisho_rules::grant::client_credentials::ClientGrant;
use sekisho_store::{apis, audit, client_grants};
use sekisho_verify::Scope;

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;

/// Lets a client ask for tokens for an API with at most this scope; an existing grant gets the new scope.
///
/// # Errors
/// A client without the grant type, an unknown API, or a scope the API does not define.
pub async fn put(
    app: &App,
    actor: Actor,
    client: &Client,
    audience: &str,
    scope: Scope,
) -> Result<(), Refused> {
    if !client.may(GrantType::ClientCredentials) {
        let kind = client.kind.word();
        return Err(Refused::invalid(format!(
            "a client of kind {kind} cannot ask for tokens in its own name"
        )));
    }
    let api = apis::by_identifier(&app.db, audience).await?;
    let api = api.ok_or_else(|| Refused::Missing("API", audience.to_owned()))?;
    let unknown = scope.without(&api.known(&scope));
    if !unknown.is_empty() {
        return Err(Refused::invalid(format!(
            "the API {audience} does not define: {unknown}"
        )));
    }
    let moment = Moment { now: app.clock.now() };
    let grant = ClientGrant {
        id: moment.grant_id(),
        audience: audience.to_owned(),
        scope,
    };
    let mut event = actor.did(moment, format!("client may ask for {audience}: {}", grant.scope));
    event.client = Some(client.id.clone());
    let id = client.id.clone();
    let done = app.db.tx(async move |tx| {
        client_grants::put(tx, &id, &grant, moment.now).await?;
        audit::insert(tx, &event).await
    });
    Ok(done.await?)
}

/// The grants of a client.
///
/// # Errors
/// When the database does not answer.
pub async fn of_client(app: &App, client: &Client) -> Result<Vec<ClientGrant>, Refused> {
    Ok(client_grants::of_client(&app.db, &client.id).await?)
}

/// Takes a grant away: no new token is made by it, and its tokens end.
///
/// # Errors
/// When there is none.
pub async fn delete(app: &App, actor: Actor, client: &Client, audience: &str) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let mut event = actor.did(moment, format!("client may no longer ask for {audience}"));
    event.client = Some(client.id.clone());
    let (id, name) = (client.id.clone(), audience.to_owned());
    let by = Ending::at(app, moment.now);
    let done = app.db.tx(async move |tx| {
        let Some(gid) = client_grants::delete(tx, &id, &name).await? else {
            return Ok(false);
        };
        end::client_grant(tx, &by, &gid).await?;
        audit::insert(tx, &event).await?;
        Ok(true)
    });
    match done.await? {
        true => Ok(()),
        false => Err(Refused::Missing("grant for", audience.to_owned())),
    }
}
