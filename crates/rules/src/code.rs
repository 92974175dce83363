//! Authorization codes: one use, 60 seconds, bound to everything they were made for (RFC 6749 section 4.1.2, RFC 9700 section 2.1.1).

use crate::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use crate::pkce::Challenge;
use crate::time::Timestamp;
use sekisho_verify::Scope;

/// Seconds a code lives.
pub const LIFETIME_SECONDS: i64 = 60;

/// What a code stands for. `authorize::next` makes it, `grant::authorization_code::redeem` checks it.
#[derive(Clone, Debug)]
pub struct Code {
    /// The grant it will become; fixed now, so that a replay knows what to end.
    pub gid: GrantId,
    /// For whom it was made.
    pub client_id: ClientId,
    /// Who signed in.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// Under which epochs.
    pub epochs: Epochs,
    /// The redirect URI as it was sent.
    pub redirect_uri: String,
    /// What was granted.
    pub scope: Scope,
    /// The API, when one was asked for.
    pub audience: Option<String>,
    /// To be echoed in the ID token.
    pub nonce: Option<String>,
    /// The authentication context that was asked for and reached.
    pub acr: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<Challenge>,
    /// When the user proved themselves.
    pub auth_time: Timestamp,
    /// Whether `max_age` was sent, which makes `auth_time` a required claim.
    pub auth_time_asked: bool,
    /// How the user proved themselves.
    pub amr: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it dies.
    pub expires_at: Timestamp,
}

/// A code row as it was found.
#[derive(Clone, Debug)]
pub struct StoredCode {
    /// What it stands for.
    pub code: Code,
    /// When it was redeemed.
    pub used_at: Option<Timestamp>,
}
