//! A browser journey: an authorization request on its way through our pages. It travels sealed in the browser, so that nobody who is
//! not signed in makes us write a row; the flow cookie binds it to the browser it began in (threat 34).

use crate::app::App;
use crate::http::cookie::Cookie;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use axum::http::HeaderValue;
use sekisho_rules::authorize::{self, Trusted, Valid};
use sekisho_rules::id::UserId;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::{PageRefusal, Refusal};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::clients;
use serde::{Deserialize, Serialize};

/// Seconds a journey may take.
pub const LIFETIME_SECONDS: i64 = 3600;

/// The greatest size of an authorization request, in bytes: sealed it must still fit into a URL.
pub const REQUEST_BYTES: usize = 6 * 1024;

/// What a journey is for. A handle made for one purpose is nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// An authorization request on its way to its answer.
    SignIn,
    /// A logout that waits for the person's yes.
    SignOut,
    /// A person on their way into the account page.
    Account,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::SignIn => "journey to sign in",
            Self::SignOut => "journey to sign out",
            Self::Account => "journey to the account page",
        }
    }
}

/// Whom a form asks. A form shown to one user is nothing when another signed in meanwhile in a second tab.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// Whoever sits there.
    Anybody,
    /// This user only.
    User(&'a UserId),
}

/// An authorization request and when and where it began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Journey {
    /// Makes resuming single-use.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The request, as it was sent.
    pub request: Parameters,
    purpose: Purpose,
    /// Hash of the flow cookie, as 64 hexadecimal digits.
    flow: String,
}

impl Journey {
    /// Begins a journey. The browser keeps its flow cookie, so that two tabs do not disturb each other; a new one gets a cookie.
    pub fn begin(visit: &Visit, purpose: Purpose, request: Parameters) -> (Self, Option<HeaderValue>) {
        let held = visit.cookie(Cookie::Flow).filter(|cookie| cookie.len() == 43);
        let fresh = held.is_none();
        let secret = held.unwrap_or_else(|| visit.moment.secret().encode());
        let cookie = fresh
            .then(|| visit.app.cookies.set(Cookie::Flow, &secret, None))
            .flatten();
        let journey = Self {
            id: visit.moment.id(),
            started_at: visit.moment.now,
            request,
            purpose,
            flow: fingerprint(&secret),
        };
        (journey, cookie)
    }

    /// The handle that carries it through the browser.
    ///
    /// # Errors
    /// [`Trouble::Internal`] when sealing fails.
    pub fn seal(&self, app: &App) -> Result<String, Trouble> {
        let plain = serde_json::to_vec(self).map_err(|_| Trouble::Internal("a journey cannot be written"))?;
        app.sealer
            .seal_transient(self.purpose.label(), &plain)
            .map_err(|_| Trouble::Internal("a journey cannot be sealed"))
    }

    /// Opens the handle in a `state` parameter, in the browser it was made for.
    ///
    /// # Errors
    /// [`PageRefusal::JourneyExpired`] when it is not ours or too old, [`PageRefusal::JourneyElsewhere`] without its cookie.
    pub fn open(visit: &Visit, purpose: Purpose, handle: Option<&str>) -> Result<Self, PageRefusal> {
        let plain = handle.and_then(|handle| visit.app.sealer.open_transient(purpose.label(), handle).ok());
        let journey: Option<Self> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        let journey = journey.ok_or(PageRefusal::JourneyExpired)?;
        if visit.moment.now.millis_since(journey.started_at) > LIFETIME_SECONDS * 1000 {
            return Err(PageRefusal::JourneyExpired);
        }
        match visit.cookie(Cookie::Flow) {
            Some(secret) if fingerprint(&secret) == journey.flow => Ok(journey),
            _ => Err(PageRefusal::JourneyElsewhere),
        }
    }

    /// Reads the request as far as it can be trusted; the inner result is what [`authorize::check`] made of the rest.
    ///
    /// # Errors
    /// [`Trouble`] that may only be a page.
    pub async fn read(&self, visit: &Visit) -> Result<(Trusted, Result<Valid, Refusal>), Trouble> {
        let request = &self.request;
        let iss = visit.app.config.issuer.as_str();
        let client = clients::by_id(&visit.app.db, authorize::client_id(request)?).await?;
        let trusted = authorize::trust(request, client)?;
        let api = match authorize::audience(request, iss) {
            Ok(Some(audience)) => visit.app.rows.api(&visit.app, audience).await?,
            Ok(None) | Err(_) => None,
        };
        let checked = authorize::check(&trusted, request, iss, api);
        Ok((trusted, checked))
    }

    /// When it can no longer be resumed.
    pub fn expires_at(&self) -> Timestamp {
        self.started_at.plus_seconds(LIFETIME_SECONDS)
    }

    /// The language the application asked for.
    pub fn locales(&self) -> Option<&str> {
        self.request.hint("ui_locales")
    }

    /// The token that a form of this journey must send back.
    pub fn form_token(&self, asked: Asked<'_>) -> String {
        let asked = match asked {
            Asked::Anybody => "",
            Asked::User(id) => id.as_str(),
        };
        sekisho_rules::id::hex(SecretHash::of(&format!("form {} {} {asked}", self.id, self.flow)).bytes())
    }

    /// Whether a form was sent from a page of this journey that was shown to whom it asks.
    ///
    /// # Errors
    /// [`Trouble::Forbidden`].
    pub fn check_form(&self, visit: &Visit, asked: Asked<'_>, form: &Parameters) -> Result<(), Trouble> {
        let sent = form.hint("csrf").unwrap_or_default();
        let right = SecretHash::of(sent).matches(&SecretHash::of(&self.form_token(asked)));
        match right && crate::http::guard::is_from_our_page(&visit.app, &visit.headers) {
            true => Ok(()),
            false => Err(Trouble::Forbidden),
        }
    }
}

fn fingerprint(secret: &str) -> String {
    sekisho_rules::id::hex(SecretHash::of(secret).bytes())
}
