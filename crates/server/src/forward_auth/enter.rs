//! The way in at an application's host: an authorization request to ourselves, with PKCE, and its callback, which leaves the gateway's
//! cookie there. A cookie binds the way to the browser it began in (threat 34).

use super::at_application;
use super::holder::Pass;
use crate::end::{self, Ending};
use crate::gateway::Known;
use crate::http::cookie::Cookie;
use crate::http::guard;
use crate::http::reply::{Trouble, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::issuer;
use crate::journey::LIFETIME_SECONDS;
use crate::seal::Place;
use axum::response::Response;
use sekisho_rules::client_auth::{self, AuthenticatedClient, Recipient};
use sekisho_rules::forward_auth::ReturnPath;
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::authorization_code::{Facts, Proof, Redeem, redeem};
use sekisho_rules::id::{ClientId, hex};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::pkce::Challenge;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::families::{EndReason, Start};
use sekisho_store::{apis, audit, clients, codes, families, issuer as issuer_row, sessions, users};
use serde::{Deserialize, Serialize};

/// What the `state` of the gateway's own authorization requests is sealed for.
const LABEL: &str = "way in at the gateway";

/// Somebody on their way in.
#[derive(Serialize, Deserialize)]
struct WayIn {
    client: ClientId,
    started_at: Timestamp,
    back: String,
    verifier: String,
    /// Hash of the browser's cookie, as 64 hexadecimal digits.
    browser: String,
}

/// `GET /.sekisho/start?rd=`.
pub async fn start(visit: Visit) -> Response {
    begin(&visit).await.unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn begin(visit: &Visit) -> Result<Response, Trouble> {
    let known = at_application(visit).await?;
    if !guard::is_navigation(&visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let sent = visit.query.get("rd").map_err(|_| PageRefusal::Malformed("rd"))?;
    let back = match sent {
        None => ReturnPath::front(),
        Some(text) => ReturnPath::parse(text).ok_or(PageRefusal::Malformed("the address to return to"))?,
    };
    let held = known
        .cookies
        .read(&visit.headers, Cookie::Flow)
        .filter(|cookie| cookie.len() == 43);
    let secret = held.unwrap_or_else(|| visit.moment.secret().encode());
    let verifier = visit.moment.secret().encode();
    let challenge = Challenge::of(&verifier);
    let way = WayIn {
        client: known.app.client_id.clone(),
        started_at: visit.moment.now,
        back: back.as_str().to_owned(),
        verifier,
        browser: fingerprint(&secret),
    };
    let plain = serde_json::to_vec(&way).map_err(|_| Trouble::Internal("a way in cannot be written"))?;
    let state = visit.app.sealer.seal_transient(LABEL, &plain);
    let state = state.map_err(|_| Trouble::Internal("a way in cannot be sealed"))?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("client_id", known.app.client_id.as_str())
        .append_pair("redirect_uri", &redirect_uri(&known))
        .append_pair("response_type", "code")
        .append_pair("scope", &known.app.asked_scope())
        .append_pair("audience", &known.app.audience)
        .append_pair("state", &state)
        .append_pair("code_challenge", challenge.as_str())
        .append_pair("code_challenge_method", "S256");
    let to = visit
        .app
        .config
        .issuer
        .link(&format!("authorize?{}", query.finish()));
    Ok(with_cookie(
        see_other(&to),
        known.cookies.set(Cookie::Flow, &secret, None),
    ))
}

/// `GET /.sekisho/callback`: the answer to [`start`].
pub async fn callback(visit: Visit) -> Response {
    answered(&visit)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn answered(visit: &Visit) -> Result<Response, Trouble> {
    let known = at_application(visit).await?;
    let way = WayIn::open(visit, &known)?;
    let Some(code) = visit.query.hint("code") else {
        tracing::info!(error = visit.query.hint("error"), "nobody came in");
        return Err(Trouble::Forbidden);
    };
    let back = ReturnPath::parse(&way.back).ok_or(Trouble::Internal("a way in leads nowhere"))?;
    let pass = redeemed(visit, &known, code, &way.verifier).await?;
    let sealed = pass
        .seal(visit)
        .ok_or(Trouble::Internal("a gateway cookie cannot be sealed"))?;
    let age = Some(visit.app.config.session.absolute);
    Ok(with_cookie(
        see_other(&known.app.origin.link(back.as_str())),
        known.cookies.set(Cookie::Gateway, &sealed, age),
    ))
}

impl WayIn {
    fn open(visit: &Visit, known: &Known) -> Result<Self, PageRefusal> {
        let plain = visit
            .query
            .hint("state")
            .and_then(|state| visit.app.sealer.open_transient(LABEL, state).ok());
        let way: Option<Self> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        let way = way
            .filter(|way| way.client == known.app.client_id)
            .filter(|way| visit.moment.now.millis_since(way.started_at) <= LIFETIME_SECONDS * 1000)
            .ok_or(PageRefusal::JourneyExpired)?;
        match known.cookies.read(&visit.headers, Cookie::Flow) {
            Some(secret) if fingerprint(&secret) == way.browser => Ok(way),
            _ => Err(PageRefusal::JourneyElsewhere),
        }
    }
}

fn redirect_uri(known: &Known) -> String {
    known.app.origin.link("/.sekisho/callback")
}

fn fingerprint(secret: &str) -> String {
    hex(SecretHash::of(secret).bytes())
}

/// Consumes the code by the same rule as the token endpoint and starts its grant; the first token is made when it is asked for.
async fn redeemed(visit: &Visit, known: &Known, code: &str, verifier: &str) -> Result<Pass, Trouble> {
    let db = &visit.app.db;
    let client = ourselves(visit, known).await?;
    let hash = SecretHash::of(code);
    let found = codes::by_hash(db, &hash).await?;
    let stored = found.as_ref().ok_or(PageRefusal::JourneyExpired)?;
    let session = sessions::by_id(db, &stored.code.session_id).await?;
    let ends = session.as_ref().map(|session| session.expires_at);
    let facts = Facts {
        user: users::by_id(db, &stored.code.user_id).await?,
        session,
        api: match &stored.code.audience {
            Some(audience) => apis::by_identifier(db, audience).await?,
            None => None,
        },
        issuer_epoch: issuer_row::get(db).await?.epoch,
    };
    let redirect_uri = redirect_uri(known);
    let proof = Proof {
        redirect_uri: Some(&redirect_uri),
        verifier: Some(verifier),
    };
    match redeem(&client, found, proof, facts, visit.moment.now) {
        Redeem::Grant(grant) => {
            let grant = issuer::not_before(visit, *grant).await?;
            started(visit, grant, hash, ends.unwrap_or(visit.moment.now)).await
        }
        Redeem::Replay(gid) => {
            let by = Ending::at(&visit.app, visit.moment.now);
            db.tx(async move |tx| end::grant(tx, &by, &gid, EndReason::CodeReplay).await)
                .await?;
            Err(PageRefusal::JourneyUsed.into())
        }
        Redeem::Refuse(refusal) => {
            tracing::info!(reason = ?refusal.reason, private = %refusal.private, "refused at the gateway");
            Err(PageRefusal::JourneyUsed.into())
        }
    }
}

async fn started(visit: &Visit, grant: Grant, hash: SecretHash, ends: Timestamp) -> Result<Pass, Trouble> {
    let session = grant.user().and_then(|subject| subject.session_id.clone());
    let pass = Pass {
        client: grant.client().id.clone(),
        sid: session.ok_or(Trouble::Internal("a gateway grant has a session"))?,
        gid: grant.gid().clone(),
    };
    let start = Start {
        token: None,
        expires_at: ends.max(Timestamp::from_seconds(grant.last_exp())),
        idle_expires_at: ends.max(Timestamp::from_seconds(grant.last_exp())),
    };
    let (now, event) = (grant.issued_at(), issuer::event(visit, &grant, "seacft"));
    let settled = visit.app.db.settle(async move |tx| {
        let Some(subject) = grant.user() else {
            return Ok(None);
        };
        if !codes::consume(tx, &hash, now).await? || !issuer::mint_in_session(tx, &grant).await? {
            return Ok(None);
        }
        audit::insert(tx, &event).await?;
        families::start(tx, &grant, subject, &start).await
    });
    match settled.await? {
        Some(_) => Ok(pass),
        None => Err(PageRefusal::JourneyUsed.into()),
    }
}

/// The application's client, proven by the secret that only the gateway can open.
async fn ourselves(visit: &Visit, known: &Known) -> Result<AuthenticatedClient, Trouble> {
    let gone = || Trouble::Internal("a gateway client is gone or cannot be opened");
    let id = &known.app.client_id;
    let client = clients::by_id(&visit.app.db, id.as_str())
        .await?
        .ok_or_else(gone)?;
    let place = Place {
        table: "clients",
        column: "secret",
        row: id.as_str(),
    };
    let sealed = client.sealed_secret.as_deref().ok_or_else(gone)?;
    let secret = visit.app.sealer.open(&place, sealed).map_err(|_| gone())?;
    let secret = String::from_utf8(secret.to_vec()).map_err(|_| gone())?;
    let proof = Parameters::from_pairs(vec![
        ("client_id".to_owned(), id.to_string()),
        ("client_secret".to_owned(), secret.clone()),
    ]);
    let presented = client_auth::present(None, &proof).map_err(|_| gone())?;
    let recipient = Recipient {
        issuer: visit.app.config.issuer.as_str(),
        token_endpoint: "",
    };
    client_auth::authenticate(client, Some(&secret), &presented, recipient, visit.moment.now)
        .map_err(|_| gone())
}
