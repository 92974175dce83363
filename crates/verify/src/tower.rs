//! The `tower` feature: a layer that lets a request pass only with a good access token, and says why it does not
//! (RFC 6750 section 3). Owns the `Authorization` header and the answers; the judgement is `OnlineVerifier`'s.

mod authorized;
mod denied;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use axum_core::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use tower::{Layer, Service};

use crate::claims::Claims;
use crate::fetch::OnlineVerifier;
use crate::revocations::OnStale;
use crate::verifier::Verdict;

pub use authorized::{Authorized, ScopeLayer, ScopeService};
use denied::Realm;
pub use denied::{Denied, Reason};

/// Guards routes: a request passes with a good access token, and its [`Claims`] are then in the request's extensions
/// (in axum, take [`Authorized`]). All others are answered by [`Denied`].
///
/// The token is taken from the `Authorization` header only (RFC 6750 section 2.1): in a query it would end in logs, in
/// a form it could be sent by another site. Put a CORS layer *outside* this one, so that preflights, which never carry
/// a token, are answered before it; this layer sets no CORS header.
///
/// ```
/// use axum::{Router, routing::get};
/// use sekisho_verify::{Issuer, Policy};
/// use sekisho_verify::fetch::OnlineVerifier;
/// use sekisho_verify::tower::{AuthLayer, Authorized};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::access(Issuer::fetched("https://id.example.com/"), "https://api.example.com/");
/// let app: Router = Router::new()
///     .route("/me", get(|Authorized(claims): Authorized| async move { claims.sub.clone() }))
///     .layer(AuthLayer::new(OnlineVerifier::new(policy)?));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AuthLayer {
    verifier: OnlineVerifier,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    realm: Realm,
    on_stale: Option<OnStale>,
}

impl AuthLayer {
    /// A layer that reads the system's clock and calls its realm `api`.
    pub fn new(verifier: OnlineVerifier) -> Self {
        Self {
            verifier,
            clock: Arc::new(system_time),
            realm: Realm::default(),
            on_stale: None,
        }
    }

    /// Takes the time from here, in Unix seconds: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets for these routes what becomes of good tokens while the revocation feed is too old, in place of the policy's
    /// word. Clone the layer for routes that differ:
    ///
    /// ```
    /// use axum::{Router, routing::{get, post}};
    /// use sekisho_verify::OnStale;
    /// use sekisho_verify::tower::AuthLayer;
    ///
    /// fn routes(guard: AuthLayer) -> Router {
    ///     let careful = guard.clone().on_stale(OnStale::Introspect);
    ///     Router::new()
    ///         .route("/notes", get(|| async { "all" }).layer(guard))
    ///         .route("/payments", post(|| async { "paid" }).layer(careful))
    /// }
    /// ```
    #[must_use]
    pub fn on_stale(mut self, on_stale: OnStale) -> Self {
        self.on_stale = Some(on_stale);
        self
    }

    /// Names the protected space (RFC 9110 section 11.5). Characters that may not stand between quotes are left out.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Realm::new(realm);
        self
    }

    /// The claims of a request that may pass: for services that are not tower's.
    ///
    /// # Errors
    /// [`Denied`], the answer to give.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Arc<Claims>, Denied> {
        let denied = |reason| Denied {
            realm: self.realm.clone(),
            reason,
        };
        let token = bearer(headers).map_err(denied)?;
        let on_stale = self
            .on_stale
            .unwrap_or(self.verifier.verifier().policy().on_stale);
        match self
            .verifier
            .check_on_stale(token, (self.clock)(), on_stale)
            .await
        {
            Verdict::Trusted(claims) => Ok(claims),
            Verdict::Refused(reject) => Err(denied(Reason::Rejected(reject))),
            Verdict::NeedKeys(need) => Err(denied(Reason::NoKeys {
                retry_after: need.retry_after.max(1),
            })),
            Verdict::Unavailable(_) | Verdict::AskIssuer(_) => Err(denied(Reason::NoFeed)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: one clock reading per request"
)]
fn system_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;
    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService {
            layer: self.clone(),
            inner,
        }
    }
}

/// What [`AuthLayer`] makes of a service.
#[derive(Clone)]
pub struct AuthService<S> {
    layer: AuthLayer,
    inner: S,
}

impl<S: fmt::Debug> fmt::Debug for AuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let layer = self.layer.clone();
        // The service that was made ready is the one to call.
        let spare = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, spare);
        Box::pin(async move {
            // Nobody outside can have put claims here: extensions do not come over the wire.
            match layer.admit(request.headers()).await {
                Ok(claims) => {
                    request.extensions_mut().insert(claims);
                    request.extensions_mut().insert(layer.realm);
                    inner.call(request).await
                }
                Err(denied) => Ok(denied.into_response()),
            }
        })
    }
}

/// The token of `Authorization: Bearer <token>` (RFC 6750 section 2.1, scheme in any case by RFC 9110 section 11.1).
fn bearer(headers: &HeaderMap) -> Result<&str, Reason> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Reason::NoToken),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(Reason::BadRequest("More than one Authorization header")),
    };
    let value = value
        .to_str()
        .map_err(|_| Reason::BadRequest("The Authorization header is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Reason::NoToken);
    }
    let token = token.trim_matches(' ');
    if token.is_empty() || token.contains(' ') {
        return Err(Reason::BadRequest(
            "The Authorization header is not of the form: Bearer token",
        ));
    }
    Ok(token)
}
