//! `POST /passwordless/verify` and `GET /passwordless/verify_redirect`: what auth0-js does with a code that was typed into a page of the
//! application. The redirect carries the code in its query, and following it must change nothing: it leads to the page of the links.

use super::Problem;
use crate::attempts::{self, Admission};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other};
use crate::http::visit::Visit;
use crate::mail_code::{self, Outcome, Use};
use crate::{mailed_login, tickets};
use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::{PageRefusal, Reason};
use sekisho_rules::ticket::Errand;
use serde_json::json;

/// `POST /passwordless/verify`: whether a code is right. It stays good for the redirect that follows, but the try counts.
pub async fn verify(visit: Visit, bytes: Bytes) -> Response {
    match verified(&visit, &bytes).await {
        Ok(answer) => answer,
        Err(problem) => problem.answer(&visit),
    }
}

async fn verified(visit: &Visit, bytes: &Bytes) -> Result<Response, Problem> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    if body.get("connection")? != Some(mailed_login::CONNECTION) || !mailed_login::is_open(visit) {
        return Err(Problem::bad("bad.connection", "Connection is disabled"));
    }
    let code = body
        .get("verification_code")?
        .ok_or(Reason::Missing("verification_code"))?;
    let Ok(email) = Email::parse(body.get("email")?.ok_or(Reason::Missing("email"))?) else {
        return Err(Reason::WrongMailCode.into());
    };
    if attempts::admit(visit, &email.folded).await? == Admission::Closed {
        return Err(Reason::TooManyAttempts.into());
    }
    match mail_code::look_at(visit, Use::Passwordless, &email.folded, code).await? {
        Outcome::Right => Ok((StatusCode::OK, Json(json!({}))).into_response()),
        Outcome::Wrong | Outcome::Gone => Err(Reason::WrongMailCode.into()),
    }
}

/// `GET /passwordless/verify_redirect`.
pub async fn redirect(visit: Visit) -> Response {
    let to = async {
        if !mailed_login::is_open(&visit) || visit.query.hint("connection") != Some(mailed_login::CONNECTION)
        {
            return Err(Trouble::NotFound);
        }
        let sent = (
            visit.query.hint("email").map(Email::parse),
            visit.query.hint("verification_code"),
        );
        let (Some(Ok(email)), Some(code)) = sent else {
            return Err(PageRefusal::LinkDead.into());
        };
        let errand = Errand::SignIn {
            email,
            code: code.chars().take(32).collect(),
            request: onward(&visit.query),
        };
        tickets::link(&visit, visit.text(None).language, errand, None)
    };
    match to.await {
        Ok(to) => see_other(&to),
        Err(trouble) => trouble.page(&visit),
    }
}

/// The authorization request among the parameters.
fn onward(query: &Parameters) -> Parameters {
    const NAMES: [&str; 12] = [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "audience",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "acr_values",
        "ui_locales",
    ];
    let pairs = NAMES.iter().filter_map(|name| {
        let value = query.hint(name)?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    Parameters::from_pairs(pairs.collect())
}
