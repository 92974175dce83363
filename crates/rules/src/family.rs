//! Refresh families: one grant's chain of refresh tokens, of which only the tip is alive (RFC 9700 section 4.14.2).
//!
//! A token is `rt_` and 70 characters: the family's secret handle (128 bits), a generation, and that generation's own secret (256
//! bits). The handle never leaves the token, so whoever presents it holds a token of this family, and an old generation can be told
//! from noise although only the hashes of the tip and its parent are stored.

use crate::client::{Client, Rotation};
use crate::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use crate::secret::{Secret, SecretHash};
use crate::time::Timestamp;
use base64_simd::URL_SAFE_NO_PAD;
use sekisho_verify::Scope;

/// The shortest window in which a repeated use is answered again, in seconds, whatever the client's leeway.
pub const REPEAT_FLOOR_SECONDS: i64 = 10;

/// How often one rotation may be repeated.
pub const REPEATS_MAX: i64 = 100;

const PREFIX: &str = "rt_";
const HANDLE: usize = 16;
const GENERATION: usize = 4;
const SECRET: usize = 32;

/// A refresh token taken apart. It has no `Debug` or `Display`.
#[derive(Clone)]
pub struct RefreshToken {
    handle: [u8; HANDLE],
    /// Which link of the chain it is; the first is 0.
    pub generation: u32,
    secret: Secret,
}

impl RefreshToken {
    /// The first token of a new family.
    pub fn first(handle: [u8; HANDLE], secret: Secret) -> Self {
        Self {
            handle,
            generation: 0,
            secret,
        }
    }

    /// The token that follows this one.
    #[must_use]
    pub fn child(&self, secret: Secret) -> Self {
        Self {
            handle: self.handle,
            generation: self.generation.saturating_add(1),
            secret,
        }
    }

    /// From its text; `None` for anything that is not one, whatever is wrong with it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text.strip_prefix(PREFIX)?).ok()?;
        let (handle, rest) = bytes.split_first_chunk::<HANDLE>()?;
        let (generation, secret) = rest.split_first_chunk::<GENERATION>()?;
        let secret: [u8; SECRET] = secret.try_into().ok()?;
        let generation = u32::from_be_bytes(*generation);
        Some(Self {
            handle: *handle,
            generation,
            secret: Secret::from_random(secret),
        })
    }

    /// Its text.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(HANDLE + GENERATION + SECRET);
        bytes.extend_from_slice(&self.handle);
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(self.secret.bytes());
        PREFIX.to_owned() + &URL_SAFE_NO_PAD.encode_to_string(&bytes)
    }

    /// What finds the family.
    pub fn handle_hash(&self) -> SecretHash {
        SecretHash::of_bytes(&self.handle)
    }

    /// What proves this generation.
    pub fn hash(&self) -> SecretHash {
        self.secret.hash()
    }

    /// This generation's own secret, under which its child is sealed for a repeat.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// A family row. It exists for every redeemed code; it holds a refresh token only when there is a tip.
#[derive(Clone, Debug)]
pub struct Family {
    /// The grant.
    pub gid: GrantId,
    /// Whose it is.
    pub client_id: ClientId,
    /// Who granted it.
    pub user_id: UserId,
    /// The session it grew from.
    pub session_id: Option<SessionId>,
    /// The epochs it was born under.
    pub epochs: Epochs,
    /// What was granted.
    pub scope: Scope,
    /// The API, when one was asked for.
    pub audience: Option<String>,
    /// The authentication context.
    pub acr: Option<String>,
    /// When the user proved themselves.
    pub auth_time: Timestamp,
    /// How.
    pub amr: Vec<String>,
    /// It ends here in any case.
    pub expires_at: Timestamp,
    /// Without a use it ends here.
    pub idle_expires_at: Timestamp,
    /// The tip's generation.
    pub generation: u32,
    /// The tip's hash.
    pub tip: Option<SecretHash>,
    /// The tip's parent and when it was first rotated.
    pub previous: Option<(SecretHash, Timestamp)>,
    /// The tip's secret, sealed under its parent's.
    pub sealed_child: Option<Vec<u8>>,
    /// How often the last rotation was repeated.
    pub repeats: i64,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

impl Family {
    /// Decides whether the grant stands: not ended, not expired, no epoch moved on.
    pub fn stands(&self, epochs: Epochs, now: Timestamp) -> bool {
        self.ended_at.is_none()
            && now < self.expires_at
            && now < self.idle_expires_at
            && self.epochs == epochs
    }
}

/// What a presented refresh token becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotate {
    /// It is the tip: replace it.
    Advance,
    /// It is the tip of a family that does not rotate: it stays.
    Keep,
    /// It was the tip a moment ago: answer with the same child again.
    Repeat,
    /// It was used before: end the family.
    Replay,
    /// It is nothing: refuse.
    Refuse,
}

/// Decides what a presented refresh token becomes.
///
/// RFC 9700 section 4.14.2: a token that was replaced and comes again is a sign of theft, and the grant ends. Two tabs, or an answer
/// lost on the way, look the same for a moment; so the parent of the tip is answered again within the client's leeway (never less
/// than 10 s) of its first rotation, at most 100 times, as long as the tip was not used. The tip is unused whenever the token
/// presented is its parent, because using the tip makes the parent a grandparent.
pub fn rotate(client: &Client, family: &Family, presented: &RefreshToken, now: Timestamp) -> Rotate {
    let Some(tip) = &family.tip else {
        return Rotate::Refuse;
    };
    if family.client_id != client.id {
        return Rotate::Refuse;
    }
    let hash = presented.hash();
    if presented.generation == family.generation {
        return match (hash.matches(tip), client.rotation()) {
            (false, _) => Rotate::Refuse,
            (true, Rotation::Rotating) => Rotate::Advance,
            (true, Rotation::Fixed) => Rotate::Keep,
        };
    }
    if presented.generation > family.generation {
        return Rotate::Refuse;
    }
    if presented.generation.checked_add(1) != Some(family.generation) {
        return Rotate::Replay;
    }
    match &family.previous {
        Some((previous, rotated_at)) if hash.matches(previous) => {
            let window = client.refresh.leeway.max(REPEAT_FLOOR_SECONDS) * 1000;
            let repeatable = family.sealed_child.is_some()
                && family.repeats < REPEATS_MAX
                && now.millis_since(*rotated_at) <= window;
            if repeatable {
                Rotate::Repeat
            } else {
                Rotate::Replay
            }
        }
        _ => Rotate::Refuse,
    }
}
