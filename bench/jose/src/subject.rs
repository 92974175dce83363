//! The token and the contenders. 12 claims as our server issues them, header with alg, typ and kid; "check" is the
//! signature, exp, nbf, iss and aud, and the claims in a typed struct; key objects are made once.

use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair};
use aws_lc_rs::{encoding, hmac};
use jsonwebtoken::{DecodingKey, EncodingKey, Validation};
use sekisho_jose::claims::{Audience, NumericDate, Text, TextList};
use sekisho_jose::{Algorithm, Buffer, Jwk, SigningKey, Unverified, VerifyingKey, jwt};
use serde::{Deserialize, Serialize};
use serde_json::json;

const ISSUER: &str = "https://id.example.com/";
const AUDIENCE: &str = "https://api.example.com/";
const SECRET: &[u8; 32] = b"a shared secret of 32 bytes, ok?";

/// Claims that borrow from the token.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading a claim is what is measured")]
struct Borrowed<'a> {
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
    gty: Text<'a>,
}

/// Claims as most programs would write them.
#[derive(Clone, Deserialize, Serialize)]
struct Owned {
    iss: String,
    sub: String,
    aud: Vec<String>,
    azp: String,
    exp: i64,
    iat: i64,
    nbf: i64,
    scope: String,
    permissions: Vec<String>,
    jti: String,
    sid: String,
    gty: String,
}

enum FloorSigner {
    Hmac(hmac::Key),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

enum FloorChecker {
    Hmac(hmac::Key),
    Public(ParsedPublicKey),
}

pub struct Subject {
    pub alg: Algorithm,
    key: SigningKey,
    trusted: VerifyingKey,
    token: String,
    signature: Vec<u8>,
    claims: Owned,
    now: i64,
    floor_signer: FloorSigner,
    floor_checker: FloorChecker,
    random: SystemRandom,
    other_encoding: EncodingKey,
    other_decoding: DecodingKey,
    other_header: jsonwebtoken::Header,
    other_validation: Validation,
}

impl Subject {
    pub fn new(alg: Algorithm) -> Result<Self> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let key = match alg {
            Algorithm::Hs256 => SigningKey::hmac(alg, SECRET)?,
            _ => SigningKey::generate(alg)?,
        };
        let key = key.with_kid("ZxGjNW1lO0uQ3l1Tq8n8v");
        let token = jwt::sign(&claims(now)?, "at+jwt", &key)?;
        Self::with(key, token, now)
    }

    /// Key, token and time as words for another process, which must do exactly the same work.
    pub fn to_words(&self) -> Result<[String; 3]> {
        let jwk = serde_json::to_string(&self.key.private_jwk()?)?;
        Ok([jwk, self.token.clone(), self.now.to_string()])
    }

    pub fn from_words([jwk, token, now]: [&str; 3]) -> Result<Self> {
        Self::with(
            SigningKey::from_jwk(&Jwk::parse(jwk)?)?,
            token.to_owned(),
            now.parse()?,
        )
    }

    fn with(key: SigningKey, token: String, now: i64) -> Result<Self> {
        let alg = key.algorithm();
        let claims = claims(now)?;
        let other_alg: jsonwebtoken::Algorithm = alg.name().parse()?;
        let mut other_header = jsonwebtoken::Header::new(other_alg);
        other_header.typ = Some("at+jwt".into());
        other_header.kid = key.kid().map(str::to_owned);
        let mut other_validation = Validation::new(other_alg);
        other_validation.set_issuer(&[ISSUER]);
        other_validation.set_audience(&[AUDIENCE]);
        other_validation.validate_nbf = true;
        let (floor_signer, floor_checker) = floor(&key)?;
        let (other_encoding, other_decoding) = other(&key)?;
        Ok(Self {
            alg,
            trusted: key.verifying_key(),
            signature: Unverified::parse(&token)?.signature().to_vec(),
            key,
            token,
            claims,
            now,
            floor_signer,
            floor_checker,
            random: SystemRandom::new(),
            other_encoding,
            other_decoding,
            other_header,
            other_validation,
        })
    }

    fn signing_input(&self) -> &[u8] {
        let end = self.token.rfind('.').unwrap_or_default();
        &self.token.as_bytes()[..end]
    }

    pub fn floor_check(&self) {
        let (input, signature) = (black_box(self.signing_input()), black_box(&self.signature));
        let held = match &self.floor_checker {
            FloorChecker::Hmac(key) => hmac::verify(key, input, signature).is_ok(),
            FloorChecker::Public(key) => key.verify_sig(input, signature).is_ok(),
        };
        assert!(held);
    }

    pub fn floor_sign(&self) {
        let input = black_box(self.signing_input());
        match &self.floor_signer {
            FloorSigner::Hmac(key) => drop(black_box(hmac::sign(key, input))),
            FloorSigner::Rsa(key) => {
                let mut out = [0; 256];
                let made = key.sign(&signature::RSA_PKCS1_SHA256, &self.random, input, &mut out);
                assert!(made.is_ok());
                black_box(&out);
            }
            FloorSigner::Ec(key) => assert!(black_box(key.sign(&self.random, input)).is_ok()),
            FloorSigner::Ed(key) => drop(black_box(key.sign(input))),
        }
    }

    pub fn sign(&self) {
        let token = jwt::sign(black_box(&self.claims), "at+jwt", &self.key);
        assert!(black_box(token).is_ok());
    }

    pub fn other_sign(&self) {
        let token = jsonwebtoken::encode(&self.other_header, black_box(&self.claims), &self.other_encoding);
        assert!(black_box(token).is_ok());
    }

    pub fn other_check(&self) {
        let token = black_box(self.token.as_str());
        let read = jsonwebtoken::decode::<Owned>(token, &self.other_decoding, &self.other_validation);
        assert!(black_box(read).is_ok());
    }

    pub fn borrowed(&self) -> Reader<'_> {
        Reader {
            subject: self,
            buffer: Buffer::new(),
            claims: Kind::Borrowed,
        }
    }

    pub fn owned(&self) -> Reader<'_> {
        Reader {
            subject: self,
            buffer: Buffer::new(),
            claims: Kind::Owned,
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Borrowed,
    Owned,
}

/// Our side of a check, with its reused buffer.
pub struct Reader<'s> {
    subject: &'s Subject,
    buffer: Buffer,
    claims: Kind,
}

impl Reader<'_> {
    pub fn check(&mut self) {
        let Subject {
            trusted, now, token, ..
        } = self.subject;
        let token = black_box(token.as_str());
        let right = match self.claims {
            Kind::Borrowed => {
                let read =
                    jwt::verify::<Borrowed<'_>>(token, trusted, &mut self.buffer).expect("a good token");
                let claims = black_box(&read.claims);
                claims.iss == ISSUER
                    && claims.aud.contains(AUDIENCE)
                    && claims.exp.seconds() > *now
                    && claims.nbf.seconds() <= *now
            }
            Kind::Owned => {
                let read = jwt::verify::<Owned>(token, trusted, &mut self.buffer).expect("a good token");
                let claims = black_box(&read.claims);
                claims.iss == ISSUER
                    && claims.aud.iter().any(|aud| aud == AUDIENCE)
                    && claims.exp > *now
                    && claims.nbf <= *now
            }
        };
        assert!(right);
    }
}

fn claims(now: i64) -> Result<Owned> {
    let permissions = [
        "read:orders",
        "write:orders",
        "read:users",
        "read:stock",
        "write:stock",
        "read:prices",
    ];
    Ok(serde_json::from_value(json!({
        "iss": ISSUER,
        "sub": "auth0|66f1c0ffee0badc0de123456",
        "aud": [AUDIENCE, "https://id.example.com/userinfo"],
        "azp": "kX2mT9pQ4rV7sW1y",
        "exp": now + 86_400,
        "iat": now,
        "nbf": now,
        "scope": "openid profile email read:orders offline_access",
        "permissions": permissions,
        "jti": "01JD3ZK8Q2M5T7W9X1Y3Z5A7B9",
        "sid": "Vn8pX3qR7sT1uW5yZ9aB",
        "gty": "authorization_code",
    }))?)
}

fn floor(key: &SigningKey) -> Result<(FloorSigner, FloorChecker)> {
    if key.algorithm() == Algorithm::Hs256 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        return Ok((FloorSigner::Hmac(key.clone()), FloorChecker::Hmac(key)));
    }
    let der = key.to_pkcs8_der()?;
    let (signer, public) = match key.algorithm() {
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(&der)?;
            let spki: encoding::PublicKeyX509Der<'_> = pair.public_key().as_der()?;
            (
                FloorSigner::Rsa(pair),
                ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, spki.as_ref())?,
            )
        }
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der)?;
            let public =
                ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())?;
            (FloorSigner::Ec(pair), public)
        }
        _ => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)?;
            let public = ParsedPublicKey::new(&signature::ED25519, pair.public_key().as_ref())?;
            (FloorSigner::Ed(pair), public)
        }
    };
    Ok((signer, FloorChecker::Public(public)))
}

fn other(key: &SigningKey) -> Result<(EncodingKey, DecodingKey)> {
    if key.algorithm() == Algorithm::Hs256 {
        return Ok((EncodingKey::from_secret(SECRET), DecodingKey::from_secret(SECRET)));
    }
    let (private, public) = (key.to_pem()?, key.verifying_key().to_pem()?);
    let (private, public) = (private.as_bytes(), public.as_bytes());
    Ok(match key.algorithm() {
        Algorithm::Rs256 => (
            EncodingKey::from_rsa_pem(private)?,
            DecodingKey::from_rsa_pem(public)?,
        ),
        Algorithm::Es256 => (
            EncodingKey::from_ec_pem(private)?,
            DecodingKey::from_ec_pem(public)?,
        ),
        _ => (
            EncodingKey::from_ed_pem(private).context("Ed25519 private key")?,
            DecodingKey::from_ed_pem(public).context("Ed25519 public key")?,
        ),
    })
}
