//! `POST /passwordless/start`: mails a code or a link.

use super::Problem;
use crate::bot_check::{self, Passage};
use crate::client_auth::authenticate;
use crate::http::body::{self, Accepts};
use crate::http::reply::{Refused, Trouble};
use crate::http::visit::Visit;
use crate::mail::letters;
use crate::mail_code::Sent;
use crate::{mailed_login, tickets};
use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use sekisho_rules::authorize;
use sekisho_rules::client::{Client, GrantType};
use sekisho_rules::grant::login::may_log_in;
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::Reason;
use sekisho_rules::ticket::Errand;
use serde_json::{Value, json};

/// The greatest size of what a link carries of the authorization request, in bytes: some mail programs break longer links.
const LONGEST_REQUEST: usize = 1024;

/// `POST /passwordless/start`.
pub async fn start(visit: Visit, bytes: Bytes) -> Response {
    match begun(&visit, &bytes).await {
        Ok(answer) => answer,
        Err(problem) => problem.answer(&visit),
    }
}

/// What is sent.
enum Way {
    Code,
    /// A link that goes on with this request.
    Link(Parameters),
}

async fn begun(visit: &Visit, bytes: &Bytes) -> Result<Response, Problem> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = authenticate(visit, &body).await?;
    let client = client.client();
    match body.get("connection")? {
        Some(mailed_login::CONNECTION) if mailed_login::is_open(visit) => {}
        Some(mailed_login::CONNECTION) => {
            return Err(Problem::bad("bad.connection", "Connection is disabled"));
        }
        Some(_) => return Err(Problem::bad("bad.connection", "Connection does not exist")),
        None => return Err(Problem::bad("bad.connection", "missing connection parameter")),
    }
    let email = match body.get("email")?.map(Email::parse) {
        Some(Ok(email)) => email,
        Some(Err(_)) => {
            return Err(Problem::bad(
                "bad.email",
                "error in email - email format validation failed",
            ));
        }
        None => return Err(Problem::bad("bad.email", "missing email parameter")),
    };
    let way = match body.get("send")? {
        Some("code") => {
            may_log_in(client, GrantType::PasswordlessOtp).map_err(Refused::from)?;
            Way::Code
        }
        Some("link") | None => Way::Link(onward(client, bytes)?),
        Some(_) => return Err(Reason::Malformed("send", "use code or link").into()),
    };
    match bot_check::passes(visit, &email.folded, body.get("captcha")?).await? {
        Passage::Open => {}
        Passage::Missing | Passage::Refused => return Err(Reason::BotCheckDue.into()),
        Passage::TooMany => return Err(Reason::TooManyAttempts.into()),
        Passage::Busy => return Err(Reason::Unavailable.into()),
    }
    let sent = send(visit, &email, way).await?;
    match sent {
        // Beyond its limit nothing is sent and the answer is the same: it must not tell how often somebody asked before.
        Sent::Code(_) | Sent::AddressLimit => {}
        Sent::NetworkLimit => {
            return Err(Problem::Said(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "Too many mails were asked for from here. Try again later.",
            ));
        }
    }
    // An id that belongs to the address and to no account, so that it can be answered for everybody (threat 24).
    let id = visit.app.sealer.mark("passwordless id", &email.folded);
    let id = &sekisho_rules::id::hex(id.bytes())[..24];
    let answer = json!({ "_id": id, "email": email.display, "email_verified": false });
    Ok((StatusCode::OK, Json(answer)).into_response())
}

async fn send(visit: &Visit, email: &Email, way: Way) -> Result<Sent, Refused> {
    let text = visit.text(visit.header("x-request-language"));
    let (words, tenant) = (&text.mails, &visit.app.config.name);
    let sent = match way {
        Way::Code => {
            mailed_login::send(visit, email, |to, code| {
                Ok(letters::with_code(text, &words.sign_in_code, tenant, to, code))
            })
            .await
        }
        Way::Link(request) => {
            mailed_login::send(visit, email, |to, code| {
                let errand = Errand::SignIn {
                    email: email.clone(),
                    code: code.to_owned(),
                    request,
                };
                let link = tickets::link(visit, text.language, errand, None)?;
                Ok(letters::with_link(text, &words.sign_in_link, tenant, to, &link))
            })
            .await
        }
    };
    sent.map_err(|trouble| match trouble {
        Trouble::Store(fault) => Refused::Store(fault),
        _ => Refused::Internal("a mail cannot be written"),
    })
}

/// The authorization request that follows the link: `authParams`, of this client. Where to it leads must be registered, or the client's
/// first address is taken.
fn onward(client: &Client, bytes: &Bytes) -> Result<Parameters, Problem> {
    let sent: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = match &sent["authParams"] {
        Value::Object(members) => members
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .filter(|(name, _)| name != "client_id" && name != "prompt")
            .collect(),
        _ => Vec::new(),
    };
    let has = |pairs: &[(String, String)], name: &str| pairs.iter().any(|(known, _)| known == name);
    pairs.push(("client_id".to_owned(), client.id.to_string()));
    if !has(&pairs, "redirect_uri")
        && let Some(callback) = client.callbacks.first()
    {
        pairs.push(("redirect_uri".to_owned(), callback.clone()));
    }
    if !has(&pairs, "response_type") {
        pairs.push(("response_type".to_owned(), "code".to_owned()));
    }
    let request = Parameters::from_pairs(pairs);
    if request.size() > LONGEST_REQUEST {
        return Err(Problem::bad(
            "bad.authParams",
            "authParams is too long for a link",
        ));
    }
    authorize::trust(&request, Some(client.clone())).map_err(|_| {
        Problem::bad(
            "bad.authParams",
            "redirect_uri is not one of the client's callbacks",
        )
    })?;
    Ok(request)
}
