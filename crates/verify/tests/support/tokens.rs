//! Keys, tokens and a policy that fit together, to be spoiled one thing at a time.

#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part of this"
)]

use std::sync::LazyLock;

use sekisho_jose::{Algorithm, SigningKey, jwt};
use sekisho_verify::{Issuer, KeySet, Policy, Verdict, Verifier};
use serde_json::{Value, json};

pub(crate) const ISS: &str = "https://id.example.com/";
pub(crate) const AUD: &str = "https://api.example.com/";
/// The moment of all tests, in Unix seconds.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(|| key("one"));

/// A new key; ES256, because making RSA keys takes long without optimisation.
pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap().with_kid(kid)
}

/// The claims of a good access token of a user.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISS, "sub": "auth0|0123456789abcdef01234567", "aud": [AUD, "https://id.example.com/userinfo"],
        "azp": "client-1", "iat": NOW - 60, "exp": NOW + 240, "nbf": NOW - 60,
        "scope": "openid read:notes write:notes", "permissions": ["notes:read", "notes:write"],
        "jti": "t-1", "gid": "g-1", "sid": "s-1", "gty": "password", "org_id": "org_1",
        "https://example.com/roles": ["editor"],
    })
}

/// The claims with one member put or, by `null`, taken away.
pub(crate) fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member)
    } else {
        members.insert(member.to_owned(), value)
    };
    claims
}

pub(crate) fn sign(key: &SigningKey, typ: &str, claims: &Value) -> String {
    jwt::sign(claims, typ, key).unwrap()
}

/// A token of any header and payload whose signature (ES256) holds.
pub(crate) fn sign_raw(key: &SigningKey, header: &str, payload: &[u8]) -> String {
    let pkcs8 = key.to_pkcs8_der().unwrap();
    let alg = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(alg, &pkcs8).unwrap();
    let encode = sekisho_jose::base64url::encode;
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload));
    let signature = pair
        .sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes())
        .unwrap();
    format!("{input}.{}", encode(signature.as_ref()))
}

pub(crate) fn policy() -> Policy {
    policy_of(Issuer::pinned(ISS, keys(&[&KEY])).require_gid())
}

pub(crate) fn policy_of(issuer: Issuer) -> Policy {
    Policy::access(issuer, AUD).algorithms([Algorithm::Es256])
}

pub(crate) fn keys(keys: &[&SigningKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| key.verifying_key()).collect())
}

/// What the usual verifier says about these claims.
pub(crate) fn judge(claims: &Value) -> Verdict {
    Verifier::new(policy())
        .unwrap()
        .check(&sign(&KEY, "JWT", claims), NOW)
}
