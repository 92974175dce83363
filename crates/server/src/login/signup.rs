//! `/u/signup`: a new account. With `verify_first` the form asks for an address, and everything else follows from the link that is sent
//! to it: nobody learns who has an account, and nobody chooses a password for an address that is not theirs. With `immediate` the form
//! asks for a password too and must refuse an address that is taken; SECURITY.md says what this reveals.

use super::{Open, open, social};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::bot_check::{self, Passage};
use crate::config::Signup;
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::jobs::{Draft, mail};
use crate::journey::Asked;
use crate::mail::letters;
use crate::new_password::Whose;
use crate::pages::{AskPage, Asking, BotWidget, SentPage, SignupPage, SignupProblem};
use crate::password_mails::{self, Asked as Outcome};
use crate::passwords::PasswordError;
use crate::{new_password, tickets};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::MIN_CHARACTERS;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::ticket::Errand;
use sekisho_rules::user::User;
use sekisho_store::{audit, users};

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        allowed(&visit)?;
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let email = open.valid.login_hint.clone().unwrap_or_default();
        Ok(match visit.app.config.accounts.signup {
            Signup::VerifyFirst => ask(&visit, &open, email, Vec::new()).await?,
            Signup::Immediate | Signup::Closed => page(&visit, &open, email, Vec::new()).await?,
        })
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
        allowed(&visit)?;
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let open = match open(&visit, form.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        open.journey.check_form(&visit, Asked::Anybody, &form)?;
        attempt(&visit, &open, &form).await
    };
    taken.await.unwrap_or_else(|trouble| trouble.page(&visit))
}

/// A closed sign-up is closed at the door too, not only hidden (threat 30).
fn allowed(visit: &Visit) -> Result<(), Trouble> {
    match visit.app.config.accounts.signup {
        Signup::VerifyFirst | Signup::Immediate => Ok(()),
        Signup::Closed => Err(Trouble::NotFound),
    }
}

async fn attempt(visit: &Visit, open: &Open, form: &Parameters) -> Result<Response, Trouble> {
    let email = match form.hint("email").map(Email::parse) {
        None => Err(SignupProblem::EmailMissing),
        Some(Err(_)) => Err(SignupProblem::EmailMalformed),
        Some(Ok(email)) => Ok(email),
    };
    match visit.app.config.accounts.signup {
        Signup::VerifyFirst => match email {
            Ok(email) => invite(visit, open, form, email).await,
            Err(problem) => ask(visit, open, written(form), vec![problem]).await,
        },
        Signup::Immediate => at_once(visit, open, form, email).await,
        Signup::Closed => Err(Trouble::NotFound),
    }
}

/// Writes to the address: how to make an account, or that there is one. The page and the work are the same.
async fn invite(visit: &Visit, open: &Open, form: &Parameters, email: Email) -> Result<Response, Trouble> {
    let answer = form.hint(bot_check::field(&visit.app));
    if let Some(problem) = unchecked(bot_check::passes(visit, &email.folded, answer).await?) {
        return ask(visit, open, written(form), vec![problem]).await;
    }
    let text = visit.text(open.journey.locales());
    if password_mails::join(visit, &email, text, Some(&open.handle)).await? == Outcome::TooMany {
        let problems = vec![SignupProblem::TooManyAttempts];
        return ask(visit, open, written(form), problems).await;
    }
    let page = SentPage {
        chrome: visit.bare_chrome(open.journey.locales()),
        email: email.display,
        mailbox_url: visit.app.post.mailbox_url(),
        back_url: Some(visit.link("/u/login", &open.handle)),
    };
    Ok(html(&page, StatusCode::OK))
}

async fn at_once(
    visit: &Visit,
    open: &Open,
    form: &Parameters,
    email: Result<Email, SignupProblem>,
) -> Result<Response, Trouble> {
    let again = async |problems| page(visit, open, written(form), problems).await;
    let sent = form.hint("password");
    let email = match email {
        Ok(email) => email,
        // What else is wrong is said at the same time, as far as it can be without the address.
        Err(problem) => {
            let advice = new_password::advise(&visit.app, sent.unwrap_or_default(), &[]).await;
            let missing = sent.is_none().then_some(SignupProblem::PasswordMissing);
            let weak = advice.into_iter().map(new_password::problem);
            return again(match missing {
                Some(missing) => vec![problem, missing],
                None => [problem].into_iter().chain(weak).collect(),
            })
            .await;
        }
    };
    let password = match new_password::read(&visit.app, sent, Whose::New(&email, None)).await {
        Ok(password) => password,
        Err(unfit) => {
            new_password::note_refused(visit, Some(&open.trusted.client.id), &email, &unfit);
            return again(unfit.problems()?).await;
        }
    };
    let answer = form.hint(bot_check::field(&visit.app));
    if let Some(problem) = unchecked(bot_check::passes(visit, &email.folded, answer).await?) {
        return again(vec![problem]).await;
    }
    if attempts::admit_signup(visit).await? == Admission::Closed {
        return again(vec![SignupProblem::TooManyAttempts]).await;
    }
    let hash = match password.hash(&visit.app).await {
        Ok(new) => new.hash,
        Err(PasswordError::Busy) => return again(vec![SignupProblem::Busy]).await,
        Err(_) => return Err(Trouble::Internal("a password could not be hashed")),
    };
    let user = new_user(visit, &email, hash);
    let job = prove(visit, open, &user, &email)?;
    let event = Record::new("ss").user(&user.id).client(&open.trusted.client.id);
    let (event, moment) = (event.at(visit), visit.moment);
    let (added, folded) = (user.clone(), email.folded);
    let inserted = visit.app.db.tx(async move |tx| {
        let inserted = users::insert(tx, &added, &folded).await?;
        if inserted {
            mail::enqueue(tx, job.as_ref(), moment).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(inserted)
    });
    if !inserted.await? {
        let event = Record::new("fs").client(&open.trusted.client.id);
        let event = event
            .detail(format!("there is an account of {}", user.email))
            .at(visit);
        visit.app.failures.note(&visit.app, event, None);
        return again(vec![SignupProblem::InvalidSignup]).await;
    }
    visit.app.jobs.ring();
    match establish(visit, &user, Proof::Signup).await? {
        Some(cookies) => {
            let to = visit.link("/authorize/resume", &open.handle);
            Ok(with_cookies(see_other(&to), cookies))
        }
        None => Ok(see_other(&visit.link("/u/login", &open.handle))),
    }
}

/// The mail that asks to prove the address, where mail can be sent.
fn prove(visit: &Visit, open: &Open, user: &User, email: &Email) -> Result<Option<Draft>, Trouble> {
    if !visit.app.post.is_open() {
        return Ok(None);
    }
    let errand = Errand::VerifyEmail {
        user: user.id.clone(),
        folded: email.folded.clone(),
    };
    let text = visit.text(open.journey.locales());
    let link = tickets::link(visit, text.language, errand, None)?;
    let envelope = letters::with_link(
        text,
        &text.mails.verify,
        &visit.app.config.name,
        &user.email,
        &link,
    );
    mail::draft(&visit.app, &envelope, visit.moment).map(Some)
}

/// What was written into the e-mail field, to be shown again.
fn written(form: &Parameters) -> String {
    form.hint("email").unwrap_or_default().chars().take(320).collect()
}

fn new_user(visit: &Visit, email: &Email, hash: String) -> User {
    let id = UserId::new(format!("auth0|{}", hex(&visit.moment.bytes::<12>())));
    User {
        password_hash: Some(hash),
        ..User::new(id, email, visit.moment.now)
    }
}

/// Why a bot check lets nobody go on; `None` when it does.
fn unchecked(passage: Passage) -> Option<SignupProblem> {
    match passage {
        Passage::Open => None,
        Passage::Missing => Some(SignupProblem::BotCheckMissing),
        Passage::Refused => Some(SignupProblem::BotCheckRefused),
        Passage::TooMany => Some(SignupProblem::TooManyAttempts),
        Passage::Busy => Some(SignupProblem::Busy),
    }
}

/// The bot check of the form, where one is due.
async fn widget(visit: &Visit, open: &Open, typed: &str) -> Result<Option<BotWidget>, Trouble> {
    let email = Email::parse(typed).ok();
    let account = email.as_ref().map(|email| email.folded.as_str());
    let language = visit.text(open.journey.locales()).language.tag();
    Ok(bot_check::widget(visit, account, language).await?)
}

async fn page(
    visit: &Visit,
    open: &Open,
    email: String,
    problems: Vec<SignupProblem>,
) -> Result<Response, Trouble> {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(SignupProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = open.journey.locales();
    let check = widget(visit, open, &email).await?;
    let page = SignupPage {
        chrome: if problems.is_empty() {
            visit.chrome(locales)
        } else {
            visit.bare_chrome(locales)
        },
        app: open.trusted.client.name.clone(),
        action: visit.link("/u/signup", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::Anybody),
        email,
        shortest_password: MIN_CHARACTERS,
        problems,
        login_url: visit.link("/u/login", &open.handle),
        social: social::block(visit, open),
        bot_check: check,
    };
    Ok(bot_check::html(visit, &page, status, page.bot_check.as_ref()))
}

/// The form of `verify_first`: the address alone.
async fn ask(
    visit: &Visit,
    open: &Open,
    email: String,
    problems: Vec<SignupProblem>,
) -> Result<Response, Trouble> {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(SignupProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = open.journey.locales();
    let check = widget(visit, open, &email).await?;
    let page = AskPage {
        chrome: if problems.is_empty() {
            visit.chrome(locales)
        } else {
            visit.bare_chrome(locales)
        },
        asking: Asking::Join,
        action: visit.link("/u/signup", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::Anybody),
        email,
        problems,
        back_url: Some(visit.link("/u/login", &open.handle)),
        social: social::block(visit, open),
        bot_check: check,
    };
    Ok(bot_check::html(visit, &page, status, page.bot_check.as_ref()))
}
