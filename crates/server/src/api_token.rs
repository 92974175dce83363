//! Access tokens that are brought to an API of our own: verified as any API would verify them, and compared with what is
//! revoked. The answers are those of RFC 6750 section 3, in JSON.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_jose::{KeySet as VerifyingKeys, jws};
use sekisho_verify::record::Subject;
use sekisho_verify::{Claims, Issuer, Policy, Reject, Scope, Verdict, Verifier};
use serde_json::json;

use crate::app::App;
use crate::keys::KeySet;

/// Seconds the clocks of two nodes may differ: a token of one is good at the other.
const LEEWAY: u64 = 2;

/// Guards one API of ours.
pub struct Gate {
    audience: String,
    made: ArcSwapOption<Made>,
}

/// A verifier for the signing keys of one moment.
struct Made {
    keys: Arc<KeySet>,
    verifier: Verifier,
}

/// A token that may pass.
pub struct Admitted {
    /// What it says.
    pub claims: Arc<Claims>,
    kid: Option<String>,
}

impl Admitted {
    /// What records can name of it.
    pub fn subject(&self) -> Subject<'_> {
        let claims = &self.claims;
        Subject {
            iat: claims.iat,
            kid: self.kid.as_deref(),
            jti: claims.jti.as_deref(),
            gid: claims.gid.as_deref(),
            sid: claims.sid.as_deref(),
            sub: Some(&claims.sub),
            actors: &claims.actors,
            client: claims.client_id.as_deref(),
        }
    }
}

/// Why a request may not pass.
#[derive(Debug)]
pub enum Denied {
    /// No bearer token, or not exactly one.
    NoToken,
    /// The token is not good, or is not enough.
    Rejected(Reject),
    /// The token is a person's.
    Person,
    /// It was revoked.
    Revoked,
    /// What is revoked is not known here at the moment.
    Unready,
    /// Ours.
    Internal(&'static str),
}

impl Gate {
    /// For tokens with this `aud`.
    pub fn new(audience: String) -> Self {
        Self {
            audience,
            made: ArcSwapOption::empty(),
        }
    }

    /// The `aud`.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Judges the bearer token of a request (RFC 6750 section 2.1: in the `Authorization` header). Every word of `scope` is demanded.
    ///
    /// # Errors
    /// [`Denied`], the answer to give.
    pub fn admit(&self, app: &App, headers: &HeaderMap, scope: &Scope) -> Result<Admitted, Denied> {
        let token = bearer(headers).ok_or(Denied::NoToken)?;
        let now = u64::try_from(app.clock.now().seconds()).unwrap_or(0);
        let made = self.verifier(app)?;
        let claims = match made.verifier.check(token, now) {
            Verdict::Trusted(claims) => claims,
            Verdict::Refused(reject) => return Err(Denied::Rejected(reject)),
            // Keys are pinned, and the feed is asked below.
            Verdict::NeedKeys(_) | Verdict::Unavailable(_) | Verdict::AskIssuer(_) => {
                return Err(Denied::Internal("a verifier that lacks something"));
            }
        };
        let header = jws::Unverified::parse(token).ok();
        let admitted = Admitted {
            claims,
            kid: header.and_then(|header| header.kid().map(str::to_owned)),
        };
        match app.feed.is_revoked(&admitted.subject(), app.clock.now()) {
            Some(true) => Err(Denied::Revoked),
            None => Err(Denied::Unready),
            Some(false) => {
                admitted.claims.require_scope(scope).map_err(Denied::Rejected)?;
                Ok(admitted)
            }
        }
    }

    /// The same for what only clients in their own name may do. What they may is the operator's to allow, by a grant to the client; a
    /// person's token has the scopes that some application asked for.
    ///
    /// # Errors
    /// [`Denied`], the answer to give.
    pub fn admit_machine(&self, app: &App, headers: &HeaderMap, scope: &Scope) -> Result<Admitted, Denied> {
        let admitted = self.admit(app, headers, scope)?;
        let claims = &admitted.claims;
        let client = claims.client_id.as_deref();
        match client.is_some_and(|client| claims.sub.strip_suffix("@clients") == Some(client)) {
            true => Ok(admitted),
            false => Err(Denied::Person),
        }
    }

    fn verifier(&self, app: &App) -> Result<Arc<Made>, Denied> {
        let keys = app.keys.current();
        if let Some(made) = self.made.load_full()
            && Arc::ptr_eq(&made.keys, &keys)
        {
            return Ok(made);
        }
        let issuer = Issuer::pinned(
            app.config.issuer.as_str(),
            VerifyingKeys::new(keys.verifying.clone()),
        );
        let policy = Policy::access(issuer.require_gid(), &self.audience)
            .algorithms(app.config.keys.algorithms().iter().copied())
            .leeway(LEEWAY);
        let verifier = Verifier::new(policy).map_err(|_| Denied::Internal("a policy that cannot work"))?;
        let made = Arc::new(Made { keys, verifier });
        self.made.store(Some(Arc::clone(&made)));
        Ok(made)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl Denied {
    /// The answer with its challenge. `audience` and `scope` say what token is wanted.
    pub fn response(&self, audience: &str, scope: &Scope) -> Response {
        let (status, error, description) = match self {
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                format!("Send one access token for {audience} in the Authorization header"),
            ),
            Self::Rejected(reject) if reject.is_insufficient() => {
                (StatusCode::FORBIDDEN, "insufficient_scope", reject.to_string())
            }
            Self::Rejected(reject) => (StatusCode::UNAUTHORIZED, "invalid_token", reject.to_string()),
            Self::Person => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "This API is for clients in their own name".to_owned(),
            ),
            Self::Revoked => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "The token was revoked".to_owned(),
            ),
            Self::Unready => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "What is revoked is not known here at the moment. Try again.".to_owned(),
            ),
            Self::Internal(what) => {
                tracing::error!(what, "fault");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "server_error",
                    "Something went wrong on our side.".to_owned(),
                )
            }
        };
        let body = json!({ "error": error, "error_description": description });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let challenge = match (self, status) {
            (Self::NoToken, _) => "Bearer".to_owned(),
            (_, StatusCode::FORBIDDEN) => {
                format!("Bearer error=\"{error}\", error_description=\"{description}\", scope=\"{scope}\"")
            }
            (_, StatusCode::UNAUTHORIZED) => {
                format!("Bearer error=\"{error}\", error_description=\"{description}\"")
            }
            _ => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                return response;
            }
        };
        let challenge = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        headers.insert(header::WWW_AUTHENTICATE, challenge);
        response
    }
}
