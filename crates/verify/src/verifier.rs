//! `Verifier`: the one question an API asks, `check(token, now)`, and its answers. Owns the order of the checks, the keys and
//! the revocation; what a token says of itself is judged in `accept`. It reads no clock and does no input or output;
//! whoever drives it fetches keys and brings the revocation feed (the `fetch` feature does).

mod accept;
mod stats;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_jose::{Buffer, Error, KeySet, Unverified, base64url, jwt};

use crate::claims::{Claims, RawClaims};
use crate::keys::{Cause, KeyCache, Plan};
use crate::policy::{Issuer, IssuerKeys, Policy, PolicyError, TokenKind};
use crate::record::{HashedSubject, Kind, Subject};
use crate::reject::Reject;
use crate::remembered::{Entry, Heard, Remembered};
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
    remembered: Remembered,
    /// The greatest of the eras of the issuers' records that the remembered tokens were cleared for.
    cleared: AtomicU64,
    counts: Counts,
}

/// A token that holds, but for how fresh the knowledge of that is.
struct Holds {
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

/// Whether what is remembered of a token still counts.
enum Known {
    Yes,
    No,
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
            remembered: Remembered::new(policy.remember),
            policy,
            caches,
            cleared: AtomicU64::new(0),
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
        let seconds = now / 1_000;
        let judged = match self.recall(token, seconds) {
            Some(judged) => judged,
            None => self.judge(token, seconds),
        };
        match judged {
            Ok(holds) => self.say(holds, now, on_stale),
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
    fn say(&self, holds: Holds, now: u64, on_stale: OnStale) -> Verdict {
        let Some(feed) = self.feed(holds.slot) else {
            return Verdict::Trusted(holds.claims);
        };
        let state = feed.freshness(now);
        match on_stale.say(state) {
            Say::Accept => Verdict::Trusted(holds.claims),
            Say::AcceptStale => {
                self.counts.accepted_stale.one();
                Verdict::Trusted(holds.claims)
            }
            Say::Ask => {
                self.counts.ask_issuer.one();
                Verdict::AskIssuer(holds.claims)
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

    /// Judges a token whose signature is known to be good. Everything that time may have changed is asked again; `None`
    /// when its signature must be too: it is not remembered, other keys count now, or one was revoked.
    fn recall(&self, token: &str, now: u64) -> Option<Result<Holds, Stop>> {
        let found = self.remembered.find(token)?;
        let entry = found.as_ref()?;
        let cache = &self.caches[entry.issuer];
        if entry.keys != cache.generation() || !cache.usable_at(now) {
            return None;
        }
        let judged = self
            .times(entry.times, now)
            .and_then(|()| self.still(entry, now))
            .and_then(|known| self.demands(&entry.claims).map(|()| known));
        match judged {
            Ok(Known::Yes) => {
                self.counts.recalled();
                Some(Ok(Holds {
                    slot: entry.issuer,
                    claims: Arc::clone(&entry.claims),
                }))
            }
            Ok(Known::No) => None,
            Err(reject) => Some(Err(reject.into())),
        }
    }

    /// Whether a remembered token is still not revoked. Where no record is new since it was last asked, two numbers tell.
    fn still(&self, entry: &Entry, now: u64) -> Result<Known, Reject> {
        let Some(feed) = self.feed(entry.issuer) else {
            return Ok(Known::Yes);
        };
        let era = feed.era();
        if era != entry.era {
            self.clear(era);
            return Ok(Known::No);
        }
        // Before the records are looked at: what comes in between is looked at the next time.
        let generation = feed.generation();
        if entry.clean.load(Ordering::Relaxed) != generation {
            let held = feed.held();
            let Some(heard) = entry.heard.as_ref().filter(|heard| heard.hash == *held.hash()) else {
                return Ok(Known::No);
            };
            if let Some(kind) = held.hit(&heard.subject, now) {
                return Err(Reject::Revoked(kind));
            }
            entry.clean.store(generation, Ordering::Relaxed);
        }
        Ok(Known::Yes)
    }

    /// Forgets all verified tokens, once for each new era: a signing key was revoked.
    fn clear(&self, era: u64) {
        if self.cleared.fetch_max(era, Ordering::Relaxed) < era {
            self.remembered.clear();
        }
    }

    /// Finds the issuer by its key, then judges. With several issuers the *key* tells the issuer, so that one issuer
    /// can never speak for another.
    fn judge(&self, token: &str, now: u64) -> Result<Holds, Stop> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Reject::TooLong.into());
        }
        let Some(encoded) = payload_part(token) else {
            return Err(Reject::NotJwt.into());
        };
        let mut miss = Reject::UnknownKey;
        for (slot, cache) in self.caches.iter().enumerate() {
            // Before the keys: those that come in between are asked the next time.
            let generation = cache.generation();
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
                    let claims = Arc::new(self.accept(slot, signed, payload, now)?);
                    let heard = self.revocation(slot, &claims, kid.as_deref(), now)?;
                    self.demands(&claims)?;
                    let entry = || Entry::new(token, &claims, slot, generation, heard);
                    self.remembered.offer(token, &claims, entry);
                    return Ok(Holds { slot, claims });
                }
                Err(Error::UnknownKey) => {}
                // Two issuers may have chosen the same key id: ask the next.
                Err(Error::Signature) => miss = Reject::Signature,
                Err(Error::AlgorithmMismatch { .. }) if miss != Reject::Signature => miss = Reject::Algorithm,
                Err(Error::AlgorithmMismatch { .. }) => {}
                Err(error) => return Err(reject(&error).into()),
            }
        }
        if miss == Reject::UnknownKey && self.names_removed_key(token, now) {
            return Err(Reject::Revoked(Kind::Key).into());
        }
        // Keys that are here give a final answer, unless those of another issuer were never here.
        if let Some(need) = self.fetch_could_help(&miss, now) {
            return Err(Stop::Need(need));
        }
        let nameless =
            miss == Reject::UnknownKey && Unverified::parse(token).is_ok_and(|header| header.kid().is_none());
        Err(if nameless { Reject::NoKeyId } else { miss }.into())
    }

    /// Whether a record of the issuer's feed hits the token, and if not, what to compare with the next. A revoked key is
    /// refused here too, though it may still be among the keys that were fetched.
    fn revocation(
        &self,
        slot: usize,
        claims: &Claims,
        kid: Option<&str>,
        now: u64,
    ) -> Result<Option<Heard>, Reject> {
        let Some(feed) = self.feed(slot) else {
            return Ok(None);
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
        let (era, generation) = (feed.era(), feed.generation());
        let held = feed.held();
        let subject = HashedSubject::new(held.hash(), &subject);
        match held.hit(&subject, now) {
            Some(kind) => Err(Reject::Revoked(kind)),
            None => Ok(Some(Heard {
                hash: *held.hash(),
                subject,
                era,
                generation,
            })),
        }
    }

    /// Whether a token names a key that the issuer took away, and that is gone from its set already: no fetch brings it
    /// back. Only where there is one issuer; with several, a key of that name may be another's.
    fn names_removed_key(&self, token: &str, now: u64) -> bool {
        let [Issuer { feed: Some(feed), .. }] = &self.policy.issuers[..] else {
            return false;
        };
        Unverified::parse(token).is_ok_and(|header| {
            let key = Subject {
                iat: u64::MAX,
                kid: header.kid(),
                ..Subject::default()
            };
            feed.ended(&key, now) == Some(Kind::Key)
        })
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
        self.counts.read(self.remembered.size())
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
