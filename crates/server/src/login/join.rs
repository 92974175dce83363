//! `/u/join`: an identity whose address has an account here. The account is signed in to first, in this browser and with every factor that is
//! due; then a yes joins the two (threat 11).

use super::{Open, open};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{JoinAsk, JoinPage};
use crate::signed_in::browser;
use crate::upstream::{self, Joining, Person, Stage};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::upstream::Connection;
use sekisho_rules::user::User;
use sekisho_store::{connections, users};

/// Shows what has to be proven, or asks for the yes.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        if visit.query.hint("leave").is_some() {
            return Ok(leave(&visit, see_other(&visit.link("/u/login", &open.handle))));
        }
        let Some((joining, connection)) = waiting(&visit).await? else {
            return Ok(see_other(&visit.link("/authorize/resume", &open.handle)));
        };
        let Some(user) = users::by_id(&visit.app.db, &joining.user).await? else {
            return Ok(leave(&visit, see_other(&visit.link("/u/login", &open.handle))));
        };
        let ask = match proven(&visit, &joining).await? {
            Some(user) => JoinAsk::Confirm {
                action: visit.link("/u/join", &open.handle),
                state: open.handle.clone(),
                csrf: open.journey.form_token(Asked::User(&user.id)),
            },
            None => JoinAsk::Prove {
                sign_in: visit.link("/u/login", &open.handle),
                back: format!("{}&leave=1", visit.link("/u/join", &open.handle)),
            },
        };
        Ok(page(&visit, &open, &joining, (&connection, &user), ask))
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the yes or the no.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let open = match open(&visit, form.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let on = see_other(&visit.link("/authorize/resume", &open.handle));
        let Some((joining, connection)) = waiting(&visit).await? else {
            return Ok(on);
        };
        let Some(user) = proven(&visit, &joining).await? else {
            return Ok(see_other(&visit.link("/u/join", &open.handle)));
        };
        open.journey.check_form(&visit, Asked::User(&user.id), &form)?;
        match form.hint("decision") {
            Some("link") => {
                let person = Person {
                    profile: joining.profile,
                    tokens: None,
                    auth_time: None,
                };
                upstream::link(&visit, &connection, &user, &person).await?;
            }
            Some("leave") => {}
            _ => return Err(PageRefusal::Malformed("decision").into()),
        }
        Ok(leave(&visit, on))
    };
    taken
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// What waits in this browser, if its connection is still in use.
async fn waiting(visit: &Visit) -> Result<Option<(Joining, Connection)>, Trouble> {
    let Some(joining) = Joining::waiting(visit) else {
        return Ok(None);
    };
    let found = connections::by_id(&visit.app.db, &joining.connection).await?;
    Ok(found
        .filter(Connection::is_enabled)
        .map(|connection| (joining, connection)))
}

/// The account, if this browser is signed in to it by the very session that proved it.
async fn proven(visit: &Visit, joining: &Joining) -> Result<Option<User>, Trouble> {
    let Stage::Proven(by) = &joining.stage else {
        return Ok(None);
    };
    let signed_in = browser(visit).await?.signed_in;
    let here = signed_in.filter(|(session, user)| session.id == *by && user.id == joining.user);
    match Joining::lacks_a_factor(visit, here.as_ref()).await? {
        true => Ok(None),
        false => Ok(here.map(|(_, user)| user)),
    }
}

fn leave(visit: &Visit, to: Response) -> Response {
    with_cookie(to, Joining::forget(visit))
}

fn page(
    visit: &Visit,
    open: &Open,
    joining: &Joining,
    (connection, user): (&Connection, &User),
    ask: JoinAsk,
) -> Response {
    let profile = &joining.profile;
    let address = profile
        .email
        .as_ref()
        .map(|address| address.email.display.clone());
    let page = JoinPage {
        chrome: visit.chrome(open.journey.locales()),
        service: connection.display_name().to_owned(),
        person: profile.name.clone().or(address.clone()).unwrap_or_default(),
        // To somebody who has not proven the account, only what the provider said is shown.
        email: match ask {
            JoinAsk::Confirm { .. } => user.email.clone(),
            JoinAsk::Prove { .. } => address.unwrap_or_default(),
        },
        ask,
    };
    html(&page, StatusCode::OK)
}
