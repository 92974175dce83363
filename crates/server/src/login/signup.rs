//! `/u/signup`: a new account with e-mail address and password.
//!
//! Until mail exists an address cannot be proven, so a taken one gets the same generic refusal as any other failure, after the same
//! work. SECURITY.md says what this still reveals.

use super::{Open, open};
use crate::config::Signup;
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{SignupPage, SignupProblem};
use crate::passwords::PasswordError;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::{self, MIN_CHARACTERS, check_new_password};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::user::User;
use sekisho_store::users;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        allowed(&visit)?;
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let email = open.valid.login_hint.clone().unwrap_or_default();
        Ok(page(&visit, &open, email, Vec::new()))
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
        Signup::Open => Ok(()),
        Signup::Closed => Err(Trouble::NotFound),
    }
}

async fn attempt(visit: &Visit, open: &Open, form: &Parameters) -> Result<Response, Trouble> {
    let written: String = form.hint("email").unwrap_or_default().chars().take(320).collect();
    let again = |problems| Ok(page(visit, open, written.clone(), problems));
    let email = match form.hint("email").map(Email::parse) {
        None => Err(SignupProblem::EmailMissing),
        Some(Err(_)) => Err(SignupProblem::EmailMalformed),
        Some(Ok(email)) => Ok(email),
    };
    let password = new_password(form.hint("password"));
    let (email, password) = match (email, password) {
        (Ok(email), Ok(password)) => (email, password),
        (email, password) => return again(email.err().into_iter().chain(password.err()).collect()),
    };
    let hash = match visit.app.passwords.hash(&password).await {
        Ok(hash) => hash,
        Err(PasswordError::Busy) => return again(vec![SignupProblem::Busy]),
        Err(_) => return Err(Trouble::Internal("a password could not be hashed")),
    };
    let user = new_user(visit, &email, hash);
    let (added, folded) = (user.clone(), email.folded);
    if !visit
        .app
        .db
        .tx(async move |tx| users::insert(tx, &added, &folded).await)
        .await?
    {
        return again(vec![SignupProblem::InvalidSignup]);
    }
    match establish(visit, &user, Proof::Signup).await? {
        Some(cookie) => {
            let to = visit.link("/authorize/resume", &open.handle);
            Ok(with_cookie(see_other(&to), Some(cookie)))
        }
        None => Ok(see_other(&visit.link("/u/login", &open.handle))),
    }
}

fn new_password(sent: Option<&str>) -> Result<zeroize::Zeroizing<String>, SignupProblem> {
    let sent = sent.ok_or(SignupProblem::PasswordMissing)?;
    check_new_password(sent).map_err(|error| match error {
        password::PasswordError::TooShort => SignupProblem::PasswordTooShort,
        password::PasswordError::TooLong => SignupProblem::PasswordTooLong(password::MAX_BYTES),
    })?;
    password::prepare(sent).ok_or(SignupProblem::InvalidSignup)
}

fn new_user(visit: &Visit, email: &Email, hash: String) -> User {
    let now = visit.moment.now;
    let local = email.display.split('@').next().unwrap_or_default();
    User {
        id: UserId::new(format!("auth0|{}", hex(&visit.moment.bytes::<12>()))),
        email: email.display.clone(),
        email_verified: false,
        name: email.display.clone(),
        nickname: Some(local.to_owned()),
        given_name: None,
        family_name: None,
        picture: None,
        password_hash: Some(hash),
        blocked: false,
        epoch: 0,
        nbf: 0,
        created_at: now,
        updated_at: now,
    }
}

fn page(visit: &Visit, open: &Open, email: String, problems: Vec<SignupProblem>) -> Response {
    let status = match problems.first() {
        None => StatusCode::OK,
        Some(SignupProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let locales = open.journey.locales();
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
    };
    html(&page, status)
}
