//! How often a credential may be guessed at, and what is done about logins that look wrong.

use super::bot_check::{BotCheck, BotCheckSection};
use super::server::{Networks, networks};
use super::value::{ConfigError, Setting, Value};
use sekisho_rules::login::attempts::Limits;
use std::path::PathBuf;

/// Attacks on accounts: how often a credential may be guessed at, and what is done about logins that look wrong.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct AttacksSection {
    /// Failures in a row at one account from one network (an IPv4 address, an IPv6 /64) until that pair is closed: the
    /// owner is written to once, with a link that opens it. 0 never closes it.
    #[config(env = "SEKISHO_ATTACKS_FAILURES", default = 10)]
    pub(super) failures: Value,

    /// Seconds such a pair stays closed when nobody opens it (30 days).
    #[config(env = "SEKISHO_ATTACKS_CLOSED", default = 2592000)]
    pub(super) closed: Value,

    /// Failures an hour at one account from everywhere. Beyond it only browsers in which the owner signed in before
    /// may try. 0 is no limit.
    #[config(env = "SEKISHO_ATTACKS_ACCOUNT_FAILURES_PER_HOUR", default = 100)]
    pub(super) account_failures_per_hour: Value,

    /// Failures a day from one network at any accounts. Beyond it, the same. 0 is no limit.
    #[config(env = "SEKISHO_ATTACKS_NETWORK_FAILURES_PER_DAY", default = 100)]
    pub(super) network_failures_per_day: Value,

    /// Accounts that failed from one network within an hour until it is taken for one that tries one after another
    /// (credential stuffing): for a day its logins look wrong and need a bot check, where there is one. 0 never.
    #[config(env = "SEKISHO_ATTACKS_NETWORK_ACCOUNTS_PER_HOUR", default = 20)]
    pub(super) network_accounts_per_hour: Value,

    /// New accounts an hour from one network. 0 is no limit.
    #[config(env = "SEKISHO_ATTACKS_SIGNUPS_PER_HOUR", default = 50)]
    pub(super) signups_per_hour: Value,

    /// Addresses or networks (CIDR) whose failures and sign-ups are not counted together, such as an office behind one
    /// address. Failures at one account count there too.
    #[config(env = "SEKISHO_ATTACKS_TRUSTED_NETWORKS")]
    pub(super) trusted_networks: Option<Value>,

    /// Logins that look wrong (a new browser, a new country, a journey nobody can make, an address on your list, many
    /// failures before). `challenge`: they are noted, the person is told by mail, and the `adaptive` policy of second
    /// factors asks for one. `notify`: noted and told. `off`: not looked for.
    #[config(env = "SEKISHO_ATTACKS_SUSPICIOUS_LOGINS", default = "challenge")]
    pub(super) suspicious_logins: Value,

    /// A file in MaxMind's format (.mmdb) with countries or cities, for countries and journeys. Without one, neither
    /// is looked at. Read at the start.
    #[config(env = "SEKISHO_ATTACKS_GEOIP_FILE")]
    pub(super) geoip_file: Option<Value>,

    /// A file of addresses and networks that attacks come from, one a line; what follows a `#` is ignored. Read at the
    /// start.
    #[config(env = "SEKISHO_ATTACKS_BAD_NETWORKS_FILE")]
    pub(super) bad_networks_file: Option<Value>,

    /// Kilometres an hour a person can travel.
    #[config(env = "SEKISHO_ATTACKS_TRAVEL_KMH", default = 1000)]
    pub(super) travel_kmh: Value,

    #[config(nested)]
    pub(super) bot_check: BotCheckSection,
}

/// What is done about logins that look wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuspiciousLogins {
    /// Noted, told, and taken into account where a second factor is adaptive.
    Challenge,
    /// Noted and told.
    Notify,
    /// Not looked for.
    Off,
}

/// How often a credential may be guessed at, and what is done about logins that look wrong.
#[derive(Clone, Debug)]
pub struct Attacks {
    /// How often.
    pub limits: Limits,
    /// Networks whose failures are not counted together.
    pub trusted_networks: Networks,
    /// What is done about logins that look wrong.
    pub suspicious_logins: SuspiciousLogins,
    /// Where addresses are.
    pub geoip_file: Option<PathBuf>,
    /// Addresses that attacks come from.
    pub bad_networks_file: Option<PathBuf>,
    /// Kilometres an hour a person can travel.
    pub travel_kmh: i64,
    /// The bot check, where it is switched on.
    pub bot_check: Option<BotCheck>,
}

impl AttacksSection {
    pub(super) fn resolve(&self) -> Result<Attacks, ConfigError> {
        let usual = Limits::default();
        let count = |key, value, usual| -> Result<i64, ConfigError> {
            let setting = Setting::new(key, Some(value));
            Ok(setting.number(0..=1_000_000, "times")?.unwrap_or(usual))
        };
        let trusted = Setting::new("attacks.trusted_networks", self.trusted_networks.as_ref());
        let suspicious = Setting::new("attacks.suspicious_logins", Some(&self.suspicious_logins));
        Ok(Attacks {
            limits: Limits {
                pair: count("attacks.failures", &self.failures, usual.pair)?,
                pair_memory: usual.pair_memory,
                pair_closed: Setting::new("attacks.closed", Some(&self.closed))
                    .number(60..=31_536_000, "seconds")?
                    .unwrap_or(usual.pair_closed),
                account: count(
                    "attacks.account_failures_per_hour",
                    &self.account_failures_per_hour,
                    usual.account,
                )?,
                network: count(
                    "attacks.network_failures_per_day",
                    &self.network_failures_per_day,
                    usual.network,
                )?,
                spread: count(
                    "attacks.network_accounts_per_hour",
                    &self.network_accounts_per_hour,
                    usual.spread,
                )?,
                signups: count("attacks.signups_per_hour", &self.signups_per_hour, usual.signups)?,
            },
            trusted_networks: networks(&trusted)?,
            suspicious_logins: suspicious
                .one_of(&[
                    ("challenge", SuspiciousLogins::Challenge),
                    ("notify", SuspiciousLogins::Notify),
                    ("off", SuspiciousLogins::Off),
                ])?
                .unwrap_or(SuspiciousLogins::Challenge),
            geoip_file: Setting::new("attacks.geoip_file", self.geoip_file.as_ref()).path()?,
            bad_networks_file: Setting::new("attacks.bad_networks_file", self.bad_networks_file.as_ref())
                .path()?,
            travel_kmh: Setting::new("attacks.travel_kmh", Some(&self.travel_kmh))
                .number(100..=100_000, "kilometres an hour")?
                .unwrap_or(1000),
            bot_check: self.bot_check.resolve()?,
        })
    }
}
