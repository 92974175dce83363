//! Many different tokens of one issuer and one verifier that listens to it. Signed with HS256, since a million must be
//! made, and as long as those signed with RS256.

use std::sync::Arc;

use anyhow::Result;
use sekisho_jose::claims::{Audience, NumericDate, Text, TextList};
use sekisho_jose::{Algorithm, Buffer, SigningKey, jwt};
use sekisho_verify::feed::Snapshot;
use sekisho_verify::record::{HashKey, Record};
use sekisho_verify::{Issuer, KeySet, Policy, Remember, Revocations, Verifier};
use serde::Deserialize;
use serde_json::json;

pub const NOW: u64 = 1_800_000_000;
pub const HASH: HashKey = HashKey::new([7; 16]);
const ISSUER: &str = "https://id.example.com/";
const AUDIENCE: &str = "https://api.example.com/";

/// What `jose` alone reads, borrowed.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading a claim is what is measured")]
pub struct Borrowed<'a> {
    #[serde(borrow)]
    iss: Text<'a>,
    sub: Text<'a>,
    aud: Audience<'a>,
    azp: Text<'a>,
    exp: NumericDate,
    iat: NumericDate,
    nbf: NumericDate,
    scope: Text<'a>,
    permissions: TextList<'a>,
    jti: Text<'a>,
    sid: Text<'a>,
    gid: Text<'a>,
    gty: Text<'a>,
}

pub fn key() -> Result<SigningKey> {
    let key = SigningKey::hmac(Algorithm::Hs256, b"a shared secret of 32 bytes, ok?")?;
    Ok(key.with_kid("ZxGjNW1lO0uQ3l1Tq8n8v"))
}

pub fn sign(key: &SigningKey, number: usize) -> Result<String> {
    let claims = json!({
        "iss": ISSUER,
        "sub": format!("auth0|66f1c0ffee0badc0{number:08x}"),
        "aud": [AUDIENCE, "https://id.example.com/userinfo"],
        "azp": "kX2mT9pQ4rV7sW1y",
        "exp": NOW + 86_400,
        "iat": NOW,
        "nbf": NOW,
        "scope": "openid profile email read:orders offline_access",
        "permissions": ["read:orders", "write:orders", "read:users", "read:stock", "write:stock", "read:prices"],
        "jti": format!("01JD3ZK8Q2M5T7W9X1{number:08x}"),
        "sid": format!("Vn8pX3qR7sT1{number:08x}"),
        "gid": format!("gr_pX3qR7sT1{number:08x}"),
        "gty": "authorization_code",
        "https://example.com/note": "x".repeat(150),
    });
    Ok(jwt::sign(&claims, "at+jwt", key)?)
}

/// The signature and the claims, as `jose` gives them.
pub fn jose_alone(token: &str, keys: &KeySet, buffer: &mut Buffer) -> bool {
    jwt::verify::<Borrowed<'_>>(token, keys, buffer).is_ok()
}

/// A feed with so many live records: sessions, grants and tokens, one in fifty a user or client.
pub fn feed(records: usize) -> Arc<Revocations> {
    let feed = Arc::new(Revocations::default());
    feed.load(&snapshot(records));
    feed
}

pub fn snapshot(records: usize) -> Snapshot {
    let exp = NOW + 86_400;
    let record = |number: usize| {
        let id = format!("revoked-{number}");
        match number % 50 {
            0 => Record::user(&HASH, &id, NOW - 1, exp),
            1 => Record::client(&HASH, &id, NOW - 1, exp),
            2..=9 => Record::token(&HASH, &id, exp),
            number if number % 2 == 0 => Record::session(&HASH, &id, exp),
            _ => Record::grant(&HASH, &id, exp),
        }
    };
    Snapshot {
        feed_id: "fd".to_owned(),
        seq: 0,
        as_of: NOW * 1_000,
        hash_key: HASH,
        jwks_etag: String::new(),
        records: (0..records).map(record).collect(),
    }
}

pub fn verifier(key: &SigningKey, feed: Option<Arc<Revocations>>, remember: Remember) -> Result<Verifier> {
    let issuer = Issuer::pinned(ISSUER, KeySet::new(vec![key.verifying_key()]));
    let issuer = match feed {
        Some(feed) => issuer.listening(feed),
        None => issuer.require_gid(),
    };
    let policy = Policy::access(issuer, AUDIENCE)
        .algorithms([Algorithm::Hs256])
        .remember(remember);
    Ok(Verifier::new(policy)?)
}
