//! What is sealed of a provider: our secret there, and its tokens of people where they are kept.

pub use crate::seal::Place;

use crate::app::App;
use crate::http::reply::Trouble;
use sekisho_rules::time::Timestamp;
use sekisho_store::identities::SealedTokens;
use serde::{Deserialize, Serialize};

/// Seconds a refresh token without a named end is kept after its last use.
const REFRESH_SECONDS: i64 = 30 * 86_400;

/// A provider's tokens of one person.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpstreamTokens {
    /// Opens the provider's API.
    pub access_token: String,
    /// Renews it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds the access token works, as the provider said.
    pub expires_in: i64,
}

impl UpstreamTokens {
    /// Sealed for the row of an identity.
    pub(super) fn seal(&self, app: &App, row: &str, now: Timestamp) -> Result<SealedTokens, Trouble> {
        let plain = serde_json::to_vec(self).map_err(|_| Trouble::Internal("tokens cannot be written"))?;
        let sealed = app.sealer.seal(&identity_place(row), &plain);
        let lives = match &self.refresh_token {
            Some(_) => self.expires_in.max(REFRESH_SECONDS),
            None => self.expires_in,
        };
        Ok(SealedTokens {
            sealed: sealed.map_err(|_| Trouble::Internal("tokens cannot be sealed"))?,
            expire_at: now.plus_seconds(lives),
        })
    }
}

/// Where the secret of a connection is sealed for.
pub fn secret_place(id: &str) -> Place<'_> {
    Place {
        table: "connections",
        column: "sealed_secret",
        row: id,
    }
}

/// Where the tokens of an identity are sealed for.
pub fn identity_place(row: &str) -> Place<'_> {
    Place {
        table: "identities",
        column: "sealed_tokens",
        row,
    }
}
