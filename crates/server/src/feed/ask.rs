//! What a request to the feed asks for. Everything that is not understood is refused in plain words: a parameter that is
//! ignored here would be a verifier that believes it is fresh.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::parameters::Parameters;
use sekisho_verify::feed::{MAX_NUMBER, VERSION};
use serde_json::json;

use super::NotHere;
use super::event::Why;

/// Seconds a long poll waits when it does not say.
const WAIT: u64 = 20;
/// The longest it may wait: proxies cut what is silent for longer.
const LONGEST_WAIT: u64 = 25;

/// From where a reader goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) feed_id: String,
    pub(super) after: u64,
    pub(super) verifier: Option<String>,
    /// Seconds, for a long poll.
    pub(super) wait: u64,
}

/// Why a request to the feed is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// 400 with a sentence.
    Invalid(String),
    /// 406: another version of the feed than ours.
    Version,
    /// 410: it must take a snapshot.
    Snapshot(Why),
    /// 503: nothing is known here at the moment.
    Unready,
    /// 503: too many streams, here or of this client.
    Full,
}

impl From<NotHere> for Unserved {
    fn from(not: NotHere) -> Self {
        match not {
            NotHere::Snapshot(why) => Self::Snapshot(why),
            NotHere::Unready => Self::Unready,
        }
    }
}

impl Ask {
    /// Reads the query of `GET /revocations`.
    pub(super) fn read(query: &Parameters) -> Result<Self, Unserved> {
        only(query, &["v", "feed_id", "after", "verifier", "wait"])?;
        version(query)?;
        Ok(Self {
            feed_id: feed_id(query)?,
            after: number(query, "after", MAX_NUMBER)?.ok_or_else(|| missing("after"))?,
            verifier: verifier(query)?,
            wait: number(query, "wait", LONGEST_WAIT)?.unwrap_or(WAIT),
        })
    }
}

/// Reads the query of `GET /revocations/snapshot`.
pub(super) fn snapshot(query: &Parameters) -> Result<(), Unserved> {
    only(query, &["v"])?;
    version(query)
}

/// An acknowledgement: which feed, which number, which verifier.
pub(super) fn acknowledgement(body: &Parameters) -> Result<(String, u64, Option<String>), Unserved> {
    only(body, &["feed_id", "seq", "verifier"])?;
    let seq = number(body, "seq", MAX_NUMBER)?.ok_or_else(|| missing("seq"))?;
    Ok((feed_id(body)?, seq, verifier(body)?))
}

fn only(query: &Parameters, known: &[&str]) -> Result<(), Unserved> {
    match query.names().find(|name| !known.contains(name)) {
        None => Ok(()),
        // What was sent is not repeated: it could be anything.
        Some(_) => Err(Unserved::Invalid(format!(
            "Only these parameters are known here: {}",
            known.join(", ")
        ))),
    }
}

fn version(query: &Parameters) -> Result<(), Unserved> {
    match number(query, "v", u64::from(u32::MAX))? {
        None => Err(missing("v")),
        Some(v) if v == u64::from(VERSION) => Ok(()),
        Some(_) => Err(Unserved::Version),
    }
}

fn feed_id(query: &Parameters) -> Result<String, Unserved> {
    let feed_id = text(query, "feed_id")?.ok_or_else(|| missing("feed_id"))?;
    match feed_id.len() {
        1..=64 => Ok(feed_id.to_owned()),
        _ => Err(Unserved::Invalid("feed_id has at most 64 characters".to_owned())),
    }
}

fn verifier(query: &Parameters) -> Result<Option<String>, Unserved> {
    let Some(name) = text(query, "verifier")? else {
        return Ok(None);
    };
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    match plain && (8..=64).contains(&name.len()) {
        true => Ok(Some(name.to_owned())),
        false => Err(Unserved::Invalid(
            "verifier has 8 to 64 characters of A-Z a-z 0-9 - and _".to_owned(),
        )),
    }
}

/// A whole number in decimal digits.
fn number(query: &Parameters, name: &'static str, most: u64) -> Result<Option<u64>, Unserved> {
    let Some(text) = text(query, name)? else {
        return Ok(None);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(number) if digits && number <= most => Ok(Some(number)),
        _ => Err(Unserved::Invalid(format!(
            "{name} is a whole number from 0 to {most}"
        ))),
    }
}

fn text<'a>(query: &'a Parameters, name: &'static str) -> Result<Option<&'a str>, Unserved> {
    query
        .get(name)
        .map_err(|_| Unserved::Invalid(format!("{name} must be sent once, as plain text")))
}

fn missing(name: &str) -> Unserved {
    Unserved::Invalid(format!("{name} is missing"))
}

impl IntoResponse for Unserved {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Invalid(sentence) => (
                StatusCode::BAD_REQUEST,
                json!({ "error": "invalid_request", "error_description": sentence }),
            ),
            Self::Version => (
                StatusCode::NOT_ACCEPTABLE,
                json!({
                    "error": "version_not_supported",
                    "error_description": format!("This issuer speaks version {VERSION} of the feed: send v={VERSION}"),
                }),
            ),
            Self::Snapshot(why) => (
                StatusCode::GONE,
                json!({
                    "error": "snapshot_required",
                    "reason": why.word(),
                    "error_description": "Take a snapshot and go on from its seq",
                }),
            ),
            Self::Unready => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({
                    "error": "temporarily_unavailable",
                    "error_description": "This node cannot read the feed at the moment. Try again.",
                }),
            ),
            Self::Full => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({
                    "error": "temporarily_unavailable",
                    "error_description": "There are as many streams as this node serves, in all or to one client. Try again.",
                }),
            ),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, Unserved};
    use sekisho_rules::parameters::Parameters;

    fn read(query: &str) -> Result<Ask, Unserved> {
        let pairs = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        Ask::read(&Parameters::from_pairs(pairs))
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let good = read("v=1&feed_id=fd_1&after=7").unwrap();
        assert_eq!((good.after, good.wait, good.verifier), (7, 20, None));
        let named = read("v=1&feed_id=fd_1&after=0&verifier=abcd_EF-1&wait=0").unwrap();
        assert_eq!((named.wait, named.verifier.as_deref()), (0, Some("abcd_EF-1")));
        for (query, said) in [
            ("feed_id=f&after=1", "v is missing"),
            ("v=1&after=1", "feed_id is missing"),
            ("v=1&feed_id=f", "after is missing"),
            ("v=one&feed_id=f&after=1", "v is a whole number"),
            ("v=1&feed_id=f&after=-1", "after is a whole number"),
            ("v=1&feed_id=f&after=%2B1", "after is a whole number"),
            ("v=1&feed_id=f&after=1.5", "after is a whole number"),
            ("v=1&feed_id=f&after=9007199254740992", "after is a whole number"),
            ("v=1&feed_id=f&after=1&after=2", "after must be sent once"),
            (
                "v=1&feed_id=f&after=1&wait=26",
                "wait is a whole number from 0 to 25",
            ),
            ("v=1&feed_id=f&after=1&verifier=short", "verifier has 8"),
            ("v=1&feed_id=f&after=1&verifier=not%20plain", "verifier has 8"),
            ("v=1&feed_id=f&after=1&sequence=2", "Only these parameters"),
        ] {
            match read(query) {
                Err(Unserved::Invalid(sentence)) => {
                    assert!(sentence.starts_with(said), "{query}: {sentence}");
                }
                other => panic!("{query}: {other:?}"),
            }
        }
        assert_eq!(read("v=2&feed_id=f&after=1"), Err(Unserved::Version));
        assert_eq!(read("v=0&feed_id=f&after=1"), Err(Unserved::Version));
    }
}
