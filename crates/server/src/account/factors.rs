//! `/account/factors`: the second factors of a person, their recovery codes, and the browsers that are asked for none. Every change
//! asks for a fresh login, with a second factor of who has one.

use super::frame::{done, frame};
use super::{Detour, Person, answered, fresh_login};
use crate::factors::totp::{self, Confirmed, SetUp};
use crate::factors::{self, email, recovery_codes};
use crate::http::reply::{Trouble, html, see_other};
use crate::http::visit::Visit;
use crate::mail_code::Sent;
use crate::pages::{
    EnrolOffer, EnrolPage, EnrolProblem, FactorNotice, FactorProblem, FactorsPage, OwnFactor, QrPicture,
    RecoveryCodesPage, Section, TotpOffer,
};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_store::factors as rows;

const PATH: &str = "/account/factors";
const ADD_TOTP: &str = "/account/factors/totp";
const ADD_EMAIL: &str = "/account/factors/email";

/// `GET /account/factors`.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let held = factors::held(&visit, &person.user).await?;
        let own = rows::of_user(&visit.app.db, &person.user.id).await?;
        let own = own.into_iter().filter(|factor| factor.confirmed_at.is_some());
        let chrome = person.chrome(&visit);
        let notice = visit.query.hint("done").and_then(FactorNotice::from_word);
        let notice = notice.map(|notice| notice.said(&chrome.text.enrolment));
        let shown = |factor: rows::Factor| OwnFactor {
            id: factor.id,
            is_totp: factor.kind == FactorKind::Totp,
            added: factor.created_at.into(),
            last_used: factor.last_used_at.map(Into::into),
        };
        let page = FactorsPage {
            chrome,
            frame: frame(&visit, &person, Section::Factors, notice),
            factors: own
                .filter(|factor| factor.kind != FactorKind::RecoveryCode)
                .map(shown)
                .collect(),
            codes_left: match held.enrolled.contains(&FactorKind::RecoveryCode) {
                true => Some(recovery_codes::left(&visit, &person.user).await?),
                false => None,
            },
            has_any: held.has_any(),
            remembers: visit.app.config.mfa.remember > 0,
            change_action: visit.page("/account/factors/change"),
            add_totp_url: visit.page(ADD_TOTP),
            add_email_url: email::can_be_added(&held).then(|| visit.page(ADD_EMAIL)),
        };
        Ok(html(&page, StatusCode::OK))
    })
    .await
}

/// `GET /account/factors/totp`.
pub async fn show_totp(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, ADD_TOTP).await?;
        fresh_login(&visit, &person, ADD_TOTP).await?;
        begin(&visit, &person, None)
    })
    .await
}

/// `POST /account/factors/totp`: the first code.
pub async fn add_totp(visit: Visit, form: Bytes) -> Response {
    answered(&visit, async {
        let (person, form) = Person::of_form(&visit, &form, ADD_TOTP).await?;
        fresh_login(&visit, &person, ADD_TOTP).await?;
        let (sealed, typed) = (form.hint("setup").unwrap_or_default(), form.hint("code"));
        let (user, session) = (&person.user, &person.session);
        match totp::confirm(&visit, user, session, sealed, typed.unwrap_or_default()).await? {
            Confirmed::Done(codes) => Ok(added(&visit, &person, codes)),
            Confirmed::Wrong(again) => {
                let problem = match typed {
                    None => FactorProblem::Missing,
                    Some(_) => FactorProblem::Wrong,
                };
                let offer = offer(*again)?;
                Ok(enrol_page(
                    &visit,
                    &person,
                    offer,
                    Some(EnrolProblem::Code(problem)),
                ))
            }
            Confirmed::Expired => begin(&visit, &person, Some(EnrolProblem::SetUpExpired)),
        }
    })
    .await
}

/// `GET /account/factors/email`.
pub async fn show_email(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, ADD_EMAIL).await?;
        fresh_login(&visit, &person, ADD_EMAIL).await?;
        may_add_email(&visit, &person).await?;
        Ok(mail_page(&visit, &person, None))
    })
    .await
}

/// `POST /account/factors/email`: has a code mailed, or takes it.
pub async fn add_email(visit: Visit, form: Bytes) -> Response {
    answered(&visit, async {
        let (person, form) = Person::of_form(&visit, &form, ADD_EMAIL).await?;
        fresh_login(&visit, &person, ADD_EMAIL).await?;
        may_add_email(&visit, &person).await?;
        email_taken(&visit, &person, &form).await
    })
    .await
}

async fn email_taken(visit: &Visit, person: &Person, form: &Parameters) -> Result<Response, Detour> {
    let again = |problem| Ok(mail_page(visit, person, Some(problem)));
    if form.hint("send").is_some() {
        return match email::send(visit, &person.user, person.user.locale.as_deref()).await? {
            Sent::Code(_) => Ok(see_other(&visit.page(&format!("{ADD_EMAIL}?sent=yes")))),
            Sent::AddressLimit | Sent::NetworkLimit => again(FactorProblem::TooManyMails),
        };
    }
    let Some(typed) = form.hint("code") else {
        return again(FactorProblem::Missing);
    };
    match email::confirm(visit, &person.user, &person.session, typed).await? {
        email::Confirmed::Done(codes) => Ok(added(visit, person, codes)),
        email::Confirmed::Wrong => again(FactorProblem::Wrong),
        email::Confirmed::Expired => again(FactorProblem::Expired),
        email::Confirmed::TooMany => again(FactorProblem::TooManyAttempts),
    }
}

/// `POST /account/factors/change`: `remove` takes one away, `codes` makes new recovery codes, `ask` forgets the browsers.
pub async fn change(visit: Visit, form: Bytes) -> Response {
    answered(&visit, async {
        let (person, form) = Person::of_form(&visit, &form, PATH).await?;
        fresh_login(&visit, &person, PATH).await?;
        let (user, session) = (&person.user, &person.session);
        let notice = match form.hint("do") {
            Some("remove") => {
                let id = form.hint("factor").unwrap_or_default();
                match factors::remove(&visit, user, Some(session), id).await? {
                    true => FactorNotice::Removed,
                    false => FactorNotice::Gone,
                }
            }
            Some("codes") if factors::held(&visit, user).await?.has_any() => {
                let codes = recovery_codes::replace(&visit, user, session).await?;
                return Ok(codes_page(&visit, &person, codes));
            }
            Some("ask") => {
                factors::ask_in_every_browser(&visit, user).await?;
                FactorNotice::AskedAgain
            }
            _ => return Err(PageRefusal::Malformed("do").into()),
        };
        Ok(done(&visit, PATH, notice.word()))
    })
    .await
}

/// Codes by mail need a proven address and a way to send mail.
async fn may_add_email(visit: &Visit, person: &Person) -> Result<(), Detour> {
    match email::can_be_added(&factors::held(visit, &person.user).await?) {
        true => Ok(()),
        false => Err(Trouble::NotFound.into()),
    }
}

fn added(visit: &Visit, person: &Person, codes: Vec<String>) -> Response {
    match codes.is_empty() {
        true => done(visit, PATH, FactorNotice::Added.word()),
        false => codes_page(visit, person, codes),
    }
}

fn codes_page(visit: &Visit, person: &Person, codes: Vec<String>) -> Response {
    let page = RecoveryCodesPage {
        chrome: person.bare_chrome(visit),
        account: person.user.shown().to_owned(),
        codes,
        go_on: visit.page(PATH),
    };
    html(&page, StatusCode::OK)
}

fn begin(visit: &Visit, person: &Person, problem: Option<EnrolProblem>) -> Result<Response, Detour> {
    let offer = offer(totp::begin(visit, &person.user, &person.session)?)?;
    Ok(enrol_page(visit, person, offer, problem))
}

fn offer(set_up: SetUp) -> Result<EnrolOffer, Trouble> {
    let picture =
        QrPicture::of(&set_up.uri).ok_or(Trouble::Internal("a set-up is too long for a picture"))?;
    Ok(EnrolOffer::Totp(TotpOffer {
        picture,
        uri: set_up.uri,
        secret: set_up.secret,
        sealed: set_up.sealed,
    }))
}

fn mail_page(visit: &Visit, person: &Person, problem: Option<FactorProblem>) -> Response {
    let address = person.user.email.clone();
    let offer = match problem.is_some() || visit.query.hint("sent").is_some() {
        true => EnrolOffer::EmailSent { address },
        false => EnrolOffer::EmailUnsent { address },
    };
    enrol_page(visit, person, offer, problem.map(EnrolProblem::Code))
}

fn enrol_page(visit: &Visit, person: &Person, offers: EnrolOffer, problem: Option<EnrolProblem>) -> Response {
    let (status, chrome) = match problem {
        None => (StatusCode::OK, person.chrome(visit)),
        Some(EnrolProblem::Code(FactorProblem::TooManyAttempts | FactorProblem::TooManyMails)) => {
            (StatusCode::TOO_MANY_REQUESTS, person.bare_chrome(visit))
        }
        Some(_) => (StatusCode::BAD_REQUEST, person.bare_chrome(visit)),
    };
    let page = EnrolPage {
        chrome,
        app: None,
        action: visit.page(match offers {
            EnrolOffer::Totp(_) => ADD_TOTP,
            EnrolOffer::EmailUnsent { .. } | EnrolOffer::EmailSent { .. } => ADD_EMAIL,
            // The section of passkeys has a page of its own.
            EnrolOffer::Passkey(_) => PATH,
        }),
        state: String::new(),
        csrf: person.form_token.clone(),
        offers,
        others: Vec::new(),
        back_url: Some(visit.page(PATH)),
        problem,
        login_url: None,
    };
    html(&page, status)
}
