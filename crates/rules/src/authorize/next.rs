//! The third beat: the only place that decides what the browser does next. Login, sign-up and consent never call each other; each
//! writes what it achieved (a session, a consent) and returns here.

use super::check::{Screen, Valid};
use super::trust::Trusted;
use crate::client::Party;
use crate::code::{self, Code};
use crate::consent::Consent;
use crate::factor::{
    self, ACR_MULTI_FACTOR, AMR_MULTI_FACTOR, Demand, FactorKind, Factors, MfaPolicy, Requirement,
};
use crate::id::{Epochs, GrantId};
use crate::refusal::{Reason, Refusal};
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;
use sekisho_verify::Scope;

/// What is known about the browser and its user.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The signed-in user, if a session stands.
    pub signed_in: Option<SignedIn<'a>>,
    /// The `sub` of a valid `id_token_hint`.
    pub hinted: Option<&'a str>,
    /// What the user can prove beside their first factor; loaded only when [`Next::NeedFactors`] asked for it.
    pub factors: Known<Provable>,
    /// When a second factor is asked for, where the client does not say.
    pub mfa: MfaPolicy,
    /// What the user allowed this client; loaded only when [`Next::NeedConsent`] asked for it.
    pub consent: Known<Option<Consent>>,
    /// When this journey began. A login at or after this moment was made for it.
    pub started_at: Timestamp,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
    /// A fresh id for the grant, used only if a code is made.
    pub gid: GrantId,
}

/// A standing session and its user.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn<'a> {
    /// The session; it stands.
    pub session: &'a Session,
    /// Its user.
    pub user: &'a User,
}

/// What the user can prove, and whether they have to in this browser.
#[derive(Clone, Debug)]
pub struct Provable {
    /// What they have set up.
    pub factors: Factors,
    /// Whether this browser is remembered for them.
    pub remembered: bool,
}

/// A fact that may not have been loaded yet, so that a rule cannot read what nobody looked up.
#[derive(Clone, Debug)]
pub enum Known<T> {
    /// Not looked up.
    Unknown,
    /// Looked up.
    Known(T),
}

/// What the browser does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Show a page of ours.
    Ask(Step),
    /// Load what the user can prove and ask again.
    NeedFactors,
    /// Load the consent for this user, client and audience and ask again.
    NeedConsent,
    /// Send this code to the client.
    Respond(Box<Code>),
    /// Send this error to the client.
    Refuse(Refusal),
}

/// A page that asks something of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Prove who you are.
    Login,
    /// Make an account.
    Signup,
    /// Prove one of these factors.
    Factor(Vec<FactorKind>),
    /// Set up a second factor.
    Enrol,
    /// Allow the client this scope.
    Consent(Scope),
}

/// Decides what the browser does next: ask for a login, ask for consent, answer with a code, or refuse.
///
/// OpenID Connect Core section 3.1.2.3: `prompt=login` and a `max_age` that has passed ask for a new proof even in a standing
/// session, `prompt=none` asks nothing; section 3.1.2.1: a session of another user than `id_token_hint` names does not count, and
/// when somebody else signs in for this request the client is told `login_required`.
/// A session of one factor gets no code where a second one is due, whichever way it came about (threat 9).
/// First-party clients are never asked for consent; for the others it is remembered until it no longer covers what is asked.
pub fn next(trusted: &Trusted, valid: &Valid, facts: Facts<'_>, now: Timestamp) -> Next {
    let Some(SignedIn { session, user }) = facts.signed_in.filter(|who| is_enough(valid, who, &facts, now))
    else {
        return match (valid.prompt.none, valid.screen) {
            (true, _) => Next::Refuse(Reason::LoginRequired.into()),
            (false, Screen::Login) => Next::Ask(Step::Login),
            (false, Screen::Signup) => Next::Ask(Step::Signup),
        };
    };
    if facts.hinted.is_some_and(|sub| sub != user.id.as_str()) {
        return Next::Refuse(Refusal::new(
            Reason::LoginRequired,
            "somebody else signed in than id_token_hint names",
        ));
    }
    match missing_factor(trusted, valid, session, &facts) {
        Missing::Unknown => return Next::NeedFactors,
        Missing::Nothing => {}
        Missing::Step(_) if valid.prompt.none => return Next::Refuse(Reason::FactorRequired.into()),
        Missing::Step(step) => return Next::Ask(step),
    }
    if valid.party == Party::Third {
        let Known::Known(consent) = &facts.consent else {
            return Next::NeedConsent;
        };
        let allowed = consent.as_ref().is_some_and(|consent| {
            valid.scope.is_subset(&consent.scope)
                && (!valid.prompt.consent || consent.granted_at >= facts.started_at)
        });
        if !allowed {
            return match valid.prompt.none {
                true => Next::Refuse(Reason::ConsentRequired.into()),
                false => Next::Ask(Step::Consent(valid.scope.clone())),
            };
        }
    }
    Next::Respond(Box::new(Code {
        gid: facts.gid,
        client_id: trusted.client.id.clone(),
        user_id: user.id.clone(),
        session_id: session.id.clone(),
        epochs: Epochs {
            user: user.epoch,
            client: trusted.client.epoch,
            issuer: facts.issuer_epoch,
        },
        redirect_uri: trusted.redirect_uri.clone(),
        scope: valid.scope.clone(),
        audience: valid.api.as_ref().map(|api| api.identifier.clone()),
        nonce: valid.nonce.clone(),
        acr: is_multi_factor(session).then(|| ACR_MULTI_FACTOR.to_owned()),
        challenge: valid.challenge.clone(),
        auth_time: session.auth_time,
        auth_time_asked: valid.max_age.is_some(),
        amr: session.amr.clone(),
        created_at: now,
        expires_at: now.plus_seconds(code::LIFETIME_SECONDS),
    }))
}

enum Missing {
    Unknown,
    Nothing,
    Step(Step),
}

fn missing_factor(trusted: &Trusted, valid: &Valid, session: &Session, facts: &Facts<'_>) -> Missing {
    if is_multi_factor(session) {
        return Missing::Nothing;
    }
    let Known::Known(provable) = &facts.factors else {
        return Missing::Unknown;
    };
    match factor_due(trusted, valid, session, facts.mfa, provable) {
        Requirement::Satisfied => Missing::Nothing,
        Requirement::Prove(kinds) => Missing::Step(Step::Factor(kinds)),
        Requirement::Enrol => Missing::Step(Step::Enrol),
    }
}

/// Decides which second factor this request still needs of a session: what [`next`] asks for, and all that the pages it sends the
/// browser to may take. `mfa` is the issuer's policy.
pub fn factor_due(
    trusted: &Trusted,
    valid: &Valid,
    session: &Session,
    mfa: MfaPolicy,
    provable: &Provable,
) -> Requirement {
    let demand = Demand {
        policy: trusted.client.mfa.unwrap_or(mfa),
        asked: valid.multi_factor,
        risk: session.risk,
        remembered: provable.remembered,
    };
    factor::required(demand, &session.amr, &provable.factors)
}

fn is_multi_factor(session: &Session) -> bool {
    session.amr.iter().any(|method| method == AMR_MULTI_FACTOR)
}

/// Whether the session is proof enough for this request. A login made during the journey always is, or `max_age=0` would ask for ever.
fn is_enough(valid: &Valid, who: &SignedIn<'_>, facts: &Facts<'_>, now: Timestamp) -> bool {
    let made_for_this = who.session.auth_time >= facts.started_at;
    let right_user = facts.hinted.is_none_or(|sub| sub == who.user.id.as_str());
    let young = valid
        .max_age
        .is_none_or(|seconds| now.millis_since(who.session.auth_time) <= seconds * 1000 && seconds > 0);
    made_for_this || (right_user && !valid.prompt.login && young)
}
