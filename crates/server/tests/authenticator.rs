//! A software authenticator for the stories: it answers our pages in JSON, as the script of the pages does, and can be made to lie in
//! every way an authenticator or a browser could.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error, get_assertion, make_credential};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::pin::Pin;

type Device = Authenticator<Option<Passkey>, Finger, RustCryptoBackend>;

/// An authenticator with room for one passkey, in a browser at an origin.
pub(crate) struct Key {
    device: Device,
    /// What the browser says the page's origin is.
    pub(crate) origin: String,
    /// What the browser says the page asks about.
    pub(crate) kind: Option<&'static str>,
    /// The relying party the authenticator is made to believe in; the one of the options when `None`.
    pub(crate) rp_id: Option<String>,
    /// The challenge that is signed; the one of the options when `None`.
    pub(crate) challenge: Option<String>,
    /// What the browser says of frames.
    pub(crate) cross_origin: bool,
}

/// Whoever touches the authenticator, verified or only present.
struct Finger {
    verified: bool,
}

impl UserValidationMethod for Finger {
    type PasskeyItem = Passkey;

    fn check_user<'a, 'life, 'all>(
        &'life self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        _verification: bool,
    ) -> Pin<Box<dyn Future<Output = Result<UserCheck, Ctap2Error>> + Send + 'all>>
    where
        'a: 'all,
        'life: 'all,
        Self: 'all,
    {
        let verification = self.verified;
        Box::pin(async move {
            Ok(UserCheck {
                presence,
                verification,
            })
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(self.verified)
    }
}

impl Key {
    /// One that verifies its user and counts its signatures.
    pub(crate) fn new() -> Self {
        Self::made(Finger { verified: true })
    }

    /// One that only notices that somebody is there.
    pub(crate) fn that_verifies_nobody() -> Self {
        Self::made(Finger { verified: false })
    }

    fn made(finger: Finger) -> Self {
        let mut device = Authenticator::new(Aaguid::new_empty(), None, finger, RustCryptoBackend);
        device.set_make_credentials_with_signature_counter(true);
        Self {
            device,
            origin: "https://login.example".to_owned(),
            kind: None,
            rp_id: None,
            challenge: None,
            cross_origin: false,
        }
    }

    /// The same passkey in an authenticator that verifies nobody.
    pub(crate) fn unverified(&self) -> Self {
        let mut other = Self::that_verifies_nobody();
        other.device.store_mut().clone_from(self.device.store());
        other
    }

    /// The passkey, to be changed.
    pub(crate) fn passkey(&mut self) -> &mut Passkey {
        self.device.store_mut().as_mut().unwrap()
    }

    /// `navigator.credentials.create`: the answer, as the page's script writes it.
    pub(crate) async fn create(&mut self, options: &Value) -> String {
        let data = self.client_data("webauthn.create", options);
        let request = make_credential::Request {
            client_data_hash: Sha256::digest(data.as_bytes()).to_vec().into(),
            rp: make_credential::PublicKeyCredentialRpEntity {
                id: self.rp_id(options["rp"]["id"].as_str()),
                name: None,
            },
            user: serde_json::from_value(options["user"].clone()).unwrap(),
            pub_key_cred_params: serde_json::from_value(options["pubKeyCredParams"].clone()).unwrap(),
            exclude_list: None,
            extensions: None,
            options: make_credential::Options {
                rk: true,
                up: true,
                uv: false,
            },
            pin_auth: None,
            pin_protocol: None,
        };
        let made = self.device.make_credential(request).await.unwrap();
        let id = encoded(&self.passkey().credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": encoded(data.as_bytes()),
                "attestationObject": encoded(&made.as_webauthn_bytes()),
                "transports": ["internal", "smoke-signal"],
            },
            "clientExtensionResults": { "credProps": { "rk": true } },
        })
        .to_string()
    }

    /// `navigator.credentials.get`: the answer, as the page's script writes it.
    pub(crate) async fn get(&mut self, options: &Value) -> String {
        let data = self.client_data("webauthn.get", options);
        let request = get_assertion::Request {
            rp_id: self.rp_id(options["rpId"].as_str()),
            client_data_hash: Sha256::digest(data.as_bytes()).to_vec().into(),
            allow_list: None,
            extensions: None,
            options: get_assertion::Options { up: true, uv: false },
            pin_auth: None,
            pin_protocol: None,
        };
        let signed = self.device.get_assertion(request).await.unwrap();
        let id = encoded(&self.passkey().credential_id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": encoded(data.as_bytes()),
                "authenticatorData": encoded(&signed.auth_data.to_vec()),
                "signature": encoded(&signed.signature),
                "userHandle": signed.user.map(|user| encoded(&user.id)),
            },
            "clientExtensionResults": {},
        })
        .to_string()
    }

    fn rp_id(&self, asked: Option<&str>) -> String {
        self.rp_id.clone().unwrap_or_else(|| asked.unwrap().to_owned())
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let asked = options["challenge"].as_str().unwrap();
        json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": self.challenge.as_deref().unwrap_or(asked),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
    }
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}
