//! Fetching the keys that a verifier asks for: one fetch at a time and issuer, in a task of its own, so that a request that is
//! dropped ends none of them.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::fetcher::{FetchError, Fetcher};
use crate::policy::Policy;
use crate::revocations::OnStale;
use crate::verifier::{FetchCause, KeyFetch, Told, Verdict, Verifier};

/// A verifier and the way to its keys.
#[derive(Debug)]
pub(super) struct KeyFetches {
    pub(super) verifier: Verifier,
    fetcher: Fetcher,
    /// Counts finished fetches, so that requests can wait for one.
    pub(super) finished: watch::Sender<u64>,
    last_error: ArcSwapOption<FetchError>,
}

impl KeyFetches {
    pub(super) fn new(verifier: Verifier, fetcher: Fetcher) -> Arc<Self> {
        Arc::new(Self {
            verifier,
            fetcher,
            finished: watch::channel(0).0,
            last_error: ArcSwapOption::empty(),
        })
    }

    /// Judges a token at `now` (Unix milliseconds), fetching keys if it must.
    pub(super) async fn check(self: &Arc<Self>, token: &str, now: u64, on_stale: OnStale) -> Verdict {
        let check = || self.verifier.check_at(token, now, on_stale);
        let seconds = now / 1_000;
        let mut verdict = check();
        if matches!(verdict, Verdict::NeedKeys(_)) {
            // One turn for each issuer, whose fetches may end one after the other.
            for _ in 0..Policy::MAX_ISSUERS {
                let mut finished = self.finished.subscribe();
                self.start(FetchCause::NeedKeys, seconds);
                verdict = check();
                let Verdict::NeedKeys(need) = &verdict else { break };
                if need.retry_after > 0 {
                    break;
                }
                let limit = self.fetcher.timeout * 2 + Duration::from_secs(1);
                if tokio::time::timeout(limit, finished.changed()).await.is_err() {
                    break;
                }
                verdict = check();
                if !matches!(&verdict, Verdict::NeedKeys(need) if need.retry_after == 0) {
                    break;
                }
            }
        }
        self.start(FetchCause::Age, seconds);
        verdict
    }

    /// Fetches whatever is due and waits for it. Time in Unix seconds, here and below.
    pub(super) async fn warm_up(&self, now: u64) -> Result<(), Arc<FetchError>> {
        while let Some(fetch) = self.verifier.begin_fetch(FetchCause::Age, now) {
            self.run(fetch).await;
        }
        match self.last_error.load_full() {
            Some(error) if !self.verifier.is_ready(now) => Err(error),
            _ => Ok(()),
        }
    }

    /// Fetches an issuer's keys because it told of other ones; says whether they are here now.
    pub(super) async fn fetch_told(&self, issuer: &str, now: u64) -> bool {
        match self.verifier.begin_told_fetch(issuer, now) {
            Told::Fetch(fetch) => self.run(fetch).await,
            Told::Pinned => true,
            Told::Busy => false,
        }
    }

    pub(super) fn last_error(&self) -> Option<Arc<FetchError>> {
        self.last_error.load_full()
    }

    fn start(self: &Arc<Self>, cause: FetchCause, now: u64) {
        while let Some(fetch) = self.verifier.begin_fetch(cause, now) {
            let fetches = Arc::clone(self);
            tokio::spawn(async move { fetches.run(fetch).await });
        }
    }

    async fn run(&self, fetch: KeyFetch) -> bool {
        let fetched = self.fetcher.keys(fetch.issuer()).await;
        let keys = match fetched {
            Ok(keys) => {
                self.last_error.store(None);
                Some(keys)
            }
            Err(error) => {
                self.last_error.store(Some(Arc::new(error)));
                None
            }
        };
        let here = keys.is_some();
        self.verifier.finish_fetch(fetch, keys);
        self.finished.send_modify(|count| *count = count.wrapping_add(1));
        here
    }
}
