//! The keys of one issuer: a `KeySet` is what is trusted at one moment, `KeyCache` how that changes. Reads take no lock:
//! a set is replaced whole, never edited, so a key that the issuer took away is gone with the next set.

mod schedule;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use sekisho_jose::{Algorithm, JwkSet, KeySet, VerifyingKey};

pub use schedule::KeyTiming;
use schedule::Schedule;
pub(crate) use schedule::{Cause, Plan};

/// Why a document is not a key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than [`MAX_KEY_SET_BYTES`].
    #[error("the key set is longer than is allowed")]
    TooLong,
    /// More than [`MAX_KEY_SET_KEYS`] members.
    #[error("the key set holds more keys than is allowed")]
    TooMany,
    /// Not the JSON of RFC 7517 section 5.
    #[error("the document is not a JSON Web Key Set")]
    Malformed,
}

/// The longest key set document that is read, in bytes.
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// The most keys a document may hold.
pub const MAX_KEY_SET_KEYS: usize = 100;

/// Reads a JSON Web Key Set as an issuer publishes it (RFC 7517 section 5).
///
/// Keys that cannot verify a signature (encryption keys, kinds not known here, keys too weak to be used) are left out,
/// as section 5 asks. Symmetric keys are left out too: in a published document they are no secret. An RSA key that does
/// not name its algorithm is taken for each of RSA's; the policy's list still decides. The set may end up empty, and
/// then nothing is trusted.
///
/// # Errors
/// [`KeySetError`].
pub fn parse_key_set(document: &[u8]) -> Result<KeySet, KeySetError> {
    if document.len() > MAX_KEY_SET_BYTES {
        return Err(KeySetError::TooLong);
    }
    let published = JwkSet::parse(document).map_err(|_| KeySetError::Malformed)?;
    if published.keys.len() > MAX_KEY_SET_KEYS {
        return Err(KeySetError::TooMany);
    }
    Ok(KeySet::from_jwks(&published, &Algorithm::ALL))
}

/// One issuer's keys over time.
#[derive(Debug)]
pub(crate) struct KeyCache {
    source: Source,
    state: ArcSwap<State>,
    /// Grows after other keys have come into force.
    generation: AtomicU64,
    /// The last second at which the present keys may be trusted; for those who need no key.
    until: AtomicU64,
}

/// Where keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Given by the program; never too old, never fetched.
    Pinned,
    /// Fetched from the issuer.
    Fetched(KeyTiming),
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) set: Arc<KeySet>,
    schedule: Schedule,
}

impl KeyCache {
    pub(crate) fn pinned(set: KeySet) -> Self {
        Self::with(
            Source::Pinned,
            State {
                set: Arc::new(set),
                schedule: Schedule::default(),
            },
        )
    }

    pub(crate) fn fetched(timing: KeyTiming) -> Self {
        Self::with(Source::Fetched(timing), State::default())
    }

    fn with(source: Source, state: State) -> Self {
        Self {
            state: ArcSwap::from_pointee(state),
            generation: AtomicU64::new(1),
            until: AtomicU64::new(match source {
                Source::Pinned => u64::MAX,
                Source::Fetched(_) => 0,
            }),
            source,
        }
    }

    /// A number that grows when other keys come into force: what was found good under an older one must be looked at again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the keys of this moment may be trusted at `now`.
    pub(crate) fn usable_at(&self, now: u64) -> bool {
        now <= self.until.load(Ordering::Relaxed)
    }

    /// The state at this moment; one atomic load.
    pub(crate) fn now(&self) -> arc_swap::Guard<Arc<State>> {
        self.state.load()
    }

    /// Whether the keys of `state` may be trusted at `now`.
    pub(crate) fn usable(&self, state: &State, now: u64) -> bool {
        match &self.source {
            Source::Pinned => true,
            Source::Fetched(timing) => state.schedule.usable(timing, now),
        }
    }

    /// Whether a fetch may begin; `None` for pinned keys.
    pub(crate) fn plan(&self, state: &State, cause: Cause, now: u64) -> Option<Plan> {
        match &self.source {
            Source::Pinned => None,
            Source::Fetched(timing) => Some(state.schedule.plan(timing, cause, now)),
        }
    }

    /// Begins a fetch if one is due and nobody else began it: the caller who gets `true` must fetch and report.
    pub(crate) fn begin(&self, cause: Cause, now: u64) -> bool {
        loop {
            let state = self.state.load();
            if self.plan(&state, cause, now) != Some(Plan::Fetch) {
                return false;
            }
            let next = State {
                set: Arc::clone(&state.set),
                schedule: state.schedule.begin(cause, now),
            };
            let previous = self.state.compare_and_swap(&*state, Arc::new(next));
            if Arc::ptr_eq(&previous, &state) {
                return true;
            }
        }
    }

    /// Takes what the fetch that began at `began` brought: a new set, or `None` for a failure.
    pub(crate) fn finish(&self, began: u64, fetched: Option<KeySet>) {
        let fetched = fetched.map(Arc::new);
        let before = self.state.rcu(|state| {
            if !state.schedule.expects(began) {
                return Arc::clone(state);
            }
            Arc::new(match &fetched {
                Some(set) => State {
                    // The same again stays, and with it what was verified by it.
                    set: Arc::clone(if are_same(&state.set, set) {
                        &state.set
                    } else {
                        set
                    }),
                    schedule: state.schedule.succeed(began),
                },
                None => State {
                    set: Arc::clone(&state.set),
                    schedule: state.schedule.fail(began),
                },
            })
        });
        let (Source::Fetched(timing), Some(set)) = (&self.source, &fetched) else {
            return;
        };
        if before.schedule.expects(began) {
            self.until
                .store(began.saturating_add(timing.max_stale), Ordering::Relaxed);
            if !are_same(&before.set, set) {
                self.generation.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Replaces pinned keys; says whether these are.
    pub(crate) fn replace(&self, set: KeySet) -> bool {
        if self.source != Source::Pinned {
            return false;
        }
        self.state.store(Arc::new(State {
            set: Arc::new(set),
            schedule: Schedule::default(),
        }));
        self.generation.fetch_add(1, Ordering::Release);
        true
    }
}

/// Whether both hold the same public keys under the same names, in one order.
fn are_same(one: &KeySet, other: &KeySet) -> bool {
    let same = |(one, other): (&VerifyingKey, &VerifyingKey)| {
        let bytes = |key: &VerifyingKey| key.to_spki_der().ok();
        one.kid() == other.kid()
            && one.algorithm() == other.algorithm()
            && bytes(one).is_some_and(|one| bytes(other) == Some(one))
    };
    let (one, other) = (one.keys(), other.keys());
    one.len() == other.len() && one.iter().zip(other).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_jose::SigningKey;

    /// The published form of keys, with one member of the first changed.
    fn published(keys: &[&SigningKey], edit: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let set: JwkSet = keys.iter().filter_map(|key| key.public_jwk()).collect();
        let mut set = serde_json::to_value(set).unwrap();
        edit(&mut set["keys"][0]);
        serde_json::to_vec(&set).unwrap()
    }

    #[test]
    fn rfc7517_5_keys_that_cannot_verify_are_left_out() {
        let (one, two) = (
            SigningKey::generate(Algorithm::Es256),
            SigningKey::generate(Algorithm::EdDsa),
        );
        let keys = [&one.unwrap().with_kid("one"), &two.unwrap().with_kid("two")];
        assert_eq!(parse_key_set(&published(&keys, |_| ())).unwrap().keys().len(), 2);
        for (member, value) in [
            ("use", "enc"),
            ("alg", "ECDH-ES"),
            ("kty", "PQC"),
            ("x", "AAAA"),
            ("crv", "P-224"),
        ] {
            let set = parse_key_set(&published(&keys, |key| key[member] = value.into())).unwrap();
            assert_eq!(set.keys().len(), 1, "{member}={value}");
            assert_eq!(set.keys()[0].kid(), Some("two"));
        }
    }

    #[test]
    fn threat_05_a_published_secret_is_no_key() {
        let set = br#"{"keys":[{"kty":"oct","alg":"HS256","kid":"s","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#;
        assert!(parse_key_set(set).unwrap().keys().is_empty());
    }

    #[test]
    fn an_rsa_key_that_names_no_algorithm_fits_each_of_its_kind() {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap().with_kid("one");
        let document = published(&[&key], |key| drop(key.as_object_mut().unwrap().remove("alg")));
        let set = parse_key_set(&document).unwrap();
        let algorithms: Vec<_> = set.keys().iter().map(|key| key.algorithm().name()).collect();
        assert_eq!(algorithms, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
    }

    #[test]
    fn threat_25_documents_beyond_the_limits_are_refused() {
        assert_eq!(
            parse_key_set(&[b' '; MAX_KEY_SET_BYTES + 1]).err(),
            Some(KeySetError::TooLong)
        );
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let many = |count| published(&vec![&key; count], |_| ());
        assert_eq!(
            parse_key_set(&many(MAX_KEY_SET_KEYS)).unwrap().keys().len(),
            MAX_KEY_SET_KEYS
        );
        assert_eq!(
            parse_key_set(&many(MAX_KEY_SET_KEYS + 1)).err(),
            Some(KeySetError::TooMany)
        );
        for malformed in [
            "",
            "{}",
            "[]",
            "<!doctype html>",
            r#"{"keys":{}}"#,
            r#"{"keys":[]"#,
            "null",
        ] {
            assert_eq!(
                parse_key_set(malformed.as_bytes()).err(),
                Some(KeySetError::Malformed),
                "{malformed}"
            );
        }
    }

    #[test]
    fn of_many_who_want_to_fetch_one_does() {
        let cache = KeyCache::fetched(KeyTiming::default());
        let winners = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| cache.begin(Cause::UnknownKey, 5)))
                .collect();
            tries
                .into_iter()
                .map(|t| t.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(winners, 1);
        // A report of a fetch that nobody waits for changes nothing.
        cache.finish(4, Some(KeySet::default()));
        assert!(!cache.usable(&cache.now(), 5));
        cache.finish(5, Some(KeySet::default()));
        assert!(cache.usable(&cache.now(), 5));
    }

    #[test]
    fn pinned_keys_are_never_fetched_and_can_be_replaced() {
        let cache = KeyCache::pinned(KeySet::default());
        assert!(cache.usable(&cache.now(), u64::MAX));
        assert!(!cache.begin(Cause::UnknownKey, 0) && !cache.begin(Cause::Age, u64::MAX));
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert!(cache.replace(KeySet::new(vec![key.verifying_key()])));
        assert_eq!(cache.now().set.keys().len(), 1);
        assert!(!KeyCache::fetched(KeyTiming::default()).replace(KeySet::default()));
    }
}
