//! `/account/data/delete`: the end of an account, by its owner. It takes a fresh login and their address, typed.

use super::data::PATH as DATA;
use super::frame::frame;
use super::{Detour, Person, answered, fresh_login};
use crate::audit::Record;
use crate::end::{self, Ending};
use crate::http::cookie::Cookie;
use crate::http::reply::{html, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::notices;
use crate::pages::{AccountDeletePage, AccountDeletedPage, Section};
use crate::signed_out::cleared;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::user::User;
use sekisho_store::audit;

const PATH: &str = "/account/data/delete";

/// Explains what will happen, and asks.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        fresh_login(&visit, &person, PATH).await?;
        Ok(page(&visit, &person, Confirmation::Asked))
    })
    .await
}

/// Takes the answer.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Confirmation {
    Asked,
    Wrong,
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    fresh_login(visit, &person, PATH).await?;
    let typed = form.hint("confirm").unwrap_or_default();
    if !names(&person.user, typed) {
        return Ok(page(visit, &person, Confirmation::Wrong));
    }
    let moment = visit.moment;
    let job = notices::last(visit, &person.user, |text| &text.mails.account_deleted, None)?;
    let event = Record::new("sdu")
        .user(&person.user.id)
        .session(&person.session.id)
        .detail("by the user, at the account page")
        .at(visit);
    let (id, by) = (person.user.id.clone(), Ending::at(&visit.app, moment.now));
    let gone = visit.app.db.tx(async move |tx| {
        if !end::account(tx, &by, &id).await? {
            return Ok(false);
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await?;
        Ok(true)
    });
    if !gone.await? {
        return Ok(see_other(&visit.page(DATA)));
    }
    visit.app.jobs.ring();
    let said = AccountDeletedPage {
        chrome: person.bare_chrome(visit),
        email: person.user.shown().to_owned(),
    };
    let answer = cleared(visit, html(&said, StatusCode::OK));
    let answer = with_cookie(answer, visit.app.cookies.clear(Cookie::Account));
    Ok(with_cookie(answer, visit.app.cookies.clear(Cookie::Browser)))
}

fn page(visit: &Visit, person: &Person, confirmation: Confirmation) -> Response {
    let (chrome, status) = match confirmation {
        Confirmation::Asked => (person.chrome(visit), StatusCode::OK),
        Confirmation::Wrong => (person.bare_chrome(visit), StatusCode::BAD_REQUEST),
    };
    let wrong = match confirmation {
        Confirmation::Asked => None,
        Confirmation::Wrong => Some(chrome.text.account_data.wrong_confirmation),
    };
    let title = chrome.text.account_data.delete;
    let page = AccountDeletePage {
        chrome,
        frame: frame(visit, person, Section::Data, None).below(title, visit.page(DATA)),
        action: visit.page(PATH),
        back_url: visit.page(DATA),
        wrong,
    };
    html(&page, status)
}

/// Whether what was typed is the account's address; the name, where it has none.
fn names(user: &User, typed: &str) -> bool {
    let folded = |text: &str| Email::parse(text).ok().map(|email| email.folded);
    match user.address().and_then(folded) {
        Some(address) => folded(typed) == Some(address),
        None => typed.trim() == user.shown().trim(),
    }
}
