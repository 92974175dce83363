//! What can go wrong between a verifier and the revocation feed, in words for a log. None of it is for the sender of a token.

use crate::feed::FeedError;

/// Why the revocation feed is not followed at the moment. The verifier goes on trying.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedClientError {
    /// A place that may not be asked: `https`, or `http` on loopback for an issuer there.
    #[error("not a URL that may be asked (https, or http on loopback): {0}")]
    Url(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    /// No connection, no valid certificate, or the connection broke.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// What was asked, without its query.
        url: String,
        /// The reason.
        #[source]
        source: reqwest::Error,
    },
    /// Not done in time.
    #[error("{0} did not answer in time")]
    TimedOut(String),
    /// An answer that is no success; a redirect counts as any other.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked, without its query.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// Longer than is allowed.
    #[error("{0} is longer than is allowed")]
    TooLong(String),
    /// Not the JSON that it should be.
    #[error("{0} answered something else than it should")]
    Answer(String),
    /// The token endpoint refused the verifier's client: wrong id or secret, no grant for the feed, or disabled.
    #[error(
        "no token for the revocation feed: {status} {error}; is the client made by `sekisho verifier add`?"
    )]
    Token {
        /// The answer's status.
        status: u16,
        /// The code of RFC 6749 section 5.2; empty when there was none.
        error: String,
    },
    /// A snapshot or a batch that is not understood.
    #[error(transparent)]
    Document(FeedError),
    /// The stream ended, broke or stood still.
    #[error("the stream of the revocation feed {0}")]
    Stream(&'static str),
}
