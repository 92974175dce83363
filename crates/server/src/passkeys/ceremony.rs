//! Who we are to authenticators, and the challenge of a ceremony on its way through a browser.

use crate::app::App;
use crate::config::Config;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use sekisho_rules::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// The largest answer of an authenticator that is read, in bytes. Attestation certificates are not asked for.
const ANSWER_BYTES: usize = 16 * 1024;

/// Who we are to authenticators: the host and the exact origin of the issuer.
pub struct RelyingParty(Webauthn);

impl RelyingParty {
    /// The relying party of an issuer, `None` when its host is an address: passkeys belong to names (Web Authentication Level 3, section
    /// 5.1.3), so such an issuer offers none.
    pub fn of(config: &Config) -> Option<Self> {
        let url = config.issuer.url();
        let built = WebauthnBuilder::new(url.domain()?, url)
            .and_then(|builder| builder.rp_name(&config.name).build());
        match built {
            Ok(party) => Some(Self(party)),
            Err(error) => {
                tracing::error!(%error, "passkeys are off: the issuer cannot be a relying party");
                None
            }
        }
    }

    pub(super) fn library(&self) -> &Webauthn {
        &self.0
    }
}

/// What a browser is asked: the options of the Web Authentication API in JSON, with bytes in base64url, and the challenge, sealed.
pub struct Offer {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: serde_json::Value,
    /// What must come back with the answer.
    pub challenge: String,
}

impl Offer {
    /// The `publicKey` member of what the library would have us send.
    pub(super) fn of(asked: &impl Serialize, challenge: String) -> Result<Self, Trouble> {
        let asked = serde_json::to_value(asked);
        let mut asked = asked.map_err(|_| Trouble::Internal("passkey options cannot be written"))?;
        Ok(Self {
            options: asked["publicKey"].take(),
            challenge,
        })
    }
}

/// A challenge and what it is good for.
#[derive(Serialize, Deserialize)]
pub(super) struct Ceremony<S> {
    /// Makes it single-use.
    pub(super) id: String,
    /// From then on it is void.
    pub(super) expires_at: Timestamp,
    /// For whom or what it was made.
    bound: String,
    /// What the library remembers of it.
    pub(super) state: S,
}

impl<S: Serialize + DeserializeOwned> Ceremony<S> {
    pub(super) fn new(visit: &Visit, bound: String, seconds: i64, state: S) -> Self {
        Self {
            id: visit.moment.id(),
            expires_at: visit.moment.now.plus_seconds(seconds),
            bound,
            state,
        }
    }

    pub(super) fn seal(&self, app: &App, label: &str) -> Result<String, Trouble> {
        let plain =
            serde_json::to_vec(self).map_err(|_| Trouble::Internal("a challenge cannot be written"))?;
        app.sealer
            .seal_transient(label, &plain)
            .map_err(|_| Trouble::Internal("a challenge cannot be sealed"))
    }

    /// The challenge, if it is ours, young, and made for the same purpose and the same `bound`.
    pub(super) fn open(visit: &Visit, label: &str, bound: &str, sealed: &str) -> Option<Self> {
        let plain = visit.app.sealer.open_transient(label, sealed).ok()?;
        let opened: Self = serde_json::from_slice(&plain).ok()?;
        (opened.bound == bound && opened.expires_at > visit.moment.now).then_some(opened)
    }
}

/// Reads an authenticator's answer.
pub(super) fn answer<A: DeserializeOwned>(text: &str) -> Option<A> {
    if text.len() > ANSWER_BYTES {
        return None;
    }
    let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
    // Browsers leave a handle out that there is none of; others write null.
    if let Some(response) = value.get_mut("response").and_then(|inner| inner.as_object_mut()) {
        response.entry("userHandle").or_insert(serde_json::Value::Null);
    }
    serde_json::from_value(value).ok()
}

/// Credential ids as rows have them.
pub(super) fn encoded(id: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(id)
}
