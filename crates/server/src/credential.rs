//! Checking a password: the one way every door takes, so that all of them count attempts and all of them answer alike.

use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::breached::Ask;
use crate::http::visit::Visit;
use crate::passwords::PasswordError;
use sekisho_rules::id::ClientId;
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::prepare;
use sekisho_rules::user::User;
use sekisho_store::{Fault, users};

/// The name of the one connection whose passwords we know: the one that Auth0 makes in every new tenant.
pub const CONNECTION: &str = "Username-Password-Authentication";

/// What came of a password.
#[derive(Clone, Debug)]
pub enum Checked {
    /// It is this user's, and they may sign in.
    Right(Box<User>),
    /// It is not, or there is no such user, or they may not sign in: one answer for all, after the same work (threat 24).
    Wrong,
    /// There were too many attempts at this account.
    TooMany,
    /// Too many passwords are being checked at the moment.
    Busy,
}

/// Checks a password of the account with this address. `client` is the application it was typed for, if any.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn password(
    visit: &Visit,
    client: Option<&ClientId>,
    email: &Email,
    typed: &str,
) -> Result<Checked, Fault> {
    if attempts::admit(visit, &email.folded).await? == Admission::Closed {
        return Ok(Checked::TooMany);
    }
    let user = users::by_email(&visit.app.db, &email.folded).await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let prepared = prepare(typed);
    // A password that can be nobody's is checked all the same, so that it takes as long.
    let text = prepared.as_ref().map_or("", |text| text.as_str());
    let right = match visit.app.passwords.verify(stored, text).await {
        Ok(right) => right && prepared.is_some(),
        Err(PasswordError::Busy) => {
            attempts::not_made(visit, &email.folded).await?;
            return Ok(Checked::Busy);
        }
        Err(error) => {
            tracing::error!(%error, "a password could not be checked");
            false
        }
    };
    match user {
        Some(user) if right && !user.blocked => {
            attempts::passed(visit, &email.folded).await?;
            note_leak(visit, client, &user, text).await;
            renew(visit, &user, text).await;
            Ok(Checked::Right(Box::new(user)))
        }
        user => {
            let event = match &user {
                Some(user) if user.blocked => Record::new("f").user(&user.id).detail("the user is blocked"),
                Some(user) => Record::new("fp").user(&user.id).detail("wrong password"),
                None => Record::new("fu").detail(format!("there is no {}", email.folded)),
            };
            let event = client.iter().fold(event, |event, client| event.client(client));
            visit.app.failures.note(&visit.app, event.at(visit), None);
            attempts::failed(visit, &email.folded).await?;
            Ok(Checked::Wrong)
        }
    }
}

/// Notes that a right password is on the operator's list of leaked ones. The service is not asked: a login waits for nobody.
async fn note_leak(visit: &Visit, client: Option<&ClientId>, user: &User, password: &str) {
    if visit.app.breached.holds(&visit.app, password, Ask::List).await {
        let event = Record::new("pwd_leak").user(&user.id);
        let event = client.iter().fold(event, |event, client| event.client(client));
        let event = event.detail("the password is among the leaked ones").at(visit);
        visit.app.failures.note(&visit.app, event, None);
    }
}

/// Hashes a right password again when its hash is not of today's form. Nothing of it stops the login: when the queue is full or the
/// database does not answer, the next login does it. It loses against a password that was changed meanwhile.
async fn renew(visit: &Visit, user: &User, password: &str) {
    let passwords = &visit.app.passwords;
    let old = user.password_hash.clone();
    let Some(old) = old.filter(|hash| passwords.is_outdated(hash)) else {
        return;
    };
    let Ok(new) = passwords.hash(password).await else {
        return;
    };
    let id = user.id.clone();
    let renewed = visit
        .app
        .db
        .tx(async move |tx| users::rehashed(tx, &id, &old, &new).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "an outdated password hash could not be replaced");
    }
}
