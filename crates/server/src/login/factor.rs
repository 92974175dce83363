//! `/u/factor`: a second factor of who has just signed in. It takes only what the rule asks for, and only for the session of this
//! browser.

use super::{Due, due, resume};
use crate::establish::step_up;
use crate::factors::{self, Tried};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::mail_code::Sent;
use crate::pages::{FactorAsked, FactorPage, FactorProblem, FactorWay, FactorWayKind, RecoveryUsedPage};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::factor::{FactorKind, Requirement};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// The order in which the kinds are offered: what is quick and hard to steal comes first, what is used up last.
const ORDER: [FactorKind; 4] = [
    FactorKind::Passkey,
    FactorKind::Totp,
    FactorKind::Email,
    FactorKind::RecoveryCode,
];

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let due = match due(&visit, visit.query.hint("state")).await? {
            Ok(due) => due,
            Err(elsewhere) => return Ok(elsewhere),
        };
        match kinds(&due) {
            Some(kinds) => {
                let kind = asked(&kinds, visit.query.hint("kind"));
                page(&visit, &due, &kinds, kind, None).await
            }
            None => Ok(resume(&visit, &due.open)),
        }
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    taken(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let due = match due(visit, form.hint("state")).await? {
        Ok(due) => due,
        Err(elsewhere) => return Ok(elsewhere),
    };
    due.open
        .journey
        .check_form(visit, Asked::User(&due.user.id), &form)?;
    let Some(kinds) = kinds(&due) else {
        return Ok(resume(visit, &due.open));
    };
    // Another kind than was shown could be one that is not asked for.
    let kind = form.hint("kind").and_then(FactorKind::from_word);
    let kind = kind
        .filter(|kind| kinds.contains(kind))
        .ok_or(PageRefusal::Malformed("kind"))?;
    let again = async |problem| page(visit, &due, &kinds, Some(kind), Some(problem)).await;
    if kind == FactorKind::Email && form.hint("send").is_some() {
        return match factors::email::send(visit, &due.user, due.open.journey.locales()).await? {
            Sent::Code(_) => Ok(see_other(&mailed(&visit.link("/u/factor", &due.open.handle)))),
            Sent::AddressLimit | Sent::NetworkLimit => again(FactorProblem::TooManyMails).await,
        };
    }
    let Some(typed) = form.hint("code") else {
        return again(FactorProblem::Missing).await;
    };
    let client = &due.open.trusted.client.id;
    match factors::prove(visit, (client, &due.user), kind, typed).await? {
        Tried::Right(left) => proven(visit, &due, kind, left, &form).await,
        Tried::Wrong => again(FactorProblem::Wrong).await,
        Tried::Expired => again(FactorProblem::Expired).await,
        Tried::TooMany => again(FactorProblem::TooManyAttempts).await,
    }
}

/// Goes on. Somebody who used a recovery code is told first how many are left.
async fn proven(
    visit: &Visit,
    due: &Due,
    kind: FactorKind,
    left: Option<i64>,
    form: &Parameters,
) -> Result<Response, Trouble> {
    // A session that ended meanwhile, or was proven anew, is asked again.
    let Some(cookies) = step_up(visit, &due.session, kind).await? else {
        return Ok(resume(visit, &due.open));
    };
    factors::remember_if_asked(visit, &due.user, form).await?;
    let response = match left {
        None => resume(visit, &due.open),
        Some(left) => {
            let page = RecoveryUsedPage {
                chrome: visit.bare_chrome(due.open.journey.locales()),
                left,
                go_on: visit.link("/authorize/resume", &due.open.handle),
            };
            html(&page, StatusCode::OK)
        }
    };
    Ok(with_cookies(response, cookies))
}

/// What may be proven here, in the order it is offered; `None` when something is to be set up instead.
fn kinds(due: &Due) -> Option<Vec<FactorKind>> {
    let Requirement::Prove(kinds) = &due.needs else {
        return None;
    };
    Some(ORDER.into_iter().filter(|kind| kinds.contains(kind)).collect())
}

/// What is asked for: what was chosen, if it may be, else what comes first.
fn asked(kinds: &[FactorKind], chosen: Option<&str>) -> Option<FactorKind> {
    let chosen = chosen.and_then(FactorKind::from_word);
    chosen
        .filter(|kind| kinds.contains(kind))
        .or_else(|| kinds.first().copied())
}

/// The page again, after a passkey that did not count.
pub(super) async fn again_by_passkey(
    visit: &Visit,
    due: &Due,
    problem: FactorProblem,
) -> Result<Response, Trouble> {
    match kinds(due) {
        Some(kinds) => page(visit, due, &kinds, Some(FactorKind::Passkey), Some(problem)).await,
        None => Ok(resume(visit, &due.open)),
    }
}

async fn page(
    visit: &Visit,
    due: &Due,
    kinds: &[FactorKind],
    kind: Option<FactorKind>,
    problem: Option<FactorProblem>,
) -> Result<Response, Trouble> {
    let status = match problem {
        None => StatusCode::OK,
        Some(FactorProblem::TooManyAttempts | FactorProblem::TooManyMails) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let (open, locales) = (&due.open, due.open.journey.locales());
    let mail = || hidden(&due.user.email);
    let remember = visit.app.config.mfa.remember;
    let page = FactorPage {
        chrome: match problem {
            None => visit.chrome(locales),
            Some(_) => visit.bare_chrome(locales),
        },
        app: open.trusted.client.name.clone(),
        account: due.user.shown().to_owned(),
        action: visit.link("/u/factor", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::User(&due.user.id)),
        asks: match kind {
            None => FactorAsked::Nothing,
            Some(FactorKind::Totp) => FactorAsked::Totp,
            Some(FactorKind::Passkey) => FactorAsked::Passkey,
            Some(FactorKind::RecoveryCode) => FactorAsked::RecoveryCode,
            // A form that came back had a field for the code.
            Some(FactorKind::Email) if problem.is_some() || was_mailed(visit) => {
                FactorAsked::EmailSent { address: mail() }
            }
            Some(FactorKind::Email) => FactorAsked::EmailUnsent { address: mail() },
        },
        passkey: match kind {
            Some(FactorKind::Passkey) => super::passkey::prompt_to_prove(visit, due).await?,
            _ => None,
        },
        others: ways(visit, "/u/factor", &open.handle, kinds, kind),
        // Less than a day is shown as one.
        remember_days: (remember > 0).then(|| (remember / DAY).max(1)),
        problem,
        login_url: visit.link("/u/login", &open.handle),
    };
    Ok(html(&page, status))
}

/// The page that takes a code that was mailed. It is an address of its own, so that it can be shown again without another mail.
pub(super) fn mailed(page: &str) -> String {
    format!("{page}&kind=email&sent=yes")
}

pub(super) fn was_mailed(visit: &Visit) -> bool {
    visit.query.hint("sent").is_some()
}

/// Links to the other kinds.
pub(super) fn ways(
    visit: &Visit,
    path: &str,
    handle: &str,
    kinds: &[FactorKind],
    shown: Option<FactorKind>,
) -> Vec<FactorWay> {
    let others = kinds.iter().filter(|kind| Some(**kind) != shown);
    let way = |kind: &FactorKind| FactorWay {
        kind: match kind {
            FactorKind::Totp => FactorWayKind::Totp,
            FactorKind::Passkey => FactorWayKind::Passkey,
            FactorKind::Email => FactorWayKind::Email,
            FactorKind::RecoveryCode => FactorWayKind::RecoveryCode,
        },
        href: format!("{}&kind={}", visit.link(path, handle), kind.word()),
    };
    others.map(way).collect()
}

/// An address as its owner knows it and a passer-by does not: `h•••@example.com`.
fn hidden(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}•••@{domain}")
        }
        None => "•••".to_owned(),
    }
}
