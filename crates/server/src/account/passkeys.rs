//! `/account/passkeys`: the passkeys of a person. Adding and removing one asks for a fresh login.

use super::frame::{done, frame};
use super::{Detour, Person, answered, fresh_login};
use crate::http::reply::html;
use crate::http::visit::Visit;
use crate::pages::{
    AddPasskeyPage, AddPasskeyProblem, OwnPasskey, PasskeyNotice, PasskeyPrompt, PasskeysPage,
    RecoveryCodesPage, Section,
};
use crate::passkeys::{self, Attested, Enrolled, Removed};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::login::passkey::MOST;
use sekisho_rules::refusal::PageRefusal;
use sekisho_store::passkeys as rows;

const PATH: &str = "/account/passkeys";
const ADD_PATH: &str = "/account/passkeys/add";

/// `GET /account/passkeys`.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let own = rows::of_user(&visit.app.db, &person.user.id).await?;
        let room = i64::try_from(own.len()).is_ok_and(|held| held < MOST);
        let chrome = person.chrome(&visit);
        let notice = visit.query.hint("done").and_then(PasskeyNotice::from_word);
        let said = notice.map(|notice| notice.said(&chrome.text.passkeys));
        let framed = frame(&visit, &person, Section::Passkeys, said);
        let framed = match notice.is_some_and(PasskeyNotice::is_refusal) {
            true => framed.refused(),
            false => framed,
        };
        let page = PasskeysPage {
            chrome,
            frame: framed,
            passkeys: own.into_iter().map(shown).collect(),
            change_action: visit.page("/account/passkeys/change"),
            add_url: (room && visit.app.relying_party.is_some()).then(|| visit.page(ADD_PATH)),
        };
        Ok(html(&page, StatusCode::OK))
    })
    .await
}

/// `GET /account/passkeys/add`.
pub async fn show_add(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, ADD_PATH).await?;
        fresh_login(&visit, &person, ADD_PATH).await?;
        add_page(&visit, &person, None).await
    })
    .await
}

/// `POST /account/passkeys/add`: what the authenticator answered.
pub async fn add(visit: Visit, form: Bytes) -> Response {
    answered(&visit, async {
        let (person, form) = Person::of_form(&visit, &form, ADD_PATH).await?;
        fresh_login(&visit, &person, ADD_PATH).await?;
        let sent = Attested {
            challenge: form.hint("challenge").unwrap_or_default(),
            response: form.hint("response").unwrap_or_default(),
            name: form.hint("name").unwrap_or_default(),
        };
        let place = person.session.id.as_str();
        let problem = match passkeys::finish(&visit, &person.user, place, sent).await? {
            Enrolled::Added(codes) if codes.is_empty() => {
                return Ok(done(&visit, PATH, PasskeyNotice::Added.word()));
            }
            Enrolled::Added(codes) => return Ok(codes_page(&visit, &person, codes)),
            Enrolled::Wrong => AddPasskeyProblem::NotAccepted,
            Enrolled::Expired => AddPasskeyProblem::Expired,
            Enrolled::Known => AddPasskeyProblem::Known,
            Enrolled::TooMany => AddPasskeyProblem::TooMany,
        };
        add_page(&visit, &person, Some(problem)).await
    })
    .await
}

/// `POST /account/passkeys/change`: renames or removes one.
pub async fn change(visit: Visit, form: Bytes) -> Response {
    answered(&visit, async {
        let (person, form) = Person::of_form(&visit, &form, PATH).await?;
        let id = form.hint("passkey").unwrap_or_default();
        let notice = match form.hint("do") {
            Some("rename") => {
                let name = form.hint("name").unwrap_or_default();
                match passkeys::rename(&visit, &person.user, id, name).await? {
                    true => PasskeyNotice::Renamed,
                    false => PasskeyNotice::Gone,
                }
            }
            Some("remove") => {
                fresh_login(&visit, &person, PATH).await?;
                match passkeys::remove(&visit, &person.user, id).await? {
                    Removed::Gone => PasskeyNotice::Removed,
                    Removed::Unknown => PasskeyNotice::Gone,
                    Removed::LastWayIn => PasskeyNotice::LastWayIn,
                }
            }
            _ => return Err(PageRefusal::Malformed("do").into()),
        };
        Ok(done(&visit, PATH, notice.word()))
    })
    .await
}

async fn add_page(
    visit: &Visit,
    person: &Person,
    problem: Option<AddPasskeyProblem>,
) -> Result<Response, Detour> {
    let offer = passkeys::begin(visit, &person.user, person.session.id.as_str()).await?;
    let Some(offer) = offer else {
        return Err(crate::http::reply::Trouble::NotFound.into());
    };
    let (status, chrome) = match problem {
        None => (StatusCode::OK, person.chrome(visit)),
        Some(_) => (StatusCode::BAD_REQUEST, person.bare_chrome(visit)),
    };
    let title = chrome.text.passkeys.add;
    let page = AddPasskeyPage {
        chrome,
        frame: frame(visit, person, Section::Passkeys, None).below(title, visit.page(PATH)),
        problem,
        prompt: PasskeyPrompt {
            action: visit.page(ADD_PATH),
            state: String::new(),
            csrf: person.form_token.clone(),
            options: offer.options.to_string(),
            challenge: offer.challenge,
        },
    };
    Ok(html(&page, status))
}

/// The recovery codes that came with a first factor, shown once.
fn codes_page(visit: &Visit, person: &Person, codes: Vec<String>) -> Response {
    let page = RecoveryCodesPage {
        chrome: person.bare_chrome(visit),
        account: person.user.shown().to_owned(),
        codes,
        go_on: visit.page(&format!("{PATH}?done={}", PasskeyNotice::Added.word())),
    };
    html(&page, StatusCode::OK)
}

fn shown(row: rows::Passkey) -> OwnPasskey {
    OwnPasskey {
        id: row.id,
        name: row.name,
        added: row.created_at.into(),
        last_used: row.last_used_at.map(Into::into),
    }
}
