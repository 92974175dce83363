//! `/u/enrol`: who needs a second factor and has none sets one up. It takes a fresh login: somebody may have found the browser open.

use super::factor::{mailed, was_mailed, ways};
use super::{Due, Open, due, resume};
use crate::establish::step_up;
use crate::factors::totp::{self, Confirmed, SetUp};
use crate::factors::{self, email};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::mail_code::Sent;
use crate::pages::{
    AddPasskeyProblem, EnrolOffer, EnrolPage, EnrolProblem, FactorProblem, PasskeyPrompt, QrPicture,
    RecoveryCodesPage, TotpOffer,
};
use crate::passkeys::{self, Attested, Enrolled};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::factor::{FactorKind, Requirement};
use sekisho_rules::mfa_token::is_second;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::session::{Freshness, Session};
use sekisho_rules::user::User;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let due = match open(&visit, visit.query.hint("state"), Stage::Begins).await? {
            Ok(due) => due,
            Err(elsewhere) => return Ok(elsewhere),
        };
        let kind = visit.query.hint("kind").and_then(FactorKind::from_word);
        match kind.filter(|kind| due.kinds.contains(kind)) {
            Some(FactorKind::Email) => Ok(mail_page(&visit, &due, None)),
            Some(FactorKind::Passkey) => passkey_page(&visit, &due, None).await,
            _ => begin(&visit, &due, None),
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
    let kind = form.hint("kind").and_then(FactorKind::from_word);
    let stage = match kind {
        Some(FactorKind::Totp) => Stage::Ends,
        _ => Stage::Begins,
    };
    let due = match open(visit, form.hint("state"), stage).await? {
        Ok(due) => due,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (journey, user) = (&due.open.journey, &due.user);
    journey.check_form(visit, Asked::User(&user.id), &form)?;
    match kind.filter(|kind| due.kinds.contains(kind)) {
        Some(FactorKind::Totp) => by_totp(visit, &due, &form).await,
        Some(FactorKind::Email) => by_mail(visit, &due, &form).await,
        Some(FactorKind::Passkey) => by_passkey(visit, &due, &form).await,
        _ => Err(PageRefusal::Malformed("kind").into()),
    }
}

async fn by_totp(visit: &Visit, due: &MayEnrol, form: &Parameters) -> Result<Response, Trouble> {
    let (sealed, typed) = (form.hint("setup").unwrap_or_default(), form.hint("code"));
    match totp::confirm(visit, &due.user, &due.session, sealed, typed.unwrap_or_default()).await? {
        Confirmed::Done(codes) => done(visit, due, FactorKind::Totp, codes).await,
        Confirmed::Wrong(again) => {
            let problem = match typed {
                None => FactorProblem::Missing,
                Some(_) => FactorProblem::Wrong,
            };
            Ok(page(
                visit,
                due,
                offer(*again)?,
                Some(EnrolProblem::Code(problem)),
            ))
        }
        // Another one begins as the first did.
        Confirmed::Expired => match open(visit, Some(&due.open.handle), Stage::Begins).await? {
            Ok(due) => begin(visit, &due, Some(EnrolProblem::SetUpExpired)),
            Err(elsewhere) => Ok(elsewhere),
        },
    }
}

async fn by_mail(visit: &Visit, due: &MayEnrol, form: &Parameters) -> Result<Response, Trouble> {
    use email::Confirmed;
    let again = |problem| Ok(mail_page(visit, due, Some(problem)));
    if form.hint("send").is_some() {
        return match email::send(visit, &due.user, due.open.journey.locales()).await? {
            Sent::Code(_) => Ok(see_other(&mailed(&visit.link("/u/enrol", &due.open.handle)))),
            Sent::AddressLimit | Sent::NetworkLimit => again(FactorProblem::TooManyMails),
        };
    }
    let Some(typed) = form.hint("code") else {
        return again(FactorProblem::Missing);
    };
    match email::confirm(visit, &due.user, &due.session, typed).await? {
        Confirmed::Done(codes) => done(visit, due, FactorKind::Email, codes).await,
        Confirmed::Wrong => again(FactorProblem::Wrong),
        Confirmed::Expired => again(FactorProblem::Expired),
        Confirmed::TooMany => again(FactorProblem::TooManyAttempts),
    }
}

async fn by_passkey(visit: &Visit, due: &MayEnrol, form: &Parameters) -> Result<Response, Trouble> {
    let sent = Attested {
        challenge: form.hint("challenge").unwrap_or_default(),
        response: form.hint("response").unwrap_or_default(),
        name: form.hint("name").unwrap_or_default(),
    };
    let problem = match passkeys::finish(visit, &due.user, due.session.id.as_str(), sent).await? {
        Enrolled::Added(codes) => return done(visit, due, FactorKind::Passkey, codes).await,
        Enrolled::Wrong => AddPasskeyProblem::NotAccepted,
        Enrolled::Expired => AddPasskeyProblem::Expired,
        Enrolled::Known => AddPasskeyProblem::Known,
        Enrolled::TooMany => AddPasskeyProblem::TooMany,
    };
    passkey_page(visit, due, Some(problem)).await
}

/// How far a set-up is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It begins: the login must be fresh.
    Begins,
    /// It was begun by a fresh login, which the form itself proves.
    Ends,
}

/// A journey that waits for a set-up, in a session that may make one.
struct MayEnrol {
    open: Open,
    session: Session,
    user: User,
    kinds: Vec<FactorKind>,
}

/// Opens the journey, if it waits for a set-up. Who signed in too long ago does so again and comes back here.
async fn open(
    visit: &Visit,
    handle: Option<&str>,
    stage: Stage,
) -> Result<Result<MayEnrol, Response>, Trouble> {
    let Due {
        open,
        session,
        user,
        needs,
    } = match due(visit, handle).await? {
        Ok(due) => due,
        Err(elsewhere) => return Ok(Err(elsewhere)),
    };
    if needs != Requirement::Enrol {
        return Ok(Err(resume(visit, &open)));
    }
    let held = factors::held(visit, &user).await?;
    let freshness = session.freshness(&held, visit.moment.now);
    let long_ago = match freshness {
        Freshness::Fresh => false,
        // A set-up that was begun in time may take longer: people fetch an application first. It has a time of its own.
        Freshness::Stale => stage == Stage::Begins,
        Freshness::OneFactor => true,
    };
    if long_ago {
        return Ok(Err(see_other(&visit.link("/u/login", &open.handle))));
    }
    let mut kinds = vec![FactorKind::Totp];
    let by_mail = email::can_be_added(&held) && is_second(&session.amr, FactorKind::Email);
    kinds.extend(by_mail.then_some(FactorKind::Email));
    kinds.extend(visit.app.relying_party.is_some().then_some(FactorKind::Passkey));
    Ok(Ok(MayEnrol {
        open,
        session,
        user,
        kinds,
    }))
}

/// The factor stands and was proven by being set up: the session has it, and the recovery codes are shown.
async fn done(
    visit: &Visit,
    due: &MayEnrol,
    kind: FactorKind,
    codes: Vec<String>,
) -> Result<Response, Trouble> {
    let cookies = step_up(visit, &due.session, kind).await?;
    if codes.is_empty() {
        return Ok(with_cookies(
            resume(visit, &due.open),
            cookies.unwrap_or_default(),
        ));
    }
    let page = RecoveryCodesPage {
        chrome: visit.bare_chrome(due.open.journey.locales()),
        account: due.user.shown().to_owned(),
        codes,
        go_on: visit.link("/authorize/resume", &due.open.handle),
    };
    Ok(with_cookies(
        html(&page, StatusCode::OK),
        cookies.unwrap_or_default(),
    ))
}

/// A new set-up of an authenticator.
fn begin(visit: &Visit, due: &MayEnrol, problem: Option<EnrolProblem>) -> Result<Response, Trouble> {
    let offer = offer(totp::begin(visit, &due.user, &due.session)?)?;
    Ok(page(visit, due, offer, problem))
}

/// What the browser is asked for a new passkey. The form names its kind in the address.
async fn passkey_page(
    visit: &Visit,
    due: &MayEnrol,
    problem: Option<AddPasskeyProblem>,
) -> Result<Response, Trouble> {
    let Some(offer) = passkeys::begin(visit, &due.user, due.session.id.as_str()).await? else {
        return begin(visit, due, None);
    };
    let prompt = PasskeyPrompt {
        action: visit.link("/u/enrol", &due.open.handle),
        state: due.open.handle.clone(),
        csrf: due.open.journey.form_token(Asked::User(&due.user.id)),
        options: offer.options.to_string(),
        challenge: offer.challenge,
    };
    let problem = problem.map(EnrolProblem::Passkey);
    Ok(page(visit, due, EnrolOffer::Passkey(prompt), problem))
}

fn mail_page(visit: &Visit, due: &MayEnrol, problem: Option<FactorProblem>) -> Response {
    let address = due.user.email.clone();
    let offer = match problem.is_some() || was_mailed(visit) {
        true => EnrolOffer::EmailSent { address },
        false => EnrolOffer::EmailUnsent { address },
    };
    page(visit, due, offer, problem.map(EnrolProblem::Code))
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

fn page(visit: &Visit, due: &MayEnrol, offers: EnrolOffer, problem: Option<EnrolProblem>) -> Response {
    let status = match problem {
        None => StatusCode::OK,
        Some(EnrolProblem::Code(FactorProblem::TooManyAttempts | FactorProblem::TooManyMails)) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let (open, locales) = (&due.open, due.open.journey.locales());
    let shown = match offers {
        EnrolOffer::Totp(_) => FactorKind::Totp,
        EnrolOffer::Passkey(_) => FactorKind::Passkey,
        EnrolOffer::EmailUnsent { .. } | EnrolOffer::EmailSent { .. } => FactorKind::Email,
    };
    let page = EnrolPage {
        chrome: match problem {
            None => visit.chrome(locales),
            Some(_) => visit.bare_chrome(locales),
        },
        app: Some(open.trusted.client.name.clone()),
        action: visit.link("/u/enrol", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::User(&due.user.id)),
        others: ways(visit, "/u/enrol", &open.handle, &due.kinds, Some(shown)),
        offers,
        problem,
        back_url: None,
        login_url: Some(visit.link("/u/login", &open.handle)),
    };
    html(&page, status)
}
