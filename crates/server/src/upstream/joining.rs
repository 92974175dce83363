//! An identity that waits, in a cookie of the browser it was proven in, until its owner proves the account it belongs to (threat 11).

use super::attempt::COOKIE_BYTES;
use crate::factors;
use crate::http::cookie::Cookie;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use axum::http::HeaderValue;
use sekisho_rules::id::{SessionId, UserId};
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::profile::Profile;
use sekisho_rules::user::User;
use sekisho_store::Fault;
use serde::{Deserialize, Serialize};

const LABEL: &str = "identity to be joined";
/// Seconds it waits.
const LIFETIME_SECONDS: i64 = 900;

/// An identity and the account it may be joined to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joining {
    /// The account whose address the provider vouches for.
    pub user: UserId,
    /// The id of the connection.
    pub connection: String,
    /// Who it is there.
    pub profile: Profile,
    /// When the provider vouched for them.
    pub at: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far the joining is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The account must be signed in to.
    Waiting,
    /// It was, in this session, with every factor that is due; a yes is all that is missing.
    Proven(SessionId),
}

impl Joining {
    /// The cookie that keeps it.
    ///
    /// # Errors
    /// [`Trouble::Internal`] when sealing fails.
    pub fn keep(&self, visit: &Visit) -> Result<Option<HeaderValue>, Trouble> {
        let mut sealed = self.seal(visit)?;
        if sealed.len() > COOKIE_BYTES {
            let mut smaller = self.clone();
            smaller.profile.picture = None;
            sealed = smaller.seal(visit)?;
        }
        Ok(visit
            .app
            .cookies
            .set(Cookie::Joining, &sealed, Some(LIFETIME_SECONDS)))
    }

    fn seal(&self, visit: &Visit) -> Result<String, Trouble> {
        let plain =
            serde_json::to_vec(self).map_err(|_| Trouble::Internal("an identity cannot be written"))?;
        let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
        sealed.map_err(|_| Trouble::Internal("an identity cannot be sealed"))
    }

    /// The one that waits in this browser.
    pub fn waiting(visit: &Visit) -> Option<Self> {
        let sealed = visit.cookie(Cookie::Joining)?;
        let plain = visit.app.sealer.open_transient(LABEL, &sealed).ok()?;
        let joining: Self = serde_json::from_slice(&plain).ok()?;
        let age = visit.moment.now.millis_since(joining.at);
        (0..=LIFETIME_SECONDS * 1000).contains(&age).then_some(joining)
    }

    /// Whether an identity waits for who is signed in here, and their login proved less than they have. A way into the account is added
    /// for good, so it takes a second factor of who has one even where the application, or a browser that is remembered, asks for none.
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn lacks_a_factor(visit: &Visit, signed_in: Option<&(Session, User)>) -> Result<bool, Fault> {
        let (Some(joining), Some((session, user))) = (Self::waiting(visit), signed_in) else {
            return Ok(false);
        };
        match joining.user == user.id && session.auth_time >= joining.at {
            true => Ok(session.lacks_a_factor(&factors::held(visit, user).await?)),
            false => Ok(false),
        }
    }

    /// The cookie that forgets it.
    pub fn forget(visit: &Visit) -> Option<HeaderValue> {
        visit.app.cookies.clear(Cookie::Joining)
    }
}
