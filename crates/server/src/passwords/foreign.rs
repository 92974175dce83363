//! Hashes that other programs made: read, judged and checked, so that people keep their passwords when they move in.
//!
//! What a check may cost is capped here, when a hash is taken and again whenever it is checked (threat 41). Forms that are too weak to
//! rest (MD5, SHA) are never stored: the digest is hashed once more with Argon2id, and the outer form says how the digest was made.

use super::threads::Desk;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use base64_simd::STANDARD_NO_PAD;
use sekisho_rules::id::hex;
use sha2::Digest as _;
use std::num::NonZeroU32;

/// The longest stored hash.
const LONGEST: usize = 512;
/// bcrypt's cost: 2^14 rounds, about a second.
const MOST_BCRYPT_COST: u32 = 14;
/// Memory of one Argon2 hash in KiB.
const MOST_ARGON2_KIB: u32 = 256 * 1024;
/// Memory in KiB times passes: about a second.
const MOST_ARGON2_WORK: u64 = 1 << 20;
/// Lanes of one Argon2 hash.
const MOST_ARGON2_LANES: u32 = 64;
/// Memory of one scrypt hash in bytes, 128 N r: what N = 2^17, r = 8 takes.
const MOST_SCRYPT_BYTES: u64 = 1 << 27;
/// N r p: about a second.
const MOST_SCRYPT_WORK: u64 = 1 << 22;
/// Rounds of PBKDF2: about half a second.
const MOST_PBKDF2_ROUNDS: u32 = 2_000_000;

/// Why a hash is not taken, in words for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No form we know.
    #[error("the password hash has no form that is known here")]
    Unknown,
    /// The form is known, but the text does not follow it.
    #[error("the password hash is damaged")]
    Damaged,
    /// A check would cost more than we spend.
    #[error("the password hash asks for more work or memory than is allowed")]
    TooCostly,
}

/// A stored hash, ready to be checked.
pub(super) enum Form<'a> {
    Argon2(Box<PasswordHash>),
    Bcrypt(&'a str),
    Scrypt(Scrypt),
    Pbkdf2(Pbkdf2),
    Firebase(Firebase),
    Wrapped(Plain, Vec<u8>, Box<PasswordHash>),
}

pub(super) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

pub(super) struct Pbkdf2 {
    algorithm: pbkdf2::Algorithm,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// Firebase's form: scrypt makes a key that encrypts the project's signer key. `salt` has the project's separator behind it.
pub(super) struct Firebase {
    scrypt: Scrypt,
    signer: Vec<u8>,
}

/// A digest of password and salt, too weak to rest by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Which digest.
    pub digest: PlainDigest,
    /// Where the salt stands.
    pub salt: SaltAt,
}

/// A digest without work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainDigest {
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha512,
}

/// Where the salt of a digest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltAt {
    /// Before the password.
    Front,
    /// Behind it, or there is none.
    Back,
}

impl PlainDigest {
    /// The digest by its name in an export.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// How long it is, in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl Plain {
    /// What stands before the Argon2id hash of the digest's hexadecimal form.
    pub fn wrap(self, salt: &[u8], argon2id: &str) -> String {
        let at = match self.salt {
            SaltAt::Front => "front",
            SaltAt::Back => "back",
        };
        let salt = STANDARD_NO_PAD.encode_to_string(salt);
        format!("$digest${},{at}${salt}{argon2id}", self.digest.name())
    }

    fn hexadecimal(self, password: &[u8], salt: &[u8]) -> String {
        let (first, second) = match self.salt {
            SaltAt::Front => (salt, password),
            SaltAt::Back => (password, salt),
        };
        match self.digest {
            PlainDigest::Md5 => hex(&md5::Md5::new()
                .chain_update(first)
                .chain_update(second)
                .finalize()),
            PlainDigest::Sha1 => hex(&sha1::Sha1::new()
                .chain_update(first)
                .chain_update(second)
                .finalize()),
            PlainDigest::Sha256 => hex(&sha2::Sha256::new()
                .chain_update(first)
                .chain_update(second)
                .finalize()),
            PlainDigest::Sha512 => hex(&sha2::Sha512::new()
                .chain_update(first)
                .chain_update(second)
                .finalize()),
        }
    }
}

/// Decides whether a hash that somebody brings may be stored.
///
/// # Errors
/// [`NotTaken`].
pub fn acceptable(text: &str) -> Result<(), NotTaken> {
    read(text, &Params::DEFAULT).map(drop)
}

/// Reads a stored hash, and refuses one that would cost too much. What the operator lets a hash of ours cost (`own`) is never that.
pub(super) fn read<'a>(text: &'a str, own: &Params) -> Result<Form<'a>, NotTaken> {
    if text.len() > LONGEST || !text.is_ascii() {
        return Err(NotTaken::Damaged);
    }
    let kind = text.strip_prefix('$').and_then(|rest| rest.split('$').next());
    match kind.ok_or(NotTaken::Unknown)? {
        "argon2i" | "argon2d" | "argon2id" => argon2(text, own).map(Form::Argon2),
        "2a" | "2b" | "2y" => bcrypt(text),
        "scrypt" => scrypt(text).map(Form::Scrypt),
        "fbscrypt" => firebase(text).map(Form::Firebase),
        "digest" => wrapped(text, own),
        kind if kind.starts_with("pbkdf2") => pbkdf2(kind, text).map(Form::Pbkdf2),
        _ => Err(NotTaken::Unknown),
    }
}

impl Form<'_> {
    /// Whether the password is the one. This is the expensive part.
    pub(super) fn is_of(&self, desk: &mut Desk<'_>, password: &[u8]) -> bool {
        match self {
            Self::Argon2(hash) => is_argon2(desk, hash, password),
            // Only the first 72 bytes count, as they did where the hash was made.
            Self::Bcrypt(hash) => desk
                .other(|| bcrypt::verify(password, hash).ok())
                .unwrap_or(false),
            Self::Scrypt(form) => {
                let derived = desk.other(|| form.derive(password, form.hash.len()));
                derived.is_some_and(|derived| equal(&derived, &form.hash))
            }
            Self::Pbkdf2(form) => {
                let right =
                    || pbkdf2::verify(form.algorithm, form.rounds, &form.salt, password, &form.hash).is_ok();
                desk.other(|| Some(right())).unwrap_or(false)
            }
            Self::Firebase(form) => form.is_of(desk, password),
            Self::Wrapped(plain, salt, hash) => {
                let digest = plain.hexadecimal(password, salt);
                is_argon2(desk, hash, digest.as_bytes())
            }
        }
    }
}

/// Whether a PHC string is of this password, with the parameters that stand in it.
fn is_argon2(desk: &mut Desk<'_>, hash: &PasswordHash, password: &[u8]) -> bool {
    let mut derived = || {
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map(Version::try_from).transpose().ok()?;
        let params = Params::try_from(hash).ok()?;
        let hasher = Argon2::new(algorithm, version.unwrap_or_default(), params);
        let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
        let mut out = vec![0; expected.len()];
        desk.argon2(&hasher, password, salt, &mut out).ok()?;
        Some(equal(&out, expected.as_bytes()))
    };
    derived().unwrap_or(false)
}

fn equal(a: &[u8], b: &[u8]) -> bool {
    !b.is_empty() && aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn argon2(text: &str, own: &Params) -> Result<Box<PasswordHash>, NotTaken> {
    let hash = PasswordHash::new(text).map_err(|_| NotTaken::Damaged)?;
    let made = Params::try_from(&hash).map_err(|_| NotTaken::Damaged)?;
    let work = |of: &Params| u64::from(of.m_cost()) * u64::from(of.t_cost());
    let too_costly = made.m_cost() > own.m_cost().max(MOST_ARGON2_KIB)
        || work(&made) > work(own).max(MOST_ARGON2_WORK)
        || made.p_cost() > own.p_cost().max(MOST_ARGON2_LANES);
    if too_costly {
        return Err(NotTaken::TooCostly);
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(NotTaken::Damaged);
    }
    Ok(Box::new(hash))
}

/// `$2b$10$` and 53 characters.
fn bcrypt(text: &str) -> Result<Form<'_>, NotTaken> {
    let cost = text
        .get(4..6)
        .filter(|_| text.len() == 60 && text.as_bytes()[6] == b'$');
    let cost: u32 = cost.and_then(|cost| cost.parse().ok()).ok_or(NotTaken::Damaged)?;
    let rest = &text.as_bytes()[7..];
    if !rest
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
    {
        return Err(NotTaken::Damaged);
    }
    match cost {
        4..=MOST_BCRYPT_COST => Ok(Form::Bcrypt(text)),
        0..4 => Err(NotTaken::Damaged),
        _ => Err(NotTaken::TooCostly),
    }
}

/// The parameters, the salt and the hash of `$kind$parameters$salt$hash`.
fn parts(text: &str) -> Result<(&str, Vec<u8>, Vec<u8>), NotTaken> {
    let mut parts = text.split('$').skip(2);
    let mut next = || {
        parts
            .next()
            .filter(|part| !part.is_empty())
            .ok_or(NotTaken::Damaged)
    };
    let (parameters, salt, hash) = (next()?, next()?, next()?);
    match parts.next() {
        None => Ok((parameters, base64(salt)?, base64(hash)?)),
        Some(_) => Err(NotTaken::Damaged),
    }
}

/// Base64, with or without padding, also with `.` for `+` as some programs write it.
fn base64(text: &str) -> Result<Vec<u8>, NotTaken> {
    let plain = text.trim_end_matches('=').replace('.', "+");
    STANDARD_NO_PAD
        .decode_to_vec(plain)
        .map_err(|_| NotTaken::Damaged)
}

/// The number of a parameter in `ln=15,r=8,p=1`.
fn parameter<'a>(parameters: &'a str, name: &str) -> Result<&'a str, NotTaken> {
    let found = parameters
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| *found == name);
    found.map(|(_, value)| value).ok_or(NotTaken::Damaged)
}

fn number<N: std::str::FromStr>(parameters: &str, name: &str) -> Result<N, NotTaken> {
    parameter(parameters, name)?
        .parse()
        .map_err(|_| NotTaken::Damaged)
}

fn scrypt(text: &str) -> Result<Scrypt, NotTaken> {
    let (parameters, salt, hash) = parts(text)?;
    Scrypt {
        log_n: number(parameters, "ln")?,
        r: number(parameters, "r")?,
        p: number(parameters, "p")?,
        salt,
        hash,
    }
    .affordable()
}

impl Scrypt {
    fn affordable(self) -> Result<Self, NotTaken> {
        if self.log_n == 0 || self.r == 0 || self.p == 0 || !(16..=128).contains(&self.hash.len()) {
            return Err(NotTaken::Damaged);
        }
        let (n, r, p) = (
            1u64.checked_shl(self.log_n.into()).unwrap_or(u64::MAX),
            u64::from(self.r),
            u64::from(self.p),
        );
        let work = n.saturating_mul(r);
        match work.saturating_mul(128) > MOST_SCRYPT_BYTES || work.saturating_mul(p) > MOST_SCRYPT_WORK {
            true => Err(NotTaken::TooCostly),
            false => Ok(self),
        }
    }

    fn derive(&self, password: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut derived = vec![0; length];
        let params = scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        scrypt::scrypt(password, &self.salt, &params, &mut derived).ok()?;
        Some(derived)
    }
}

/// `$pbkdf2-sha256$i=600000,l=32$salt$hash`; also with the rounds alone, as some programs write it.
fn pbkdf2(kind: &str, text: &str) -> Result<Pbkdf2, NotTaken> {
    let (algorithm, least) = match kind {
        "pbkdf2" | "pbkdf2-sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 16),
        "pbkdf2-sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 16),
        "pbkdf2-sha384" => (pbkdf2::PBKDF2_HMAC_SHA384, 16),
        "pbkdf2-sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 16),
        _ => return Err(NotTaken::Unknown),
    };
    let (parameters, salt, hash) = parts(text)?;
    let rounds: u32 = match parameters.parse() {
        Ok(rounds) => rounds,
        Err(_) => number(parameters, "i")?,
    };
    let rounds = NonZeroU32::new(rounds).ok_or(NotTaken::Damaged)?;
    if !(least..=128).contains(&hash.len()) {
        return Err(NotTaken::Damaged);
    }
    // A longer output costs the rounds again for each block.
    let blocks = u32::try_from(hash.len().div_ceil(20)).unwrap_or(u32::MAX);
    if rounds.get().saturating_mul(blocks.div_ceil(4)) > MOST_PBKDF2_ROUNDS {
        return Err(NotTaken::TooCostly);
    }
    Ok(Pbkdf2 {
        algorithm,
        rounds,
        salt,
        hash,
    })
}

/// `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=..$salt$hash`: `n` is `mem_cost`, `r` is `rounds`, `ss` the salt separator, `sk` the signer key.
fn firebase(text: &str) -> Result<Firebase, NotTaken> {
    let (parameters, mut salt, hash) = parts(text)?;
    salt.extend(base64(parameter(parameters, "ss")?)?);
    let signer = base64(parameter(parameters, "sk")?)?;
    if signer.len() != hash.len() {
        return Err(NotTaken::Damaged);
    }
    let scrypt = Scrypt {
        log_n: number(parameters, "n")?,
        r: number(parameters, "r")?,
        p: number(parameters, "p")?,
        salt,
        hash,
    };
    Ok(Firebase {
        scrypt: scrypt.affordable()?,
        signer,
    })
}

impl Firebase {
    fn is_of(&self, desk: &mut Desk<'_>, password: &[u8]) -> bool {
        let mut encrypted = || {
            let key = desk.other(|| self.scrypt.derive(password, 32))?;
            let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, &key).ok()?).ok()?;
            let mut text = self.signer.clone();
            let start = EncryptionContext::Iv128(FixedLength::from([0; 16]));
            key.less_safe_encrypt(&mut text, start).ok()?;
            Some(text)
        };
        encrypted().is_some_and(|made| equal(&made, &self.scrypt.hash))
    }
}

/// What [`Plain::wrap`] wrote.
fn wrapped<'a>(text: &'a str, own: &Params) -> Result<Form<'a>, NotTaken> {
    let rest = text.strip_prefix("$digest$").ok_or(NotTaken::Damaged)?;
    let (how, rest) = rest.split_once('$').ok_or(NotTaken::Damaged)?;
    let at = rest.find("$argon2id$").ok_or(NotTaken::Damaged)?;
    let (digest, place) = how.split_once(',').ok_or(NotTaken::Damaged)?;
    let plain = Plain {
        digest: PlainDigest::named(digest).ok_or(NotTaken::Damaged)?,
        salt: match place {
            "front" => SaltAt::Front,
            "back" => SaltAt::Back,
            _ => return Err(NotTaken::Damaged),
        },
    };
    Ok(Form::Wrapped(
        plain,
        base64(&rest[..at])?,
        argon2(&rest[at..], own)?,
    ))
}

#[cfg(test)]
mod tests;
