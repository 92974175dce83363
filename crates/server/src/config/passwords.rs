//! What a password hash costs and how many may run at once.

use super::value::{ConfigError, Setting, Value};
use crate::passwords::{PasswordWork, Passwords};

/// What a password hash (Argon2id) costs, and how many may run at once. The defaults are OWASP's.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct PasswordsSection {
    /// Memory of one hash in KiB.
    #[config(env = "SEKISHO_PASSWORDS_MEMORY_KIB", default = 19456)]
    pub(super) memory_kib: Value,

    /// Passes over the memory.
    #[config(env = "SEKISHO_PASSWORDS_PASSES", default = 2)]
    pub(super) passes: Value,

    /// Lanes.
    #[config(env = "SEKISHO_PASSWORDS_LANES", default = 1)]
    pub(super) lanes: Value,

    /// Hashes at the same time. The default is one less than the cores, so that a flood of logins leaves a core to
    /// token traffic.
    #[config(env = "SEKISHO_PASSWORDS_CONCURRENCY")]
    pub(super) concurrency: Option<Value>,

    /// Logins that may wait for a hash; the next one gets 503.
    #[config(env = "SEKISHO_PASSWORDS_QUEUE", default = 128)]
    pub(super) queue: Value,
}

impl PasswordsSection {
    pub(super) fn resolve(&self) -> Result<PasswordWork, ConfigError> {
        let usual = PasswordWork::default();
        let memory = Setting::new("passwords.memory_kib", Some(&self.memory_kib));
        let work = PasswordWork {
            memory_kib: memory.number(8..=4_194_304, "KiB")?.unwrap_or(usual.memory_kib),
            passes: Setting::new("passwords.passes", Some(&self.passes))
                .number(1..=100, "passes")?
                .unwrap_or(usual.passes),
            lanes: Setting::new("passwords.lanes", Some(&self.lanes))
                .number(1..=64, "lanes")?
                .unwrap_or(usual.lanes),
            concurrency: Setting::new("passwords.concurrency", self.concurrency.as_ref())
                .number(1..=1024, "hashes")?
                .unwrap_or(usual.concurrency),
            queue: Setting::new("passwords.queue", Some(&self.queue))
                .number(0..=100_000, "logins")?
                .unwrap_or(usual.queue),
        };
        if !Passwords::allows(&work) {
            return Err(memory.mistake("is too little for `passwords.lanes`; write at least 8 for each lane"));
        }
        Ok(work)
    }
}
