//! `/u/login`: e-mail address and password.

use super::{Open, open, social};
use crate::bot_check::{self, Passage};
use crate::config::Signup;
use crate::credential::{self, Checked};
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::mailed_login;
use crate::pages::{LoginPage, LoginProblem, Notice};
use crate::signed_in::browser;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let notice = browser(&visit).await?.signed_in.map(|_| Notice::ConfirmIdentity);
        let email = open.valid.login_hint.clone().unwrap_or_default();
        let form = Form {
            email,
            notice,
            problems: Vec::new(),
        };
        page(&visit, &open, form).await
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
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

async fn attempt(visit: &Visit, open: &Open, form: &Parameters) -> Result<Response, Trouble> {
    let again = async |problems| {
        let email = form.hint("email").unwrap_or_default().chars().take(320).collect();
        let form = Form {
            email,
            notice: None,
            problems,
        };
        page(visit, open, form).await
    };
    let (email, password) = match (form.hint("email").map(Email::parse), form.hint("password")) {
        (Some(Ok(email)), Some(password)) => (email, password),
        (email, password) => {
            let email = match email {
                None => Some(LoginProblem::EmailMissing),
                Some(Err(_)) => Some(LoginProblem::EmailMalformed),
                Some(Ok(_)) => None,
            };
            let missing = password.is_none().then_some(LoginProblem::PasswordMissing);
            return again(email.into_iter().chain(missing).collect()).await;
        }
    };
    let answer = form.hint(bot_check::field(&visit.app));
    if let Some(problem) = unchecked(bot_check::passes(visit, &email.folded, answer).await?) {
        return again(vec![problem]).await;
    }
    let client = &open.trusted.client.id;
    match credential::password(visit, Some(client), &email, password).await? {
        Checked::Right(user) => match establish(visit, &user, Proof::Password).await? {
            Some(cookies) => {
                let to = visit.link("/authorize/resume", &open.handle);
                Ok(with_cookies(see_other(&to), cookies))
            }
            None => again(vec![LoginProblem::WrongCredentials]).await,
        },
        Checked::Wrong => {
            tracing::info!(kind = "fp", client = %open.trusted.client.id, "login refused");
            again(vec![LoginProblem::WrongCredentials]).await
        }
        Checked::TooMany => again(vec![LoginProblem::TooManyAttempts]).await,
        Checked::Busy => again(vec![LoginProblem::Busy]).await,
    }
}

/// Why a bot check lets nobody go on; `None` when it does.
pub(super) fn unchecked(passage: Passage) -> Option<LoginProblem> {
    match passage {
        Passage::Open => None,
        Passage::Missing => Some(LoginProblem::BotCheckMissing),
        Passage::Refused => Some(LoginProblem::BotCheckRefused),
        Passage::TooMany => Some(LoginProblem::TooManyAttempts),
        Passage::Busy => Some(LoginProblem::Busy),
    }
}

struct Form {
    email: String,
    notice: Option<Notice>,
    problems: Vec<LoginProblem>,
}

/// The page again, after an attempt by another way than its form.
pub(super) async fn again(visit: &Visit, open: &Open, problem: LoginProblem) -> Result<Response, Trouble> {
    let email = open.valid.login_hint.as_deref().unwrap_or_default();
    without_address(visit, open, email, problem).await
}

/// The form again, for who asked for a code without a usable address.
pub(super) async fn without_address(
    visit: &Visit,
    open: &Open,
    typed: &str,
    problem: LoginProblem,
) -> Result<Response, Trouble> {
    let form = Form {
        email: typed.chars().take(320).collect(),
        notice: None,
        problems: vec![problem],
    };
    page(visit, open, form).await
}

async fn page(visit: &Visit, open: &Open, form: Form) -> Result<Response, Trouble> {
    let status = match form.problems.first() {
        None => StatusCode::OK,
        Some(LoginProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(LoginProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = open.journey.locales();
    let tried = form.problems.first().and_then(|_| Email::parse(&form.email).ok());
    let account = tried.as_ref().map(|email| email.folded.as_str());
    let language = visit.text(locales).language.tag();
    let page = LoginPage {
        chrome: if form.problems.is_empty() {
            visit.chrome(locales)
        } else {
            visit.bare_chrome(locales)
        },
        app: open.trusted.client.name.clone(),
        action: visit.link("/u/login", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::Anybody),
        email: form.email,
        notice: form.notice,
        problems: form.problems,
        passkey: super::passkey::prompt(visit, open).await?,
        forgot_url: visit
            .app
            .post
            .is_open()
            .then(|| visit.link("/u/reset", &open.handle)),
        code_url: mailed_login::is_open(visit).then(|| visit.link("/u/code", &open.handle)),
        signup_url: match visit.app.config.accounts.signup {
            Signup::VerifyFirst | Signup::Immediate => Some(visit.link("/u/signup", &open.handle)),
            Signup::Closed => None,
        },
        social: social::block(visit, open),
        bot_check: bot_check::widget(visit, account, language).await?,
    };
    Ok(bot_check::html(visit, &page, status, page.bot_check.as_ref()))
}
