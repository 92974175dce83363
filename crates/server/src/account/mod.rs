//! `/account`: what a person may see and end of their own. The page is an OpenID Connect client of ourselves: the single sign-on
//! cookie opens it only by way of `/authorize`, and a cookie of its own (Lax) authorises what it writes.

mod device;
pub mod enter;
pub mod sessions;

use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use sekisho_rules::id::{SessionId, hex};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::{Fault, issuer, sessions as session_rows, users};
use serde::{Deserialize, Serialize};

/// What the account cookie is sealed for.
const LABEL: &str = "account cookie";

/// What the account cookie says. It stands only as long as the session it names.
#[derive(Serialize, Deserialize)]
struct Pass {
    sid: SessionId,
    /// Chance, so that the form token of one entry is nothing for another.
    nonce: String,
}

/// A person at their account page.
struct Person {
    session: Session,
    user: User,
    form_token: String,
}

impl Person {
    /// Who is here, if the cookie's session still stands.
    async fn read(visit: &Visit) -> Result<Option<Self>, Fault> {
        let sealed = visit.cookie(Cookie::Account);
        let plain = sealed.and_then(|sealed| visit.app.sealer.open_transient(LABEL, &sealed).ok());
        let Some(pass) = plain.and_then(|plain| serde_json::from_slice::<Pass>(&plain).ok()) else {
            return Ok(None);
        };
        let db = &visit.app.db;
        let Some(session) = session_rows::by_id(db, &pass.sid).await? else {
            return Ok(None);
        };
        let Some(user) = users::by_id(db, &session.user_id).await? else {
            return Ok(None);
        };
        let stands = session.stands(&user, issuer::get(db).await?.epoch, visit.moment.now);
        let form_token = hex(SecretHash::of(&format!("account {} {}", pass.sid, pass.nonce)).bytes());
        Ok(stands.then_some(Self {
            session,
            user,
            form_token,
        }))
    }

    /// Whether a form was sent from a page of ours that was shown to this person.
    fn check_form(&self, visit: &Visit, form: &Parameters) -> Result<(), Trouble> {
        let sent = form.hint("csrf").unwrap_or_default();
        let right = SecretHash::of(sent).matches(&SecretHash::of(&self.form_token));
        match right && guard::is_from_our_page(&visit.app, &visit.headers) {
            true => Ok(()),
            false => Err(Trouble::Forbidden),
        }
    }
}
