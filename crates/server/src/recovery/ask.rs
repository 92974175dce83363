//! `/u/reset`: ask for a new password. The page, its work and its mail limit are the same whether or not there is an account.

use crate::bot_check::{self, Passage};
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::pages::{AskPage, Asking, SentPage, SignupProblem, SocialBlock};
use crate::password_mails::{self, Asked};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    match visit.app.post.is_open() {
        true => page(&visit, &visit.query, Vec::new())
            .await
            .unwrap_or_else(|trouble| trouble.page(&visit)),
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
        None => return page(visit, &form, vec![SignupProblem::EmailMissing]).await,
        Some(Err(_)) => return page(visit, &form, vec![SignupProblem::EmailMalformed]).await,
        Some(Ok(email)) => email,
    };
    let answer = form.hint(bot_check::field(&visit.app));
    let unchecked = match bot_check::passes(visit, &email.folded, answer).await? {
        Passage::Open => None,
        Passage::Missing => Some(SignupProblem::BotCheckMissing),
        Passage::Refused => Some(SignupProblem::BotCheckRefused),
        Passage::TooMany => Some(SignupProblem::TooManyAttempts),
        Passage::Busy => Some(SignupProblem::Busy),
    };
    if let Some(problem) = unchecked {
        return page(visit, &form, vec![problem]).await;
    }
    let asked = password_mails::reset(visit, &email, visit.text(None), form.hint("state"));
    if asked.await? == Asked::TooMany {
        return page(visit, &form, vec![SignupProblem::TooManyAttempts]).await;
    }
    let page = SentPage {
        chrome: visit.bare_chrome(None),
        email: email.display,
        mailbox_url: visit.app.post.mailbox_url(),
        back_url: back(visit, &form),
    };
    Ok(html(&page, StatusCode::OK))
}

async fn page(visit: &Visit, sent: &Parameters, problems: Vec<SignupProblem>) -> Result<Response, Trouble> {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(SignupProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let typed = sent.hint("email").map(Email::parse).and_then(Result::ok);
    let account = typed.as_ref().map(|email| email.folded.as_str());
    let language = visit.text(None).language.tag();
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
        bot_check: bot_check::widget(visit, account, language).await?,
    };
    Ok(bot_check::html(visit, &page, status, page.bot_check.as_ref()))
}

fn back(visit: &Visit, sent: &Parameters) -> Option<String> {
    sent.hint("state").map(|state| visit.link("/u/login", state))
}
