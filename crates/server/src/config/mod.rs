//! The settings: read once from `sekisho.toml` and the environment, checked, and handed on as plain typed values.
//!
//! One section, one file. A section declares what may be written (its text is also the template that
//! `sekisho config example` prints) and what it means. The environment wins over the file. Nothing else in the
//! program reads the environment.

mod accounts;
mod attacks;
mod audit;
mod bot_check;
mod database;
mod egress;
mod feed;
mod issuer;
mod keys;
mod log;
mod mail;
mod mfa;
mod passwords;
mod server;
mod session;
mod tls;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use confique::meta::{FieldKind, LeafKind, Meta};
use confique::{Config as _, File, FileFormat, Layer as _};
use serde::Deserialize as _;
use serde_json::json;

pub use accounts::{Accounts, LogoutPrompt, Passwordless, Signup};
pub use attacks::{Attacks, SuspiciousLogins};
pub use audit::Audit;
pub use bot_check::{BotCheck, BotProvider, Outage, ProviderSecret};
pub use database::Database;
pub use egress::{Loopback, Reach};
pub use feed::Feed;
pub use issuer::Issuer;
pub use keys::KekSource;
pub use log::{Log, LogFormat};
pub use mail::{Mail, Security, Smtp};
pub use mfa::Mfa;
pub use passwords::PasswordRule;
pub use server::{Networks, Server};
pub use tls::Tls;
pub use value::ConfigError;
use value::{Setting, Value};

use sekisho_rules::session::SessionPolicy;
use sekisho_rules::wire::Wire;

use crate::passwords::PasswordWork;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "sekisho.toml";

/// The environment, as it was when the program started.
pub type Environment = BTreeMap<String, String>;

/// Settings of Sekisho. Every key may stand in this file or in the environment; the environment wins.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
struct Written {
    /// The address browsers and applications use, for example "https://login.example.com/". Tokens name it, so it
    /// must never change. https, unless it is on this machine.
    #[config(env = "SEKISHO_ISSUER")]
    issuer: Option<Value>,

    /// The name people see on the pages.
    #[config(env = "SEKISHO_NAME", default = "Sekisho")]
    name: Value,

    /// `auth0` answers as Auth0's SDKs expect; `standard` follows the OpenID conformance plans where the two differ.
    #[config(env = "SEKISHO_WIRE", default = "auth0")]
    wire: Value,

    /// Folder for everything Sekisho keeps in files.
    #[config(env = "SEKISHO_DATA_DIR", default = "./sekisho-data")]
    data_dir: Value,

    #[config(nested)]
    server: server::ServerSection,

    #[config(nested)]
    tls: tls::TlsSection,

    #[config(nested)]
    database: database::DatabaseSection,

    #[config(nested)]
    keys: keys::KeysSection,

    #[config(nested)]
    session: session::SessionSection,

    #[config(nested)]
    accounts: accounts::AccountsSection,

    #[config(nested)]
    passwords: passwords::PasswordsSection,

    #[config(nested)]
    mfa: mfa::MfaSection,

    #[config(nested)]
    attacks: attacks::AttacksSection,

    #[config(nested)]
    audit: audit::AuditSection,

    #[config(nested)]
    egress: egress::EgressSection,

    #[config(nested)]
    mail: mail::MailSection,

    #[config(nested)]
    feed: feed::FeedSection,

    #[config(nested)]
    log: log::LogSection,
}

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address of this deployment.
    pub issuer: Issuer,
    /// The name people see.
    pub name: String,
    /// How answers are written where Auth0 and the standards differ.
    pub wire: Wire,
    /// Folder for files.
    pub data_dir: PathBuf,
    /// Where to listen, whom to believe, how much to take.
    pub server: Server,
    /// TLS files; `None` speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Which database.
    pub database: Database,
    /// Where the key-encryption key comes from.
    pub keys: KekSource,
    /// How long a browser stays signed in.
    pub session: SessionPolicy,
    /// Who may make an account, and how people leave.
    pub accounts: Accounts,
    /// What a password hash costs.
    pub passwords: PasswordWork,
    /// Which passwords may be new ones.
    pub password_rule: PasswordRule,
    /// When people prove a second factor.
    pub mfa: Mfa,
    /// How often a credential may be guessed at, and what is done about logins that look wrong.
    pub attacks: Attacks,
    /// How long the audit log is kept.
    pub audit: Audit,
    /// Whom the program calls on somebody's behalf.
    pub egress: Reach,
    /// How mail leaves.
    pub mail: Mail,
    /// Who may listen to the revocation feed.
    pub feed: Feed,
    /// What the log says.
    pub log: Log,
}

impl Config {
    /// Reads the file and the environment. A file that was not named by the operator (`None`) may be missing.
    ///
    /// # Errors
    /// One sentence that names the key and the remedy.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        refuse_unknown_names(environment)?;
        let mut source = File::with_format(file.unwrap_or(Path::new(DEFAULT_FILE)), FileFormat::Toml);
        if file.is_some() {
            source = source.required();
        }
        let from_file = source.load().map_err(|error| file_mistake(&error))?;
        Self::merge(from_environment(environment)?, from_file)
    }

    /// From an environment alone: what tests and `sekisho dev` use.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        refuse_unknown_names(environment)?;
        Self::merge(from_environment(environment)?, WrittenLayer::empty())
    }

    /// The commented file with every setting and its default.
    pub fn example() -> String {
        confique::toml::template::<Written>(confique::toml::FormatOptions::default())
    }

    /// Every `Host` that is answered: the issuer's own and the extra ones.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts = vec![self.issuer.authority()];
        hosts.extend(self.server.extra_hosts.iter().cloned());
        hosts
    }

    /// Makes the data folder, for this user only, when it does not exist.
    ///
    /// # Errors
    /// A sentence that names `data_dir`.
    pub fn make_data_dir(&self) -> Result<(), ConfigError> {
        use std::os::unix::fs::DirBuilderExt as _;
        // With PostgreSQL nothing may belong on this machine's disk, which may be read-only.
        if matches!(self.database, Database::Postgres { .. }) {
            return Ok(());
        }
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.data_dir);
        made.map_err(|error| {
            let shown = self.data_dir.display();
            Setting::new("data_dir", None).mistake(&format!(
                "{shown} cannot be made ({error}); name a folder this user may make"
            ))
        })
    }

    fn merge(environment: WrittenLayer, file: WrittenLayer) -> Result<Self, ConfigError> {
        let layers = environment
            .with_fallback(file)
            .with_fallback(WrittenLayer::default_values());
        let written =
            Written::from_layer(layers).map_err(|error| ConfigError::new(one_line(&error.to_string())))?;
        written.resolve()
    }
}

type WrittenLayer = <Written as confique::Config>::Layer;

impl Written {
    fn resolve(&self) -> Result<Config, ConfigError> {
        let issuer = Setting::new("issuer", self.issuer.as_ref());
        let issuer = issuer.text()?.ok_or_else(|| {
            issuer.mistake(
                "is missing; write the address people will use, such as \"https://login.example.com/\"",
            )
        })?;
        let issuer = Issuer::parse(issuer)?;
        let data_dir = Setting::new("data_dir", Some(&self.data_dir));
        let data_dir = data_dir
            .path()?
            .ok_or_else(|| data_dir.mistake("is empty; name a folder"))?;
        let name = Setting::new("name", Some(&self.name));
        let mail = self.mail.resolve(&issuer)?;
        Ok(Config {
            name: name.text()?.unwrap_or("Sekisho").to_owned(),
            wire: Setting::new("wire", Some(&self.wire))
                .one_of(&[("auth0", Wire::Auth0), ("standard", Wire::Standard)])?
                .unwrap_or(Wire::Auth0),
            server: self.server.resolve()?,
            tls: self.tls.resolve()?,
            database: self.database.resolve(&data_dir)?,
            keys: self.keys.resolve(&issuer, &data_dir)?,
            session: self.session.resolve()?,
            accounts: self.accounts.resolve(&mail)?,
            passwords: self.passwords.resolve()?,
            password_rule: self.passwords.rule()?,
            mfa: self.mfa.resolve()?,
            attacks: self.attacks.resolve()?,
            audit: self.audit.resolve()?,
            egress: self.egress.resolve(&issuer)?,
            mail,
            feed: self.feed.resolve()?,
            log: self.log.resolve()?,
            issuer,
            data_dir,
        })
    }
}

/// The environment variable of a dotted key.
fn environment_name(key: &str) -> Option<&'static str> {
    names()
        .into_iter()
        .find(|(known, _)| known == key)
        .map(|(_, name)| name)
}

/// Every dotted key with its environment variable.
fn names() -> Vec<(String, &'static str)> {
    fn walk(prefix: &str, meta: &Meta, found: &mut Vec<(String, &'static str)>) {
        for field in meta.fields {
            match field.kind {
                FieldKind::Nested { meta } => walk(&format!("{prefix}{}.", field.name), meta, found),
                FieldKind::Leaf {
                    env: Some(name),
                    kind: LeafKind::Required { .. } | LeafKind::Optional,
                } => {
                    found.push((format!("{prefix}{}", field.name), name));
                }
                FieldKind::Leaf { env: None, .. } => {}
            }
        }
    }
    let mut found = vec![];
    walk("", &Written::META, &mut found);
    found
}

/// A misspelt variable would be ignored in silence otherwise.
fn refuse_unknown_names(environment: &Environment) -> Result<(), ConfigError> {
    let known = names();
    let unknown = environment.keys().find(|name| {
        name.starts_with("SEKISHO_") && !is_for_tests(name) && !known.iter().any(|(_, known)| known == name)
    });
    match unknown {
        None => Ok(()),
        Some(name) => Err(ConfigError::new(format!(
            "The environment variable {name} is not a setting of Sekisho; `sekisho config example` lists them all."
        ))),
    }
}

/// The project's own tests name a program and a database server in the environment of the programs they start.
fn is_for_tests(name: &str) -> bool {
    name == "SEKISHO_BIN" || name.starts_with("SEKISHO_TEST_")
}

fn from_environment(environment: &Environment) -> Result<WrittenLayer, ConfigError> {
    let mut tree = json!({});
    for (key, name) in names() {
        if let Some(text) = environment.get(name).filter(|text| !text.is_empty()) {
            let place = key.split('.').fold(&mut tree, |place, part| &mut place[part]);
            *place = json!(text);
        }
    }
    WrittenLayer::deserialize(tree).map_err(|error| ConfigError::new(one_line(&error.to_string())))
}

fn file_mistake(error: &confique::Error) -> ConfigError {
    let remedy = "; `sekisho config example` prints a file with every key.";
    ConfigError::new(format!("{}{remedy}", one_line(&format!("{error:#}"))))
}

/// Drops the drawing that a TOML error carries and joins the rest.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| {
        !line.is_empty()
            && !line.starts_with('|')
            && line
                .split_once('|')
                .is_none_or(|(number, _)| number.trim().parse::<u32>().is_err())
    });
    lines
        .collect::<Vec<_>>()
        .join(": ")
        .replace("occured", "occurred")
}

#[cfg(test)]
mod tests;
