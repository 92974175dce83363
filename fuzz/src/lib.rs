//! What each fuzz target does with its input. `crates/jose/tests/seeds.rs` includes this file and runs the same code
//! over the committed seeds, so a target cannot rot unnoticed. A panic is a finding.

use std::sync::LazyLock;

use sekisho_jose::{
    Algorithm, Buffer, Claims, Error, Jwk, JwkSet, KeySet, SigningKey, Unverified, VerifyingKey, base64url,
    jws, jwt,
};
use serde_json::Value;

/// The keys of RFC 7515 A.1, A.3 and RFC 8037 A, so that the published tokens among the seeds verify.
static TRUSTED: LazyLock<KeySet> = LazyLock::new(|| {
    let jwks = [
        r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    ];
    let key = |jwk| VerifyingKey::from_jwk(&Jwk::parse(jwk).expect("a JWK")).expect("a key");
    KeySet::new(jwks.into_iter().map(key).collect())
});

static SIGNER: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::hmac(Algorithm::Hs256, &[7; 32]).expect("a long enough secret"));

/// Any text as a token: nothing panics, and what verifies has exactly one spelling.
pub fn jws(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else {
        return;
    };
    let mut buffer = Buffer::new();
    let looked_at = Unverified::parse(token);
    if let Ok(verified) = jws::verify(token, &*TRUSTED, &mut buffer) {
        let looked_at = looked_at.expect("what verifies can be looked at");
        assert_eq!(looked_at.payload(), verified.payload());
        assert_eq!(looked_at.alg(), Some(verified.header().algorithm().name()));
        let parts = [looked_at.header(), looked_at.payload(), looked_at.signature()];
        assert_eq!(parts.map(base64url::encode).join("."), token);
    }
}

/// Any bytes as a JWK, a JWK set and a PEM text: what is taken as a key works and survives being written.
pub fn jwk(data: &[u8]) {
    if let Ok(set) = JwkSet::parse(data) {
        let trusted = KeySet::from_jwks(&set, &Algorithm::ALL);
        assert!(trusted.keys().iter().all(|key| !key.algorithm().is_symmetric()));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for alg in Algorithm::ALL {
        let _ = VerifyingKey::from_pem(alg, text);
        let _ = SigningKey::from_pem(alg, text);
    }
    let Ok(jwk) = Jwk::parse(text) else { return };
    let _ = jwk.thumbprint();
    if let Ok(key) = VerifyingKey::from_jwk(&jwk)
        && let Some(written) = key.public_jwk()
    {
        let again = VerifyingKey::from_jwk(&written).expect("what we write we read");
        assert_eq!(again.to_spki_der().expect("DER"), key.to_spki_der().expect("DER"));
    }
    if let Ok(key) = SigningKey::from_jwk(&jwk) {
        let token = jws::sign(b"x", None, &key).expect("a key that was taken signs");
        match jws::verify(&token, &key.verifying_key(), &mut Buffer::new()) {
            Ok(_) => {}
            // A name may be too long to be read back.
            Err(Error::TooLong) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// Any bytes as the payload of a truly signed token: the strict reader and serde_json agree on what they both accept.
pub fn claims(data: &[u8]) {
    let token = jws::sign(data, Some("JWT"), &SIGNER).expect("HMAC does not fail");
    let (key, mut buffer) = (SIGNER.verifying_key(), Buffer::new());
    match jws::verify(&token, &key, &mut buffer) {
        Ok(verified) => assert_eq!(verified.payload(), data),
        Err(Error::TooLong) => return,
        Err(other) => panic!("{other}"),
    }
    if let Ok(read) = jwt::verify::<Value>(&token, &key, &mut buffer) {
        let plain: Value = serde_json::from_slice(data).expect("strict is a part of plain");
        assert_eq!(read.claims, plain);
    }
    let mut buffer = Buffer::new();
    if let Ok(read) = jwt::verify::<Claims<'_>>(&token, &key, &mut buffer) {
        let written = serde_json::to_string(&read.claims).expect("claims can be written");
        assert_eq!(
            serde_json::from_str::<Claims<'_>>(&written).expect("and read"),
            read.claims
        );
    }
}
