//! Client assertions (RFC 7523 sections 2.2 and 3, OpenID Connect Core section 9, `private_key_jwt`): a client proves itself with a
//! JWT signed by its own key. `client_secret_jwt` does not exist here: no shared secret ever checks an assertion.

use super::{AssertionUse, Recipient, refuse};
use crate::client::Client;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use sekisho_jose::{Algorithm, Buffer, Claims, Error, JwkSet, KeySet, Unverified, jwt};

/// The algorithms an assertion may be signed with; discovery names them.
pub const ASSERTION_ALGORITHMS: &[Algorithm] = &[
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
];

/// Seconds from now an `exp` may lie ahead. Each `jti` must be remembered that long.
const MAX_LIFETIME: i64 = 600;
/// Seconds a client's clock may be ahead of ours.
const LEEWAY: i64 = 60;
/// Keys of one client that are tried when an assertion does not name its key.
const MAX_TRIES: usize = 8;
/// Longest `jti`, in bytes.
const MAX_JTI: usize = 255;

/// The `sub` of an assertion that nobody has checked: good for nothing but finding the client (RFC 7521 section 4.2 lets `client_id`
/// be left out).
pub(super) fn unverified_subject(token: &str) -> Option<String> {
    let unverified = Unverified::parse(token).ok()?;
    let claims = unverified.claims::<Claims<'_>>().ok()?;
    claims.sub.map(sekisho_jose::claims::Text::into_string)
}

/// Decides whether an assertion proves its client.
///
/// RFC 7523 section 3: `iss` and `sub` MUST be the client, `aud` MUST be us, `exp` MUST lie ahead. Beyond that: `aud` names nobody
/// else, so that no other server can use the assertion here; `exp` lies at most ten minutes ahead; `jti` is there, to be claimed
/// once. The media type, when there is one, is not that of an access, ID or logout token.
///
/// # Errors
/// [`Reason::ClientAuthentication`](crate::refusal::Reason::ClientAuthentication).
pub(super) fn verify(
    client: &Client,
    token: &str,
    recipient: Recipient<'_>,
    now: Timestamp,
) -> Result<AssertionUse, Refusal> {
    let Some(set) = client
        .jwks
        .as_deref()
        .and_then(|json| JwkSet::parse(json.as_bytes()).ok())
    else {
        return refuse("the client has no keys");
    };
    let trusted = KeySet::from_jwks(&set, ASSERTION_ALGORITHMS);
    let mut why = "no key of the client is for this assertion";
    let mut tries = 0;
    for key in trusted.keys() {
        let mut buffer = Buffer::new();
        match jwt::verify::<Claims<'_>>(token, key, &mut buffer) {
            Ok(token) => return judge(client, token.header().typ(), &token.claims, recipient, now),
            // Another key's name or algorithm: nothing was computed.
            Err(Error::UnknownKey | Error::AlgorithmMismatch { .. }) => {}
            Err(Error::Signature) if tries < MAX_TRIES => {
                why = "the signature does not hold";
                tries += 1;
            }
            Err(_) => return refuse("the assertion cannot be read"),
        }
    }
    refuse(why)
}

fn judge(
    client: &Client,
    typ: Option<&str>,
    claims: &Claims<'_>,
    recipient: Recipient<'_>,
    now: Timestamp,
) -> Result<AssertionUse, Refusal> {
    let id = client.id.as_str();
    let is_assertion = |typ: &str| {
        let short = typ.strip_prefix("application/").unwrap_or(typ);
        short.eq_ignore_ascii_case("jwt") || short.eq_ignore_ascii_case("client-authentication+jwt")
    };
    if !typ.is_none_or(is_assertion) {
        return refuse("the assertion is another kind of token");
    }
    if claims.iss.as_deref() != Some(id) || claims.sub.as_deref() != Some(id) {
        return refuse("iss or sub of the assertion is not the client");
    }
    let is_us = |audience: &str| audience == recipient.issuer || audience == recipient.token_endpoint;
    if !claims
        .aud
        .as_ref()
        .is_some_and(|audience| audience.iter().all(is_us))
    {
        return refuse("aud of the assertion is not the issuer alone");
    }
    let Some(exp) = claims.exp.map(|exp| exp.seconds()) else {
        return refuse("the assertion has no exp");
    };
    if exp <= now.seconds() || exp > now.seconds() + MAX_LIFETIME {
        return refuse("exp of the assertion is past, or more than ten minutes ahead");
    }
    let ahead = |date: Option<sekisho_jose::claims::NumericDate>| {
        date.is_some_and(|date| date.seconds() > now.seconds() + LEEWAY)
    };
    if ahead(claims.iat) || ahead(claims.nbf) {
        return refuse("iat or nbf of the assertion is in the future");
    }
    match claims.jti.as_deref() {
        Some(jti) if !jti.is_empty() && jti.len() <= MAX_JTI && !jti.chars().any(char::is_control) => {
            Ok(AssertionUse {
                jti: jti.to_owned(),
                expires_at: Timestamp::from_seconds(exp),
            })
        }
        _ => refuse("the assertion has no usable jti"),
    }
}
