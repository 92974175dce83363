//! Client authentication (RFC 6749 section 2.3, OpenID Connect Core section 9): is the client who it says it is?
//!
//! [`present`] reads what a request presents, [`authenticate`] compares it with the client that was found. Only the second makes an
//! [`AuthenticatedClient`], and every grant wants one. Whatever fails, the client hears the same; only the log learns the difference.

mod assertion;

pub use assertion::ASSERTION_ALGORITHMS;

use crate::client::{AuthMethod, Client, Standing};
use crate::id::ClientId;
use crate::parameters::Parameters;
use crate::refusal::{Reason, Refusal};
use crate::secret::SecretHash;
use crate::time::Timestamp;
use zeroize::Zeroizing;

/// Longest `Authorization` header that is read, in bytes.
const MAX_HEADER: usize = 4096;
/// Longest `client_id`, in bytes.
const MAX_ID: usize = 255;
/// The one `client_assertion_type` (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request presents to prove which client sent it; nothing of it is proven yet. It holds secrets and cannot be printed.
pub struct Presented {
    ids: Vec<ClientId>,
    proof: Proof,
}

enum Proof {
    /// Only a name.
    Nothing,
    /// A secret in the body.
    Post(Zeroizing<String>),
    /// The pairs a Basic header may mean, each with the id of the same place in `ids`.
    Basic(Vec<Zeroizing<String>>),
    /// A JWT signed by the client.
    Assertion(String),
}

/// A client that has proven who it is, or a public client, which cannot. Only [`authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Client,
    assertion: Option<AssertionUse>,
}

/// The `jti` of a client assertion. The store must claim it, once per client, before anything is granted (RFC 7523 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionUse {
    /// The `jti`, at most 255 bytes.
    pub jti: String,
    /// From here on the assertion is refused anyway and the claim may be forgotten.
    pub expires_at: Timestamp,
}

/// Who we are, for the `aud` of a client assertion.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The issuer, with its trailing slash.
    pub issuer: &'a str,
    /// The absolute URL of the token endpoint.
    pub token_endpoint: &'a str,
}

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The assertion that must be claimed, if one was used.
    pub fn assertion(&self) -> Option<&AssertionUse> {
        self.assertion.as_ref()
    }
}

impl Presented {
    /// The ids to look up, in this order; the first that exists is the client. More than one only for a Basic header, which half
    /// of all clients form-encode and the other half send as it is (RFC 6749 section 2.3.1).
    pub fn client_ids(&self) -> impl Iterator<Item = &ClientId> {
        self.ids.iter()
    }
}

/// Decides what a request presents.
///
/// RFC 6749 section 2.3: a client MUST NOT use more than one method in a request. The same `client_id` in header and body is no
/// second method. An empty parameter is an absent one, so an empty secret is no secret.
///
/// # Errors
/// [`Reason::Malformed`] for two methods or two names, [`Reason::Missing`] for no name, [`Reason::Repeated`], and
/// [`Reason::ClientAuthentication`] for a header or assertion that cannot be read.
pub fn present(authorization: Option<&str>, body: &Parameters) -> Result<Presented, Refusal> {
    let named = body.get("client_id")?;
    let secret = body.get("client_secret")?;
    let assertion = body.get("client_assertion")?;
    let assertion_type = body.get("client_assertion_type")?;
    let methods = [authorization.is_some(), secret.is_some(), assertion.is_some()]
        .into_iter()
        .filter(|sent| *sent)
        .count();
    if methods > 1 {
        return Err(Reason::Malformed("client_secret", "use only one way of client authentication").into());
    }
    if let Some(header) = authorization {
        return basic(header, named);
    }
    if let Some(token) = assertion {
        if assertion_type != Some(JWT_BEARER) {
            return Err(Reason::Malformed("client_assertion_type", JWT_BEARER).into());
        }
        let id = match named {
            Some(named) => readable_id(named)?,
            None => readable_id(&assertion::unverified_subject(token).unwrap_or_default())?,
        };
        return Ok(Presented {
            ids: vec![id],
            proof: Proof::Assertion(token.to_owned()),
        });
    }
    let id = readable_id(named.ok_or(Reason::Missing("client_id"))?)?;
    let proof = secret.map_or(Proof::Nothing, |secret| {
        Proof::Post(Zeroizing::new(secret.to_owned()))
    });
    Ok(Presented { ids: vec![id], proof })
}

/// Decides whether the client that was found is the one that sent the request.
///
/// `secret` is the client's own, opened. A secret may come in the header or in the body, whichever way was registered, because
/// client libraries probe. Otherwise the registered method is the only one: a public client that sends a secret, or a client with a
/// key that sends one, is refused. A disabled client is refused as if it did not exist (RFC 6749 section 5.2, `invalid_client`).
///
/// # Errors
/// Always [`Reason::ClientAuthentication`].
pub fn authenticate(
    client: Client,
    secret: Option<&str>,
    presented: &Presented,
    recipient: Recipient<'_>,
    now: Timestamp,
) -> Result<AuthenticatedClient, Refusal> {
    if client.standing == Standing::Disabled {
        return refuse("the client is disabled");
    }
    if !presented.ids.contains(&client.id) {
        return refuse("another client was presented");
    }
    let assertion = match (client.auth_method, &presented.proof) {
        (AuthMethod::None, Proof::Nothing) => None,
        (AuthMethod::SecretBasic | AuthMethod::SecretPost, Proof::Post(sent)) => {
            same_secret(secret, sent)?;
            None
        }
        (AuthMethod::SecretBasic | AuthMethod::SecretPost, Proof::Basic(secrets)) => {
            let own = presented
                .ids
                .iter()
                .zip(secrets)
                .filter(|(id, _)| **id == client.id);
            own.map(|(_, sent)| same_secret(secret, sent))
                .reduce(Result::or)
                .unwrap_or_else(|| refuse("no secret"))?;
            None
        }
        (AuthMethod::PrivateKeyJwt, Proof::Assertion(token)) => {
            Some(assertion::verify(&client, token, recipient, now)?)
        }
        (AuthMethod::None, _) => return refuse("a public client presented a credential"),
        (_, Proof::Nothing) => return refuse("a confidential client presented no credential"),
        (_, _) => return refuse("the client presented another kind of credential than it registered"),
    };
    Ok(AuthenticatedClient { client, assertion })
}

fn refuse<T>(private: &'static str) -> Result<T, Refusal> {
    Err(Refusal::new(Reason::ClientAuthentication, private))
}

/// Compares digests, so that the time taken says nothing about content or length.
fn same_secret(stored: Option<&str>, sent: &str) -> Result<(), Refusal> {
    match stored {
        None | Some("") => refuse("the client has no secret"),
        Some(_) if sent.is_empty() => refuse("the secret is empty"),
        Some(stored) if SecretHash::of(stored).matches(&SecretHash::of(sent)) => Ok(()),
        Some(_) => refuse("the secret is wrong"),
    }
}

/// RFC 7617 section 2, and RFC 6749 section 2.3.1 for the form encoding inside.
fn basic(header: &str, named: Option<&str>) -> Result<Presented, Refusal> {
    if header.len() > MAX_HEADER {
        return refuse("the Authorization header is too long");
    }
    let encoded = match header.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => rest.trim_start_matches(' '),
        _ => return refuse("the Authorization header is not Basic"),
    };
    let Ok(bytes) = base64_simd::STANDARD.decode_to_vec(encoded).map(Zeroizing::new) else {
        return refuse("the Basic credentials are not base64");
    };
    let Some((id, secret)) = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.split_once(':'))
    else {
        return refuse("the Basic credentials are not a name and a secret");
    };
    if secret.is_empty() {
        return refuse("the secret is empty");
    }
    let mut ids = vec![readable_id(id)?];
    let mut secrets = vec![Zeroizing::new(secret.to_owned())];
    if let (Some(decoded_id), Some(decoded_secret)) = (form_decoded(id), form_decoded(secret))
        && (*decoded_id != id || *decoded_secret != secret)
    {
        ids.push(readable_id(&decoded_id)?);
        secrets.push(decoded_secret);
    }
    if named.is_some_and(|named| ids.iter().all(|id| id.as_str() != named)) {
        return Err(Reason::Malformed("client_id", "it differs from the Authorization header").into());
    }
    Ok(Presented {
        ids,
        proof: Proof::Basic(secrets),
    })
}

/// An id that a lookup can be asked for.
fn readable_id(text: &str) -> Result<ClientId, Refusal> {
    if text.is_empty() || text.len() > MAX_ID || text.chars().any(char::is_control) {
        return refuse("the client_id cannot be one");
    }
    Ok(ClientId::new(text))
}

/// `+` and `%XX` undone; `None` when the text cannot be form-encoded text.
fn form_decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digit = |byte: u8| {
                    char::from(byte)
                        .to_digit(16)
                        .and_then(|value| u8::try_from(value).ok())
                };
                digit(*digits.first()?)? * 16 + digit(*digits.last()?)?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests;
