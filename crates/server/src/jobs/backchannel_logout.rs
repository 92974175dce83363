//! Telling a client that a session it took part in has ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! The token is made anew for each try: it lives for two minutes, and its `jti` must not be met twice.

use super::{Draft, Ended, Kind};
use crate::app::App;
use crate::http::moment::Moment;
use sekisho_jose::{Algorithm, jwt};
use sekisho_rules::claims;
use sekisho_rules::client::{Client, Standing};
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_rules::job::RetryPolicy;
use sekisho_rules::time::Timestamp;
use sekisho_store::audit::Event;
use sekisho_store::jobs::{Job, Outcome};
use sekisho_store::session_clients::{self as participants, Told};
use sekisho_store::{Fault, Tx, clients};
use serde::{Deserialize, Serialize};

/// Eight tries over 20 to 40 minutes.
pub(super) const RETRIES: RetryPolicy = RetryPolicy {
    tries: 8,
    first: 5,
    longest: 900,
};

/// Five addresses at five seconds each, and room.
pub(super) const LEASE_SECONDS: i64 = 60;

/// Who is told about what.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    client: ClientId,
    user: UserId,
    session: SessionId,
}

/// Has the clients of a session told. Call it in the transaction that ends the session, before ending it.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn session_ends(tx: &mut Tx, id: &SessionId, now: Timestamp) -> Result<(), Fault> {
    let told = participants::told_of_session(tx, id, now).await?;
    leave_behind(tx, told, now).await
}

/// Has the clients of every session of a user told. Call it in the transaction that ends them, before ending them.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn user_ends(tx: &mut Tx, id: &UserId, now: Timestamp) -> Result<(), Fault> {
    let told = participants::told_of_user(tx, id, now).await?;
    leave_behind(tx, told, now).await
}

async fn leave_behind(tx: &mut Tx, told: Vec<Told>, now: Timestamp) -> Result<(), Fault> {
    let moment = Moment { now };
    for Told {
        session,
        user,
        client,
    } in told
    {
        let payload = Payload {
            client,
            user,
            session,
        };
        super::enqueue(
            tx,
            &Draft::new(Kind::BackchannelLogout, &payload, moment)?,
            moment,
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Ended, Fault> {
    let Some(payload) = read(job) else {
        return Ok(Ended::Failed("the payload is not understood".to_owned()));
    };
    let client = clients::by_id(&app.db, payload.client.as_str()).await?;
    let Some(client) = client.filter(|client| client.standing == Standing::Enabled) else {
        return Ok(Ended::Moot);
    };
    if client.notices.backchannel_urls.is_empty() {
        return Ok(Ended::Moot);
    }
    for url in &client.notices.backchannel_urls {
        if let Some(ended) = tell(app, &client, &payload, url).await {
            return Ok(ended);
        }
    }
    Ok(Ended::Done(format!("told {}", hosts(&client))))
}

/// `None` when the client has taken note.
async fn tell(app: &App, client: &Client, payload: &Payload, url: &str) -> Option<Ended> {
    let moment = Moment { now: app.clock.now() };
    let jti = moment.id();
    let claims = claims::logout(
        app.config.issuer.as_str(),
        &client.id,
        (&payload.user, &payload.session),
        &jti,
        moment.now,
    );
    let keys = app.keys.current();
    let signed = keys
        .signing(Algorithm::Rs256)
        .and_then(|key| jwt::sign(&claims, claims::LOGOUT_TYP, key).ok());
    let Some(token) = signed else {
        return Some(Ended::Again("the logout token cannot be signed".to_owned()));
    };
    let host = host(url);
    match app.egress.post_form(url, &[("logout_token", &token)]).await {
        // Section 2.8: 200, and 204 because some frameworks make that of an empty body.
        Ok(200 | 204) => None,
        // The client has understood and says no; it will say so again.
        Ok(400) => Some(Ended::Failed(format!("{host} answered 400"))),
        Ok(status @ 300..=399) => Some(Ended::Failed(format!(
            "{host} answered {status}; redirects are not followed"
        ))),
        Ok(status) => Some(Ended::Again(format!("{host} answered {status}"))),
        Err(error) if error.is_final() => Some(Ended::Failed(error.to_string())),
        Err(error) => Some(Ended::Again(format!("{host}: {error}"))),
    }
}

/// What the audit table and the log may say of an address: its query may hold a secret of the client's.
fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

fn hosts(client: &Client) -> String {
    let hosts: Vec<String> = client
        .notices
        .backchannel_urls
        .iter()
        .map(|url| host(url))
        .collect();
    hosts.join(", ")
}

pub(super) fn event(job: &Job, outcome: Outcome, note: &str, moment: Moment) -> Option<Event> {
    let payload = read(job)?;
    Some(Event {
        id: moment.sortable_id(),
        at: moment.now,
        kind: match outcome {
            Outcome::Done => "oidc_backchannel_logout_succeeded",
            Outcome::Failed => "oidc_backchannel_logout_failed",
        },
        user: Some(payload.user),
        client: Some(payload.client),
        session: Some(payload.session),
        ip: String::new(),
        user_agent: "sekisho".to_owned(),
        detail: note.to_owned(),
        risk: String::new(),
    })
}

fn read(job: &Job) -> Option<Payload> {
    serde_json::from_str(&job.payload).ok()
}
