//! Whether an access token still stands, by the rows it came from. What a verifier learns from revocation records, the issuer's own
//! endpoints read here; both must say the same of every token.

use crate::client::{Client, Standing as ClientStanding};
use crate::family::Family;
use crate::id::{ClientId, Epochs, GrantId, SessionId};
use crate::session::Session;
use crate::user::User;
use sekisho_verify::Scope;

/// What an access token says of itself, once its own form and signature hold.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Its grant.
    pub gid: GrantId,
    /// The session it names.
    pub session_id: Option<SessionId>,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// What it opens.
    pub scope: Scope,
    /// When it was issued, in unix seconds.
    pub issued_at: i64,
    /// When it expires, in unix seconds.
    pub expires_at: i64,
}

/// What its rows say.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Its client.
    pub client: Option<&'a Client>,
    /// What its `gid` names.
    pub given: Given<'a>,
    /// The issuer.
    pub issuer: IssuerMarks,
    /// Whether it was ended by itself.
    pub alone: Alone,
    /// Whether the key that signed it still counts.
    pub key: SigningKey,
}

/// What a `gid` names.
#[derive(Clone, Debug)]
pub enum Given<'a> {
    /// A refresh family: a user's grant.
    Family {
        /// The family.
        family: &'a Family,
        /// Who granted it.
        user: Option<&'a User>,
        /// The session the token names, when its row is still there.
        session: Option<&'a Session>,
    },
    /// A client's own grant.
    ClientGrant,
    /// Nothing that is there.
    Nothing,
}

/// The issuer's epoch and `nbf`.
#[derive(Clone, Copy, Debug)]
pub struct IssuerMarks {
    /// Raised to end every row.
    pub epoch: i64,
    /// Tokens with `iat` before this unix second are void.
    pub nbf: i64,
}

/// Whether a token was ended by itself (RFC 7009).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It was.
    Ended,
    /// Not by itself.
    NotEnded,
}

/// Whether a signing key still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKey {
    /// It does, or the token needs none.
    Trusted,
    /// It was revoked.
    Revoked,
}

/// Whether a token still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Stands,
    /// It was ended, by this.
    Ended(Cause),
}

/// What ended a token. The first in this order is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The key that signed it.
    Key,
    /// Everything ended.
    Issuer,
    /// Its client was disabled, deleted or leaked.
    Client,
    /// Its user was logged out everywhere, blocked or deleted.
    User,
    /// Its grant.
    Grant,
    /// Its session.
    Session,
    /// It alone.
    Token,
}

/// Decides whether a token stands. Nothing here looks at expiry: a session or a grant that merely expired ends no token, for a token
/// has its own end.
pub fn standing(token: &AccessToken, facts: &Facts<'_>) -> Standing {
    match cause(token, facts) {
        Some(cause) => Standing::Ended(cause),
        None => Standing::Stands,
    }
}

fn cause(token: &AccessToken, facts: &Facts<'_>) -> Option<Cause> {
    if facts.key == SigningKey::Revoked {
        return Some(Cause::Key);
    }
    if token.issued_at < facts.issuer.nbf {
        return Some(Cause::Issuer);
    }
    let Some(client) = facts
        .client
        .filter(|client| client.standing == ClientStanding::Enabled && token.issued_at >= client.nbf)
    else {
        return Some(Cause::Client);
    };
    let of_grant = match &facts.given {
        Given::Nothing => Some(Cause::Grant),
        Given::ClientGrant => None,
        Given::Family {
            family,
            user,
            session,
        } => match user {
            Some(user) if !user.blocked && token.issued_at >= user.nbf => {
                let now = Epochs {
                    user: user.epoch,
                    client: client.epoch,
                    issuer: facts.issuer.epoch,
                };
                of_family(family, now).or_else(|| {
                    session
                        .is_some_and(|session| session.ended_at.is_some())
                        .then_some(Cause::Session)
                })
            }
            _ => Some(Cause::User),
        },
    };
    of_grant.or((facts.alone == Alone::Ended).then_some(Cause::Token))
}

fn of_family(family: &Family, now: Epochs) -> Option<Cause> {
    let born = family.epochs;
    match () {
        () if born.issuer != now.issuer => Some(Cause::Issuer),
        () if born.client != now.client => Some(Cause::Client),
        () if born.user != now.user => Some(Cause::User),
        () if family.ended_at.is_some() => Some(Cause::Grant),
        () => None,
    }
}
