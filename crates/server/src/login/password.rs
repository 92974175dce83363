//! `/u/login`: e-mail address and password.

use super::{Open, open};
use crate::config::Signup;
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{LoginPage, LoginProblem, Notice};
use crate::passwords::PasswordError;
use crate::signed_in::browser;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::prepare;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::user::User;
use sekisho_store::users;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let notice = browser(&visit).await?.signed_in.map(|_| Notice::ConfirmIdentity);
        let email = open.valid.login_hint.clone().unwrap_or_default();
        Ok(page(
            &visit,
            &open,
            Form {
                email,
                notice,
                problems: Vec::new(),
            },
        ))
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
    let again = |problems| {
        let email = form.hint("email").unwrap_or_default().chars().take(320).collect();
        Ok(page(
            visit,
            open,
            Form {
                email,
                notice: None,
                problems,
            },
        ))
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
            return again(email.into_iter().chain(missing).collect());
        }
    };
    let user = users::by_email(&visit.app.db, &email.folded).await?;
    match prove(visit, user, password).await {
        Ok(Some(user)) => match establish(visit, &user, Proof::Password).await? {
            Some(cookie) => {
                let to = visit.link("/authorize/resume", &open.handle);
                Ok(with_cookie(see_other(&to), Some(cookie)))
            }
            None => again(vec![LoginProblem::WrongCredentials]),
        },
        Ok(None) => {
            tracing::info!(kind = "fp", client = %open.trusted.client.id, "login refused");
            again(vec![LoginProblem::WrongCredentials])
        }
        Err(PasswordError::Busy) => again(vec![LoginProblem::Busy]),
        Err(error) => {
            tracing::error!(%error, "a password could not be checked");
            Err(Trouble::Internal("a password could not be checked"))
        }
    }
}

/// Whether the password is the user's. An unknown address, an account without a password and a blocked one cost the same work and get
/// the same answer (threat 24).
async fn prove(visit: &Visit, user: Option<User>, password: &str) -> Result<Option<User>, PasswordError> {
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let prepared = prepare(password);
    // A password that can be nobody's is checked all the same, so that it takes as long.
    let right = visit
        .app
        .passwords
        .verify(stored, prepared.as_ref().map_or("", |text| text.as_str()))
        .await?;
    let right = right && prepared.is_some();
    Ok(user.filter(|user| right && !user.blocked))
}

struct Form {
    email: String,
    notice: Option<Notice>,
    problems: Vec<LoginProblem>,
}

fn page(visit: &Visit, open: &Open, form: Form) -> Response {
    let status = match form.problems.first() {
        None => StatusCode::OK,
        Some(LoginProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = open.journey.locales();
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
        forgot_url: visit
            .app
            .post
            .is_open()
            .then(|| visit.link("/u/reset", &open.handle)),
        signup_url: match visit.app.config.accounts.signup {
            Signup::VerifyFirst | Signup::Immediate => Some(visit.link("/u/signup", &open.handle)),
            Signup::Closed => None,
        },
    };
    html(&page, status)
}
