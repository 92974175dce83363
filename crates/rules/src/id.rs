//! Identifiers as types, so that one cannot be passed for another.
//!
//! Ids we mint are lower-case hexadecimal (with a prefix where the field has one); imported ids are opaque text of at most 255 bytes.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps text that is already known to be an id of this sort.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// The `sub` of a user, for example `auth0|65f0c3…` (24 hexadecimal digits).
    UserId;
    /// A `client_id`.
    ClientId;
    /// The `sid` of a session: stable, public in tokens, and never a credential.
    SessionId;
    /// The `gid` of a grant: a refresh family, or a client grant's fixed id.
    GrantId;
}

/// Lower-case hexadecimal of random bytes, the form of the ids we mint.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The epochs a row was born under. A row is dead as soon as any of them has moved on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// The user's epoch.
    pub user: i64,
    /// The client's epoch.
    pub client: i64,
    /// The issuer's epoch.
    pub issuer: i64,
}
