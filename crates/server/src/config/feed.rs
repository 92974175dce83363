//! How many listen to the revocation feed.

use super::value::{ConfigError, Setting, Value};

/// Who may listen to the revocation feed.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct FeedSection {
    /// Streams of the revocation feed that one node serves; one more gets 503. They count as connections too.
    #[config(env = "SEKISHO_FEED_MAX_STREAMS", default = 5000)]
    pub(super) max_streams: Value,

    /// How many of them one client may have.
    #[config(env = "SEKISHO_FEED_MAX_STREAMS_PER_CLIENT", default = 2500)]
    pub(super) max_streams_per_client: Value,
}

/// Who may listen to the revocation feed.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    /// Streams of one node.
    pub max_streams: usize,
    /// Streams of one client at one node.
    pub max_streams_per_client: usize,
}

impl FeedSection {
    pub(super) fn resolve(&self) -> Result<Feed, ConfigError> {
        let all = Setting::new("feed.max_streams", Some(&self.max_streams));
        let of_one = Setting::new("feed.max_streams_per_client", Some(&self.max_streams_per_client));
        Ok(Feed {
            max_streams: all.number(1..=1_000_000, "streams")?.unwrap_or(5000),
            max_streams_per_client: of_one.number(1..=1_000_000, "streams")?.unwrap_or(2500),
        })
    }
}
