//! The log: one line for each request and each thing an operator must know, on standard error.
//!
//! It never holds a secret. Our own lines name paths without queries, and never a password, token, code, cookie or
//! key. Libraries cannot be trusted to do the same when they are asked to be chatty (an HTTP library prints headers at
//! `trace`), so their lines stop at `info` whatever the level.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::config::{Log, LogFormat};

/// Installs the log for this process. Call it once, in `main`.
///
/// # Errors
/// When a log is installed already.
pub fn install(log: &Log) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(subscriber(log, std::io::stderr))
}

/// The log, written to `writer`.
pub fn subscriber<W>(log: &Log, writer: W) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse_lossy(&log.level);
    let lines = match log.format {
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false);
            lines.with_writer(writer).boxed()
        }
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .compact()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(writer)
            .boxed(),
    };
    Registry::default().with(lines.with_filter(filter_fn(is_quiet)).with_filter(level))
}

/// Whether a line may be written at all: ours at any level, a library's down to `info`.
fn is_quiet(line: &Metadata<'_>) -> bool {
    line.target().starts_with("sekisho") || *line.level() <= Level::INFO
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, level: &str, say: impl FnOnce()) -> String {
        let sink = Written::default();
        let writer = sink.clone();
        let log = Log {
            format,
            level: level.to_owned(),
        };
        tracing::subscriber::with_default(subscriber(&log, move || writer.clone()), say);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_json_line_carries_the_request_id() {
        let text = written(LogFormat::Json, "info", || {
            let _span = tracing::info_span!("request", id = "abc").entered();
            tracing::info!(status = 200, "answered");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "answered");
        assert_eq!(line["span"]["id"], "abc");
        assert_eq!(line["status"], 200);
    }

    #[test]
    fn a_library_is_never_chatty() {
        for level in ["trace", "trace,h2=trace", "debug"] {
            let text = written(LogFormat::Pretty, level, || {
                tracing::trace!(target: "h2::codec", "authorization: Bearer secret");
                tracing::debug!(target: "hyper::proto", "cookie: secret");
                tracing::debug!(target: "sekisho::token", "ours");
                tracing::info!(target: "rustls", "theirs");
            });
            assert!(!text.contains("secret"), "{text}");
            assert!(text.contains("ours") && text.contains("theirs"), "{text}");
        }
    }

    #[test]
    fn the_level_counts() {
        let text = written(LogFormat::Pretty, "warn", || {
            tracing::info!(target: "sekisho::token", "quiet");
            tracing::warn!(target: "sekisho::token", "loud");
        });
        assert!(text.contains("loud") && !text.contains("quiet"), "{text}");
    }
}
