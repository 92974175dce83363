//! What is common to all answers of an issuer: how long they may take, how long they may be, and their errors in our words.

use std::time::Duration;

use reqwest::{Response, Url};
use serde::Deserialize;

use super::error::FeedClientError;

/// Work that may take this long.
pub(super) async fn within<T>(
    url: &Url,
    limit: Duration,
    work: impl Future<Output = Result<T, FeedClientError>>,
) -> Result<T, FeedClientError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(FeedClientError::TimedOut(place(url))),
    }
}

/// The answer, if it is a success and came from where it was asked for.
pub(super) fn checked(answer: Response, url: &Url) -> Result<Response, FeedClientError> {
    if answer.status().is_success() && answer.url() == url {
        return Ok(answer);
    }
    Err(FeedClientError::Status {
        url: place(url),
        status: answer.status().as_u16(),
    })
}

/// The body, if it is not longer than `limit` bytes.
pub(super) async fn read(mut answer: Response, url: &Url, limit: usize) -> Result<Vec<u8>, FeedClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|source| unreachable(url, source))? {
        if body.len() + chunk.len() > limit {
            return Err(FeedClientError::TooLong(place(url)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// No connection, or one that broke.
pub(super) fn unreachable(url: &Url, source: reqwest::Error) -> FeedClientError {
    FeedClientError::Unreachable {
        url: place(url),
        source: source.without_url(),
    }
}

/// The URL without its query, for messages.
fn place(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

/// A `Content-Type` without its parameters.
pub(super) fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or("").trim()
}

/// The `error` of an answer by RFC 6749 section 5.2, if it is one and short.
pub(super) fn oauth_error(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Answer {
        error: String,
    }
    let error = serde_json::from_slice::<Answer>(body).map_or(String::new(), |answer| answer.error);
    error.chars().filter(char::is_ascii_graphic).take(64).collect()
}
