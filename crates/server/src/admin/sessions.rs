//! Sessions: where people are signed in. Listed and ended.

use sekisho_rules::id::SessionId;
use sekisho_rules::user::User;
use sekisho_store::audit::{self, Event};
use sekisho_store::sessions::{self, Listed};
use sekisho_store::{After, refresh_tokens};

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;

/// A session and the clients that were given something in it.
pub struct Shown {
    /// The session.
    pub listed: Listed,
    /// Their ids.
    pub clients: Vec<String>,
}

/// The sessions of a user that stand, newest first, at most `limit` (and 100) of them after this place.
///
/// # Errors
/// When the database does not answer.
pub async fn of_user(app: &App, user: &User, after: &After, limit: i64) -> Result<Vec<Shown>, Refused> {
    let mut shown = Vec::new();
    for listed in sessions::page_of_user(&app.db, &user.id, app.clock.now(), after, limit).await? {
        shown.push(with_clients(app, listed).await?);
    }
    Ok(shown)
}

/// The session with this id, if it has neither ended nor expired.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, id: &str) -> Result<Shown, Refused> {
    let now = app.clock.now();
    let found = sessions::by_id_listed(&app.db, &SessionId::new(id))
        .await?
        .filter(|found| {
            let session = &found.session;
            session.ended_at.is_none() && now < session.expires_at && now < session.idle_expires_at
        });
    match found {
        Some(listed) => with_clients(app, listed).await,
        None => Err(Refused::Missing("session", id.to_owned())),
    }
}

async fn with_clients(app: &App, listed: Listed) -> Result<Shown, Refused> {
    let clients = refresh_tokens::clients_of_session(&app.db, &listed.session.id).await?;
    Ok(Shown { listed, clients })
}

/// How much ends with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The session, and the grants born in it without `offline_access`: what a logout ends.
    Session,
    /// Every grant born in it as well.
    Place,
}

/// Ends a session. One that has ended or expired is no error: what is left of it ends.
///
/// # Errors
/// When there never was such a session, as far as is known.
pub async fn revoke(app: &App, actor: Actor, id: &str, extent: Extent) -> Result<(), Refused> {
    let id = SessionId::new(id);
    let Some(session) = sessions::by_id(&app.db, &id).await? else {
        return Err(Refused::Missing("session", id.to_string()));
    };
    let moment = Moment { now: app.clock.now() };
    let by = Ending::at(app, moment.now);
    let event = Event {
        user: Some(session.user_id),
        session: Some(id.clone()),
        ..actor.did(moment, "session ended")
    };
    let ended = app.db.tx(async move |tx| {
        let ended = match extent {
            Extent::Session => end::session(tx, &by, &id).await?,
            Extent::Place => end::place(tx, &by, &id).await?,
        };
        if ended {
            audit::insert(tx, &event).await?;
        }
        Ok(())
    });
    Ok(ended.await?)
}

/// Ends every session of a user; their grants with `offline_access` live on. Answers how many there were.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke_all(app: &App, actor: Actor, user: &User) -> Result<usize, Refused> {
    let moment = Moment { now: app.clock.now() };
    let (id, by) = (user.id.clone(), Ending::at(app, moment.now));
    let event = Event {
        user: Some(user.id.clone()),
        ..actor.did(moment, "every session of the user ended")
    };
    let ended = app.db.tx(async move |tx| {
        let count = end::sessions_of_user(tx, &by, &id).await?;
        audit::insert(tx, &event).await?;
        Ok(count)
    });
    Ok(ended.await?)
}
