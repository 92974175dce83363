//! Grants in which a person proves themselves at the token endpoint, without a browser: by a password, a mailed code or a passkey.
//!
//! What they proved was checked before; here it is decided whether that is enough for tokens. A grant of this sort belongs to no
//! session, so it names none, and its tokens end with the user, the client or the grant itself.

use super::{Grant, Origin, Refreshable, Subject, UserSubject};
use crate::api::{Api, grantable};
use crate::client::{Client, GrantType, Party};
use crate::client_auth::AuthenticatedClient;
use crate::factor::{
    self, ACR_MULTI_FACTOR, AMR_MULTI_FACTOR, Demand, Factors, MfaPolicy, Requirement, Risk,
};
use crate::id::{Epochs, GrantId};
use crate::refusal::{Reason, Refusal};
use crate::time::Timestamp;
use crate::user::User;
use crate::wire::Wire;
use sekisho_verify::Scope;

/// A person and how they proved themselves.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub user: User,
    /// How (RFC 8176): of the first factor, and `mfa` beside it once a second was proven.
    pub amr: Vec<String>,
    /// When they proved the first factor.
    pub auth_time: Timestamp,
}

/// What the client asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The grant in which the first factor was proven.
    pub grant: GrantType,
    /// The scope; [`usual_scope`] when there is none.
    pub scope: Option<&'a Scope>,
    /// The API.
    pub audience: Option<&'a str>,
}

/// What was found for the request.
#[derive(Clone, Debug)]
pub struct Facts {
    /// A fresh id for the grant.
    pub gid: GrantId,
    /// The API the audience names.
    pub api: Option<Api>,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
    /// What the person has set up.
    pub factors: Factors,
    /// When a second factor is asked for, where the client does not say.
    pub mfa: MfaPolicy,
    /// How the login looks.
    pub risk: Risk,
    /// What the wire gives who asks for no scope.
    pub wire: Wire,
}

/// What a login at the token endpoint becomes.
#[derive(Clone, Debug)]
pub enum Decided {
    /// Tokens, once the family was started.
    Grant(Box<Grant>),
    /// A second factor is due first.
    Factor {
        /// Which would be enough.
        due: Requirement,
        /// The scope that is granted then, at most.
        scope: Scope,
    },
    /// An error.
    Refuse(Refusal),
}

/// Decides whether a client may let people log in at the token endpoint by this grant. Asked before a credential is looked at.
///
/// Off unless the client has the grant, and never for somebody else's application: it would see the credential, and nobody could
/// consent (RFC 9700 section 2.4).
///
/// # Errors
/// [`Reason::GrantNotAllowed`].
pub fn may_log_in(client: &Client, grant: GrantType) -> Result<(), Refusal> {
    if client.party == Party::Third {
        return Err(Refusal::new(
            Reason::GrantNotAllowed(grant.word()),
            "the application is somebody else's",
        ));
    }
    match client.may(grant) {
        true => Ok(()),
        false => Err(Reason::GrantNotAllowed(grant.word()).into()),
    }
}

/// The scope of a request that names none. By the standard it is ours to choose (RFC 6749 section 3.3) and is empty.
pub fn usual_scope(wire: Wire) -> Scope {
    match wire {
        Wire::Auth0 => Scope::parse("openid profile email address phone").unwrap_or_default(),
        Wire::Standard => Scope::default(),
    }
}

/// Decides whether a login becomes tokens.
///
/// The second factor is demanded by the same rule as in a browser, without a remembered one: a program has no browser (threat 9). The
/// scope is cut to what may be granted, as for a code; `offline_access` gives a refresh token where client and API allow it.
pub fn decide(
    client: &AuthenticatedClient,
    login: Login,
    asked: Asked<'_>,
    facts: Facts,
    now: Timestamp,
) -> Decided {
    let client = client.client();
    if let Err(refusal) = may_log_in(client, asked.grant) {
        return Decided::Refuse(refusal);
    }
    if login.user.blocked {
        return Decided::Refuse(Reason::UserBlocked.into());
    }
    let api = match (asked.audience, facts.api) {
        (None, _) => None,
        (Some(audience), Some(api)) if api.identifier == audience => Some(api),
        (Some(audience), _) => {
            return Decided::Refuse(Reason::UnknownAudience(audience.to_owned()).into());
        }
    };
    let demand = Demand {
        policy: client.mfa.unwrap_or(facts.mfa),
        asked: false,
        risk: facts.risk,
        remembered: false,
    };
    let usual = usual_scope(facts.wire);
    let scope = grantable(asked.scope.unwrap_or(&usual), client, api.as_ref());
    match factor::required(demand, &login.amr, &facts.factors) {
        Requirement::Satisfied => {}
        due => return Decided::Factor { due, scope },
    }
    let refreshable = match scope.contains("offline_access") {
        true => Refreshable::Yes,
        false => Refreshable::No,
    };
    let several = login.amr.iter().any(|method| method == AMR_MULTI_FACTOR);
    let epochs = Epochs {
        user: login.user.epoch,
        client: client.epoch,
        issuer: facts.issuer_epoch,
    };
    Decided::Grant(Box::new(Grant {
        subject: Subject::User(Box::new(UserSubject {
            user: login.user,
            session_id: None,
            epochs,
            auth_time: login.auth_time,
            amr: login.amr,
            acr: several.then(|| ACR_MULTI_FACTOR.to_owned()),
            nonce: None,
        })),
        client: client.clone(),
        gid: facts.gid,
        scope,
        api,
        origin: origin(asked.grant),
        issued_at: now,
        refreshable,
    }))
}

fn origin(grant: GrantType) -> Origin {
    match grant {
        GrantType::PasswordlessOtp => Origin::Passwordless,
        GrantType::WebAuthn => Origin::Passkey,
        _ => Origin::Password,
    }
}
