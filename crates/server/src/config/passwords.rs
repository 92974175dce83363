//! What a password hash costs and how many may run at once, and which passwords may be new ones.

use super::value::{ConfigError, Setting, Value};
use crate::passwords::{PasswordWork, Passwords};
use sekisho_rules::login::policy::{MOST_HISTORY, PasswordPolicy};
use std::path::PathBuf;
use url::Url;

/// What a password hash (Argon2id) costs and how many may run at once, with OWASP's defaults; and which passwords may be
/// new ones.
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

    /// How hard a new password must be to guess: zxcvbn's score from 0 (anything of 8 characters) to 4. 3 is at least a
    /// hundred million guesses.
    #[config(env = "SEKISHO_PASSWORDS_STRENGTH", default = 3)]
    pub(super) strength: Value,

    /// How many of a person's last passwords may not come again, the present one included. 0 allows all.
    #[config(env = "SEKISHO_PASSWORDS_HISTORY", default = 1)]
    pub(super) history: Value,

    /// A list of leaked passwords that are refused, made by `sekisho password-list build`.
    #[config(env = "SEKISHO_PASSWORDS_BREACHED_FILE")]
    pub(super) breached_file: Option<Value>,

    /// A service that is asked whether a new password leaked, by the first five digits of its SHA-1 (k-anonymity), for
    /// example "https://api.pwnedpasswords.com/range/". When it does not answer, the password is taken.
    #[config(env = "SEKISHO_PASSWORDS_BREACHED_API")]
    pub(super) breached_api: Option<Value>,
}

/// Which passwords may be new ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasswordRule {
    /// What the rule asks for.
    pub policy: PasswordPolicy,
    /// The list of leaked passwords.
    pub breached_file: Option<PathBuf>,
    /// The service that knows leaked passwords; five hexadecimal digits are put behind it.
    pub breached_api: Option<String>,
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

    pub(super) fn rule(&self) -> Result<PasswordRule, ConfigError> {
        let usual = PasswordPolicy::default();
        let api = Setting::new("passwords.breached_api", self.breached_api.as_ref());
        let address = api.text()?;
        if let Some(text) = address {
            let callable = Url::parse(text)
                .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.fragment().is_none());
            if !callable {
                return Err(api.mistake(&format!(
                    "is \"{text}\", which is not a web address; write for example \"https://api.pwnedpasswords.com/range/\""
                )));
            }
        }
        Ok(PasswordRule {
            policy: PasswordPolicy {
                strength: Setting::new("passwords.strength", Some(&self.strength))
                    .number(0..=4, "a score")?
                    .unwrap_or(usual.strength),
                history: Setting::new("passwords.history", Some(&self.history))
                    .number(0..=MOST_HISTORY, "passwords")?
                    .unwrap_or(usual.history),
            },
            breached_file: Setting::new("passwords.breached_file", self.breached_file.as_ref()).path()?,
            breached_api: address.map(str::to_owned),
        })
    }
}
