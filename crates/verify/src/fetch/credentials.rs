//! Who a verifier is to its issuer.

use std::fmt;

/// Who a verifier is to its issuer: a machine client with a grant for the revocation feed (`sekisho verifier add`). It is not
/// printed by `Debug`.
#[derive(Clone)]
pub struct Credentials {
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

impl Credentials {
    /// A client and its secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
