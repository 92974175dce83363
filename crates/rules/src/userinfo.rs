//! Userinfo (OpenID Connect Core section 5.3): whether an access token opens a user's profile.

use crate::family::Family;
use crate::id::Epochs;
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;
use sekisho_verify::Scope;

/// What the rows say about a presented access token.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The scope of the token.
    pub scope: &'a Scope,
    /// The family of its `gid`.
    pub family: Option<&'a Family>,
    /// The session of its `sid`, when it names one that is still known.
    pub session: Option<&'a Session>,
    /// Its user.
    pub user: Option<&'a User>,
    /// The epochs of its user, client and issuer now.
    pub epochs: Epochs,
}

/// What userinfo answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The profile.
    Show,
    /// 401 `invalid_token` (RFC 6750 section 3.1).
    InvalidToken,
    /// 403 `insufficient_scope`: the token lacks `openid`.
    InsufficientScope,
}

/// Decides whether a token, good by its own looks, still opens the profile: rows are read, so an ended grant closes it at once, and so
/// does a logout, even where the grant outlives it. A session that merely expired closes nothing: the token has its own end.
pub fn decide(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let stands = facts.family.is_some_and(|family| {
        // A family without a refresh token has no idle life of its own; its end and epochs count.
        family.ended_at.is_none() && family.epochs == facts.epochs && now < family.expires_at
    });
    let logged_out = facts.session.is_some_and(|session| session.ended_at.is_some());
    match (stands && !logged_out, facts.user) {
        (true, Some(user)) if !user.blocked => {
            if facts.scope.contains("openid") {
                Verdict::Show
            } else {
                Verdict::InsufficientScope
            }
        }
        _ => Verdict::InvalidToken,
    }
}
