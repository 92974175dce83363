//! What a person does with the passkeys they have: renaming and removing.

use super::enrol::{Changed, notice};
use crate::audit::Record;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::upstream;
use sekisho_rules::login::passkey::{OtherWay, may_remove, name};
use sekisho_rules::user::User;
use sekisho_store::{audit, identities, passkeys, users};

/// What came of removing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It opens nothing any more.
    Gone,
    /// It was not theirs, or gone before.
    Unknown,
    /// It is the last way into the account and stays.
    LastWayIn,
}

/// Renames a passkey of this person; a name that shows nothing changes nothing. `false` when there is no such passkey.
///
/// # Errors
/// [`Trouble`] when the database does not answer.
pub async fn rename(visit: &Visit, user: &User, id: &str, typed: &str) -> Result<bool, Trouble> {
    let Some(name) = name(typed) else {
        return Ok(true);
    };
    let (owner, id) = (user.id.clone(), id.to_owned());
    let event = Record::new("scu")
        .user(&user.id)
        .detail(format!("a passkey is now called {name}"))
        .at(visit);
    let renamed = visit.app.db.tx(async move |tx| {
        let renamed = passkeys::rename(tx, &owner, &id, &name).await?;
        if renamed {
            audit::insert(tx, &event).await?;
        }
        Ok(renamed)
    });
    Ok(renamed.await?)
}

/// Removes a passkey of this person, tells them by mail, and leaves them a way in.
///
/// # Errors
/// [`Trouble`] when the database does not answer.
pub async fn remove(visit: &Visit, user: &User, id: &str) -> Result<Removed, Trouble> {
    let usable = upstream::usable(visit).await?;
    let has_password = user.password_hash.is_some();
    let event = Record::new("gd_unenroll")
        .user(&user.id)
        .detail("passkey")
        .at(visit);
    let job = notice(visit, user, Changed::Removed)?;
    let (owner, id, moment) = (user.id.clone(), id.to_owned(), visit.moment);
    let removed = visit.app.db.tx(async move |tx| {
        // Two browsers must not each take what the other leaves.
        users::hold(tx, &owner).await?;
        passkeys::hold(tx, &owner).await?;
        let held = passkeys::count(tx, &owner).await?;
        let linked = identities::connections_of(tx, &owner).await?;
        let other = match has_password {
            true => OtherWay::Password,
            false if linked.iter().any(|one| usable.contains(one)) => OtherWay::LinkedAccount,
            false => OtherWay::None,
        };
        if held > 0 && !may_remove(held, other) {
            return Ok(Removed::LastWayIn);
        }
        if !passkeys::delete(tx, &owner, &id).await? {
            return Ok(Removed::Unknown);
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await?;
        Ok(Removed::Gone)
    });
    let removed = removed.await?;
    if removed == Removed::Gone {
        visit.app.jobs.ring();
    }
    Ok(removed)
}
