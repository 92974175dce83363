//! The answers of a verifier.

use std::sync::Arc;

use crate::claims::Claims;
use crate::reject::Reject;

/// The answer about one token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Everything holds. The claims are shared, with the verifier too: cloning them is cheap.
    Trusted(Arc<Claims>),
    /// Something does not.
    Refused(Reject),
    /// Cannot be told: the keys are not here. See [`Verifier::begin_fetch`](super::Verifier::begin_fetch).
    NeedKeys(NeedKeys),
    /// Everything else holds, but whether it was revoked is not known well enough, and the policy is
    /// [`OnStale::Closed`](crate::revocations::OnStale::Closed): answer 503 with `Retry-After`.
    Unavailable(Unavailable),
    /// Everything else holds, but whether it was revoked is not known well enough, and the policy is
    /// [`OnStale::Introspect`](crate::revocations::OnStale::Introspect): ask the issuer about it (RFC 7662). Until the
    /// issuer has said that it is active, nothing may be done for whoever sent it.
    AskIssuer(Arc<Claims>),
}

impl Verdict {
    /// Whether everything holds.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}

/// Keys are missing to judge a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeedKeys {
    /// After how many seconds it makes sense to ask again; 0 when a fetch is due or running.
    pub retry_after: u64,
}

/// Why it is not known well enough what was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// No snapshot of the issuer's feed has come yet.
    NeverLoaded,
    /// The feed has been silent for longer than `max_stale`.
    Stale {
        /// For how long, in milliseconds.
        age: u64,
    },
}
