//! The way into the account page: an authorization request to ourselves, with PKCE, and its callback.

use super::{LABEL, Pass};
use crate::audit::Record;
use crate::builtin::ACCOUNT_CLIENT;
use crate::http::cookie::Cookie;
use crate::http::reply::{Trouble, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::{Journey, Purpose};
use axum::http::HeaderValue;
use axum::response::Response;
use sekisho_rules::client_auth::{self, AuthenticatedClient, Recipient};
use sekisho_rules::factor::ACR_MULTI_FACTOR;
use sekisho_rules::grant::authorization_code::{Facts, Proof, Redeem, redeem};
use sekisho_rules::id::SessionId;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::pkce::Challenge;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::secret::SecretHash;
use sekisho_store::{audit, clients, codes, issuer, sessions, users};

/// What a person who is signed in has to prove once more.
pub(super) enum Again {
    /// Nothing.
    No,
    /// Their first factor; this address is filled in.
    Login(String),
    /// Their second factor.
    Factor,
    /// Both.
    Everything(String),
}

/// Sends the browser to sign in, and back to `path`, which is one of the account page. It travels sealed.
pub(super) fn begin(visit: &Visit, path: &str, again: &Again) -> Result<Response, Trouble> {
    let issuer = &visit.app.config.issuer;
    let verifier = visit.moment.secret().encode();
    let challenge = Challenge::of(&verifier);
    let kept = Parameters::from_pairs(vec![
        ("verifier".to_owned(), verifier),
        ("to".to_owned(), visit.page(path)),
    ]);
    let (journey, cookie) = Journey::begin(visit, Purpose::Account, kept);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("client_id", ACCOUNT_CLIENT)
        .append_pair("redirect_uri", &issuer.link("account/callback"))
        .append_pair("response_type", "code")
        .append_pair("scope", "openid")
        .append_pair("state", &journey.seal(&visit.app)?)
        .append_pair("code_challenge", challenge.as_str())
        .append_pair("code_challenge_method", "S256");
    if let Again::Login(email) | Again::Everything(email) = again {
        query
            .append_pair("prompt", "login")
            .append_pair("max_age", "0")
            .append_pair("login_hint", email);
    }
    if let Again::Factor | Again::Everything(_) = again {
        query.append_pair("acr_values", ACR_MULTI_FACTOR);
    }
    if let Some(locales) = visit.query.hint("ui_locales") {
        query.append_pair("ui_locales", locales);
    }
    let to = format!("/authorize?{}", query.finish());
    Ok(with_cookie(see_other(&to), cookie))
}

/// `GET /account/callback`: the answer to [`begin`].
pub async fn callback(visit: Visit) -> Response {
    answered(&visit)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn answered(visit: &Visit) -> Result<Response, Trouble> {
    let journey = Journey::open(visit, Purpose::Account, visit.query.hint("state"))?;
    let Some(code) = visit.query.hint("code") else {
        return Ok(see_other("/"));
    };
    let session = redeemed(visit, code, journey.request.hint("verifier")).await?;
    let to = journey.request.hint("to").unwrap_or("/account");
    Ok(with_cookie(see_other(to), pass(visit, session)?))
}

/// The cookie that opens the account page as long as this session stands.
pub(super) fn pass(visit: &Visit, session: SessionId) -> Result<Option<HeaderValue>, Trouble> {
    let pass = Pass {
        sid: session,
        nonce: visit.moment.id(),
    };
    let plain = serde_json::to_vec(&pass).map_err(|_| Trouble::Internal("an account pass"))?;
    let sealed = visit.app.sealer.seal_transient(LABEL, &plain);
    let sealed = sealed.map_err(|_| Trouble::Internal("an account pass cannot be sealed"))?;
    Ok(visit.app.cookies.set(Cookie::Account, &sealed, None))
}

/// Consumes the code: by the same rule as at the token endpoint, but nothing is minted.
async fn redeemed(visit: &Visit, code: &str, verifier: Option<&str>) -> Result<SessionId, Trouble> {
    let (db, now) = (&visit.app.db, visit.moment.now);
    let client = ourselves(visit).await?;
    let hash = SecretHash::of(code);
    let found = codes::by_hash(db, &hash).await?;
    let Some(stored) = &found else {
        return Err(PageRefusal::JourneyExpired.into());
    };
    let facts = Facts {
        user: users::by_id(db, &stored.code.user_id).await?,
        session: sessions::by_id(db, &stored.code.session_id).await?,
        api: None,
        issuer_epoch: issuer::get(db).await?.epoch,
    };
    let callback = visit.app.config.issuer.link("account/callback");
    let proof = Proof {
        redirect_uri: Some(&callback),
        verifier,
    };
    let (user, session) = (stored.code.user_id.clone(), stored.code.session_id.clone());
    match redeem(&client, found, proof, facts, now) {
        Redeem::Grant(_) => {}
        Redeem::Replay(_) | Redeem::Refuse(_) => return Err(PageRefusal::JourneyUsed.into()),
    }
    let event = Record::new("seacft")
        .user(&user)
        .session(&session)
        .client(&client.client().id)
        .at(visit);
    let first = db
        .tx(async move |tx| {
            let first = codes::consume(tx, &hash, now).await?;
            if first {
                audit::insert(tx, &event).await?;
            }
            Ok(first)
        })
        .await?;
    match first {
        true => Ok(session),
        false => Err(PageRefusal::JourneyUsed.into()),
    }
}

async fn ourselves(visit: &Visit) -> Result<AuthenticatedClient, Trouble> {
    let missing = || Trouble::Internal("the account page's client is gone; start the server again");
    let client = clients::by_id(&visit.app.db, ACCOUNT_CLIENT).await?;
    let client = client.ok_or_else(missing)?;
    let named = Parameters::from_pairs(vec![("client_id".to_owned(), ACCOUNT_CLIENT.to_owned())]);
    let presented = client_auth::present(None, &named).map_err(|_| missing())?;
    let recipient = Recipient {
        issuer: visit.app.config.issuer.as_str(),
        token_endpoint: "",
    };
    client_auth::authenticate(client, None, &presented, recipient, visit.moment.now).map_err(|_| missing())
}
