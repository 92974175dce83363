//! Whether an ID token of another provider is believed (OpenID Connect Core section 3.1.3.7).

use super::{Connection, Strategy};
use crate::time::Timestamp;
use sekisho_jose::{Algorithm, Buffer, Error, JwkSet, KeyError, KeySet, Unverified, VerifyingKey, jwt};
use serde_json::{Map, Value};

/// Seconds a provider's clock may differ from ours.
pub const LEEWAY: i64 = 60;

/// The claims of an ID token that was believed.
pub type Claims = Map<String, Value>;

/// The tenant of personal Microsoft accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Why an ID token is not believed. The words are for the log; they repeat nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No key of the provider answers to it; its keys may have changed since they were read.
    #[error("no key of the provider answers to the ID token")]
    UnknownKey,
    /// Another algorithm than the connection's.
    #[error("the ID token is signed with another algorithm than this connection's")]
    Algorithm,
    /// The signature does not hold.
    #[error("the signature of the ID token does not hold")]
    Signature,
    /// Not a JWT, or one that is not read.
    #[error("the ID token cannot be read")]
    Unreadable,
    /// A claim is missing, of the wrong kind, or another than it must be.
    #[error("the ID token's {0} is not right")]
    Claim(&'static str),
}

/// What an ID token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer; for Microsoft with `{tenantid}` in it.
    pub issuer: &'a str,
    /// The nonce of the request.
    pub nonce: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// The keys that may have signed the ID tokens of a connection.
///
/// # Errors
/// [`KeyError`] when the secret is too short to be a key, or the document holds no key set.
pub fn trusted(connection: &Connection, secret: &[u8], published: Option<&[u8]>) -> Result<KeySet, KeyError> {
    let algorithm = connection.id_token_algorithm();
    match published {
        _ if algorithm.is_symmetric() => Ok(KeySet::new(vec![VerifyingKey::hmac(algorithm, secret)?])),
        Some(document) => Ok(KeySet::from_jwks(&JwkSet::parse(document)?, &[algorithm])),
        None => Ok(KeySet::default()),
    }
}

/// Decides whether to believe an ID token: signed by the provider with the connection's one algorithm, by the right issuer, for us,
/// in time, and for this very request.
///
/// OpenID Connect Core section 3.1.3.7: `iss` MUST match exactly, `aud` MUST contain us, and when it names others too, `azp` MUST be
/// us; `exp` MUST lie ahead; `nonce` MUST be the one that was sent. The header chooses among the keys, never the algorithm.
///
/// # Errors
/// [`Refused`].
pub fn check(
    connection: &Connection,
    token: &str,
    keys: &KeySet,
    expected: Expected<'_>,
) -> Result<Claims, Refused> {
    let claims = signed(connection.id_token_algorithm(), token, keys)?;
    let text = |name: &'static str| claims.get(name).and_then(Value::as_str);
    if !is_issued_by(connection, &claims, expected.issuer) {
        return Err(Refused::Claim("iss"));
    }
    is_for_us(&claims, &connection.client_id)?;
    let number = |name: &'static str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(Refused::Claim(name)),
    };
    let now = expected.now.seconds();
    let exp = number("exp")?.ok_or(Refused::Claim("exp"))?;
    if exp <= now - LEEWAY {
        return Err(Refused::Claim("exp"));
    }
    let iat = number("iat")?.ok_or(Refused::Claim("iat"))?;
    if iat > now + LEEWAY {
        return Err(Refused::Claim("iat"));
    }
    if number("nbf")?.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(Refused::Claim("nbf"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(Refused::Claim("nonce"));
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(Refused::Claim("sub"));
    }
    Ok(claims)
}

fn signed(algorithm: Algorithm, token: &str, keys: &KeySet) -> Result<Claims, Refused> {
    let unverified = Unverified::parse(token).map_err(|_| Refused::Unreadable)?;
    if unverified.alg() != Some(algorithm.name()) {
        return Err(Refused::Algorithm);
    }
    let mut why = Refused::UnknownKey;
    // A token without `kid` may be any key's: each that fits is tried, and there are few.
    for key in keys.keys().iter().take(32) {
        match jwt::verify::<Claims>(token, key, &mut Buffer::new()) {
            Ok(token) => return Ok(token.claims),
            Err(Error::UnknownKey | Error::AlgorithmMismatch { .. }) => {}
            Err(Error::Signature) => why = Refused::Signature,
            Err(_) => return Err(Refused::Unreadable),
        }
    }
    Err(why)
}

fn is_for_us(claims: &Claims, us: &str) -> Result<(), Refused> {
    let (named, others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == us, false),
        Some(Value::Array(many)) if many.iter().all(Value::is_string) => (
            many.iter().any(|one| one.as_str() == Some(us)),
            many.iter().any(|one| one.as_str() != Some(us)),
        ),
        _ => return Err(Refused::Claim("aud")),
    };
    if !named {
        return Err(Refused::Claim("aud"));
    }
    match claims.get("azp") {
        None if others => Err(Refused::Claim("azp")),
        None => Ok(()),
        Some(azp) if azp.as_str() == Some(us) => Ok(()),
        Some(_) => Err(Refused::Claim("azp")),
    }
}

fn is_issued_by(connection: &Connection, claims: &Claims, issuer: &str) -> bool {
    let Some(iss) = claims.get("iss").and_then(Value::as_str) else {
        return false;
    };
    match connection.strategy {
        // Google's older form of its own name.
        Strategy::Google if issuer == "https://accounts.google.com" => {
            iss == issuer || iss == "accounts.google.com"
        }
        Strategy::Microsoft if issuer.contains("{tenantid}") => {
            let Some(tid) = claims.get("tid").and_then(Value::as_str) else {
                return false;
            };
            let wanted = connection.settings.tenant.as_deref().unwrap_or("common");
            let allowed = match wanted {
                "common" => true,
                "organizations" => tid != CONSUMERS,
                "consumers" => tid == CONSUMERS,
                one => tid == one,
            };
            is_guid(tid) && allowed && iss == issuer.replace("{tenantid}", tid)
        }
        _ => iss == issuer,
    }
}

/// Whether a text is the id of a Microsoft tenant: 32 lower-case hexadecimal digits in five groups.
pub fn is_guid(text: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    groups.iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    }) && parts.next().is_none()
}
