//! `/authorize`: the start of every sign-in, and the place every step of it returns to.

use crate::audit::Record;
use crate::config::Signup;
use crate::factors::provable;
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::{Journey, Purpose, REQUEST_BYTES};
use crate::respond::refuse;
use crate::session_management;
use crate::signed_in::{Browser, browser};
use crate::upstream::{self, Joining};
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use sekisho_rules::authorize::{self, Facts, Known, Next, SignedIn, Step, Trusted, Valid};
use sekisho_rules::code::Code;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_store::consents::Parties;
use sekisho_store::{Fault, audit, codes, consents, flows, sessions};

/// `GET /authorize`.
pub async fn start(visit: Visit) -> Response {
    let request = visit.query.clone();
    begin(&visit, request)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

/// `POST /authorize` (OpenID Connect Core section 3.1.2.1).
pub async fn start_by_form(visit: Visit, form: Bytes) -> Response {
    let request = match body::parameters(&visit.headers, &form, Accepts::Form) {
        Ok(request) => request,
        Err(refused) => return Trouble::from(refused).page(&visit),
    };
    begin(&visit, request)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

/// `GET /authorize/resume`: where login, sign-up and consent return to.
pub async fn resume(visit: Visit) -> Response {
    let resumed = async {
        let journey = Journey::open(&visit, Purpose::SignIn, visit.query.hint("state"))?;
        proceed(&visit, journey, Stage::Resumed).await
    };
    resumed.await.unwrap_or_else(|trouble| trouble.page(&visit))
}

/// Whether a journey has already been through our pages. Only then can it be used up: a first request has no handle to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    Resumed,
}

async fn begin(visit: &Visit, request: Parameters) -> Result<Response, Trouble> {
    if request.size() > REQUEST_BYTES {
        return Err(PageRefusal::Malformed("the request is larger than 6 KiB; it").into());
    }
    let (journey, cookie) = Journey::begin(visit, Purpose::SignIn, request);
    let response = proceed(visit, journey, Stage::First).await?;
    // Only a journey through our pages needs its cookie: a silent request leaves nothing behind.
    let asks = response
        .headers()
        .get(header::LOCATION)
        .is_some_and(|to| to.as_bytes().starts_with(b"/u/"));
    Ok(with_cookie(response, cookie.filter(|_| asks)))
}

async fn proceed(visit: &Visit, journey: Journey, stage: Stage) -> Result<Response, Trouble> {
    let (trusted, checked) = journey.read(visit).await?;
    let mut valid = match checked {
        Ok(valid) => valid,
        Err(refusal) => return refuse(visit, &trusted, &refusal),
    };
    let Browser {
        signed_in,
        issuer_epoch,
    } = browser(visit).await?;
    if stage == Stage::Resumed {
        valid.multi_factor |= Joining::lacks_a_factor(visit, signed_in.as_ref()).await?;
    }
    let hinted = visit.app.keys.hinted_subject(
        journey.request.hint("id_token_hint"),
        visit.app.config.issuer.as_str(),
    );
    let facts = Facts {
        signed_in: signed_in
            .as_ref()
            .map(|(session, user)| SignedIn { session, user }),
        hinted: hinted.as_deref(),
        factors: Known::Unknown,
        mfa: visit.app.config.mfa.policy,
        consent: Known::Unknown,
        started_at: journey.started_at,
        issuer_epoch,
        gid: visit.moment.grant_id(),
    };
    let next = decide(visit, (&trusted, &valid), facts).await?;
    let elsewhere =
        matches!(next, Next::Ask(Step::Login | Step::Signup)) && goes_elsewhere(visit, &journey).await?;
    match next {
        Next::Ask(step) => {
            let path = match step {
                Step::Login | Step::Signup if elsewhere => "/u/upstream",
                Step::Login => "/u/login",
                // Who may not make an account is not sent to a closed door.
                Step::Signup if visit.app.config.accounts.signup == Signup::Closed => "/u/login",
                Step::Signup => "/u/signup",
                Step::Factor(_) => "/u/factor",
                Step::Enrol => "/u/enrol",
                Step::Consent(_) => "/u/consent",
            };
            Ok(see_other(&visit.link(path, &journey.seal(&visit.app)?)))
        }
        Next::NeedFactors | Next::NeedConsent => Err(Trouble::Internal("a fact was asked for and not used")),
        Next::Refuse(refusal) => {
            let response = refuse(visit, &trusted, &refusal)?;
            Ok(match signed_in {
                None => session_management::forget(visit, response),
                Some(_) => response,
            })
        }
        Next::Respond(code) if stage == Stage::Resumed && is_awaited(visit, &code) => {
            let to = see_other(&visit.link("/u/join", &journey.seal(&visit.app)?));
            Ok(with_cookie(to, proven(visit, &code)?))
        }
        Next::Respond(code) => give_code(visit, &trusted, *code, (&journey, stage)).await,
    }
}

/// Whether the request names another service that people may sign in at (`connection`).
async fn goes_elsewhere(visit: &Visit, journey: &Journey) -> Result<bool, Fault> {
    match journey.request.hint("connection") {
        Some(name) => Ok(upstream::named(visit, name).await?.is_some()),
        None => Ok(false),
    }
}

/// Whether an identity waits in this browser for the login that has just been made: by its account, after it came.
fn is_awaited(visit: &Visit, code: &Code) -> bool {
    Joining::waiting(visit)
        .is_some_and(|joining| joining.user == code.user_id && code.auth_time >= joining.at)
}

/// Notes that the session proved the account the identity waits for, with every factor that is due.
fn proven(visit: &Visit, code: &Code) -> Result<Option<HeaderValue>, Trouble> {
    let Some(mut joining) = Joining::waiting(visit) else {
        return Ok(None);
    };
    joining.stage = upstream::Stage::Proven(code.session_id.clone());
    joining.keep(visit)
}

/// Asks the rule, and loads what it says it needs.
async fn decide(visit: &Visit, request: (&Trusted, &Valid), mut facts: Facts<'_>) -> Result<Next, Fault> {
    let (trusted, valid) = request;
    let now = visit.moment.now;
    let mut next = authorize::next(trusted, valid, facts.clone(), now);
    let Some(SignedIn { user, .. }) = facts.signed_in else {
        return Ok(next);
    };
    if matches!(next, Next::NeedFactors) {
        facts.factors = Known::Known(provable(visit, user).await?);
        next = authorize::next(trusted, valid, facts.clone(), now);
    }
    if matches!(next, Next::NeedConsent) {
        let audience = valid.api.as_ref().map(|api| api.identifier.as_str());
        let parties = Parties {
            user: &user.id,
            client: &trusted.client.id,
            audience,
        };
        facts.consent = Known::Known(consents::get(&visit.app.db, parties).await?);
        next = authorize::next(trusted, valid, facts, now);
    }
    Ok(next)
}

async fn give_code(
    visit: &Visit,
    trusted: &Trusted,
    code: Code,
    journey: (&Journey, Stage),
) -> Result<Response, Trouble> {
    let secret = visit.moment.secret();
    let now = visit.moment.now;
    let hash = secret.hash();
    let idle_expires_at = now.plus_seconds(visit.app.config.session.idle);
    let used = match journey {
        (journey, Stage::Resumed) => Some((journey.id.clone(), journey.expires_at())),
        (_, Stage::First) => None,
    };
    let event = Record::new("ssa")
        .user(&code.user_id)
        .client(&code.client_id)
        .session(&code.session_id)
        .at(visit);
    let silent = matches!(journey.1, Stage::First);
    let first_use = visit
        .app
        .db
        .tx(async move |tx| {
            if let Some((id, expires_at)) = &used
                && !flows::use_up(tx, id, *expires_at).await?
            {
                return Ok(false);
            }
            sessions::touch(tx, &code.session_id, now, idle_expires_at).await?;
            codes::insert(tx, &hash, &code).await?;
            if silent {
                audit::insert(tx, &event).await?;
            }
            Ok(true)
        })
        .await?;
    if !first_use {
        return Err(PageRefusal::JourneyUsed.into());
    }
    Ok(session_management::answer(visit, trusted, &secret.encode()))
}
