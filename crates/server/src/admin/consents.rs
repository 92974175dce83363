//! Consents: what users allowed third-party clients. Listed and withdrawn.

use sekisho_rules::client::Client;
use sekisho_rules::user::User;
use sekisho_store::audit::{self, Event};
use sekisho_store::consents::{self, Listed};

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;

/// What a user allowed, at most 100.
///
/// # Errors
/// When the database does not answer.
pub async fn of_user(app: &App, user: &User) -> Result<Vec<Listed>, Refused> {
    Ok(consents::of_user(&app.db, &user.id).await?)
}

/// Takes back what a user allowed a client: the consent, and every grant by which they let it in.
///
/// # Errors
/// When the user had allowed it nothing and it holds no grant of theirs.
pub async fn withdraw(app: &App, actor: Actor, user: &User, client: &Client) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let by = Ending::at(app, moment.now);
    let event = Event {
        user: Some(user.id.clone()),
        client: Some(client.id.clone()),
        ..actor.did(moment, "consent withdrawn")
    };
    let (user_id, client_id) = (user.id.clone(), client.id.clone());
    let done = app.db.tx(async move |tx| {
        let allowed = consents::withdraw(tx, &user_id, &client_id).await?;
        let ended = end::consent(tx, &by, &user_id, &client_id).await?;
        if !allowed && ended == 0 {
            return Ok(false);
        }
        audit::insert(tx, &event).await?;
        Ok(true)
    });
    match done.await? {
        true => Ok(()),
        false => Err(Refused::Missing("consent for", client.id.to_string())),
    }
}
