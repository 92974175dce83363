//! `/u/code`: a sign-in by a mailed code. The page, its work and its limits are the same whether or not there is an account.

use super::{Open, open, password};
use crate::bot_check;
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::mail::letters;
use crate::mail_code::Sent;
use crate::mailed_login::{self, Entered};
use crate::pages::{LoginProblem, MailedCodePage, MailedCodeProblem, Resent};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::hex;
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::secret::SecretHash;

/// The page cannot be shown again by itself; the address is asked for on the sign-in page.
pub async fn show(visit: Visit) -> Response {
    match (mailed_login::is_open(&visit), visit.query.hint("state")) {
        (true, Some(state)) => see_other(&visit.link("/u/login", state)),
        _ => Trouble::NotFound.page(&visit),
    }
}

/// Takes the address (`step=send`, `step=again`) or the code (`step=enter`).
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
        if !mailed_login::is_open(&visit) {
            return Err(Trouble::NotFound);
        }
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let open = match open(&visit, form.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        open.journey.check_form(&visit, Asked::Anybody, &form)?;
        let typed = form.hint("email").unwrap_or_default();
        let email = match Email::parse(typed) {
            Ok(email) => email,
            Err(_) => {
                let problem = match typed {
                    "" => LoginProblem::EmailMissing,
                    _ => LoginProblem::EmailMalformed,
                };
                return password::without_address(&visit, &open, typed, problem).await;
            }
        };
        match form.hint("step") {
            Some("enter") => enter(&visit, &open, &email, &form).await,
            step => {
                let resent = match step {
                    Some("again") => Resent::Yes,
                    _ => Resent::No,
                };
                let answer = form.hint(bot_check::field(&visit.app));
                if !was_person(&visit, &open, &email, &form) {
                    let passage = bot_check::passes(&visit, &email.folded, answer).await?;
                    if let Some(problem) = password::unchecked(passage) {
                        return password::without_address(&visit, &open, typed, problem).await;
                    }
                }
                send(&visit, &open, &email, resent).await
            }
        }
    };
    taken.await.unwrap_or_else(|trouble| trouble.page(&visit))
}

/// What says that a person asked for a code to this address in this journey: who asks for another one is not checked again. Nothing
/// where nobody is checked.
fn person(visit: &Visit, open: &Open, email: &Email) -> String {
    if visit.app.bot_check.is_none() {
        return String::new();
    }
    let of = format!("{} {}", open.journey.id, email.folded);
    hex(visit.app.sealer.mark("a person asked for a code", &of).bytes())
}

fn was_person(visit: &Visit, open: &Open, email: &Email, form: &Parameters) -> bool {
    let sent = form.hint("person").unwrap_or_default();
    SecretHash::of(sent).matches(&SecretHash::of(&person(visit, open, email)))
}

async fn send(visit: &Visit, open: &Open, email: &Email, resent: Resent) -> Result<Response, Trouble> {
    let text = visit.text(open.journey.locales());
    let tenant = &visit.app.config.name;
    let sent = mailed_login::send(visit, email, |to, code| {
        Ok(letters::with_code(
            text,
            &text.mails.sign_in_code,
            tenant,
            to,
            code,
        ))
    });
    let problem = match sent.await? {
        // Beyond its limit nothing is sent and the page says the same: it must not tell how often somebody asked before.
        Sent::Code(_) | Sent::AddressLimit => None,
        Sent::NetworkLimit => Some(MailedCodeProblem::TooManyMails),
    };
    let person = person(visit, open, email);
    Ok(page(visit, open, email, (resent, problem, person)))
}

async fn enter(visit: &Visit, open: &Open, email: &Email, form: &Parameters) -> Result<Response, Trouble> {
    let again = |problem| {
        // Who types a code has not shown to be a person by it.
        let person = match was_person(visit, open, email, form) {
            true => person(visit, open, email),
            false => String::new(),
        };
        Ok(page(visit, open, email, (Resent::No, Some(problem), person)))
    };
    let Some(typed) = form.hint("code") else {
        return again(MailedCodeProblem::Missing);
    };
    match mailed_login::enter(visit, &open.trusted.client.id, email, typed).await? {
        Entered::As(user) => match establish(visit, &user, Proof::MailCode).await? {
            Some(cookies) => {
                let to = visit.link("/authorize/resume", &open.handle);
                Ok(with_cookies(see_other(&to), cookies))
            }
            None => again(MailedCodeProblem::Wrong),
        },
        Entered::Wrong => {
            tracing::info!(kind = "fp", client = %open.trusted.client.id, "login refused");
            again(MailedCodeProblem::Wrong)
        }
        Entered::TooMany => again(MailedCodeProblem::TooManyAttempts),
    }
}

fn page(
    visit: &Visit,
    open: &Open,
    email: &Email,
    said: (Resent, Option<MailedCodeProblem>, String),
) -> Response {
    let (resent, problem, person) = said;
    let status = match problem {
        None => StatusCode::OK,
        Some(MailedCodeProblem::Missing | MailedCodeProblem::Wrong) => StatusCode::BAD_REQUEST,
        Some(MailedCodeProblem::TooManyAttempts | MailedCodeProblem::TooManyMails) => {
            StatusCode::TOO_MANY_REQUESTS
        }
    };
    let page = MailedCodePage {
        chrome: visit.bare_chrome(open.journey.locales()),
        action: visit.link("/u/code", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::Anybody),
        email: email.display.clone(),
        person,
        resent,
        problem,
        mailbox_url: visit.app.post.mailbox_url(),
        login_url: visit.link("/u/login", &open.handle),
    };
    html(&page, status)
}
