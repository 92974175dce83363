//! How long the audit log is kept.

use super::value::{ConfigError, Setting, Value};

/// The audit log.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct AuditSection {
    /// Days the audit log is kept; 0 keeps it for ever.
    #[config(env = "SEKISHO_AUDIT_RETENTION_DAYS", default = 90)]
    pub(super) retention_days: Value,
}

/// The audit log.
#[derive(Clone, Copy, Debug)]
pub struct Audit {
    /// Days it is kept; `None` for ever.
    pub retention_days: Option<i64>,
}

impl AuditSection {
    pub(super) fn resolve(&self) -> Result<Audit, ConfigError> {
        let days = Setting::new("audit.retention_days", Some(&self.retention_days))
            .number(0..=36_500, "days")?
            .unwrap_or(90);
        Ok(Audit {
            retention_days: (days > 0).then_some(days),
        })
    }
}
