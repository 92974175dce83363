//! Users: added, listed, blocked, unblocked, deleted, given a password.

use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::user::User;
use sekisho_store::audit::{self, Event};
use sekisho_store::users::{self, NewHash};
use zeroize::Zeroizing;

use super::{Actor, Refused};
use crate::app::App;
use crate::attempts;
use crate::end::{self, Ending};
use crate::http::moment::Moment;
use crate::new_password::{self, Unfit, Whose};
use crate::passwords::PasswordError;

/// A user to be added.
pub struct NewUser {
    /// Their address.
    pub email: String,
    /// Their display name; the address when there is none.
    pub name: Option<String>,
    /// Their first password.
    pub password: Zeroizing<String>,
    /// Whether the operator vouches that the address is theirs.
    pub email_verified: bool,
}

/// Adds a user.
///
/// # Errors
/// An address or password that the rules refuse, or a taken address.
pub async fn add(app: &App, actor: Actor, new: NewUser) -> Result<User, Refused> {
    let email = Email::parse(&new.email).map_err(|error| Refused::invalid(error.to_string()))?;
    let hash = hash(app, &new.password, Whose::New(&email, new.name.as_deref())).await?;
    let moment = moment(app);
    let id = UserId::new(format!("auth0|{}", hex(&moment.bytes::<12>())));
    let user = User::new(id, &email, moment.now);
    let user = User {
        name: new.name.unwrap_or(user.name),
        email_verified: new.email_verified,
        password_hash: Some(hash.hash),
        ..user
    };
    let event = about(actor.did(moment, "user added"), &user.id);
    let (row, folded) = (user.clone(), email.folded);
    let added = app.db.tx(async move |tx| {
        let added = users::insert(tx, &row, &folded).await?;
        if added {
            audit::insert(tx, &event).await?;
        }
        Ok(added)
    });
    match added.await? {
        true => Ok(user),
        false => Err(Refused::Taken("user", user.email)),
    }
}

/// Up to 100 users after this id.
///
/// # Errors
/// When the database does not answer.
pub async fn page(app: &App, after: &str) -> Result<Vec<User>, Refused> {
    Ok(users::page(&app.db, after).await?)
}

/// The user with this id or this address.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, id_or_email: &str) -> Result<User, Refused> {
    let found = match Email::parse(id_or_email) {
        Ok(email) => users::by_email(&app.db, &email.folded).await?,
        Err(_) => users::by_id(&app.db, &UserId::new(id_or_email)).await?,
    };
    found.ok_or_else(|| Refused::Missing("user", id_or_email.to_owned()))
}

/// The user with this id. What looks like an address is not looked for.
///
/// # Errors
/// When there is none.
pub async fn by_id(app: &App, id: &str) -> Result<User, Refused> {
    let found = users::by_id(&app.db, &UserId::new(id)).await?;
    found.ok_or_else(|| Refused::Missing("user", id.to_owned()))
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// They may.
    Unblocked,
    /// They may not; what they hold ends at once.
    Blocked,
}

/// Blocks or unblocks a user. Blocking ends every session and grant they hold. Unblocking also forgets the failures that were counted at
/// their account; of one who was not blocked it does nothing else.
///
/// # Errors
/// When there is no such user.
pub async fn set_access(app: &App, actor: Actor, user: &User, access: Access) -> Result<(), Refused> {
    let moment = moment(app);
    let blocked = access == Access::Blocked;
    let event = about(
        actor.did(moment, if blocked { "user blocked" } else { "user unblocked" }),
        &user.id,
    );
    let (id, by, owner) = (user.id.clone(), Ending::at(app, moment.now), user.clone());
    let was_blocked = user.blocked;
    let done = app.db.tx(async move |tx| {
        if !blocked && !was_blocked {
            attempts::lift(tx, &owner).await?;
            audit::insert(tx, &event).await?;
            return Ok(true);
        }
        let done = users::set_blocked(tx, &id, blocked, moment.now).await?;
        if done {
            end::user(tx, &by, &id).await?;
            if !blocked {
                attempts::lift(tx, &owner).await?;
            }
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, user)
}

/// Logs a user out everywhere: every session and grant they hold ends, and every token. They may sign in again at once.
///
/// # Errors
/// When there is no such user.
pub async fn log_out(app: &App, actor: Actor, user: &User) -> Result<(), Refused> {
    let moment = moment(app);
    let event = about(actor.did(moment, "user logged out everywhere"), &user.id);
    let (id, by) = (user.id.clone(), Ending::at(app, moment.now));
    let done = app.db.tx(async move |tx| {
        let done = users::log_out(tx, &id).await?;
        if done {
            end::user(tx, &by, &id).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, user)
}

/// Gives a user a new password. Every session and grant they hold ends.
///
/// # Errors
/// A password that the rules refuse, or no such user.
pub async fn set_password(app: &App, actor: Actor, user: &User, new: &str) -> Result<(), Refused> {
    let hash = hash(app, new, Whose::Known(user)).await?;
    let moment = moment(app);
    let event = about(actor.did(moment, "password set"), &user.id);
    let (id, by) = (user.id.clone(), Ending::at(app, moment.now));
    let done = app.db.tx(async move |tx| {
        let done = users::set_password(tx, &id, &hash, moment.now).await?;
        if done {
            end::user(tx, &by, &id).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, user)
}

/// Deletes a user with their sessions, grants and consents.
///
/// # Errors
/// When there is no such user.
pub async fn delete(app: &App, actor: Actor, user: &User) -> Result<(), Refused> {
    let moment = moment(app);
    let event = about(actor.did(moment, "user deleted"), &user.id);
    let (id, by) = (user.id.clone(), Ending::at(app, moment.now));
    let done = app.db.tx(async move |tx| {
        let done = end::account(tx, &by, &id).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, user)
}

async fn hash(app: &App, text: &str, whose: Whose<'_>) -> Result<NewHash, Refused> {
    let accepted = new_password::read(app, Some(text), whose).await;
    let accepted = accepted.map_err(|unfit| match unfit {
        Unfit::Missing => Refused::invalid("no password was given"),
        Unfit::Weak(reasons) => {
            let reasons: Vec<&str> = reasons.into_iter().map(|reason| reason.said()).collect();
            Refused::invalid(format!("the password cannot be used: {}", reasons.join("; ")))
        }
        Unfit::Busy => PasswordError::Busy.into(),
        Unfit::Broken(fault) => fault.into(),
    })?;
    Ok(accepted.hash(app).await?)
}

fn found(done: bool, user: &User) -> Result<(), Refused> {
    match done {
        true => Ok(()),
        false => Err(Refused::Missing("user", user.id.to_string())),
    }
}

pub(super) fn about(mut event: Event, user: &UserId) -> Event {
    event.user = Some(user.clone());
    event
}

fn moment(app: &App) -> Moment {
    Moment { now: app.clock.now() }
}
