//! What providers publish, kept in memory: discovery documents and keys. They are read when they are needed, again when they are old,
//! and again when a token names a key that is not among them, but not more often than once a minute.

use super::Failure;
use crate::http::visit::Visit;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::{Discovered, discovery_address};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Seconds a document is used without being read again.
const FRESH_SECONDS: i64 = 3600;
/// Seconds between two readings of one document because of an unknown key.
const AGAIN_SECONDS: i64 = 60;
/// Documents kept. There are at most two for each connection; with more, all are read anew.
const MOST: usize = 256;

/// Documents by their addresses.
#[derive(Default)]
pub struct Documents(Mutex<HashMap<String, Kept>>);

#[derive(Clone)]
struct Kept {
    read_at: Timestamp,
    body: Arc<Vec<u8>>,
}

/// Which keys are good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that were read last.
    Usual,
    /// Newer ones: a token names a key that was not among them.
    Newer,
}

impl Documents {
    /// The discovery document of an issuer.
    pub(super) async fn discovery(&self, visit: &Visit, issuer: &str) -> Result<Discovered, Failure> {
        let body = self
            .document(visit, &discovery_address(issuer), Wanted::Usual)
            .await?;
        Discovered::read(&body, issuer).ok_or(Failure::NotUnderstood(
            "the discovery document is not this issuer's, or not one",
        ))
    }

    /// A document, from memory while it is fresh. One that cannot be read again is used on while it is less than a day old: a provider's
    /// pause is not ours.
    pub(super) async fn document(
        &self,
        visit: &Visit,
        address: &str,
        wanted: Wanted,
    ) -> Result<Arc<Vec<u8>>, Failure> {
        let now = visit.moment.now;
        let held = self.held(address);
        let age = |kept: &Kept| now.millis_since(kept.read_at) / 1000;
        let enough = match wanted {
            Wanted::Usual => FRESH_SECONDS,
            Wanted::Newer => AGAIN_SECONDS,
        };
        if let Some(kept) = held.as_ref().filter(|kept| (0..enough).contains(&age(kept))) {
            return Ok(Arc::clone(&kept.body));
        }
        let failure = match visit.app.egress.get(address, "application/json").await {
            Ok(answer) if answer.status == 200 => {
                let body = Arc::new(answer.body);
                let kept = Kept {
                    read_at: now,
                    body: Arc::clone(&body),
                };
                self.keep(address, kept);
                return Ok(body);
            }
            Ok(answer) => Failure::Status(answer.status),
            Err(error) => Failure::Unreachable(error),
        };
        match held.filter(|kept| (0..24 * FRESH_SECONDS).contains(&age(kept))) {
            Some(kept) => {
                tracing::warn!(address, %failure, "a provider's document could not be read again");
                Ok(kept.body)
            }
            None => Err(failure),
        }
    }

    fn held(&self, address: &str) -> Option<Kept> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(address).cloned()
    }

    fn keep(&self, address: &str, kept: Kept) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST {
            held.clear();
        }
        held.insert(address.to_owned(), kept);
    }
}
