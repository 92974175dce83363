//! How long a browser stays signed in.

use sekisho_rules::session::SessionPolicy;

use super::value::{ConfigError, Setting, Value};

/// How long a browser stays signed in.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct SessionSection {
    /// Seconds without use until a session ends (3 days).
    #[config(env = "SEKISHO_SESSION_IDLE", default = 259200)]
    pub(super) idle: Value,

    /// Seconds from the login until a session ends in any case (7 days).
    #[config(env = "SEKISHO_SESSION_ABSOLUTE", default = 604800)]
    pub(super) absolute: Value,
}

impl SessionSection {
    pub(super) fn resolve(&self) -> Result<SessionPolicy, ConfigError> {
        let year = 31_536_000;
        let absolute = Setting::new("session.absolute", Some(&self.absolute));
        let idle = Setting::new("session.idle", Some(&self.idle));
        let session = SessionPolicy {
            idle: idle.number(60..=year, "seconds")?.unwrap_or(259_200),
            absolute: absolute.number(60..=year, "seconds")?.unwrap_or(604_800),
        };
        if session.idle > session.absolute {
            return Err(
                idle.mistake("is longer than `session.absolute`; make it shorter or the other longer")
            );
        }
        Ok(session)
    }
}
