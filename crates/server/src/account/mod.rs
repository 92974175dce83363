//! `/account`: what a person may see and change of their own. The page is an OpenID Connect client of ourselves: the single sign-on
//! cookie opens it only by way of `/authorize`, and a cookie of its own (Lax) authorises what it writes.
//!
//! A section is a file here, a page in `pages/account`, a line in [`SECTIONS`] and a route (`docs/account-page.md`).

pub mod apps;
pub mod connections;
pub mod data;
pub mod delete;
pub mod email;
pub mod enter;
pub mod factors;
mod frame;
pub mod overview;
pub mod passkeys;
pub mod password;
pub mod profile;

use crate::factors as held_factors;
use crate::http::body::{self, Accepts};
use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::{Refused, Trouble};
use crate::http::visit::Visit;
use crate::pages::Chrome;
use crate::text::Text;
use axum::body::Bytes;
use axum::response::Response;
use enter::Again;
use sekisho_rules::id::{SessionId, hex};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::{Freshness, Session};
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
    /// The page's language: what it was asked for in, what the person chose, what the browser prefers.
    fn chrome(&self, visit: &Visit) -> Chrome {
        visit.chrome(self.user.locale.as_deref())
    }

    /// The same for a page that a GET cannot show again.
    fn bare_chrome(&self, visit: &Visit) -> Chrome {
        visit.bare_chrome(self.user.locale.as_deref())
    }

    /// The words for the person, in mails too.
    fn text(&self, visit: &Visit) -> &'static Text {
        visit.text(self.user.locale.as_deref())
    }

    /// Who is here; who is not signed in is sent to do so and comes back to `path`.
    async fn at(visit: &Visit, path: &str) -> Result<Self, Detour> {
        match Self::read(visit).await? {
            Some(person) => Ok(person),
            None => Err(Detour::away(enter::begin(visit, path, &Again::No)?)),
        }
    }

    /// Who sent this form, and the form. It was sent from a page of ours that was shown to them.
    async fn of_form(visit: &Visit, form: &Bytes, path: &str) -> Result<(Self, Parameters), Detour> {
        let form = body::parameters(&visit.headers, form, Accepts::Form)?;
        let Some(person) = Self::read(visit).await? else {
            return Err(Detour::away(crate::http::reply::see_other(&visit.page(path))));
        };
        person.check_form(visit, &form)?;
        Ok((person, form))
    }

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

/// Lets a sensitive change go on, or sends the person to prove themselves again and then back to `path`, a path of the account page.
/// What they had typed into a form is gone then, so ask before the form is shown, and again when it comes.
///
/// # Errors
/// [`Detour`] to the sign-in.
async fn fresh_login(visit: &Visit, person: &Person, path: &str) -> Result<(), Detour> {
    let held = held_factors::held(visit, &person.user).await?;
    let again = match person.session.freshness(&held, visit.moment.now) {
        Freshness::Fresh => return Ok(()),
        Freshness::OneFactor => Again::Factor,
        Freshness::Stale if held.has_any() => Again::Everything(person.user.email.clone()),
        Freshness::Stale => Again::Login(person.user.email.clone()),
    };
    Err(Detour::away(enter::begin(visit, path, &again)?))
}

/// Why a section does not answer by itself.
enum Detour {
    /// The browser is sent elsewhere first.
    Away(Box<Response>),
    /// The person sees an error page.
    Trouble(Trouble),
}

impl Detour {
    fn away(to: Response) -> Self {
        Self::Away(Box::new(to))
    }

    fn answer(self, visit: &Visit) -> Response {
        match self {
            Self::Away(to) => *to,
            Self::Trouble(trouble) => trouble.page(visit),
        }
    }
}

impl From<Trouble> for Detour {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Fault> for Detour {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

impl From<Refused> for Detour {
    fn from(refused: Refused) -> Self {
        Self::Trouble(refused.into())
    }
}

impl From<PageRefusal> for Detour {
    fn from(refusal: PageRefusal) -> Self {
        Self::Trouble(refusal.into())
    }
}

/// The answer of a section, whatever came of it.
async fn answered(visit: &Visit, answer: impl Future<Output = Result<Response, Detour>>) -> Response {
    answer.await.unwrap_or_else(|detour| detour.answer(visit))
}
