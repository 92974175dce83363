//! Taking factors away, and which browsers are asked for none. Sessions that proved a factor stay as they are: they did prove it. What
//! a login must prove is decided anew each time, so taking a factor away never makes a running demand smaller (threat 9).

use super::told;
use crate::audit::Record;
use crate::http::cookie::Cookie;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::mail;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::factors;
use sekisho_store::{Fault, audit, browsers};

/// Takes a factor away. Recovery codes go with the last thing they stand in for. Call it only when `Session::freshness` said yes. `false`
/// when this person has no such factor.
///
/// # Errors
/// [`Refused`] when the database does not answer or the mail cannot be written.
pub async fn remove(
    visit: &Visit,
    user: &User,
    session: Option<&Session>,
    id: &str,
) -> Result<bool, Refused> {
    let all = factors::of_user(&visit.app.db, &user.id).await?;
    let Some(gone) = all.iter().find(|factor| factor.id == id) else {
        return Ok(false);
    };
    let event = Record::new("gd_unenroll").user(&user.id).detail(gone.kind.word());
    let event = session
        .iter()
        .fold(event, |event, session| event.session(&session.id))
        .at(visit);
    let kinds = factors::kinds(&visit.app.db, &user.id).await?;
    let others = all.iter().any(|other| {
        other.id != id && other.confirmed_at.is_some() && other.kind != FactorKind::RecoveryCode
    });
    let alone = !others && !kinds.contains(&FactorKind::Passkey);
    let letter = told(visit, user, |text| &text.mails.factor_removed)?;
    let (moment, owner, id) = (visit.moment, user.id.clone(), id.to_owned());
    let removed = visit.app.db.tx(async move |tx| {
        if !factors::delete(tx, &owner, &id).await? {
            return Ok(false);
        }
        if alone {
            factors::delete_kind(tx, &owner, FactorKind::RecoveryCode).await?;
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await?;
        Ok(true)
    });
    let removed = removed.await?;
    visit.app.jobs.ring();
    Ok(removed)
}

/// Asks for no second factor in this browser for as long as the settings say, if the box on the form that proved one was ticked. Nothing
/// happens in a browser without its cookie.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn remember_if_asked(visit: &Visit, user: &User, form: &Parameters) -> Result<(), Fault> {
    let seconds = visit.app.config.mfa.remember;
    let asked = form.hint("remember") == Some("yes") && seconds > 0;
    let Some(cookie) = visit.cookie(Cookie::Browser).filter(|_| asked) else {
        return Ok(());
    };
    let (id, hash) = (user.id.clone(), SecretHash::of(&cookie));
    let until = visit.moment.now.plus_seconds(seconds);
    let remembered = visit
        .app
        .db
        .tx(async move |tx| browsers::remember(tx, &id, &hash, until).await);
    remembered.await.map(drop)
}

/// Asks for a second factor in every browser of this person again.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn ask_in_every_browser(visit: &Visit, user: &User) -> Result<(), Fault> {
    let id = user.id.clone();
    visit
        .app
        .db
        .tx(async move |tx| browsers::ask_again(tx, &id).await)
        .await
}
