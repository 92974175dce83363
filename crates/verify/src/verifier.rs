//! `Verifier`: the one question an API asks, `check(token, now)`, and its answers. Owns the order of the checks,
//! every one of which is on this page. It reads no clock and does no input or output; whoever drives it fetches keys
//! when it says so (the `fetch` feature does).

mod stats;
mod verdict;

use std::sync::Arc;

use sekisho_jose::{Buffer, Error, KeySet, Unverified, base64url, jwt};

use crate::claims::{Claims, RawClaims};
use crate::keys::{Cause, KeyCache, Plan};
use crate::policy::{GrantId, Issuer, IssuerKeys, Policy, PolicyError, TokenKind};
use crate::record::{HashedSubject, Subject};
use crate::reject::{ClaimName, Reject};
use crate::revocations::{OnStale, Revocations, Say, State};

use stats::Counts;
pub use stats::Stats;
pub use verdict::{NeedKeys, Unavailable, Verdict};

/// The longest token that is looked at, in bytes. Longer ones are refused before anything is decoded.
pub const MAX_TOKEN_BYTES: usize = sekisho_jose::MAX_TOKEN_LEN;

/// Checks tokens against one [`Policy`]. Share it between threads; checking takes no lock.
#[derive(Debug)]
pub struct Verifier {
    policy: Policy,
    /// One for each of the policy's issuers, in that order.
    caches: Vec<KeyCache>,
    counts: Counts,
}

/// A token that holds, but for what only the present moment can say.
struct Held {
    slot: usize,
    claims: Arc<Claims>,
}

/// A fetch that has begun: [`Verifier::begin_fetch`] gives it to one caller only, who reports how it ended.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "nobody else will fetch until it is reported or taken as lost after 60 s"]
pub struct KeyFetch {
    slot: usize,
    issuer: String,
    began: u64,
}

/// What a fetch is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchCause {
    /// A token met [`Verdict::NeedKeys`].
    NeedKeys,
    /// Keys are in use and may be too old. Ask after any check; it costs one atomic load when nothing is due.
    Age,
}

/// What comes of an issuer's word that it has other keys.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "nobody else will fetch"]
pub enum Told {
    /// Fetch them.
    Fetch(KeyFetch),
    /// A fetch is running, which may have begun before: ask again soon.
    Busy,
    /// Its keys are given by the program.
    Pinned,
}

enum Stop {
    Reject(Reject),
    Need(NeedKeys),
}

impl From<Reject> for Stop {
    fn from(reject: Reject) -> Self {
        Self::Reject(reject)
    }
}

impl Verifier {
    /// Makes a verifier.
    ///
    /// # Errors
    /// [`PolicyError`] when the policy could never work, or would not be safe.
    pub fn new(mut policy: Policy) -> Result<Self, PolicyError> {
        policy.validate()?;
        let timing = policy.timing;
        let caches = policy
            .issuers
            .iter_mut()
            .map(
                |issuer| match std::mem::replace(&mut issuer.keys, IssuerKeys::Fetched) {
                    IssuerKeys::Fetched => KeyCache::fetched(timing),
                    IssuerKeys::Pinned(set) => KeyCache::pinned(set),
                },
            )
            .collect();
        Ok(Self {
            policy,
            caches,
            counts: Counts::default(),
        })
    }

    /// Judges a token at the time `now` (Unix seconds).
    ///
    /// The order: size, shape and header; the key; the signature (no claim is looked at before it holds); algorithm;
    /// type; issuer; kind; audience; times; revocation; scope and permissions. The first that fails gives the answer.
    /// Last, of issuers that are listened to, whether it is known well enough what was revoked.
    pub fn check(&self, token: &str, now: u64) -> Verdict {
        self.check_at(token, now.saturating_mul(1_000), self.policy.on_stale)
    }

    /// Judges a token at the time `now` (Unix milliseconds), as [`Verifier::check`] does, with a route's own word about
    /// what becomes of a good one when it is not known well enough what was revoked.
    pub fn check_at(&self, token: &str, now: u64, on_stale: OnStale) -> Verdict {
        match self.judge(token, now / 1_000) {
            Ok(held) => self.say(held, now, on_stale),
            Err(Stop::Reject(reject)) => {
                if let Reject::Revoked(kind) = reject {
                    self.counts.revoked(kind);
                }
                Verdict::Refused(reject)
            }
            Err(Stop::Need(need)) => Verdict::NeedKeys(need),
        }
    }

    /// What may be said of a token that holds and that no known record hits.
    fn say(&self, held: Held, now: u64, on_stale: OnStale) -> Verdict {
        let Some(feed) = self.feed(held.slot) else {
            return Verdict::Trusted(held.claims);
        };
        let state = feed.freshness(now);
        match on_stale.say(state) {
            Say::Accept => Verdict::Trusted(held.claims),
            Say::AcceptStale => {
                self.counts.accepted_stale.one();
                Verdict::Trusted(held.claims)
            }
            Say::Ask => {
                self.counts.ask_issuer.one();
                Verdict::AskIssuer(held.claims)
            }
            Say::Nothing => {
                self.counts.unavailable.one();
                Verdict::Unavailable(match state {
                    State::Stale { age } | State::TooOld { age } => Unavailable::Stale { age },
                    State::Fresh | State::NeverLoaded => Unavailable::NeverLoaded,
                })
            }
        }
    }

    fn feed(&self, slot: usize) -> Option<&Arc<Revocations>> {
        self.policy.issuers[slot].feed.as_ref()
    }

    /// Finds the issuer by its key, then judges. With several issuers the *key* tells the issuer, so that one issuer
    /// can never speak for another.
    fn judge(&self, token: &str, now: u64) -> Result<Held, Stop> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Reject::TooLong.into());
        }
        let Some(encoded) = payload_part(token) else {
            return Err(Reject::NotJwt.into());
        };
        let mut miss = Reject::UnknownKey;
        for (slot, cache) in self.caches.iter().enumerate() {
            let state = cache.now();
            if !cache.usable(&state, now) {
                continue;
            }
            let mut buffer = Buffer::new();
            match jwt::verify::<RawClaims<'_>>(token, &*state.set, &mut buffer) {
                Ok(signed) => {
                    let payload = base64url::decode(encoded).map_err(|_| Reject::Malformed)?;
                    // A token that names no key was signed by the only one there is.
                    let only_key = || state.set.keys().first().and_then(|key| key.kid());
                    let kid = signed.header().kid().or_else(only_key).map(str::to_owned);
                    let claims = self.accept(slot, signed, payload, now)?;
                    self.revocation(slot, &claims, kid.as_deref(), now)?;
                    self.demands(&claims)?;
                    return Ok(Held {
                        slot,
                        claims: Arc::new(claims),
                    });
                }
                Err(Error::UnknownKey) => {}
                // Two issuers may have chosen the same key id: ask the next.
                Err(Error::Signature) => miss = Reject::Signature,
                Err(Error::AlgorithmMismatch { .. }) if miss != Reject::Signature => miss = Reject::Algorithm,
                Err(Error::AlgorithmMismatch { .. }) => {}
                Err(error) => return Err(reject(&error).into()),
            }
        }
        // Keys that are here give a final answer, unless those of another issuer were never here.
        if let Some(need) = self.fetch_could_help(&miss, now) {
            return Err(Stop::Need(need));
        }
        let nameless =
            miss == Reject::UnknownKey && Unverified::parse(token).is_ok_and(|header| header.kid().is_none());
        Err(if nameless { Reject::NoKeyId } else { miss }.into())
    }

    /// Judges what the issuer at `slot` has signed, by itself.
    fn accept(
        &self,
        slot: usize,
        signed: jwt::Token<'_, RawClaims<'_>>,
        payload: Vec<u8>,
        now: u64,
    ) -> Result<Claims, Reject> {
        let issuer = &self.policy.issuers[slot];
        if !self.policy.algorithms.contains(&signed.header().algorithm()) {
            return Err(Reject::Algorithm);
        }
        let typ = self.header_type(signed.header().typ())?;
        let raw = signed.claims;
        if raw.issuer()? != issuer.name {
            return Err(Reject::Issuer);
        }
        self.kind(&raw, typ, issuer.grant)?;
        let azp = raw.azp().map(str::to_owned);
        let claims = raw.typed(payload.into())?;
        self.audience(&claims, azp.as_deref())?;
        self.times(&claims, now)?;
        Ok(claims)
    }

    /// Whether a record of the issuer's feed hits the token. A revoked key is refused here too, though it may still be
    /// among the keys that were fetched.
    fn revocation(&self, slot: usize, claims: &Claims, kid: Option<&str>, now: u64) -> Result<(), Reject> {
        let Some(feed) = self.feed(slot) else {
            return Ok(());
        };
        let client = match self.policy.kind {
            TokenKind::Access => None,
            TokenKind::Id => claims.aud.first(),
        };
        let subject = Subject {
            iat: claims.iat,
            kid,
            jti: claims.jti.as_deref(),
            gid: claims.gid.as_deref(),
            sid: claims.sid.as_deref(),
            sub: Some(&claims.sub),
            actors: &claims.actors,
            client: claims.client_id.as_ref().or(client).map(String::as_str),
        };
        let held = feed.held();
        match held.hit(&HashedSubject::new(held.hash(), &subject), now) {
            Some(kind) => Err(Reject::Revoked(kind)),
            None => Ok(()),
        }
    }

    /// Scope and permissions.
    fn demands(&self, claims: &Claims) -> Result<(), Reject> {
        claims.require_scope(&self.policy.scope)?;
        let lacks = |wanted: &&String| !claims.has_permission(wanted);
        match self.policy.permissions.iter().find(lacks) {
            None => Ok(()),
            Some(missing) => Err(Reject::Permission(missing.clone())),
        }
    }

    /// Whether other keys could change the answer, and when to ask again.
    fn fetch_could_help(&self, miss: &Reject, now: u64) -> Option<NeedKeys> {
        let waits = self.caches.iter().filter_map(|cache| {
            let state = cache.now();
            if *miss != Reject::UnknownKey && cache.usable(&state, now) {
                return None;
            }
            match cache.plan(&state, Cause::UnknownKey, now)? {
                Plan::Fetch | Plan::InFlight => Some(0),
                Plan::Broken(wait) => Some(wait),
                Plan::Rest(_) => None,
            }
        });
        waits.min().map(|retry_after| NeedKeys { retry_after })
    }

    /// `typ` (RFC 7515 section 4.1.9, RFC 9068 section 2.1): media types, so case does not count and `application/`
    /// may be left out. An ID token may do without.
    fn header_type(&self, typ: Option<&str>) -> Result<HeaderType, Reject> {
        let short = typ.map(|typ| match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        });
        match short {
            Some(typ) if typ.eq_ignore_ascii_case("JWT") => Ok(HeaderType::Jwt),
            Some(typ) if typ.eq_ignore_ascii_case("at+jwt") => Ok(HeaderType::AccessToken),
            Some(typ) if typ.eq_ignore_ascii_case("logout+jwt") => Err(Reject::LogoutToken),
            None if self.policy.kind == TokenKind::Id => Ok(HeaderType::Jwt),
            _ => Err(Reject::Type),
        }
    }

    /// Tells access tokens from ID tokens by what they hold, since both may say `typ: JWT`.
    fn kind(&self, raw: &RawClaims<'_>, typ: HeaderType, grant: GrantId) -> Result<(), Reject> {
        let marks = raw.marks;
        if marks.event {
            return Err(Reject::LogoutToken);
        }
        match self.policy.kind {
            TokenKind::Access if marks.id_token => Err(Reject::IdToken),
            TokenKind::Access if marks.bound => Err(Reject::Bound),
            TokenKind::Access if grant == GrantId::Required && !marks.grant => {
                // At such an issuer only ID tokens come without; say it in the words that help.
                Err(if typ == HeaderType::Jwt {
                    Reject::IdToken
                } else {
                    Reject::Missing(ClaimName::Gid)
                })
            }
            TokenKind::Id if typ == HeaderType::AccessToken || marks.grant => Err(Reject::AccessToken),
            TokenKind::Access | TokenKind::Id => Ok(()),
        }
    }

    /// `aud` (RFC 7519 section 4.1.3); for ID tokens also `azp` (OIDC Core 3.1.3.7, points 3 to 5).
    fn audience(&self, claims: &Claims, azp: Option<&str>) -> Result<(), Reject> {
        let ours = |name: &str| self.policy.audiences.iter().any(|audience| audience == name);
        if !claims.aud.iter().any(|audience| ours(audience)) {
            return Err(Reject::Audience);
        }
        match (self.policy.kind, azp) {
            (TokenKind::Id, Some(azp)) if !ours(azp) => Err(Reject::Party),
            (TokenKind::Id, None) if claims.aud.len() > 1 => Err(Reject::Missing(ClaimName::Azp)),
            _ => Ok(()),
        }
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6: dead *at* `exp`, alive *at* `nbf`.
    fn times(&self, claims: &Claims, now: u64) -> Result<(), Reject> {
        let leeway = self.policy.leeway;
        if now >= claims.exp.saturating_add(leeway) {
            return Err(Reject::Expired);
        }
        let latest = now.saturating_add(leeway);
        if claims.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(Reject::NotYet);
        }
        if claims.iat > latest {
            Err(Reject::FromTheFuture)
        } else {
            Ok(())
        }
    }

    /// Begins the next fetch that is due, if one is. Whoever gets it fetches that issuer's keys and reports with
    /// [`Verifier::finish_fetch`]; ask again until `None` when there are several issuers.
    ///
    /// However many tokens with unknown keys arrive, an issuer is asked at most once in each cooldown for them and
    /// once in each `max_age` besides ([`KeyTiming`](crate::KeyTiming)), and never twice at the same time.
    pub fn begin_fetch(&self, cause: FetchCause, now: u64) -> Option<KeyFetch> {
        let cause = match cause {
            FetchCause::NeedKeys => Cause::UnknownKey,
            FetchCause::Age => Cause::Age,
        };
        let slot = self.caches.iter().position(|cache| cache.begin(cause, now))?;
        Some(KeyFetch {
            slot,
            issuer: self.policy.issuers[slot].name.clone(),
            began: now,
        })
    }

    /// Begins a fetch because the issuer told, over its revocation feed, that there are other keys. Whoever gets it
    /// fetches and reports as for [`Verifier::begin_fetch`], and tries again soon if that failed.
    pub fn begin_told_fetch(&self, issuer: &str, now: u64) -> Told {
        let Some(slot) = self.policy.issuers.iter().position(|known| known.name == issuer) else {
            return Told::Pinned;
        };
        let cache = &self.caches[slot];
        match cache.plan(&cache.now(), Cause::Told, now) {
            None => Told::Pinned,
            Some(_) if cache.begin(Cause::Told, now) => Told::Fetch(KeyFetch {
                slot,
                issuer: issuer.to_owned(),
                began: now,
            }),
            Some(_) => Told::Busy,
        }
    }

    /// Takes the keys that a fetch brought, or `None` if it failed: then those that are here stay, for at most
    /// `max_stale`. A report that comes after the fetch was taken as lost is ignored.
    #[expect(clippy::needless_pass_by_value, reason = "a fetch ends once")]
    pub fn finish_fetch(&self, fetch: KeyFetch, keys: Option<KeySet>) {
        self.caches[fetch.slot].finish(fetch.began, keys);
    }

    /// Replaces the keys of a pinned issuer, whole; says whether there is such an issuer.
    pub fn replace_keys(&self, issuer: &str, keys: KeySet) -> bool {
        match self.policy.issuers.iter().position(|known| known.name == issuer) {
            Some(slot) => self.caches[slot].replace(keys),
            None => false,
        }
    }

    /// Whether every issuer's keys are here (at `now`, Unix seconds) and, of those that are listened to, a snapshot of
    /// what they revoked: what a readiness probe asks.
    pub fn is_ready(&self, now: u64) -> bool {
        let loaded = |issuer: &Issuer| issuer.feed.as_ref().is_none_or(|feed| feed.is_loaded());
        self.caches.iter().all(|cache| cache.usable(&cache.now(), now))
            && self.policy.issuers.iter().all(loaded)
    }

    /// What was counted so far; see [`Revocations::stats`] for the feed itself.
    pub fn stats(&self) -> Stats {
        self.counts.read()
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl KeyFetch {
    /// The issuer whose keys are wanted.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// What `typ` says, as far as it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeaderType {
    Jwt,
    AccessToken,
}

/// The middle of exactly three parts.
fn payload_part(token: &str) -> Option<&str> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some(payload)
}

/// What the `jose` room found, in this room's words.
fn reject(error: &Error) -> Reject {
    match error {
        Error::TooLong => Reject::TooLong,
        Error::Shape => Reject::NotJwt,
        Error::Algorithm | Error::AlgorithmMismatch { .. } => Reject::Algorithm,
        Error::UnknownKey => Reject::UnknownKey,
        Error::Signature => Reject::Signature,
        _ => Reject::Malformed,
    }
}
