//! One sign-in elsewhere, from the redirect to the provider until the browser is back. What has to be known then is kept sealed in a
//! cookie of this browser: nothing is stored for somebody unknown, and an answer brought by another browser finds nothing (threats 26
//! and 34). A provider gets only 43 characters of chance as `state`; X takes no more than 500.

use super::{CALLBACK, Failure, endpoints};
use crate::http::cookie::Cookie;
use crate::http::reply::{Trouble, see_other, with_cookies};
use crate::http::visit::Visit;
use axum::http::HeaderValue;
use axum::response::Response;
use sekisho_rules::id::{SessionId, UserId, hex};
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::Connection;
use sekisho_rules::upstream::answer::ATTEMPT_SECONDS;
use sekisho_rules::upstream::fresh::Wanted;
use sekisho_rules::upstream::request::{Fresh, Wish, authorization};
use serde::{Deserialize, Serialize};

const LABEL: &str = "sign-in elsewhere";

/// The greatest value of a cookie that every browser keeps, less our names and attributes, in bytes.
pub(super) const COOKIE_BYTES: usize = 3800;

/// How many sign-ins a browser may have under way; with one more, the older ones are forgotten.
const AT_ONCE: usize = 3;

/// Why a browser was sent to a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Goal {
    /// To sign in; the sealed journey goes on.
    SignIn {
        /// The handle of the journey.
        journey: String,
    },
    /// To join the identity there to the account that is signed in here.
    Link {
        /// The account.
        user: UserId,
        /// The session it was asked for in.
        session: SessionId,
    },
}

/// A sign-in elsewhere that is under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The id of the connection.
    pub connection: String,
    /// In the ID token.
    pub nonce: String,
    /// Redeems the code.
    pub verifier: String,
    /// When the browser left.
    pub at: Timestamp,
    /// What for.
    pub goal: Goal,
    /// How fresh the proof there has to be.
    #[serde(default)]
    pub wanted: Wanted,
    /// The state it left with. It is sealed with the rest, and never shown but to the provider.
    state: String,
}

/// An attempt that is open in this browser.
pub struct Opened {
    /// The attempt.
    pub attempt: Attempt,
    /// The hash of its state.
    pub state: SecretHash,
    /// Forgets it: an answer is taken once.
    pub forget: Option<HeaderValue>,
}

/// Sends the browser to a provider.
///
/// # Errors
/// The inner one when the provider's addresses cannot be learned; [`Trouble`] when the journey is too long to be kept in a cookie.
pub async fn begin(
    visit: &Visit,
    connection: &Connection,
    (goal, wanted): (Goal, Wanted),
) -> Result<Result<Response, Failure>, Trouble> {
    let at = match endpoints(visit, connection).await {
        Ok(at) => at,
        Err(failure) => return Ok(Err(failure)),
    };
    let attempt = Attempt {
        connection: connection.id.clone(),
        nonce: visit.moment.secret().encode(),
        verifier: visit.moment.secret().encode(),
        at: visit.moment.now,
        goal,
        wanted,
        state: visit.moment.secret().encode(),
    };
    let fresh = Fresh {
        state: &attempt.state,
        nonce: &attempt.nonce,
        verifier: &attempt.verifier,
    };
    let redirect_uri = visit.app.config.issuer.link(CALLBACK);
    let wish = Wish {
        redirect_uri: &redirect_uri,
        locales: visit.query.hint("ui_locales"),
        proof: wanted,
    };
    let Some(to) = authorization(connection, &at, fresh, wish) else {
        return Ok(Err(Failure::Settings("the authorization endpoint is no address")));
    };
    let plain =
        serde_json::to_vec(&attempt).map_err(|_| Trouble::Internal("an attempt cannot be written"))?;
    let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
    let sealed = sealed.map_err(|_| Trouble::Internal("an attempt cannot be sealed"))?;
    if sealed.len() > COOKIE_BYTES {
        return Err(
            PageRefusal::Malformed("the request is too long for a sign-in at another service; it").into(),
        );
    }
    let names = &visit.app.cookies;
    let marks = names.marks(&visit.headers, Cookie::Upstream);
    let older = match marks.len() >= AT_ONCE {
        true => marks,
        false => Vec::new(),
    };
    let cookies = older
        .iter()
        .filter(|mark| mark.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .filter_map(|mark| names.set_marked(Cookie::Upstream, mark, "", 0))
        .chain(names.set_marked(Cookie::Upstream, &mark(&attempt.state), &sealed, ATTEMPT_SECONDS))
        .collect();
    Ok(Ok(with_cookies(see_other(&to), cookies)))
}

/// Opens the attempt that a `state` belongs to, in the browser it was made in.
///
/// # Errors
/// [`PageRefusal::JourneyElsewhere`] when this browser has none.
pub fn open(visit: &Visit, state: Option<&str>) -> Result<Opened, PageRefusal> {
    let state = state.ok_or(PageRefusal::Malformed("state"))?;
    let mark = mark(state);
    let names = &visit.app.cookies;
    let sealed = names.read_marked(&visit.headers, Cookie::Upstream, &mark);
    let plain = sealed.and_then(|sealed| visit.app.sealer.open_transient(LABEL, &sealed).ok());
    let attempt: Option<Attempt> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let attempt = attempt.ok_or(PageRefusal::JourneyElsewhere)?;
    Ok(Opened {
        state: SecretHash::of(&attempt.state),
        forget: names.set_marked(Cookie::Upstream, &mark, "", 0),
        attempt,
    })
}

/// What tells one attempt's cookie from another's.
fn mark(state: &str) -> String {
    hex(&SecretHash::of(state).bytes()[..4])
}
