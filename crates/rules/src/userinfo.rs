//! Userinfo (OpenID Connect Core section 5.3): whether an access token opens a user's profile.

use crate::standing::Standing;
use sekisho_verify::Scope;

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

/// Decides whether a token, good by its own looks, opens the profile. The scope is not looked at first: a dead token learns nothing
/// about itself.
pub fn decide(standing: Standing, scope: &Scope) -> Verdict {
    match standing {
        Standing::Ended(_) => Verdict::InvalidToken,
        Standing::Stands if scope.contains("openid") => Verdict::Show,
        Standing::Stands => Verdict::InsufficientScope,
    }
}
