//! `/dbconnections/*`: making an account and asking for a new password from a page of the application, as Auth0's client libraries do.
//! There is one store of passwords, so the name of the connection is not looked at.

use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::bot_check::{self, Passage};
use crate::config::Signup;
use crate::http::body::{self, Accepts};
use crate::http::reply::{Refused, Trouble};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail::letters;
use crate::new_password::{self, Unfit, Whose};
use crate::password_mails::{self, Asked};
use crate::passwords::PasswordError;
use crate::text::Text;
use crate::tickets;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sekisho_rules::client::Standing;
use sekisho_rules::id::{ClientId, UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::Reason;
use sekisho_rules::ticket::Errand;
use sekisho_rules::user::User;
use sekisho_store::{Fault, users};
use serde_json::{Value, json};

/// Letter by letter what Auth0's libraries hand on to people.
const RESET_SENT: &str = "We've just sent you an email to reset your password.";

/// Why a request is not served.
enum Problem {
    Refused(Refused),
    Said(StatusCode, Value),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason.into())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.into())
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        Self::Refused(match trouble {
            Trouble::Store(fault) => Refused::Store(fault),
            _ => Refused::Internal("a mail cannot be written"),
        })
    }
}

impl Problem {
    /// In the shape these endpoints had before OAuth.
    fn bad(code: &str, description: &str) -> Self {
        let body =
            json!({ "name": "BadRequestError", "code": code, "description": description, "statusCode": 400 });
        Self::Said(StatusCode::BAD_REQUEST, body)
    }

    fn too_many() -> Self {
        let body = json!({ "name": "TooManyRequests", "code": "too_many_requests",
            "description": "Too many requests from here. Try again later.", "statusCode": 429 });
        Self::Said(StatusCode::TOO_MANY_REQUESTS, body)
    }

    /// Why a bot check lets nobody go on.
    fn unchecked(passage: Passage) -> Result<(), Self> {
        match passage {
            Passage::Open => Ok(()),
            Passage::Missing => Err(Self::bad(
                "requires_verification",
                "Suspicious request requires verification",
            )),
            Passage::Refused => Err(Self::bad("invalid_captcha", "Invalid captcha value")),
            Passage::TooMany => Err(Self::too_many()),
            Passage::Busy => Err(Reason::Unavailable.into()),
        }
    }

    fn answer(self, visit: &Visit) -> Response {
        match self {
            Self::Refused(refused) => refused.oauth(visit.app.config.wire),
            Self::Said(status, body) => (status, Json(body)).into_response(),
        }
    }
}

/// `POST /dbconnections/signup`. With `verify_first` the answer is the same for every address; the account is made by whoever opens the
/// link that is mailed, who chooses the password there, so the one that was sent is judged and not kept.
pub async fn signup(visit: Visit, bytes: Bytes) -> Response {
    match signed_up(&visit, &bytes).await {
        Ok(answer) => answer,
        Err(problem) => problem.answer(&visit),
    }
}

/// `POST /dbconnections/change_password`: mails a link to who has an account, and answers the same for every address.
pub async fn change_password(visit: Visit, bytes: Bytes) -> Response {
    match asked_to_change(&visit, &bytes).await {
        Ok(answer) => answer,
        Err(problem) => problem.answer(&visit),
    }
}

async fn asked_to_change(visit: &Visit, bytes: &Bytes) -> Result<Response, Problem> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    known_client(visit, &body).await?;
    if !visit.app.post.is_open() {
        return Err(Problem::bad("bad.connection", "No mail can be sent from here"));
    }
    let email = match body.get("email")?.map(Email::parse) {
        Some(Ok(email)) => email,
        Some(Err(_)) => return Err(Problem::bad("bad.email", "email is not an address")),
        None => return Err(Problem::bad("bad.email", "email is required")),
    };
    Problem::unchecked(bot_check::passes(visit, &email.folded, body.get("captcha")?).await?)?;
    match password_mails::reset(visit, &email, text(visit), None).await? {
        Asked::TooMany => Err(Problem::too_many()),
        Asked::Written => {
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            Ok((StatusCode::OK, [(header::CONTENT_TYPE, html)], RESET_SENT).into_response())
        }
    }
}

async fn signed_up(visit: &Visit, bytes: &Bytes) -> Result<Response, Problem> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = known_client(visit, &body).await?;
    let mode = visit.app.config.accounts.signup;
    if mode == Signup::Closed {
        return Err(Problem::bad("invalid_signup", "Public signup is disabled"));
    }
    let email = match body.get("email")?.map(Email::parse) {
        Some(Ok(email)) => email,
        Some(Err(_)) => return Err(Problem::bad("invalid_signup", "email is not an address")),
        None => return Err(Problem::bad("invalid_signup", "email is required")),
    };
    let whose = Whose::New(&email, None);
    let password = match new_password::read(&visit.app, body.get("password")?, whose).await {
        Ok(password) => password,
        Err(Unfit::Missing) => return Err(Problem::bad("invalid_password", "password is required")),
        Err(unfit @ Unfit::Weak(_)) => {
            new_password::note_refused(visit, Some(&client), &email, &unfit);
            let body = new_password::refusal(&unfit);
            return Err(Problem::Said(StatusCode::BAD_REQUEST, body));
        }
        Err(Unfit::Busy) => return Err(Reason::Unavailable.into()),
        Err(Unfit::Broken(fault)) => return Err(fault.into()),
    };
    Problem::unchecked(bot_check::passes(visit, &email.folded, body.get("captcha")?).await?)?;
    if mode == Signup::VerifyFirst {
        return match password_mails::join(visit, &email, text(visit), None).await? {
            Asked::TooMany => Err(Problem::too_many()),
            // An id that belongs to the address and to no account, so that it can be answered for everybody (threat 24).
            Asked::Written => {
                let id = visit.app.sealer.mark("sign-up id", &email.folded);
                Ok(made(&hex(id.bytes())[..24], &email.display))
            }
        };
    }
    if attempts::admit_signup(visit).await? == Admission::Closed {
        return Err(Problem::too_many());
    }
    let hash = match password.hash(&visit.app).await {
        Ok(new) => new.hash,
        Err(PasswordError::Busy) => return Err(Reason::Unavailable.into()),
        Err(_) => return Err(Refused::Internal("a password could not be hashed").into()),
    };
    let bare = hex(&visit.moment.bytes::<12>());
    let user = new_user(visit, (&bare, hash), &email, &body)?;
    let job = match visit.app.post.is_open() {
        false => None,
        true => {
            let errand = Errand::VerifyEmail {
                user: user.id.clone(),
                folded: email.folded.clone(),
            };
            let (text, tenant) = (text(visit), &visit.app.config.name);
            let link = tickets::link(visit, text.language, errand, None)?;
            let envelope = letters::with_link(text, &text.mails.verify, tenant, &user.email, &link);
            Some(mail::draft(&visit.app, &envelope, visit.moment)?)
        }
    };
    let event = Record::new("ss").user(&user.id).at(visit);
    let (folded, moment) = (email.folded.clone(), visit.moment);
    let inserted = visit.app.db.tx(async move |tx| {
        let inserted = users::insert(tx, &user, &folded).await?;
        if inserted {
            mail::enqueue(tx, job.as_ref(), moment).await?;
            sekisho_store::audit::insert(tx, &event).await?;
        }
        Ok(inserted)
    });
    match inserted.await? {
        true => {
            visit.app.jobs.ring();
            Ok(made(&bare, &email.display))
        }
        false => {
            let event = Record::new("fs").client(&client);
            let event = event
                .detail(format!("there is an account of {}", email.folded))
                .at(visit);
            visit.app.failures.note(&visit.app, event, None);
            Err(Problem::bad("invalid_signup", "Invalid sign up"))
        }
    }
}

fn made(id: &str, email: &str) -> Response {
    let body = json!({ "_id": id, "email": email, "email_verified": false });
    (StatusCode::OK, Json(body)).into_response()
}

/// The client is only named, not proven: nothing is given to it.
async fn known_client(visit: &Visit, body: &Parameters) -> Result<ClientId, Problem> {
    let id = body.required("client_id")?;
    let known = visit.app.rows.client(&visit.app, id).await?;
    match known.is_some_and(|known| known.client.standing == Standing::Enabled) {
        true => Ok(ClientId::new(id)),
        false => Err(Problem::bad("invalid_client", "Unknown client")),
    }
}

fn text(visit: &Visit) -> &'static Text {
    visit.text(visit.header("x-request-language"))
}

fn new_user(visit: &Visit, secret: (&str, String), email: &Email, body: &Parameters) -> Result<User, Reason> {
    let (bare, hash) = secret;
    let said = |name: &str| -> Result<Option<String>, Reason> {
        let value = body
            .get(name)?
            .map(|value| value.trim().chars().take(150).collect());
        Ok(value.filter(|value: &String| !value.is_empty() && !value.chars().any(char::is_control)))
    };
    let user = User::new(UserId::new(format!("auth0|{bare}")), email, visit.moment.now);
    Ok(User {
        name: said("name")?.unwrap_or(user.name),
        nickname: said("nickname")?.or(user.nickname),
        given_name: said("given_name")?,
        family_name: said("family_name")?,
        password_hash: Some(hash),
        ..user
    })
}
