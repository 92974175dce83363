//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.6).

use super::{Grant, Origin, Refreshable, Subject, UserSubject};
use crate::api::{Api, grantable};
use crate::client::GrantType;
use crate::client_auth::AuthenticatedClient;
use crate::code::StoredCode;
use crate::id::{Epochs, GrantId};
use crate::refusal::{Reason, Refusal};
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;

/// What the client sent beside the code.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// The `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// The `code_verifier`.
    pub verifier: Option<&'a str>,
}

/// What was found for the code.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The user the code was made for.
    pub user: Option<User>,
    /// The session it was made in.
    pub session: Option<Session>,
    /// The API it names.
    pub api: Option<Api>,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
}

/// What a redemption becomes.
#[derive(Clone, Debug)]
pub enum Redeem {
    /// Tokens, once the code was consumed.
    Grant(Box<Grant>),
    /// The code was used before: end what came of it (RFC 6749 section 4.1.2).
    Replay(GrantId),
    /// An error.
    Refuse(Refusal),
}

/// Decides whether a code becomes tokens.
///
/// The code MUST have been made for this client and this redirect URI, be younger than 60 seconds and unused, and its PKCE challenge
/// MUST be opened by the verifier; a verifier without a challenge is refused too, so that nobody can strip PKCE from a request
/// (RFC 9700 section 4.8.2). The session and user it came from must still stand.
pub fn redeem(
    client: &AuthenticatedClient,
    found: Option<StoredCode>,
    proof: Proof<'_>,
    facts: Facts,
    now: Timestamp,
) -> Redeem {
    let client = client.client();
    let refuse = |reason: Reason, private: &'static str| Redeem::Refuse(Refusal::new(reason, private));
    if !client.may(GrantType::AuthorizationCode) {
        return refuse(Reason::GrantNotAllowed("authorization_code"), "");
    }
    let Some(StoredCode { code, used_at }) = found else {
        return refuse(Reason::InvalidCode, "no such code");
    };
    if code.client_id != client.id {
        return refuse(Reason::InvalidCode, "the code belongs to another client");
    }
    if used_at.is_some() {
        return Redeem::Replay(code.gid);
    }
    if now >= code.expires_at {
        return refuse(Reason::InvalidCode, "the code has expired");
    }
    if proof.redirect_uri != Some(code.redirect_uri.as_str()) {
        return refuse(
            Reason::InvalidCode,
            "redirect_uri differs from the authorization request",
        );
    }
    match (&code.challenge, proof.verifier) {
        (Some(challenge), Some(verifier)) if challenge.accepts(verifier) => {}
        // A client that has become public since must not get by without what public clients must have.
        (None, None) if !client.is_public() => {}
        _ => return refuse(Reason::WrongVerifier, "code_verifier does not fit"),
    }
    let Some(user) = facts.user.filter(|user| user.id == code.user_id) else {
        return refuse(Reason::InvalidCode, "the user is gone");
    };
    if user.blocked {
        return refuse(Reason::UserBlocked, "");
    }
    let epochs = Epochs {
        user: user.epoch,
        client: client.epoch,
        issuer: facts.issuer_epoch,
    };
    if code.epochs != epochs {
        return refuse(Reason::InvalidCode, "an epoch has moved on");
    }
    if !facts.session.is_some_and(|session| {
        session.id == code.session_id && session.stands(&user, facts.issuer_epoch, now)
    }) {
        return refuse(Reason::InvalidCode, "the session has ended");
    }
    let Some(api) = named_api(code.audience.as_deref(), facts.api) else {
        return refuse(Reason::InvalidCode, "the API is gone");
    };
    let scope = grantable(&code.scope, client, api.as_ref());
    let refreshable = match scope.contains("offline_access") {
        true => Refreshable::Yes,
        false => Refreshable::No,
    };
    Redeem::Grant(Box::new(Grant {
        subject: Subject::User(Box::new(UserSubject {
            user,
            session_id: Some(code.session_id),
            epochs,
            auth_time: code.auth_time,
            amr: code.amr,
            acr: code.acr,
            nonce: code.nonce,
        })),
        client: client.clone(),
        gid: code.gid,
        scope,
        api,
        origin: Origin::Code,
        issued_at: now,
        refreshable,
    }))
}

/// The API a stored audience names: `None` when it names one that is gone.
pub(super) fn named_api(audience: Option<&str>, api: Option<Api>) -> Option<Option<Api>> {
    match (audience, api) {
        (None, _) => Some(None),
        (Some(audience), Some(api)) if api.identifier == audience => Some(Some(api)),
        (Some(_), _) => None,
    }
}
