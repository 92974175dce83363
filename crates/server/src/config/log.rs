//! What the log says and how.

use super::value::{ConfigError, Setting, Value};

/// What the log says and how. It goes to standard error and never holds a secret.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct LogSection {
    /// `json` for machines, `pretty` for people.
    #[config(env = "SEKISHO_LOG_FORMAT", default = "json")]
    pub(super) format: Value,

    /// `error`, `warn`, `info`, `debug` or `trace`; or directives such as `info,sekisho=debug`.
    #[config(env = "SEKISHO_LOG", default = "info")]
    pub(super) level: Value,
}

/// What the log says and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// For machines or for people.
    pub format: LogFormat,
    /// Directives that `tracing_subscriber::EnvFilter` accepts.
    pub level: String,
}

/// For whom the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Coloured text.
    Pretty,
}

impl LogSection {
    pub(super) fn resolve(&self) -> Result<Log, ConfigError> {
        let level = Setting::new("log.level", Some(&self.level));
        let text = level.list().join(",");
        if text.is_empty() || tracing_subscriber::EnvFilter::try_new(&text).is_err() {
            return Err(level.mistake(&format!("is \"{text}\"; write error, warn, info, debug or trace")));
        }
        Ok(Log {
            format: Setting::new("log.format", Some(&self.format))
                .one_of(&[("json", LogFormat::Json), ("pretty", LogFormat::Pretty)])?
                .unwrap_or(LogFormat::Json),
            level: text,
        })
    }
}
