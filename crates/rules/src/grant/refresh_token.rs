//! The refresh token grant (RFC 6749 section 6). What the presented token itself becomes is [`crate::family::rotate`]'s decision.

use super::authorization_code::named_api;
use super::{Grant, Origin, Refreshable, Subject, UserSubject};
use crate::api::{Api, Offline, grantable, offline};
use crate::client::GrantType;
use crate::client_auth::AuthenticatedClient;
use crate::family::{self, Family, RefreshToken, Rotate};
use crate::id::{Epochs, GrantId};
use crate::refusal::{Reason, Refusal};
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;
use sekisho_verify::Scope;

/// What the client asked for beside the token.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// A narrower scope.
    pub scope: Option<&'a Scope>,
    /// The audience; must be the one granted.
    pub audience: Option<&'a str>,
}

/// What was found for the token.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The family its handle names.
    pub family: Option<Family>,
    /// The family's user.
    pub user: Option<User>,
    /// The session it grew from.
    pub session: Option<Session>,
    /// The API the family names.
    pub api: Option<Api>,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
}

/// What a refresh becomes.
#[derive(Clone, Debug)]
pub enum Refresh {
    /// Tokens, once the family was advanced, kept or repeated.
    Grant(Box<Grant>, Turn),
    /// The token was used before: end the family.
    Replay(GrantId),
    /// An error.
    Refuse(Refusal),
}

/// What to write for the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Replace the tip.
    Advance,
    /// Leave the tip.
    Keep,
    /// Answer with the same child again.
    Repeat,
}

/// Decides whether a refresh token becomes tokens.
///
/// RFC 6749 section 6: the token MUST belong to the client, and the scope MUST NOT be wider than granted: words that were not granted
/// are dropped, and the answer says what is left. RFC 9700 section 4.14.2: a used token ends its family. The grant is decided afresh
/// from the family: a blocked user or a raised epoch ends it here even if nothing ended the row, and what the API no longer defines or
/// allows is no longer minted. The tokens name the session only while it stands: a family with `offline_access` outlives it, and a
/// token that named an ended session would be void from birth.
pub fn refresh(
    client: &AuthenticatedClient,
    presented: &RefreshToken,
    wish: Wish<'_>,
    facts: Facts,
    now: Timestamp,
) -> Refresh {
    let client = client.client();
    let refuse = |reason: Reason, private: &'static str| Refresh::Refuse(Refusal::new(reason, private));
    if !client.may(GrantType::RefreshToken) {
        return refuse(Reason::GrantNotAllowed("refresh_token"), "");
    }
    let Some(family) = facts.family else {
        return refuse(Reason::InvalidRefreshToken, "no such family");
    };
    if family.client_id != client.id {
        return refuse(Reason::InvalidRefreshToken, "the token belongs to another client");
    }
    let Some(user) = facts.user.filter(|user| user.id == family.user_id) else {
        return refuse(Reason::UserGone, "");
    };
    if user.blocked {
        return refuse(Reason::UserBlocked, "");
    }
    let epochs = Epochs {
        user: user.epoch,
        client: client.epoch,
        issuer: facts.issuer_epoch,
    };
    if !family.stands(epochs, now) {
        return refuse(Reason::InvalidRefreshToken, "the family has ended or expired");
    }
    let turn = match family::rotate(client, &family, presented, now) {
        Rotate::Advance => Turn::Advance,
        Rotate::Keep => Turn::Keep,
        Rotate::Repeat => Turn::Repeat,
        Rotate::Replay => return Refresh::Replay(family.gid),
        Rotate::Refuse => return refuse(Reason::InvalidRefreshToken, "not a token of this family"),
    };
    if let Some(asked) = wish.audience
        && family.audience.as_deref() != Some(asked)
    {
        return refuse(
            Reason::UnknownAudience(asked.to_owned()),
            "the family was granted for another audience",
        );
    }
    let Some(api) = named_api(family.audience.as_deref(), facts.api) else {
        return refuse(Reason::InvalidRefreshToken, "the API is gone");
    };
    if offline(client, api.as_ref()) == Offline::Denied {
        return refuse(
            Reason::InvalidRefreshToken,
            "the API no longer allows refresh tokens",
        );
    }
    let granted = grantable(&family.scope, client, api.as_ref());
    let scope = match wish.scope {
        Some(asked) => asked.intersect(&granted),
        None => granted,
    };
    if scope.is_empty() && !family.scope.is_empty() {
        return refuse(Reason::WiderScope, "nothing of the scope was granted");
    }
    let session = facts.session.filter(|session| {
        Some(&session.id) == family.session_id.as_ref() && session.stands(&user, facts.issuer_epoch, now)
    });
    let grant = Grant {
        subject: Subject::User(Box::new(UserSubject {
            user,
            session_id: session.map(|session| session.id),
            epochs,
            auth_time: family.auth_time,
            amr: family.amr,
            acr: family.acr,
            nonce: None,
        })),
        client: client.clone(),
        gid: family.gid,
        scope,
        api,
        origin: Origin::Refresh,
        issued_at: now,
        refreshable: Refreshable::Yes,
    };
    Refresh::Grant(Box::new(grant), turn)
}
