//! Refresh tokens: the grants that hold one. Listed and ended.

use sekisho_rules::client::Rotation;
use sekisho_rules::id::GrantId;
use sekisho_rules::user::User;
use sekisho_store::audit::{self, Event};
use sekisho_store::families::EndReason;
use sekisho_store::refresh_tokens::{self, Listed};
use sekisho_store::{After, clients};

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;

/// A grant that holds a refresh token, and how that token lives.
pub struct Shown {
    /// The grant.
    pub listed: Listed,
    /// Whether each use replaces the token.
    pub rotation: Rotation,
}

/// The grants of a user that hold a refresh token, newest first, at most `limit` (and 100) of them after this place.
///
/// # Errors
/// When the database does not answer.
pub async fn of_user(app: &App, user: &User, after: &After, limit: i64) -> Result<Vec<Shown>, Refused> {
    let mut shown = Vec::new();
    for listed in refresh_tokens::page_of_user(&app.db, &user.id, app.clock.now(), after, limit).await? {
        shown.push(with_rotation(app, listed).await?);
    }
    Ok(shown)
}

/// The grant with this id, if it stands and holds a refresh token.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, id: &str) -> Result<Shown, Refused> {
    match refresh_tokens::by_gid(&app.db, &GrantId::new(id), app.clock.now()).await? {
        Some(listed) => with_rotation(app, listed).await,
        None => Err(Refused::Missing("refresh token", id.to_owned())),
    }
}

async fn with_rotation(app: &App, listed: Listed) -> Result<Shown, Refused> {
    let client = clients::by_id(&app.db, listed.client_id.as_str()).await?;
    let rotation = client.map_or(Rotation::Rotating, |client| client.rotation());
    Ok(Shown { listed, rotation })
}

/// Ends a grant with its refresh token and every access token of it. `false` when there was none that stood.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke(app: &App, actor: Actor, id: &str) -> Result<bool, Refused> {
    let moment = Moment { now: app.clock.now() };
    let (gid, by) = (GrantId::new(id), Ending::at(app, moment.now));
    let event = actor.did(moment, format!("grant {id} ended"));
    let ended = app.db.tx(async move |tx| {
        let ended = end::grant(tx, &by, &gid, EndReason::Revoked).await?;
        if ended {
            audit::insert(tx, &event).await?;
        }
        Ok(ended)
    });
    Ok(ended.await?)
}

/// Ends every grant of a user that holds a refresh token. Answers how many there were.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke_all(app: &App, actor: Actor, user: &User) -> Result<usize, Refused> {
    let moment = Moment { now: app.clock.now() };
    let (id, by) = (user.id.clone(), Ending::at(app, moment.now));
    let event = Event {
        user: Some(user.id.clone()),
        ..actor.did(moment, "every refresh token of the user ended")
    };
    let ended = app.db.tx(async move |tx| {
        let count = end::refresh_tokens_of_user(tx, &by, &id).await?;
        audit::insert(tx, &event).await?;
        Ok(count)
    });
    Ok(ended.await?)
}
