//! `/u/reset`: ask for a new password. The page, its work and its mail limit are the same whether or not there is an account.

use crate::audit::Record;
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail::letters;
use crate::pages::{AskPage, Asking, SentPage, SignupProblem, SocialBlock};
use crate::{throttle, tickets};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::ticket::Errand;
use sekisho_store::{audit, users};

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    match visit.app.post.is_open() {
        true => page(&visit, &visit.query, Vec::new()),
        false => Trouble::NotFound.page(&visit),
    }
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    taken(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    if !visit.app.post.is_open() {
        return Err(Trouble::NotFound);
    }
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    // Nothing of the browser's own authorises this form; other sites still shall not have mails sent through people's browsers.
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let email = match form.hint("email").map(Email::parse) {
        None => return Ok(page(visit, &form, vec![SignupProblem::EmailMissing])),
        Some(Err(_)) => return Ok(page(visit, &form, vec![SignupProblem::EmailMalformed])),
        Some(Ok(email)) => email,
    };
    if !throttle::allow(visit, throttle::MAILS_FROM_NETWORK, &visit.network()).await? {
        return Ok(page(visit, &form, vec![SignupProblem::TooManyAttempts]));
    }
    // Beyond this limit nothing is sent and the page says the same: it must not tell how often somebody asked before.
    let may_write = throttle::allow(visit, throttle::MAILS_TO_ADDRESS, &email.folded).await?;
    write(visit, &email, form.hint("state"), may_write).await?;
    let page = SentPage {
        chrome: visit.bare_chrome(None),
        email: email.display,
        mailbox_url: visit.app.post.mailbox_url(),
        back_url: back(visit, &form),
    };
    Ok(html(&page, StatusCode::OK))
}

async fn write(visit: &Visit, email: &Email, journey: Option<&str>, may_write: bool) -> Result<(), Trouble> {
    let user = users::by_email(&visit.app.db, &email.folded).await?;
    let event = Record::new("scpr");
    let event = user
        .iter()
        .fold(event, |event, user| event.user(&user.id))
        .at(visit);
    let envelope = match user.filter(|user| may_write && !user.blocked) {
        None => None,
        Some(user) => {
            let errand = Errand::ResetPassword {
                user: user.id,
                epoch: user.epoch,
            };
            let link = tickets::link(visit, errand, journey)?;
            let text = visit.text(None);
            let tenant = &visit.app.config.name;
            Some(letters::with_link(
                text,
                &text.mails.reset,
                tenant,
                &user.email,
                &link,
            ))
        }
    };
    let job = envelope
        .map(|envelope| mail::draft(&visit.app, &envelope, visit.moment))
        .transpose()?;
    let moment = visit.moment;
    let written = visit.app.db.tx(async move |tx| {
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await
    });
    written.await?;
    visit.app.jobs.ring();
    Ok(())
}

fn page(visit: &Visit, sent: &Parameters, problems: Vec<SignupProblem>) -> Response {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let page = AskPage {
        chrome: if problems.is_empty() {
            visit.chrome(None)
        } else {
            visit.bare_chrome(None)
        },
        asking: Asking::Reset,
        action: "/u/reset".to_owned(),
        state: sent.hint("state").unwrap_or_default().to_owned(),
        csrf: String::new(),
        email: sent.hint("email").unwrap_or_default().chars().take(320).collect(),
        problems,
        back_url: back(visit, sent),
        social: SocialBlock::default(),
    };
    html(&page, status)
}

fn back(visit: &Visit, sent: &Parameters) -> Option<String> {
    sent.hint("state").map(|state| visit.link("/u/login", state))
}
