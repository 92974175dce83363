//! Keys to attack and tokens with any content. The one file beside `crypto` that names the cryptography library: it
//! signs what `jws::sign` would never write.

use std::sync::LazyLock;

use sekisho_jose::{Algorithm, Buffer, Claims, Error, SigningKey, VerifyingKey, base64url, jwt};
use serde_json::Value;

pub(crate) const SECRET: &[u8; 64] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// One key per algorithm; RSA keys are slow to make without optimisation.
pub(crate) static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let rsa = SigningKey::generate(Algorithm::Rs256)
        .unwrap()
        .to_pkcs8_der()
        .unwrap();
    let make = |alg: Algorithm| match alg.name().as_bytes()[0] {
        b'R' | b'P' => SigningKey::from_pkcs8_der(alg, &rsa).unwrap(),
        _ => SigningKey::generate(alg).unwrap(),
    };
    Algorithm::ALL.into_iter().map(make).collect()
});

pub(crate) fn hs256() -> SigningKey {
    SigningKey::hmac(Algorithm::Hs256, SECRET).unwrap()
}

/// A token with any header and payload text and a true HS256 signature by [`SECRET`].
pub(crate) fn forge(header: &str, payload: &[u8]) -> String {
    forge_with(SECRET, header, payload)
}

pub(crate) fn forge_with(secret: &[u8], header: &str, payload: &[u8]) -> String {
    let input = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(payload)
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", base64url::encode(tag.as_ref()))
}

pub(crate) fn check(token: &str, key: &VerifyingKey) -> Result<Value, Error> {
    jwt::verify::<Value>(token, key, &mut Buffer::new()).map(|token| token.claims)
}

/// Reads claims through a true signature; the error's text otherwise.
pub(crate) fn claims(payload: &str) -> Result<(), String> {
    let token = forge(r#"{"alg":"HS256"}"#, payload.as_bytes());
    match jwt::verify::<Claims>(&token, &hs256().verifying_key(), &mut Buffer::new()) {
        Ok(_) => Ok(()),
        Err(error @ Error::Claims(_)) => Err(error.to_string()),
        Err(other) => panic!("{other}"),
    }
}
