//! `/account`, the first section: the list of places where a person is signed in, and the buttons that end them.

use super::frame::{done, frame};
use super::{Detour, Person, answered};
use crate::audit::Record;
use crate::device::Device;
use crate::end::{self, Ending};
use crate::http::cookie::Cookie;
use crate::http::reply::{Trouble, html, with_cookie};
use crate::http::visit::Visit;
use crate::pages::{AccountNotice, AccountPage, Section, SignedInPlace};
use crate::signed_out::{self, Way};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::id::SessionId;
use sekisho_rules::refusal::PageRefusal;
use sekisho_store::sessions::Listed;
use sekisho_store::{audit, families, sessions};

const PATH: &str = "/account";

/// `GET /account`.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        page(&visit, &person).await
    })
    .await
}

/// `POST /account/sessions/end`: `session` names one, `others` all but this.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    let named = form.hint("session").unwrap_or_default();
    let here = &person.session.id;
    // Only ids of the person's own list are ever ended, so an id of somebody else is an id of nobody.
    let own = sessions::of_user(&visit.app.db, &person.user.id, visit.moment.now).await?;
    let chosen: Vec<SessionId> = own
        .into_iter()
        .map(|listed| listed.session.id)
        .filter(|id| match named {
            "others" => id != here,
            named => id.as_str() == named,
        })
        .collect();
    let notice = match (named, chosen.len()) {
        ("", _) => return Err(PageRefusal::Malformed("session").into()),
        ("others", _) => AccountNotice::OthersEnded,
        (_, 0) => AccountNotice::AlreadyEnded,
        _ => AccountNotice::Ended,
    };
    let leaves = chosen.contains(here);
    let frames = match leaves {
        true => signed_out::frames(&visit.app, here).await?,
        false => Vec::new(),
    };
    end_all(visit, &person, chosen).await?;
    match leaves {
        true => Ok(signed_out(visit, &person, frames)),
        false => Ok(done(visit, PATH, notice.word())),
    }
}

async fn end_all(visit: &Visit, person: &Person, chosen: Vec<SessionId>) -> Result<(), Trouble> {
    let by = Ending::at(&visit.app, visit.moment.now);
    let events: Vec<_> = chosen
        .into_iter()
        .map(|id| {
            let record = Record::new("session_revoked").user(&person.user.id).session(&id);
            (record.detail("by the user, at the account page").at(visit), id)
        })
        .collect();
    let ended = visit.app.db.tx(async move |tx| {
        for (event, id) in &events {
            end::place(tx, &by, id).await?;
            audit::insert(tx, event).await?;
        }
        Ok(())
    });
    Ok(ended.await?)
}

fn signed_out(visit: &Visit, person: &Person, frames: Vec<String>) -> Response {
    let response = signed_out::say(visit, person.bare_chrome(visit), frames, Way::Back(None));
    with_cookie(response, visit.app.cookies.clear(Cookie::Account))
}

async fn page(visit: &Visit, person: &Person) -> Result<Response, Detour> {
    let db = &visit.app.db;
    let mut places = Vec::new();
    for listed in sessions::of_user(db, &person.user.id, visit.moment.now).await? {
        let apps = families::clients_of_session(db, &listed.session.id).await?;
        places.push(place(person, listed, apps));
    }
    // This one first, the others as they were last seen.
    places.sort_by(|a, b| (b.here, &b.last_seen.iso).cmp(&(a.here, &a.last_seen.iso)));
    let chrome = person.chrome(visit);
    let notice = visit.query.hint("done").and_then(AccountNotice::from_word);
    let notice = notice.map(|notice| notice.said(&chrome.text.account));
    let page = AccountPage {
        chrome,
        frame: frame(visit, person, Section::Overview, notice),
        places,
        end_action: visit.page("/account/sessions/end"),
    };
    Ok(html(&page, StatusCode::OK))
}

fn place(person: &Person, listed: Listed, apps: Vec<String>) -> SignedInPlace {
    let device = Device::of(&listed.birthplace.user_agent);
    SignedInPlace {
        here: listed.session.id == person.session.id,
        id: listed.session.id.to_string(),
        browser: device.browser,
        system: device.system,
        address: listed.birthplace.ip,
        first_seen: listed.created_at.into(),
        last_seen: listed.session.last_seen.into(),
        apps,
    }
}
