//! The `fetch` feature: what a verifier needs of its issuer over HTTP: keys, the revocation feed, and now and then a word about
//! one token. `OnlineVerifier` puts them together; each file below owns one of them.

mod answer;
mod client;
mod credentials;
mod edge;
mod error;
mod fetcher;
mod follow;
mod introspect;
mod keeper;
mod key_fetches;
mod link;
mod offset;
mod online;
mod pause;
mod report;
mod sse;
mod state_file;

pub use client::FeedClient;
pub use credentials::Credentials;
pub use error::FeedClientError;
pub use fetcher::{FetchError, Fetcher};

pub use online::{NotReady, OnlineError, OnlineVerifier};
pub use report::{FeedCounts, FeedEvent, SnapshotCause, StateFault, Way};
