//! The `mfa_token` on its way to a client and back: sealed, and used up once.

use crate::http::visit::Visit;
use sekisho_rules::mfa_token::{MfaToken, Unfit};

/// What it is sealed for.
const LABEL: &str = "mfa token";

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 8192;

/// Its text. `None` when sealing fails.
pub fn seal(visit: &Visit, token: &MfaToken) -> Option<String> {
    let plain = serde_json::to_vec(token).ok()?;
    visit.app.sealer.seal_transient(LABEL, &plain).ok()
}

/// Reads one. Whether it is good is another question: [`MfaToken::fits`].
///
/// # Errors
/// [`Unfit::Malformed`] for everything we did not seal.
pub fn open(visit: &Visit, text: &str) -> Result<MfaToken, Unfit> {
    if text.len() > LONGEST {
        return Err(Unfit::Malformed);
    }
    let plain = visit.app.sealer.open_transient(LABEL, text);
    let plain = plain.map_err(|_| Unfit::Malformed)?;
    serde_json::from_slice(&plain).map_err(|_| Unfit::Malformed)
}
