//! Signing in by mail: to whom a code or link is sent, and what follows from one that comes back. Pages and endpoints meet here, so that
//! all of them count attempts and answer alike, whether or not there is an account (threat 24).

use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::config::{Passwordless, Signup};
use crate::end::{self, Ending};
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::mail::Envelope;
use crate::mail_code::{self, Order, Outcome, Reader, Sent, Use};
use sekisho_rules::id::{ClientId, UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::user::User;
use sekisho_store::{Fault, audit, users};

/// The name of the connection, as clients send it.
pub const CONNECTION: &str = "email";

/// How often a row that changed meanwhile is read again.
const ATTEMPTS: usize = 3;

/// Whether people may sign in by mail.
pub fn is_open(visit: &Visit) -> bool {
    visit.app.config.accounts.passwordless == Passwordless::On && visit.app.post.is_open()
}

/// What came of a code.
#[derive(Clone, Debug)]
pub enum Entered {
    /// It is this person; their address is proven.
    As(Box<User>),
    /// It is not the code, or nobody may sign in by it. One answer for all.
    Wrong,
    /// There were too many attempts.
    TooMany,
}

/// Mails a code to whoever may sign in with this address: who has an account, and where people may make accounts everybody. `letter` is
/// given where the mail goes and the code.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn send(
    visit: &Visit,
    email: &Email,
    letter: impl FnOnce(&str, &str) -> Result<Envelope, Trouble>,
) -> Result<Sent, Trouble> {
    let user = users::by_email(&visit.app.db, &email.folded).await?;
    let welcome = match &user {
        Some(user) => !user.blocked,
        None => may_join(visit),
    };
    // What the account says is written to, not what was typed: both fold to the same, and only one of them was proven.
    let address = user
        .as_ref()
        .map_or_else(|| email.display.clone(), |user| user.email.clone());
    let order = Order {
        purpose: Use::Passwordless,
        subject: &email.folded,
        address: &address,
        user: user.as_ref().map(|user| &user.id),
        reader: match welcome {
            true => Reader::Somebody,
            false => Reader::Nobody,
        },
    };
    mail_code::write(visit, order, |code| letter(&address, code)).await
}

/// Looks at a code that came back to an application, and says who it is. Who has no account gets one, where people may make accounts.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn enter(visit: &Visit, client: &ClientId, email: &Email, typed: &str) -> Result<Entered, Fault> {
    if attempts::admit(visit, &email.folded).await? == Admission::Closed {
        return Ok(Entered::TooMany);
    }
    match mail_code::check(visit, Use::Passwordless, &email.folded, typed).await? {
        Outcome::Wrong | Outcome::Gone => {
            let event = Record::new("f").client(client);
            let event = event.detail(format!("wrong or expired code from a mail to {}", email.folded));
            visit.app.failures.note(&visit.app, event.at(visit), None);
            return Ok(Entered::Wrong);
        }
        Outcome::Right => {}
    }
    for _ in 0..ATTEMPTS {
        let user = match users::by_email(&visit.app.db, &email.folded).await? {
            Some(user) if user.blocked => return Ok(Entered::Wrong),
            Some(user) if user.email_verified => Some(user),
            Some(user) => take_over(visit, user, email).await?,
            None if may_join(visit) => join(visit, email).await?,
            None => return Ok(Entered::Wrong),
        };
        if let Some(user) = user {
            attempts::passed(visit, &email.folded).await?;
            return Ok(Entered::As(Box::new(user)));
        }
    }
    Ok(Entered::Wrong)
}

fn may_join(visit: &Visit) -> bool {
    visit.app.config.accounts.signup != Signup::Closed
}

/// The account of an address that nobody had proven goes to who reads its mail: what was set up before is taken away (threat 39).
async fn take_over(visit: &Visit, user: User, email: &Email) -> Result<Option<User>, Fault> {
    let now = visit.moment.now;
    let event = Record::new("sv")
        .user(&user.id)
        .detail("by a mailed code; what was set up before is gone")
        .at(visit);
    let by = Ending::at(&visit.app, now);
    let (id, folded) = (user.id, email.folded.clone());
    let taken = visit.app.db.tx(async move |tx| {
        if !users::take_over(tx, &id, &folded, now).await? {
            return Ok(false);
        }
        end::unproven(tx, &by, &id).await?;
        audit::insert(tx, &event).await?;
        Ok(true)
    });
    match taken.await? {
        true => users::by_email(&visit.app.db, &email.folded).await,
        false => Ok(None),
    }
}

/// Makes the account. `None` when somebody was faster.
async fn join(visit: &Visit, email: &Email) -> Result<Option<User>, Fault> {
    let id = UserId::new(format!("email|{}", hex(&visit.moment.bytes::<12>())));
    let user = User {
        email_verified: true,
        ..User::new(id, email, visit.moment.now)
    };
    let event = Record::new("ss")
        .user(&user.id)
        .detail("by a mailed code")
        .at(visit);
    let (row, folded) = (user.clone(), email.folded.clone());
    let added = visit.app.db.tx(async move |tx| {
        let added = users::insert(tx, &row, &folded).await?;
        if added {
            audit::insert(tx, &event).await?;
        }
        Ok(added)
    });
    Ok(added.await?.then_some(user))
}
