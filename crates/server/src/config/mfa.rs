//! When people prove a second factor.

use sekisho_rules::factor::MfaPolicy;

use super::value::{ConfigError, Setting, Value};

/// Second factors.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct MfaSection {
    /// `never`: only when an application asks by `acr_values`. `adaptive`: people who set a second factor up are asked for
    /// it, except in a browser they asked us to remember, and everybody is when a login looks wrong. `always`: everybody
    /// is asked, and who has none must set one up. A client may have a policy of its own.
    #[config(env = "SEKISHO_MFA_POLICY", default = "adaptive")]
    pub(super) policy: Value,

    /// Seconds a browser is remembered in which somebody asked for it when they proved a second factor (30 days); 0
    /// never remembers.
    #[config(env = "SEKISHO_MFA_REMEMBER", default = 2592000)]
    pub(super) remember: Value,
}

/// When people prove a second factor.
#[derive(Clone, Copy, Debug)]
pub struct Mfa {
    /// The policy of clients that have none of their own.
    pub policy: MfaPolicy,
    /// Seconds a browser is remembered; 0 never.
    pub remember: i64,
}

impl MfaSection {
    pub(super) fn resolve(&self) -> Result<Mfa, ConfigError> {
        let words: Vec<(&str, MfaPolicy)> = MfaPolicy::ALL
            .iter()
            .map(|policy| (policy.word(), *policy))
            .collect();
        Ok(Mfa {
            policy: Setting::new("mfa.policy", Some(&self.policy))
                .one_of(&words)?
                .unwrap_or(MfaPolicy::Adaptive),
            remember: Setting::new("mfa.remember", Some(&self.remember))
                .number(0..=31_536_000, "seconds")?
                .unwrap_or(2_592_000),
        })
    }
}
