//! What a token says of itself, judged after its signature held: type, issuer, kind, audience, times, scope. Every such
//! check is on this page; keys and revocation are not.

use sekisho_jose::jwt;

use super::Verifier;
use crate::claims::{Claims, RawClaims, Times};
use crate::policy::{GrantId, TokenKind};
use crate::reject::{ClaimName, Reject};

impl Verifier {
    /// Judges what the issuer at `slot` has signed, by itself.
    pub(super) fn accept(
        &self,
        slot: usize,
        signed: jwt::Token<'_, RawClaims<'_>>,
        payload: Vec<u8>,
        now: u64,
    ) -> Result<Claims, Reject> {
        let issuer = &self.policy.issuers[slot];
        if !self.policy.algorithms.contains(&signed.header().algorithm()) {
            return Err(Reject::Algorithm);
        }
        let typ = self.header_type(signed.header().typ())?;
        let raw = signed.claims;
        if raw.issuer()? != issuer.name {
            return Err(Reject::Issuer);
        }
        self.kind(&raw, typ, issuer.grant)?;
        let azp = raw.azp().map(str::to_owned);
        let claims = raw.typed(payload.into())?;
        self.audience(&claims, azp.as_deref())?;
        self.times(Times::of(&claims), now)?;
        Ok(claims)
    }

    /// Scope and permissions.
    pub(super) fn demands(&self, claims: &Claims) -> Result<(), Reject> {
        claims.require_scope(&self.policy.scope)?;
        let lacks = |wanted: &&String| !claims.has_permission(wanted);
        match self.policy.permissions.iter().find(lacks) {
            None => Ok(()),
            Some(missing) => Err(Reject::Permission(missing.clone())),
        }
    }

    /// `typ` (RFC 7515 section 4.1.9, RFC 9068 section 2.1): media types, so case does not count and `application/`
    /// may be left out. An ID token may do without.
    fn header_type(&self, typ: Option<&str>) -> Result<HeaderType, Reject> {
        let short = typ.map(|typ| match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        });
        match short {
            Some(typ) if typ.eq_ignore_ascii_case("JWT") => Ok(HeaderType::Jwt),
            Some(typ) if typ.eq_ignore_ascii_case("at+jwt") => Ok(HeaderType::AccessToken),
            Some(typ) if typ.eq_ignore_ascii_case("logout+jwt") => Err(Reject::LogoutToken),
            None if self.policy.kind == TokenKind::Id => Ok(HeaderType::Jwt),
            _ => Err(Reject::Type),
        }
    }

    /// Tells access tokens from ID tokens by what they hold, since both may say `typ: JWT`.
    fn kind(&self, raw: &RawClaims<'_>, typ: HeaderType, grant: GrantId) -> Result<(), Reject> {
        let marks = raw.marks;
        if marks.event {
            return Err(Reject::LogoutToken);
        }
        match self.policy.kind {
            TokenKind::Access if marks.id_token => Err(Reject::IdToken),
            TokenKind::Access if marks.bound => Err(Reject::Bound),
            TokenKind::Access if grant == GrantId::Required && !marks.grant => {
                // At such an issuer only ID tokens come without; say it in the words that help.
                Err(if typ == HeaderType::Jwt {
                    Reject::IdToken
                } else {
                    Reject::Missing(ClaimName::Gid)
                })
            }
            TokenKind::Id if typ == HeaderType::AccessToken || marks.grant => Err(Reject::AccessToken),
            TokenKind::Access | TokenKind::Id => Ok(()),
        }
    }

    /// `aud` (RFC 7519 section 4.1.3); for ID tokens also `azp` (OIDC Core 3.1.3.7, points 3 to 5).
    fn audience(&self, claims: &Claims, azp: Option<&str>) -> Result<(), Reject> {
        let ours = |name: &str| self.policy.audiences.iter().any(|audience| audience == name);
        if !claims.aud.iter().any(|audience| ours(audience)) {
            return Err(Reject::Audience);
        }
        match (self.policy.kind, azp) {
            (TokenKind::Id, Some(azp)) if !ours(azp) => Err(Reject::Party),
            (TokenKind::Id, None) if claims.aud.len() > 1 => Err(Reject::Missing(ClaimName::Azp)),
            _ => Ok(()),
        }
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6: dead *at* `exp`, alive *at* `nbf`.
    pub(super) fn times(&self, token: Times, now: u64) -> Result<(), Reject> {
        let leeway = self.policy.leeway;
        if now >= token.exp.saturating_add(leeway) {
            return Err(Reject::Expired);
        }
        let latest = now.saturating_add(leeway);
        if token.nbf > latest {
            return Err(Reject::NotYet);
        }
        if token.iat > latest {
            Err(Reject::FromTheFuture)
        } else {
            Ok(())
        }
    }
}

/// What `typ` says, as far as it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderType {
    Jwt,
    AccessToken,
}
