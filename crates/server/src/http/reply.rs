//! How requests are answered when something is wrong: OAuth JSON for clients, pages for people. The wire's quirks live here.

use crate::http::visit::Visit;
use crate::pages::{ErrorPage, Problem};
use crate::telemetry::metrics::DatabaseFault;
use askama::Template;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sekisho_rules::factor::{FactorKind, Requirement};
use sekisho_rules::refusal::{PageRefusal, Reason, Refusal};
use sekisho_rules::wire::Wire;
use sekisho_store::Fault;
use serde_json::json;

/// Why an API request is not served.
#[derive(Debug)]
pub enum Refused {
    /// The client's fault.
    Request(Refusal),
    /// A body of a type we do not read.
    MediaType,
    /// A second factor is due.
    Factor {
        /// What proves the first one when they come back.
        token: String,
        /// Which second ones would do.
        due: Requirement,
        /// Which could be set up.
        open: Vec<FactorKind>,
    },
    /// The address must be proven by a code that was mailed, and was not.
    Unproven {
        /// What goes on with the code.
        auth_session: String,
    },
    /// Ours: the database.
    Store(Fault),
    /// Ours: something that should not happen.
    Internal(&'static str),
}

impl From<Trouble> for Refused {
    /// For what pages and programs share, which troubles a page in words that no program reads.
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(fault) => Self::Store(fault),
            Trouble::Internal(what) => Self::Internal(what),
            Trouble::Page(_) | Trouble::Forbidden | Trouble::MediaType | Trouble::NotFound => {
                Self::Internal("a page's trouble at a program's door")
            }
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Request(refusal)
    }
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self::Request(reason.into())
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

impl Refused {
    /// The answer of an OAuth endpoint (RFC 6749 section 5.2). Never carries `WWW-Authenticate`: client libraries that see it lose
    /// the error code.
    pub fn oauth(self, wire: Wire) -> Response {
        match self {
            Self::Request(refusal) => {
                tracing::info!(reason = ?refusal.reason, private = %refusal.private, "refused");
                let (status, code, description) = said(&refusal.reason, wire);
                error_json(status, code, &description)
            }
            Self::MediaType => error_json(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "invalid_request",
                "Send the body as application/x-www-form-urlencoded or application/json",
            ),
            Self::Factor { token, due, open } => mfa_required(&token, (&due, &open), wire),
            Self::Unproven { auth_session } => {
                let (status, code, words) = said(&Reason::WrongMailCode, wire);
                let body = json!({
                    "error": code,
                    "error_description": words,
                    "verification_required": ["email"],
                    "auth_session": auth_session,
                });
                let no_store = HeaderValue::from_static("no-store");
                (status, [(header::CACHE_CONTROL, no_store)], Json(body)).into_response()
            }
            Self::Store(fault) => {
                let mut answer = match is_down(&fault) {
                    true => error_json(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "temporarily_unavailable",
                        "The service is temporarily unavailable. Try again.",
                    ),
                    false => internal_json(),
                };
                answer.extensions_mut().insert(DatabaseFault);
                answer
            }
            Self::Internal(what) => {
                tracing::error!(what, "fault");
                internal_json()
            }
        }
    }
}

/// The answer that asks for a second factor. SDKs compare its sentence.
fn mfa_required(token: &str, owed: (&Requirement, &[FactorKind]), wire: Wire) -> Response {
    let (list, kinds) = match owed {
        (Requirement::Prove(kinds), _) => ("challenge", &kinds[..]),
        (Requirement::Enrol | Requirement::Satisfied, open) => ("enroll", open),
    };
    let (last, first): (Vec<&FactorKind>, Vec<&FactorKind>) =
        kinds.iter().partition(|kind| **kind == FactorKind::RecoveryCode);
    let kinds: Vec<_> = first
        .iter()
        .chain(&last)
        .map(|kind| json!({ "type": requirement_type(**kind) }))
        .collect();
    let body = json!({
        "error": "mfa_required",
        "error_description": Reason::FactorRequired.to_string(),
        "mfa_token": token,
        "mfa_requirements": { list: kinds },
    });
    let status = match wire {
        Wire::Auth0 => StatusCode::FORBIDDEN,
        Wire::Standard => StatusCode::BAD_REQUEST,
    };
    let no_store = HeaderValue::from_static("no-store");
    (status, [(header::CACHE_CONTROL, no_store)], Json(body)).into_response()
}

/// What the MFA API calls a factor in `mfa_requirements` and in the `type` of an authenticator: clients compare the two.
pub fn requirement_type(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Passkey => "webauthn-roaming",
        kind => kind.word(),
    }
}

/// Logs a fault; true when waiting may help.
fn is_down(fault: &Fault) -> bool {
    let down = fault.is_unavailable();
    tracing::error!(%fault, down, "database fault");
    down
}

fn internal_json() -> Response {
    error_json(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "Something went wrong on our side.",
    )
}

fn error_json(status: StatusCode, code: &str, description: &str) -> Response {
    let mut response = (
        status,
        Json(json!({ "error": code, "error_description": description })),
    )
        .into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// What a reason is called on a wire. By the standard everything is 400 but a failed client authentication (401); Auth0 answers 403
/// where a grant is refused, and its clients compare some sentences letter by letter.
pub fn said(reason: &Reason, wire: Wire) -> (StatusCode, &'static str, String) {
    let code = reason.code();
    let words = reason.to_string();
    if matches!(reason, Reason::Unavailable) {
        return (StatusCode::SERVICE_UNAVAILABLE, code, words);
    }
    match reason {
        Reason::TooManyAttempts | Reason::TooManyCodes => {
            return (StatusCode::TOO_MANY_REQUESTS, code, words);
        }
        Reason::InsufficientScope(_) => return (StatusCode::FORBIDDEN, code, words),
        Reason::UnknownAuthenticator => return (StatusCode::NOT_FOUND, code, words),
        Reason::StaleLogin => return (StatusCode::UNAUTHORIZED, code, words),
        _ => {}
    }
    if wire == Wire::Auth0 {
        match reason {
            Reason::ClientAuthentication => {
                return (
                    StatusCode::UNAUTHORIZED,
                    "access_denied",
                    "Unauthorized".to_owned(),
                );
            }
            Reason::InvalidCode
            | Reason::WrongVerifier
            | Reason::InvalidRefreshToken
            | Reason::UserGone
            | Reason::WrongPassword
            | Reason::WrongPasskey
            | Reason::AuthSession
            | Reason::WrongMailCode
            | Reason::MfaTokenMalformed
            | Reason::WrongOtp
            | Reason::WrongBindingCode
            | Reason::WrongOobCode
            | Reason::WrongRecoveryCode
            | Reason::AlreadyEnrolled
            | Reason::LastWayIn => {
                return (StatusCode::FORBIDDEN, code, words);
            }
            Reason::MfaTokenExpired => return (StatusCode::UNAUTHORIZED, code, words),
            Reason::BotCheckDue => return (StatusCode::UNAUTHORIZED, code, words),
            Reason::UserBlocked => return (StatusCode::UNAUTHORIZED, "unauthorized", words),
            Reason::GrantNotAllowed(_) => return (StatusCode::FORBIDDEN, code, words),
            Reason::ClientNotAuthorized(_) | Reason::UnknownAudience(_) => {
                return (StatusCode::FORBIDDEN, "access_denied", words);
            }
            _ => {}
        }
    }
    match reason {
        Reason::ClientAuthentication => (StatusCode::UNAUTHORIZED, code, words),
        _ => (StatusCode::BAD_REQUEST, code, words),
    }
}

/// What a reason is called in an error redirect.
pub fn said_in_redirect(reason: &Reason, wire: Wire) -> (&'static str, String) {
    match (reason, wire) {
        (Reason::UserBlocked, _) => ("access_denied", reason.to_string()),
        (Reason::UnknownAudience(_), Wire::Auth0) => ("access_denied", reason.to_string()),
        _ => (reason.code(), reason.to_string()),
    }
}

/// Why a person sees an error page.
#[derive(Debug)]
pub enum Trouble {
    /// The request's fault.
    Page(PageRefusal),
    /// The form was not sent from our own page.
    Forbidden,
    /// A body of a type we do not read.
    MediaType,
    /// Nothing here.
    NotFound,
    /// Ours: the database.
    Store(Fault),
    /// Ours: something that should not happen.
    Internal(&'static str),
}

impl From<PageRefusal> for Trouble {
    fn from(refusal: PageRefusal) -> Self {
        Self::Page(refusal)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Request(_) | Refused::Factor { .. } | Refused::Unproven { .. } => {
                Self::Page(PageRefusal::Malformed("the form"))
            }
            Refused::MediaType => Self::MediaType,
            Refused::Store(fault) => Self::Store(fault),
            Refused::Internal(what) => Self::Internal(what),
        }
    }
}

impl Trouble {
    fn problem(&self) -> (Problem, Option<String>) {
        let (problem, detail) = match self {
            Self::Page(PageRefusal::ClientIdMissing) => {
                (Problem::UnknownClient, "client_id is missing or sent twice")
            }
            Self::Page(PageRefusal::ClientUnknown) => {
                (Problem::UnknownClient, "client_id names no application here")
            }
            Self::Page(PageRefusal::RedirectMissing) => {
                (Problem::BadRedirect, "redirect_uri is missing or sent twice")
            }
            Self::Page(PageRefusal::RedirectUnregistered) => (
                Problem::BadRedirect,
                "redirect_uri is not registered for this application",
            ),
            Self::Page(PageRefusal::ResponseMode) => (
                Problem::BadRedirect,
                "response_mode=web_message needs an http or https redirect_uri",
            ),
            Self::Page(PageRefusal::JourneyExpired | PageRefusal::JourneyUsed) => {
                (Problem::ExpiredJourney, "")
            }
            Self::Page(PageRefusal::LinkDead) => (Problem::DeadLink, ""),
            Self::Page(PageRefusal::JourneyElsewhere) => (Problem::OtherBrowser, ""),
            Self::Page(PageRefusal::LogoutUrlUnregistered) => (
                Problem::BadRequest,
                "the address to return to is not registered for this application",
            ),
            Self::Page(PageRefusal::Malformed(what)) => {
                return (Problem::BadRequest, Some(format!("{what} is not valid")));
            }
            Self::Forbidden => (Problem::Forbidden, ""),
            Self::MediaType => (Problem::WrongMediaType, ""),
            Self::NotFound => (Problem::NotFound, ""),
            Self::Store(fault) if fault.is_unavailable() => (Problem::Unavailable, ""),
            Self::Store(_) | Self::Internal(_) => (Problem::Fault, ""),
        };
        (problem, (!detail.is_empty()).then(|| detail.to_owned()))
    }

    /// The error page, in the visitor's language.
    pub fn page(&self, visit: &Visit) -> Response {
        match self {
            Self::Store(fault) => tracing::error!(%fault, "database fault"),
            Self::Internal(what) => tracing::error!(what, "fault"),
            other => tracing::info!(trouble = ?other, "error page"),
        }
        let (problem, detail) = self.problem();
        let mut answer = problem_page(visit, problem, detail);
        if let Self::Store(_) = self {
            answer.extensions_mut().insert(DatabaseFault);
        }
        answer
    }
}

/// An error page for a kind of trouble.
pub fn problem_page(visit: &Visit, problem: Problem, detail: Option<String>) -> Response {
    let page = ErrorPage {
        chrome: visit.bare_chrome(None),
        problem,
        detail,
        back: None,
        // A link that no longer works is asked for anew where people sign in. The account page sends them there.
        sign_in: (problem == Problem::DeadLink).then(|| "/account".to_owned()),
    };
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html(&page, status)
}

/// A page. Pages are private and never stored.
pub fn html(page: &impl Template, status: StatusCode) -> Response {
    match page.render() {
        Ok(body) => (status, [(header::CACHE_CONTROL, "no-store")], Html(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page did not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// 303 to an address: what follows is a GET (RFC 9110 section 15.4.4).
pub fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (
            StatusCode::SEE_OTHER,
            [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ],
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Adds a `Set-Cookie` header.
pub fn with_cookies(mut response: Response, cookies: Vec<HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The response with a cookie more.
pub fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
