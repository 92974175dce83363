//! What handlers behind the layer take: the claims, and the demand for more scope.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Extensions, Request};
use tower::{Layer, Service};

use super::denied::{Denied, Realm, Reason};
use crate::claims::Claims;
use crate::scope::Scope;

/// The claims of the request's token, for handlers behind an [`AuthLayer`](super::AuthLayer).
///
/// Without that layer around it the handler is never reached: every request is answered 401, so that a forgotten layer
/// opens nothing.
#[derive(Debug, Clone)]
pub struct Authorized(pub Arc<Claims>);

impl<S: Sync> FromRequestParts<S> for Authorized {
    type Rejection = Denied;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        admitted(&parts.extensions).cloned().map(Self)
    }
}

fn admitted(extensions: &Extensions) -> Result<&Arc<Claims>, Denied> {
    extensions.get::<Arc<Claims>>().ok_or_else(|| Denied {
        realm: realm(extensions),
        reason: Reason::NoToken,
    })
}

fn realm(extensions: &Extensions) -> Realm {
    extensions.get::<Realm>().cloned().unwrap_or_default()
}

impl Authorized {
    /// Demands scope in the middle of a handler; the answer names the realm `api`, since a handler does not know the
    /// layer's. Where the route alone decides, [`ScopeLayer`] is better.
    ///
    /// # Errors
    /// [`Denied`] with the missing words: return it as the answer.
    pub fn require_scope(&self, required: &Scope) -> Result<(), Denied> {
        let reject = |reject| Denied {
            realm: Realm::default(),
            reason: Reason::Rejected(reject),
        };
        self.0.require_scope(required).map_err(reject)
    }
}

/// Demands more scope of some routes; to be put *inside* an [`AuthLayer`](super::AuthLayer), which judges the token.
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use sekisho_verify::Scope;
/// use sekisho_verify::tower::ScopeLayer;
///
/// let notes: Router = Router::new()
///     .route("/notes", get(|| async { "all" }).layer(ScopeLayer::new(Scope::parse("read:notes")?)))
///     .route("/notes", post(|| async { "new" }).layer(ScopeLayer::new(Scope::parse("write:notes")?)));
/// # Ok::<(), sekisho_verify::ScopeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScopeLayer {
    required: Scope,
}

impl ScopeLayer {
    /// Demands every word of this scope.
    pub fn new(required: Scope) -> Self {
        Self { required }
    }
}

impl<S> Layer<S> for ScopeLayer {
    type Service = ScopeService<S>;
    fn layer(&self, inner: S) -> ScopeService<S> {
        ScopeService {
            required: self.required.clone(),
            inner,
        }
    }
}

/// What [`ScopeLayer`] makes of a service.
#[derive(Debug, Clone)]
pub struct ScopeService<S> {
    required: Scope,
    inner: S,
}

impl<S, B> Service<Request<B>> for ScopeService<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let enough = admitted(request.extensions()).and_then(|claims| {
            let reject = |reject| Denied {
                realm: realm(request.extensions()),
                reason: Reason::Rejected(reject),
            };
            claims.require_scope(&self.required).map_err(reject)
        });
        match enough {
            Ok(()) => Box::pin(self.inner.call(request)),
            Err(denied) => Box::pin(std::future::ready(Ok(denied.into_response()))),
        }
    }
}
