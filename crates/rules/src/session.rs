//! Single sign-on sessions: a browser in which somebody is signed in.

use crate::factor::{AMR_MULTI_FACTOR, Factors, Risk, is_by_mailbox};
use crate::id::{SessionId, UserId};
use crate::time::Timestamp;
use crate::user::User;

/// A session row.
#[derive(Clone, Debug)]
pub struct Session {
    /// The `sid` of its tokens.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// The user's epoch at birth.
    pub user_epoch: i64,
    /// The issuer's epoch at birth.
    pub issuer_epoch: i64,
    /// How they proved themselves (RFC 8176).
    pub amr: Vec<String>,
    /// How their last login looked.
    pub risk: Risk,
    /// When they last proved themselves: a second factor alone does not move it.
    pub auth_time: Timestamp,
    /// When the row was last touched.
    pub last_seen: Timestamp,
    /// Without a use it ends here.
    pub idle_expires_at: Timestamp,
    /// It ends here in any case.
    pub expires_at: Timestamp,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// Seconds after a login in which what protects an account may be changed without another one.
pub const FRESH_SECONDS: i64 = 600;

/// Whether a session is proof enough for changing what protects the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It is.
    Fresh,
    /// The login was long ago: once more, with every factor the person has.
    Stale,
    /// The login was just now, but of one factor, and the person has a second one.
    OneFactor,
}

impl Session {
    /// Decides whether the person proved themselves lately, and with a second factor if they have one, so that a browser that was left
    /// open, or a stolen cookie of it, changes nothing for good (threat 31). After a login that looks wrong the mailbox counts as a second
    /// factor, or whoever knows the password alone could set one of their own up.
    pub fn freshness(&self, factors: &Factors, now: Timestamp) -> Freshness {
        if now.millis_since(self.auth_time) >= FRESH_SECONDS * 1000 {
            Freshness::Stale
        } else if self.lacks_a_factor(factors) {
            Freshness::OneFactor
        } else {
            Freshness::Fresh
        }
    }

    /// Decides whether the login proved less than the person has: then it changes nothing of what proves them, whatever the policy of the
    /// application asked of it (threat 9).
    pub fn lacks_a_factor(&self, factors: &Factors) -> bool {
        let several = self.amr.iter().any(|method| method == AMR_MULTI_FACTOR);
        let mailbox = self.risk != Risk::Low && factors.mailbox && !is_by_mailbox(&self.amr);
        (factors.has_any() || mailbox) && !several
    }

    /// Decides whether the session still stands for this user: not ended, not expired, no epoch moved on, not blocked.
    pub fn stands(&self, user: &User, issuer_epoch: i64, now: Timestamp) -> bool {
        self.ended_at.is_none()
            && now < self.expires_at
            && now < self.idle_expires_at
            && self.user_id == user.id
            && self.user_epoch == user.epoch
            && self.issuer_epoch == issuer_epoch
            && !user.blocked
    }
}

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct SessionPolicy {
    /// Seconds without a use to the end.
    pub idle: i64,
    /// Seconds from the login to the end.
    pub absolute: i64,
}

impl Default for SessionPolicy {
    /// Three days idle, seven days in all.
    fn default() -> Self {
        Self {
            idle: 259_200,
            absolute: 604_800,
        }
    }
}
