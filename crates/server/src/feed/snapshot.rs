//! `GET /revocations/snapshot`: everything that is revoked, at one moment. However many verifiers ask at once, the
//! database is read once and the document made once.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sekisho_rules::time::Timestamp;
use sekisho_store::{Fault, revocations};
use sekisho_verify::feed::Snapshot;
use tokio::sync::Mutex;

use super::ask;
use super::pulse::Began;
use crate::app::App;
use crate::http::reply::Refused;
use crate::http::visit::Visit;

/// How long one document is given out, in milliseconds.
const KEPT_MILLIS: u64 = 1000;
/// Smaller documents are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;

/// The newest document.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<Option<Made>>);

#[derive(Clone)]
struct Made {
    began: Began,
    etag: HeaderValue,
    plain: Bytes,
    gzip: Option<Bytes>,
}

impl Snapshots {
    /// Lets go of a document nobody may have any more: a large one is tens of megabytes.
    pub(super) fn sweep(&self, now: Timestamp) {
        if let Ok(mut made) = self.0.try_lock()
            && made.as_ref().is_some_and(|made| is_old(made, now))
        {
            *made = None;
        }
    }

    /// Lets go of a document that leads nowhere: readers are about to be told to take another.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }

    async fn newest(&self, app: &Arc<App>) -> Result<Made, Fault> {
        // Whoever comes while one is made waits for it here.
        let mut held = self.0.lock().await;
        let now = app.clock.now();
        match held.as_ref().filter(|made| !is_old(made, now)) {
            Some(made) => Ok(made.clone()),
            None => {
                let made = make(app).await?;
                *held = Some(made.clone());
                Ok(made)
            }
        }
    }
}

fn is_old(made: &Made, now: Timestamp) -> bool {
    made.began.age(now) >= KEPT_MILLIS
}

/// `GET /revocations/snapshot`.
pub async fn snapshot(visit: Visit) -> Response {
    let app = &visit.app;
    if let Err(denied) = app.feed.admit(&visit) {
        return app.feed.deny(&denied);
    }
    if let Err(unserved) = ask::snapshot(&visit.query) {
        return unserved.into_response();
    }
    match app.feed.snapshots.newest(app).await {
        Ok(made) => answer(&made, &visit.headers),
        Err(fault) => Refused::Store(fault).oauth(app.config.wire),
    }
}

fn answer(made: &Made, asked: &HeaderMap) -> Response {
    let mut response = match (is_known(made, asked), &made.gzip) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some(gzip)) if accepts_gzip(asked) => {
            let coded = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            ([coded], gzip.clone()).into_response()
        }
        (false, _) => made.plain.clone().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Not `no-store`: a reader may keep it for its ETag, but must ask again.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    headers.insert(header::ETAG, made.etag.clone());
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept-Encoding, Authorization"),
    );
    response
}

/// RFC 9110 section 13.1.2, with weak comparison.
fn is_known(made: &Made, asked: &HeaderMap) -> bool {
    let ours = made.etag.to_str().unwrap_or_default();
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| bare(tag) == bare(ours))
}

/// RFC 9110 section 12.5.3.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = quality
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0));
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

async fn make(app: &Arc<App>) -> Result<Made, Fault> {
    app.db.clock().await?.check()?;
    let began = app.feed.begin(app);
    let (head, records) = revocations::snapshot(&app.db).await?;
    let document = Snapshot {
        feed_id: head.feed_id,
        seq: head.seq,
        as_of: began.millis(),
        hash_key: *app.feed.hash_key(),
        jwks_etag: app.keys.current().etag.clone(),
        records,
    };
    // Weak: two documents with the same records differ in `as_of`.
    let etag = format!(
        "W/\"{}.{}.{}\"",
        document.feed_id, document.seq, document.jwks_etag
    );
    let etag = HeaderValue::try_from(etag).map_err(|_| Fault::Bug("an ETag that is no header".into()))?;
    let written = tokio::task::spawn_blocking(move || {
        let plain = Bytes::from(document.to_json());
        let gzip = (plain.len() >= WORTH_COMPRESSING).then(|| gzip(&plain)).flatten();
        (plain, gzip)
    });
    let (plain, gzip) = written
        .await
        .map_err(|_| Fault::Bug("a snapshot was not written".into()))?;
    Ok(Made {
        began,
        etag,
        plain,
        gzip,
    })
}

/// The fastest level: half of a record is random anyway.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::accepts_gzip;
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn gzip_is_sent_to_who_accepts_it() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };
        for yes in ["gzip", "br, GZIP;q=0.5", "deflate,gzip ; q=1"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
