//! Consent: what a user allowed a third-party client.

use crate::time::Timestamp;
use sekisho_verify::Scope;

/// What one user allowed one client at one audience.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Everything allowed so far.
    pub scope: Scope,
    /// When it was last given.
    pub granted_at: Timestamp,
}
