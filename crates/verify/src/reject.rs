//! Why a token is not good: one name per reason, for the person who has to mend it. Owns the names and the sentences;
//! the HTTP form (RFC 6750) is in the `tower` feature.

use std::fmt;

use crate::Scope;
use crate::record::Kind;

/// Why a token was refused.
///
/// [`Reject::name`] is stable, for metrics and tests. `Display` is one sentence in the characters that RFC 6750 section
/// 3 allows in `error_description`; it says what the *sender* of the token may know and repeats nothing of the token
/// except names of claims.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reject {
    /// Longer than [`MAX_TOKEN_BYTES`](crate::MAX_TOKEN_BYTES); nothing of it was read.
    TooLong,
    /// Not three parts between two dots; an opaque token, for example, which only its issuer can read.
    NotJwt,
    /// The parts are there, but are not a strict JWT: base64url, header, claims that are one JSON object, no member
    /// twice (RFC 7515, RFC 7519 section 4).
    Malformed,
    /// `alg` is not among the policy's algorithms, or is not the algorithm of the named key.
    Algorithm,
    /// No `kid`, and the issuer has more than one key.
    NoKeyId,
    /// The `kid` is not among the issuer's keys, and these are fresh.
    UnknownKey,
    /// The signature does not hold.
    Signature,
    /// `typ` says that this is another kind of token.
    Type,
    /// The claim is missing though the policy needs it.
    Missing(ClaimName),
    /// The claim has the wrong JSON type or is outside its range; it is never read as absent.
    Mistyped(ClaimName),
    /// `iss` is not the issuer whose key signed, byte for byte.
    Issuer,
    /// An ID token where an access token belongs: the beginner's classic mistake.
    IdToken,
    /// A logout token (OIDC Back-Channel Logout 2.4) or another security event.
    LogoutToken,
    /// An access token where an ID token belongs.
    AccessToken,
    /// Bound to a key or certificate (`cnf`, RFC 7800) whose proof is not checked here (RFC 9449, RFC 8705).
    Bound,
    /// None of the policy's audiences is in `aud`, byte for byte.
    Audience,
    /// `azp` and `client_id` name two clients, or the ID token's `azp` is not its audience.
    Party,
    /// `exp` has passed.
    Expired,
    /// `nbf` is to come.
    NotYet,
    /// `iat` is to come.
    FromTheFuture,
    /// A record of the issuer's revocation feed ends it, of this kind: it was good, and is not any more.
    Revoked(Kind),
    /// The issuer, asked about it, says that it is not active any more (RFC 7662 section 2.2).
    Inactive,
    /// These words of the required scope were not granted.
    Scope(Scope),
    /// This required permission was not granted.
    Permission(String),
}

/// The claims that a [`Reject`] can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the claim of its name")]
pub enum ClaimName {
    Iss,
    Sub,
    Aud,
    Exp,
    Nbf,
    Iat,
    Jti,
    Azp,
    ClientId,
    Scope,
    Permissions,
    Gid,
    Sid,
    Gty,
    OrgId,
    Act,
}

impl Reject {
    /// The name for logs and metrics: lower case with underscores, never changed.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotJwt => "not_jwt",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::NoKeyId => "no_key_id",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Type => "type",
            Self::Missing(_) => "claim_missing",
            Self::Mistyped(_) => "claim_mistyped",
            Self::Issuer => "issuer",
            Self::IdToken => "id_token",
            Self::LogoutToken => "logout_token",
            Self::AccessToken => "access_token",
            Self::Bound => "bound",
            Self::Audience => "audience",
            Self::Party => "party",
            Self::Expired => "expired",
            Self::NotYet => "not_yet_valid",
            Self::FromTheFuture => "issued_in_future",
            Self::Revoked(_) => "revoked",
            Self::Inactive => "inactive",
            Self::Scope(_) => "scope",
            Self::Permission(_) => "permission",
        }
    }

    /// Whether the token is good but not enough: RFC 6750 `insufficient_scope` (403) rather than `invalid_token` (401).
    pub const fn is_insufficient(&self) -> bool {
        matches!(self, Self::Scope(_) | Self::Permission(_))
    }
}

impl ClaimName {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iss => "iss",
            Self::Sub => "sub",
            Self::Aud => "aud",
            Self::Exp => "exp",
            Self::Nbf => "nbf",
            Self::Iat => "iat",
            Self::Jti => "jti",
            Self::Azp => "azp",
            Self::ClientId => "client_id",
            Self::Scope => "scope",
            Self::Permissions => "permissions",
            Self::Gid => "gid",
            Self::Sid => "sid",
            Self::Gty => "gty",
            Self::OrgId => "org_id",
            Self::Act => "act",
        }
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Missing(claim) => return write!(f, "The claim {claim} is missing"),
            Self::Mistyped(claim) => {
                return write!(f, "The claim {claim} has the wrong type or is out of range");
            }
            Self::Scope(missing) => return write!(f, "The token lacks the scope: {missing}"),
            // A permission is the API's own text: only what may stand in a quoted string is repeated.
            Self::Permission(name) if name.bytes().all(is_description_byte) => {
                return write!(f, "The token lacks the permission: {name}");
            }
            Self::Permission(_) => "The token lacks a permission",
            Self::TooLong => "The token is too long",
            Self::NotJwt => "The token is not a JWT; was the audience of this API asked for at login?",
            Self::Malformed => "The token is not a well-formed JWT",
            Self::Algorithm => "The token is signed with an algorithm that is not accepted here",
            Self::NoKeyId => "The token does not name its key (kid)",
            Self::UnknownKey => "The token is signed with a key that the issuer does not publish",
            Self::Signature => "The signature does not hold",
            Self::Type => "The token is of another type (typ)",
            Self::Issuer => "The token is from another issuer",
            Self::IdToken => {
                "This is an ID token, which tells the app who the user is; an API needs the access token"
            }
            Self::LogoutToken => "This is a logout token; an API needs the access token",
            Self::AccessToken => "This is an access token; an ID token is needed here",
            Self::Bound => "The token is bound to a key whose proof is not accepted here",
            Self::Audience => {
                "The token is for another audience; an API needs an access token made for it, not an ID token"
            }
            Self::Party => "The token names two different clients",
            Self::Expired => "The token has expired",
            Self::NotYet => "The token is not valid yet",
            Self::FromTheFuture => "The token was issued in the future",
            // Of which kind is for the API's own logs: the sender learns no more than that it is over.
            Self::Revoked(_) | Self::Inactive => "The token was revoked",
        };
        f.write_str(text)
    }
}

impl std::error::Error for Reject {}

/// A character of `error_description` (RFC 6749 section 5.2).
const fn is_description_byte(byte: u8) -> bool {
    matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}
