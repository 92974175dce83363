//! `/account/password`: another password, or a first one. Everything the person holds elsewhere ends; this browser goes on.

use super::enter::pass;
use super::frame::{done, frame};
use super::{Detour, Person, answered, fresh_login};
use crate::audit::Record;
use crate::credential::{self, Checked};
use crate::end::{self, Ending};
use crate::establish::Successor;
use crate::factors;
use crate::http::reply::{Trouble, html, with_cookie, with_cookies};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::new_password::{self, Whose};
use crate::notices;
use crate::pages::{AccountPasswordPage, PasswordForm, PasswordProblem, Section, SignupProblem};
use crate::passwords::PasswordError;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::MIN_CHARACTERS;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::session::Freshness;
use sekisho_store::audit;
use sekisho_store::users::{self, NewHash};

const PATH: &str = "/account/password";

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let asked = asked(&visit, &person).await?;
        Ok(page(&visit, &person, asked, Vec::new()))
    })
    .await
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

/// Decides what the form asks for: after a fresh login only the new password; else the present one with it, which is as good as a login
/// of who has no second factor. Everybody else signs in first.
async fn asked(visit: &Visit, person: &Person) -> Result<PasswordForm, Detour> {
    let held = factors::held(visit, &person.user).await?;
    let fresh = person.session.freshness(&held, visit.moment.now) == Freshness::Fresh;
    match &person.user.password_hash {
        Some(_) if fresh => Ok(PasswordForm::Change),
        None if fresh => Ok(PasswordForm::First),
        Some(_) if !held.has_any() && !person.session.lacks_a_factor(&held) => {
            Ok(PasswordForm::ChangeWithPresent)
        }
        _ => {
            fresh_login(visit, person, PATH).await?;
            Ok(PasswordForm::Change)
        }
    }
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    let asked = asked(visit, &person).await?;
    let again = |problems| Ok(page(visit, &person, asked, problems));
    if asked == PasswordForm::ChangeWithPresent
        && let Some(problem) = wrong_present(visit, &person, &form).await?
    {
        return again(vec![problem]);
    }
    let whose = Whose::Known(&person.user);
    let password = match new_password::read(&visit.app, form.hint("password"), whose).await {
        Ok(password) => password,
        Err(unfit) => {
            let problems = unfit.problems()?;
            return again(problems.into_iter().map(PasswordProblem::New).collect());
        }
    };
    let hash = match password.hash(&visit.app).await {
        Ok(hash) => hash,
        Err(PasswordError::Busy) => return again(vec![PasswordProblem::New(SignupProblem::Busy)]),
        Err(_) => return Err(Trouble::Internal("a password could not be hashed").into()),
    };
    save(visit, &person, hash).await
}

/// What is wrong with the present password that was typed.
async fn wrong_present(
    visit: &Visit,
    person: &Person,
    form: &Parameters,
) -> Result<Option<PasswordProblem>, Detour> {
    let Some(typed) = form.hint("present") else {
        return Ok(Some(PasswordProblem::PresentMissing));
    };
    let email =
        Email::parse(&person.user.email).map_err(|_| Trouble::Internal("a stored address cannot be read"))?;
    Ok(match credential::password(visit, None, &email, typed).await? {
        Checked::Right(user) if user.id == person.user.id => None,
        Checked::Right(_) | Checked::Wrong => Some(PasswordProblem::PresentWrong),
        Checked::TooMany => Some(PasswordProblem::New(SignupProblem::TooManyAttempts)),
        Checked::Busy => Some(PasswordProblem::New(SignupProblem::Busy)),
    })
}

async fn save(visit: &Visit, person: &Person, hash: NewHash) -> Result<Response, Detour> {
    let moment = visit.moment;
    let user = person.user.clone();
    let job = notices::draft(visit, &user, |text| &text.mails.password_changed)?;
    let next = Successor::of(visit, &person.session);
    let event = Record::new("scp")
        .user(&user.id)
        .session(&person.session.id)
        .detail("by the user, at the account page")
        .at(visit);
    let by = Ending::at(&visit.app, moment.now);
    let successor = next.clone();
    let saved = visit.app.db.tx(async move |tx| {
        if !users::change_password(tx, &user, &hash, moment.now).await? {
            return Ok(false);
        }
        end::user(tx, &by, &user.id).await?;
        successor.insert(tx).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await?;
        Ok(true)
    });
    if !saved.await? {
        // Somebody was faster, and with that this session has ended: the person signs in and sees how things are.
        return Ok(done(visit, PATH, "changed"));
    }
    visit.app.jobs.ring();
    let pass = pass(visit, next.session.id.clone())?;
    let answer = with_cookies(done(visit, PATH, "changed"), next.cookies());
    Ok(with_cookie(answer, pass))
}

fn page(visit: &Visit, person: &Person, asked: PasswordForm, problems: Vec<PasswordProblem>) -> Response {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(PasswordProblem::New(SignupProblem::Busy)) => StatusCode::SERVICE_UNAVAILABLE,
        Some(PasswordProblem::New(SignupProblem::TooManyAttempts)) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let chrome = match problems.is_empty() {
        true => person.chrome(visit),
        false => person.bare_chrome(visit),
    };
    let changed = visit.query.hint("done") == Some("changed") && problems.is_empty();
    let notice = changed.then_some(chrome.text.account_password.changed);
    let page = AccountPasswordPage {
        chrome,
        frame: frame(visit, person, Section::Password, notice),
        action: visit.page(PATH),
        asked,
        shortest_password: MIN_CHARACTERS,
        problems,
    };
    html(&page, status)
}
