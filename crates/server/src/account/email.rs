//! `/account/email`: another address. It is proven by a link that is mailed to it, and the present one is told.

use super::frame::{done, frame};
use super::{Detour, Person, answered, fresh_login};
use crate::audit::Record;
use crate::http::reply::html;
use crate::http::visit::Visit;
use crate::jobs::{Draft, mail};
use crate::mail::letters;
use crate::notices;
use crate::pages::{AccountEmailPage, EmailProblem, Section};
use crate::text::Text;
use crate::{throttle, tickets};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::ticket::Errand;
use sekisho_store::{audit, users};

const PATH: &str = "/account/email";

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        fresh_login(&visit, &person, PATH).await?;
        Ok(page(&visit, &person, String::new(), None))
    })
    .await
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    fresh_login(visit, &person, PATH).await?;
    let typed: String = form.hint("email").unwrap_or_default().chars().take(320).collect();
    let again = |problem| Ok(page(visit, &person, typed.clone(), Some(problem)));
    let email = match Email::parse(&typed) {
        Ok(email) => email,
        Err(_) if typed.is_empty() => return again(EmailProblem::Missing),
        Err(_) => return again(EmailProblem::Malformed),
    };
    if Email::parse(&person.user.email).is_ok_and(|present| present == email) {
        return again(EmailProblem::Same);
    }
    if !throttle::allow(visit, throttle::MAILS_FROM_NETWORK, &visit.network()).await? {
        return again(EmailProblem::TooMany);
    }
    ask(visit, &person, &email).await?;
    Ok(done(visit, PATH, "sent"))
}

/// Writes to both addresses. Whether the new one has an account is told to who reads its mail, and to nobody else (threat 24).
async fn ask(visit: &Visit, person: &Person, email: &Email) -> Result<(), Detour> {
    let (user, moment) = (&person.user, visit.moment);
    let (text, tenant) = (person.text(visit), &visit.app.config.name);
    let may_write = throttle::allow(visit, throttle::MAILS_TO_ADDRESS, &email.folded).await?;
    let holder = users::by_email(&visit.app.db, &email.folded).await?;
    let errand = Errand::ChangeEmail {
        user: user.id.clone(),
        epoch: user.epoch,
        email: email.clone(),
    };
    let link = tickets::link(visit, text.language, errand, None)?;
    let to_new = match holder.filter(|holder| holder.id != user.id) {
        Some(holder) => {
            let text = visit.text_for(&holder);
            letters::notice(text, &text.mails.address_taken, tenant, &email.display)
        }
        None => letters::with_link(text, &text.mails.change_email, tenant, &email.display, &link),
    };
    let mut drafts: Vec<Draft> = Vec::new();
    if may_write {
        drafts.push(mail::draft(&visit.app, &to_new, moment)?);
    }
    if user.email_verified {
        let words = |text: &'static Text| &text.mails.change_email_asked;
        drafts.extend(notices::about(visit, user, words, Some(&email.display))?);
    }
    let event = Record::new("sce_asked")
        .user(&user.id)
        .session(&person.session.id)
        .detail("a link was mailed to another address")
        .at(visit);
    let written = visit.app.db.tx(async move |tx| {
        audit::insert(tx, &event).await?;
        for draft in &drafts {
            mail::enqueue(tx, Some(draft), moment).await?;
        }
        Ok(())
    });
    written.await?;
    visit.app.jobs.ring();
    Ok(())
}

fn page(visit: &Visit, person: &Person, typed: String, problem: Option<EmailProblem>) -> Response {
    let status = match problem {
        None => StatusCode::OK,
        Some(EmailProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let chrome = match problem {
        None => person.chrome(visit),
        Some(_) => person.bare_chrome(visit),
    };
    let sent = visit.query.hint("done") == Some("sent") && problem.is_none();
    let notice = sent.then_some(chrome.text.account_email.sent);
    let page = AccountEmailPage {
        chrome,
        frame: frame(visit, person, Section::Email, notice),
        action: visit.page(PATH),
        typed,
        problem,
        mailbox_url: sent.then(|| visit.app.post.mailbox_url()).flatten(),
    };
    html(&page, status)
}
