//! `/account/profile`: what a person says about themselves. Applications see it in the next ID token and at `/userinfo`.

use super::frame::{done, frame};
use super::{Detour, Person, answered};
use crate::audit::Record;
use crate::http::reply::html;
use crate::http::visit::Visit;
use crate::pages::{AccountProfilePage, Section};
use crate::text::Language;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::profile::{self, Problem, Profile, Typed};
use sekisho_store::{audit, users};

const PATH: &str = "/account/profile";

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let profile = Profile::of(&person.user);
        Ok(page(&visit, &person, &profile, Vec::new()))
    })
    .await
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    let typed = Typed {
        name: form.hint("name"),
        given_name: form.hint("given_name"),
        family_name: form.hint("family_name"),
        nickname: form.hint("nickname"),
        picture: form.hint("picture"),
        locale: form.hint("locale"),
    };
    let tags = Language::ALL.map(Language::tag);
    let profile = match profile::read(typed, &person.user.email, &tags) {
        Ok(profile) => profile,
        Err(problems) => return Ok(page(visit, &person, &as_typed(typed), problems)),
    };
    if profile == Profile::of(&person.user) {
        return Ok(done(visit, PATH, "saved"));
    }
    let event = Record::new("sapi")
        .user(&person.user.id)
        .session(&person.session.id)
        .detail("profile changed by the user, at the account page")
        .at(visit);
    let now = visit.moment.now;
    let saved = visit.app.db.tx(async move |tx| {
        let saved = users::change_profile(tx, &person.user.id, &profile, now).await?;
        if saved {
            audit::insert(tx, &event).await?;
        }
        Ok(saved)
    });
    saved.await?;
    Ok(done(visit, PATH, "saved"))
}

/// The fields as they come back with their errors, cut to a size that a page bears.
fn as_typed(typed: Typed<'_>) -> Profile {
    let cut = |text: Option<&str>| text.map(|text| text.chars().take(2000).collect::<String>());
    Profile {
        name: cut(typed.name).unwrap_or_default(),
        given_name: cut(typed.given_name),
        family_name: cut(typed.family_name),
        nickname: cut(typed.nickname),
        picture: cut(typed.picture),
        locale: cut(typed.locale),
    }
}

fn page(visit: &Visit, person: &Person, profile: &Profile, problems: Vec<Problem>) -> Response {
    let (chrome, status) = match problems.is_empty() {
        true => (person.chrome(visit), StatusCode::OK),
        false => (person.bare_chrome(visit), StatusCode::BAD_REQUEST),
    };
    let saved = visit.query.hint("done") == Some("saved") && problems.is_empty();
    let notice = saved.then_some(chrome.text.account_profile.saved);
    let page = AccountProfilePage {
        chrome,
        frame: frame(visit, person, Section::Profile, notice),
        action: visit.page(PATH),
        profile: profile.clone(),
        problems,
    };
    html(&page, status)
}
