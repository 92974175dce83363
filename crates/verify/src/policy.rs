//! `Policy`: what an API demands of a token, and whose word it takes. A list of demands, checked once when the
//! `Verifier` is made; it reads no token.

use std::sync::Arc;

use sekisho_jose::{Algorithm, KeySet};

use crate::Scope;
use crate::keys::KeyTiming;
use crate::remembered::Remember;
use crate::revocations::{OnStale, Revocations};

/// What a token must be to be trusted.
///
/// ```
/// use sekisho_verify::{Issuer, Policy, Scope, Verifier};
///
/// let policy = Policy::access(Issuer::fetched("https://id.example.com/"), "https://api.example.com/")
///     .leeway(30)
///     .require_scope(&Scope::parse("read:notes")?);
/// let verifier = Verifier::new(policy)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) kind: TokenKind,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) leeway: u64,
    pub(crate) scope: Scope,
    pub(crate) permissions: Vec<String>,
    pub(crate) timing: KeyTiming,
    pub(crate) on_stale: OnStale,
    pub(crate) remember: Remember,
}

/// An issuer and the keys by which it is known.
#[derive(Debug, Clone)]
pub struct Issuer {
    pub(crate) name: String,
    pub(crate) keys: IssuerKeys,
    pub(crate) grant: GrantId,
    pub(crate) feed: Option<Arc<Revocations>>,
}

#[derive(Debug, Clone)]
pub(crate) enum IssuerKeys {
    Fetched,
    Pinned(KeySet),
}

/// Whether access tokens of an issuer must say which grant they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantId {
    Required,
    Optional,
}

/// The kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Brought to an API (RFC 6750): `typ` is `JWT` (Auth0's default form) or `at+jwt` (RFC 9068).
    Access,
    /// Tells an app who logged in (OIDC Core 2). The nonce is the app's to compare: see [`Claims::extra`](crate::Claims::extra).
    Id,
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No issuer, more than [`Policy::MAX_ISSUERS`], an empty one or one twice.
    #[error("a policy needs one to {max} different issuers", max = Policy::MAX_ISSUERS)]
    Issuers,
    /// An empty audience would match nothing.
    #[error("an audience is empty")]
    Audience,
    /// No algorithm.
    #[error("a policy needs at least one algorithm")]
    NoAlgorithm,
    /// HS256 and its like with keys that are published.
    #[error("a symmetric algorithm needs pinned keys: a published key is no secret")]
    SymmetricFetched,
    /// More than [`Policy::MAX_LEEWAY`].
    #[error("the leeway is at most {max} seconds", max = Policy::MAX_LEEWAY)]
    Leeway,
}

impl Policy {
    /// The most seconds that clocks may differ.
    pub const MAX_LEEWAY: u64 = 60;
    /// The most issuers of one policy.
    pub const MAX_ISSUERS: usize = 8;

    /// Access tokens of `issuer` for the API `audience`, signed with RS256, without leeway, whatever their scope.
    pub fn access(issuer: Issuer, audience: impl Into<String>) -> Self {
        Self::of(TokenKind::Access, issuer, audience.into())
    }

    /// ID tokens of `issuer` for the app `client_id`, signed with RS256, without leeway.
    pub fn id(issuer: Issuer, client_id: impl Into<String>) -> Self {
        Self::of(TokenKind::Id, issuer, client_id.into())
    }

    fn of(kind: TokenKind, issuer: Issuer, audience: String) -> Self {
        Self {
            kind,
            issuers: vec![issuer],
            audiences: vec![audience],
            algorithms: vec![Algorithm::Rs256],
            leeway: 0,
            scope: Scope::empty(),
            permissions: Vec::new(),
            timing: KeyTiming::default(),
            on_stale: OnStale::default(),
            remember: Remember::default(),
        }
    }

    /// Takes this issuer's word too. A token counts as its issuer's only if that issuer's key signed it.
    #[must_use]
    pub fn also_issuer(mut self, issuer: Issuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Takes tokens for this audience too.
    #[must_use]
    pub fn also_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Takes these algorithms instead of RS256 alone (RFC 8725 section 3.1).
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// How many seconds the issuer's clock may differ from `now`; at most [`Policy::MAX_LEEWAY`].
    #[must_use]
    pub fn leeway(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Demands every word of this scope.
    #[must_use]
    pub fn require_scope(mut self, scope: &Scope) -> Self {
        self.scope = self.scope.union(scope);
        self
    }

    /// Demands this permission (the `permissions` claim of role-based access control).
    #[must_use]
    pub fn require_permission(mut self, permission: impl Into<String>) -> Self {
        self.permissions.push(permission.into());
        self
    }

    /// Sets when fetched keys are fetched again.
    #[must_use]
    pub fn key_timing(mut self, timing: KeyTiming) -> Self {
        self.timing = timing;
        self
    }

    /// Sets what becomes of good tokens when it is not known for too long what was revoked, unless a route says
    /// otherwise ([`Verifier::check_at`](crate::Verifier::check_at)). Only for issuers that are listened to.
    #[must_use]
    pub fn on_stale(mut self, on_stale: OnStale) -> Self {
        self.on_stale = on_stale;
        self
    }

    /// The policy whose issuer of this name is listened to; `None` if it has none.
    #[cfg(feature = "fetch")]
    pub(crate) fn listening(mut self, issuer: &str, revocations: Arc<Revocations>) -> Option<Self> {
        let slot = self.issuers.iter().position(|known| known.name == issuer)?;
        let issuer = self.issuers[slot].clone();
        self.issuers[slot] = issuer.listening(revocations);
        Some(self)
    }

    /// Sets how many verified tokens are remembered, so that one that comes again costs no second look at its signature.
    #[must_use]
    pub fn remember(mut self, limits: Remember) -> Self {
        self.remember = limits;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        let names: Vec<&str> = self.issuers.iter().map(|issuer| issuer.name.as_str()).collect();
        let twice = (1..names.len()).any(|end| names[..end].contains(&names[end]));
        if names.len() > Self::MAX_ISSUERS || twice || names.contains(&"") {
            return Err(PolicyError::Issuers);
        }
        if self.audiences.iter().any(String::is_empty) {
            return Err(PolicyError::Audience);
        }
        if self.algorithms.is_empty() {
            return Err(PolicyError::NoAlgorithm);
        }
        let fetched = self
            .issuers
            .iter()
            .any(|issuer| matches!(issuer.keys, IssuerKeys::Fetched));
        if fetched && self.algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
            return Err(PolicyError::SymmetricFetched);
        }
        if self.leeway > Self::MAX_LEEWAY {
            return Err(PolicyError::Leeway);
        }
        Ok(())
    }
}

impl Issuer {
    /// An issuer whose keys are fetched through its discovery document. `name` is compared with `iss` byte for byte;
    /// Auth0's and Sekisho's end in a slash.
    pub fn fetched(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            keys: IssuerKeys::Fetched,
            grant: GrantId::Optional,
            feed: None,
        }
    }

    /// An issuer whose keys you have.
    pub fn pinned(name: impl Into<String>, keys: KeySet) -> Self {
        Self {
            name: name.into(),
            keys: IssuerKeys::Pinned(keys),
            grant: GrantId::Optional,
            feed: None,
        }
    }

    /// Demands `gid` of its access tokens. Right for a Sekisho issuer, all of whose access tokens have it and whose
    /// ID tokens never do; a token without it could not be revoked with its grant.
    #[must_use]
    pub fn require_gid(mut self) -> Self {
        self.grant = GrantId::Required;
        self
    }

    /// Listens to its revocation feed: a token that a record hits is refused, and none is accepted before the first
    /// snapshot is there. Somebody must bring the feed to `revocations`; verifiers may share it. Demands `gid`, as
    /// [`Issuer::require_gid`].
    #[must_use]
    pub fn listening(mut self, revocations: Arc<Revocations>) -> Self {
        self.feed = Some(revocations);
        self.require_gid()
    }
}
