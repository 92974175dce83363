//! `/u/password`: what the link to a new account or a new password opens. Opening it changes nothing, so a mail scanner may.

use super::go_on;
use crate::audit::Record;
use crate::end::{self, Ending};
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html, with_cookies};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::new_password::Whose;
use crate::notices;
use crate::pages::{ChoosePage, Choosing, Done, SignupProblem};
use crate::passwords::PasswordError;
use crate::{attempts, new_password, tickets};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::MIN_CHARACTERS;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::ticket::{Errand, Ticket};
use sekisho_rules::user::User;
use sekisho_store::users::NewHash;
use sekisho_store::{audit, users};

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let handle = visit.query.hint("ticket");
        let (ticket, account) = opened(&visit, handle).await?;
        Ok(page(&visit, &ticket, handle, &account, Vec::new()))
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    taken(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

/// Whose password it will be.
enum Account {
    New(Email),
    Known(Box<User>),
}

impl Account {
    fn email(&self) -> &str {
        match self {
            Self::New(email) => &email.display,
            Self::Known(user) => &user.email,
        }
    }
}

/// The ticket, and the account it still fits.
async fn opened(visit: &Visit, handle: Option<&str>) -> Result<(Ticket, Account), Trouble> {
    let ticket = tickets::open(&visit.app, handle, visit)?;
    let db = &visit.app.db;
    let account = match &ticket.errand {
        Errand::SignUp { email } => {
            let taken = users::by_email(db, &email.folded).await?;
            match ticket.errand.fits(taken.as_ref(), None) {
                true => Account::New(email.clone()),
                false => return Err(PageRefusal::LinkDead.into()),
            }
        }
        Errand::ResetPassword { user, .. } => match users::by_id(db, user).await? {
            Some(user) if ticket.errand.fits(Some(&user), None) => Account::Known(Box::new(user)),
            _ => return Err(PageRefusal::LinkDead.into()),
        },
        Errand::VerifyEmail { .. }
        | Errand::ChangeEmail { .. }
        | Errand::SignIn { .. }
        | Errand::Unblock { .. }
        | Errand::NotMe { .. } => return Err(PageRefusal::LinkDead.into()),
    };
    Ok((ticket, account))
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let handle = form.hint("ticket");
    let (ticket, account) = opened(visit, handle).await?;
    // Whoever holds a link may use it, but not through the browser of somebody else, who would be signed in as them.
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let again = |problems| Ok(page(visit, &ticket, handle, &account, problems));
    let whose = match &account {
        Account::New(email) => Whose::New(email, None),
        Account::Known(user) => Whose::Known(user),
    };
    let password = match new_password::read(&visit.app, form.hint("password"), whose).await {
        Ok(password) => password,
        Err(unfit) => return again(unfit.problems()?),
    };
    let hash = match password.hash(&visit.app).await {
        Ok(hash) => hash,
        Err(PasswordError::Busy) => return again(vec![SignupProblem::Busy]),
        Err(_) => return Err(Trouble::Internal("a password could not be hashed")),
    };
    let (user, done) = match &account {
        Account::New(email) => (join(visit, email, hash.hash).await?, Done::Joined),
        Account::Known(user) => (save(visit, user, hash).await?, Done::Password),
    };
    let proof = match done {
        Done::Joined => Proof::Signup,
        _ => Proof::Password,
    };
    let cookies = establish(visit, &user, proof).await?.unwrap_or_default();
    Ok(with_cookies(go_on(visit, &ticket, done), cookies))
}

/// Makes the account. Whoever was faster has it, and the link is dead.
async fn join(visit: &Visit, email: &Email, hash: String) -> Result<User, Trouble> {
    let id = UserId::new(format!("auth0|{}", hex(&visit.moment.bytes::<12>())));
    let user = User {
        email_verified: true,
        password_hash: Some(hash),
        ..User::new(id, email, visit.moment.now)
    };
    let event = Record::new("ss").user(&user.id).at(visit);
    let (row, folded) = (user.clone(), email.folded.clone());
    let added = visit.app.db.tx(async move |tx| {
        let added = users::insert(tx, &row, &folded).await?;
        if added {
            audit::insert(tx, &event).await?;
        }
        Ok(added)
    });
    match added.await? {
        true => Ok(user),
        false => Err(PageRefusal::LinkDead.into()),
    }
}

/// Saves the password, ends everything the account held, and tells its owner.
async fn save(visit: &Visit, user: &User, hash: NewHash) -> Result<User, Trouble> {
    let moment = visit.moment;
    let event = Record::new("scp").user(&user.id).at(visit);
    let job = notices::draft(visit, user, |text| &text.mails.password_changed)?;
    let by = Ending::at(&visit.app, moment.now);
    let (id, epoch, owner) = (user.id.clone(), user.epoch, user.clone());
    let saved = visit.app.db.tx(async move |tx| {
        if !users::reset_password(tx, &id, epoch, &hash, moment.now).await? {
            return Ok(false);
        }
        match owner.email_verified {
            true => end::user(tx, &by, &id).await?,
            false => end::unproven(tx, &by, &id).await?,
        }
        attempts::lift(tx, &owner).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await?;
        Ok(true)
    });
    if !saved.await? {
        return Err(PageRefusal::LinkDead.into());
    }
    visit.app.jobs.ring();
    let saved = users::by_id(&visit.app.db, &user.id).await?;
    saved.ok_or(Trouble::Page(PageRefusal::LinkDead))
}

fn page(
    visit: &Visit,
    ticket: &Ticket,
    handle: Option<&str>,
    account: &Account,
    problems: Vec<SignupProblem>,
) -> Response {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = ticket.locales.as_deref();
    let page = ChoosePage {
        chrome: if problems.is_empty() {
            visit.chrome(locales)
        } else {
            visit.bare_chrome(locales)
        },
        choosing: match account {
            Account::New(_) => Choosing::Join,
            Account::Known(_) => Choosing::Reset,
        },
        email: account.email().to_owned(),
        action: "/u/password".to_owned(),
        ticket: handle.unwrap_or_default().to_owned(),
        shortest_password: MIN_CHARACTERS,
        problems,
    };
    html(&page, status)
}
