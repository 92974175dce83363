//! `/u/upstream` sends a browser to another service to sign in; `/login/callback` takes it back, and the account it opens signs in. Whatever
//! goes wrong there leads back to the sign-in page of the same journey, with a sentence about it: nothing is lost.

use super::open;
use crate::audit::Record;
use crate::config::Signup;
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other, with_cookie, with_cookies};
use crate::http::visit::Visit;
use crate::journey::{Journey, Purpose};
use crate::pages::Setback;
use crate::throttle;
use crate::upstream::{self, Attempt, Failure, Goal, Joining, Linked, Opened, Person, Stage};
use axum::body::Bytes;
use axum::response::Response;
use sekisho_rules::id::{ClientId, UserId};
use sekisho_rules::identity::Email;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::Connection;
use sekisho_rules::upstream::account::{self, Facts, Outcome, SignUp};
use sekisho_rules::upstream::answer::{self, Answer, Asked};
use sekisho_rules::upstream::fresh::{self, Times, Wanted};
use sekisho_rules::user::User;
use sekisho_store::identities::Identity;
use sekisho_store::{audit, connections, identities, users};
use serde::{Deserialize, Serialize};

/// What an answer that came by a form is sealed for, on its way to a GET.
const LABEL: &str = "answer of another service";
/// Seconds that way may take.
const HANDOVER_SECONDS: i64 = 60;
/// What of a posted answer is read. Apple repeats its ID token there; the one from the token endpoint is believed.
const POSTED: [&str; 5] = ["state", "code", "error", "iss", "user"];
/// The greatest of all that, in bytes.
const POSTED_BYTES: usize = 4096;

/// `GET /u/upstream`: sends the browser away. `connection` names where to; else the request of the journey does.
pub async fn start(visit: Visit) -> Response {
    let started = async {
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let named = visit
            .query
            .hint("connection")
            .or(open.journey.request.hint("connection"));
        let handle = open.handle.as_str();
        let found = match named {
            Some(name) => upstream::named(&visit, name).await?,
            None => None,
        };
        let Some(connection) = found else {
            return Ok(back(&visit, handle, Setback::Closed, None));
        };
        let goal = Goal::SignIn {
            journey: handle.to_owned(),
        };
        // An identity that waits is joined only by a proof that came after it.
        let wanted = match Joining::waiting(&visit) {
            Some(_) => Wanted::Now,
            None => Wanted::by(&open.valid),
        };
        match upstream::begin(&visit, &connection, (goal, wanted)).await? {
            Ok(response) => Ok(response),
            Err(failure) => Ok(back(
                &visit,
                handle,
                failed(&visit, (&connection, handle), &failure),
                Some(&connection),
            )),
        }
    };
    started
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// A posted answer on its way to a GET.
#[derive(Serialize, Deserialize)]
struct Posted {
    at: Timestamp,
    sent: Parameters,
}

/// `POST /login/callback`: an answer that came by a form (`response_mode=form_post`). A form from another site brings none of our
/// cookies, so it only becomes a GET, which does.
pub async fn callback_by_form(visit: Visit, form: Bytes) -> Response {
    let handed = async {
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let mut kept = Vec::new();
        for name in POSTED {
            let value = form.get(name).map_err(|_| PageRefusal::Malformed("the answer"))?;
            kept.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        let posted = Posted {
            at: visit.moment.now,
            sent: Parameters::from_pairs(kept),
        };
        if posted.sent.size() > POSTED_BYTES {
            return Err(PageRefusal::Malformed("the answer").into());
        }
        let plain =
            serde_json::to_vec(&posted).map_err(|_| Trouble::Internal("an answer cannot be written"))?;
        let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
        let sealed = sealed.map_err(|_| Trouble::Internal("an answer cannot be sealed"))?;
        Ok(see_other(&format!("/{}?answer={sealed}", upstream::CALLBACK)))
    };
    handed
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// `GET /login/callback`: the browser is back.
pub async fn callback(visit: Visit) -> Response {
    let answered = async {
        let sent = match visit.query.hint("answer") {
            Some(sealed) => handed_over(&visit, sealed).ok_or(PageRefusal::JourneyExpired)?,
            None => visit.query.clone(),
        };
        let opened = upstream::open(&visit, sent.hint("state"))?;
        let forget = opened.forget.clone();
        let response = back_home(&visit, &opened, &sent).await?;
        Ok(with_cookie(response, forget))
    };
    answered
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

fn handed_over(visit: &Visit, sealed: &str) -> Option<Parameters> {
    let plain = visit.app.sealer.open_transient(LABEL, sealed).ok()?;
    let posted: Posted = serde_json::from_slice(&plain).ok()?;
    let age = visit.moment.now.millis_since(posted.at);
    (0..=HANDOVER_SECONDS * 1000)
        .contains(&age)
        .then_some(posted.sent)
}

async fn back_home(visit: &Visit, opened: &Opened, sent: &Parameters) -> Result<Response, Trouble> {
    let attempt = &opened.attempt;
    let found = connections::by_id(&visit.app.db, &attempt.connection).await?;
    let enabled = found.as_ref().filter(|connection| connection.is_enabled());
    let Some(connection) = enabled else {
        return Ok(gone_wrong(visit, &attempt.goal, Setback::Closed, found.as_ref()));
    };
    let from = visit.ip.to_string();
    if !throttle::allow(visit, throttle::ANSWERS_FROM_NETWORK, &from).await? {
        return Ok(gone_wrong(
            visit,
            &attempt.goal,
            Setback::TooMany,
            Some(connection),
        ));
    }
    match person(visit, connection, opened, sent).await {
        Ok(person) => match &attempt.goal {
            Goal::SignIn { journey } => {
                let Some(auth_time) = proven_at(visit, connection, attempt, &person) else {
                    return Ok(back(visit, journey, Setback::Stale, Some(connection)));
                };
                sign_in(visit, connection, (person, auth_time), journey).await
            }
            Goal::Link { user, session } => {
                let signed_in = crate::signed_in::browser(visit).await?.signed_in;
                let here = signed_in.filter(|(here, who)| here.id == *session && who.id == *user);
                let Some((_, user)) = here else {
                    return Ok(linked(visit, "not-linked"));
                };
                Ok(match upstream::link(visit, connection, &user, &person).await? {
                    Linked::Here => linked(visit, "linked"),
                    Linked::Elsewhere => linked(visit, "elsewhere"),
                })
            }
        },
        Err(setback) => Ok(gone_wrong(visit, &attempt.goal, setback, Some(connection))),
    }
}

/// Who came back, if the answer belongs to the attempt and the provider confirms it.
async fn person(
    visit: &Visit,
    connection: &Connection,
    opened: &Opened,
    sent: &Parameters,
) -> Result<Person, Setback> {
    let attempt: &Attempt = &opened.attempt;
    let endpoints = upstream::endpoints(visit, connection).await;
    let journey = match &attempt.goal {
        Goal::SignIn { journey } => journey.as_str(),
        Goal::Link { .. } => "",
    };
    let at = (connection, journey);
    let endpoints = endpoints.map_err(|failure| failed(visit, at, &failure))?;
    let asked = Asked {
        state: &opened.state,
        connection: &attempt.connection,
        at: attempt.at,
    };
    let code = match answer::check(connection, &endpoints, &asked, sent, visit.moment.now) {
        Answer::Code(code) => code,
        Answer::Denied => {
            note(visit, at, "it was refused there");
            return Err(Setback::Denied);
        }
        Answer::Failed(why) => return Err(failed(visit, at, &Failure::Said(why))),
        Answer::Foreign(why) => {
            tracing::warn!(
                kind = "f",
                connection = connection.name,
                why,
                "an answer from elsewhere was refused"
            );
            note(visit, at, why);
            return Err(Setback::Failed);
        }
    };
    upstream::who(visit, connection, &endpoints, attempt, (code, sent.hint("user")))
        .await
        .map_err(|failure| failed(visit, at, &failure))
}

/// Notes a sign-in elsewhere that signs nobody in here; of which application, the journey knows.
fn note(visit: &Visit, at: (&Connection, &str), why: &str) {
    let (connection, handle) = at;
    let journey = Journey::open(visit, Purpose::SignIn, Some(handle)).ok();
    let client = journey.and_then(|journey| journey.request.hint("client_id").map(ClientId::new));
    let event = Record::new("f").detail(format!("{}: {why}", connection.name));
    let event = client.iter().fold(event, |event, client| event.client(client));
    visit.app.failures.note(&visit.app, event.at(visit), None);
}

fn failed(visit: &Visit, at: (&Connection, &str), failure: &Failure) -> Setback {
    let (connection, _) = at;
    note(visit, at, &failure.to_string());
    tracing::warn!(kind = "f", connection = connection.name, %failure, "a sign-in elsewhere failed");
    match failure.is_passing() {
        true => Setback::Down,
        false => Setback::Failed,
    }
}

/// When the person proved themselves, if that is as fresh as the request wants it.
fn proven_at(
    visit: &Visit,
    connection: &Connection,
    attempt: &Attempt,
    person: &Person,
) -> Option<Timestamp> {
    let now = visit.moment.now;
    let times = Times {
        told: person.auth_time,
        left: attempt.at,
        now,
        // No session here is older than this, so neither is what it goes by.
        oldest: now.plus_seconds(-visit.app.config.session.absolute),
    };
    let proven = fresh::proven_at(connection.strategy, attempt.wanted, times);
    if proven.is_none() {
        tracing::info!(
            kind = "f",
            connection = connection.name,
            "the other service asked nothing of the person; a new proof was wanted"
        );
    }
    proven
}

async fn sign_in(
    visit: &Visit,
    connection: &Connection,
    (person, auth_time): (Person, Timestamp),
    journey: &str,
) -> Result<Response, Trouble> {
    let db = &visit.app.db;
    let profile = &person.profile;
    let known = identities::find(db, &connection.provider(), &profile.subject).await?;
    let linked = match &known {
        Some(known) => users::by_id(db, &known.user_id).await?,
        None => None,
    };
    let namesake = match (&linked, connection.user_id(&profile.subject)) {
        (None, Some(id)) => users::by_id(db, &id).await?,
        _ => None,
    };
    let same_address = match (&linked, account::proven(profile)) {
        (None, Some(email)) => users::by_email(db, &email.folded).await?,
        _ => None,
    };
    let sign_up = match visit.app.config.accounts.signup {
        Signup::VerifyFirst | Signup::Immediate => SignUp::Open,
        Signup::Closed => SignUp::Closed,
    };
    let facts = Facts {
        linked,
        namesake,
        same_address,
    };
    let proof = Proof::Upstream { at: auth_time };
    match account::open(connection, profile, facts, sign_up) {
        Outcome::SignIn(user) => {
            let seen = upstream::row(visit, connection, &user.id, &person)?;
            let now = visit.moment.now;
            let noted = db.tx(async move |tx| identities::used(tx, &seen, now).await);
            match noted.await? {
                true => enter(visit, &user, proof, journey, connection).await,
                false => Ok(back(visit, journey, Setback::Failed, Some(connection))),
            }
        }
        Outcome::Adopt(user) => {
            let new = upstream::row(visit, connection, &user.id, &person)?;
            db.tx(async move |tx| identities::insert(tx, &new).await).await?;
            enter(visit, &user, proof, journey, connection).await
        }
        Outcome::Create { id, email } => {
            let user = new_user(visit, &person, id, email.as_ref());
            let new = upstream::row(visit, connection, &user.id, &person)?;
            match create(visit, &user, email, new).await? {
                true => enter(visit, &user, proof, journey, connection).await,
                // Somebody was quicker, perhaps this person in another tab: what is there now decides the next try.
                false => Ok(back(visit, journey, Setback::Failed, Some(connection))),
            }
        }
        Outcome::Prove(user) => {
            let joining = Joining {
                user: user.id.clone(),
                connection: connection.id.clone(),
                profile: person.profile,
                at: visit.moment.now,
                stage: Stage::Waiting,
            };
            let to = see_other(&visit.link("/u/join", journey));
            Ok(with_cookie(to, joining.keep(visit)?))
        }
        Outcome::Blocked => {
            note(visit, (connection, journey), "the user is blocked");
            Ok(back(visit, journey, Setback::Blocked, Some(connection)))
        }
        Outcome::NoAccount => {
            note(
                visit,
                (connection, journey),
                "there is no account, and none is made",
            );
            Ok(back(visit, journey, Setback::NoAccount, Some(connection)))
        }
    }
}

async fn enter(
    visit: &Visit,
    user: &User,
    proof: Proof,
    journey: &str,
    connection: &Connection,
) -> Result<Response, Trouble> {
    match establish(visit, user, proof).await? {
        Some(cookies) => {
            let to = visit.link("/authorize/resume", journey);
            Ok(with_cookies(see_other(&to), cookies))
        }
        None => Ok(back(visit, journey, Setback::Blocked, Some(connection))),
    }
}

/// Makes the account and its identity. `false` when the address, the id or the identity is taken by now.
async fn create(visit: &Visit, user: &User, email: Option<Email>, new: Identity) -> Result<bool, Trouble> {
    let folded = email.map_or_else(|| User::no_address(&user.id), |email| email.folded);
    let event = Record::new("ss")
        .user(&user.id)
        .detail(format!("account made by {}", new.provider))
        .at(visit);
    let user = user.clone();
    let made = visit.app.db.tx(async move |tx| {
        if !users::insert(tx, &user, &folded).await? {
            return Ok(false);
        }
        if !identities::insert(tx, &new).await? {
            users::delete(tx, &user.id).await?;
            return Ok(false);
        }
        audit::insert(tx, &event).await?;
        Ok(true)
    });
    Ok(made.await?)
}

fn new_user(visit: &Visit, person: &Person, id: UserId, email: Option<&Email>) -> User {
    let now = visit.moment.now;
    let profile = &person.profile;
    let address = email.map(|email| email.display.clone()).unwrap_or_default();
    let name = profile
        .name
        .clone()
        .or_else(|| profile.nickname.clone())
        .or_else(|| (!address.is_empty()).then(|| address.clone()));
    User {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        email_verified: !address.is_empty(),
        email: address,
        nickname: profile.nickname.clone(),
        given_name: profile.given_name.clone(),
        family_name: profile.family_name.clone(),
        picture: profile.picture.clone(),
        password_hash: None,
        blocked: false,
        epoch: 0,
        nbf: 0,
        locale: None,
        created_at: now,
        updated_at: now,
    }
}

/// Where an attempt that came to nothing leads.
fn gone_wrong(visit: &Visit, goal: &Goal, setback: Setback, connection: Option<&Connection>) -> Response {
    match goal {
        Goal::SignIn { journey } => back(visit, journey, setback, connection),
        Goal::Link { .. } => linked(visit, "not-linked"),
    }
}

/// Back to the account page; the word is looked up there.
fn linked(visit: &Visit, word: &str) -> Response {
    see_other(&visit.page(&format!("/account/connections?done={word}")))
}

/// Back to the sign-in page of the journey.
fn back(visit: &Visit, journey: &str, setback: Setback, connection: Option<&Connection>) -> Response {
    let mut to = visit.link("/u/login", journey);
    to.push_str("&upstream=");
    to.push_str(setback.word());
    if let Some(connection) = connection {
        // A name of ours: letters, digits, hyphens and underscores.
        to.push_str("&at=");
        to.push_str(&connection.name);
    }
    see_other(&to)
}
