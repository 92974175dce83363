//! Whether what a browser brings back from a provider is the answer to what it was sent there with.

use super::{Connection, Endpoints, Strategy};
use crate::parameters::Parameters;
use crate::secret::SecretHash;
use crate::time::Timestamp;

/// Seconds somebody may take to sign in elsewhere.
pub const ATTEMPT_SECONDS: i64 = 1800;

/// What a provider said by way of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Redeem this.
    Code(&'a str),
    /// The person said no, there.
    Denied,
    /// The provider did not do it; its own word for why, shortened.
    Failed(String),
    /// Not an answer to this request. Nothing in it is used.
    Foreign(&'static str),
}

/// What was kept of a request, in the browser that made it.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Hash of the `state` it was sent with.
    pub state: &'a SecretHash,
    /// The connection it went by.
    pub connection: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Decides whether an answer belongs to the request, and what it says.
///
/// RFC 6749 section 10.12: `state` MUST be the one this browser was sent with. RFC 9207 section 2.4: an `iss` MUST be the issuer of
/// the provider the request went to, and MUST be there when the provider promised it; so that one provider's code is never redeemed
/// at another (threat 26). Only then is anything else looked at, an error too.
pub fn check<'a>(
    connection: &Connection,
    endpoints: &Endpoints,
    asked: &Asked<'_>,
    sent: &'a Parameters,
    now: Timestamp,
) -> Answer<'a> {
    let (Ok(state), Ok(iss), Ok(code), Ok(error)) = (
        sent.get("state"),
        sent.get("iss"),
        sent.get("code"),
        sent.get("error"),
    ) else {
        return Answer::Foreign("a parameter came twice");
    };
    if !state.is_some_and(|state| SecretHash::of(state).matches(asked.state)) {
        return Answer::Foreign("the state is another");
    }
    if asked.connection != connection.id {
        return Answer::Foreign("the request went to another provider");
    }
    let age = now.millis_since(asked.at);
    if !(0..=ATTEMPT_SECONDS * 1000).contains(&age) {
        return Answer::Foreign("the request is too old");
    }
    match (iss, &endpoints.issuer) {
        (Some(iss), Some(ours)) if is_issuer(connection.strategy, iss, ours) => {}
        (Some(_), Some(_)) => return Answer::Foreign("the answer is another issuer's"),
        (None, _) if endpoints.names_itself => return Answer::Foreign("the answer does not name its issuer"),
        // A provider without an issuer of its own has nothing to be compared with.
        (Some(_), None) | (None, _) => {}
    }
    match (error, code) {
        (Some("access_denied" | "user_cancelled_authorize" | "user_cancelled_login"), _) => Answer::Denied,
        (Some(error), _) => Answer::Failed(word(error)),
        (None, Some(code)) => Answer::Code(code),
        (None, None) => Answer::Failed("no code".to_owned()),
    }
}

/// Microsoft names the organisation in its issuer; the ID token is held to it afterwards.
fn is_issuer(strategy: Strategy, iss: &str, ours: &str) -> bool {
    match (strategy, ours.split_once("{tenantid}")) {
        (Strategy::Microsoft, Some((before, after))) => iss
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(super::id_token::is_guid),
        _ => iss == ours,
    }
}

/// An error code as it may be shown and logged: the characters of RFC 6749 section 4.1.2.1, and not too many.
pub fn word(error: &str) -> String {
    let plain = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
    error.chars().filter(plain).take(64).collect()
}
