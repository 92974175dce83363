//! The bot check: which service makes it, and when it is due.

use super::value::{ConfigError, Setting, Value};
use sekisho_rules::login::bot_check::When;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use url::Url;
use zeroize::Zeroizing;

/// A check that a person, not a program, fills in the forms to sign in, to sign up, to ask for a new password and for a
/// code by mail. Off without a provider. The people's browsers load the provider's script, and it learns their address.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct BotCheckSection {
    /// `turnstile` (Cloudflare), `hcaptcha`, or `recaptcha` (Google, version 2 with a checkbox).
    #[config(env = "SEKISHO_BOT_CHECK_PROVIDER")]
    pub(super) provider: Option<Value>,

    /// The site key the provider gave you. Pages show it.
    #[config(env = "SEKISHO_BOT_CHECK_SITE_KEY")]
    pub(super) site_key: Option<Value>,

    /// The secret key that belongs to it; better in the environment than in this file.
    #[config(env = "SEKISHO_BOT_CHECK_SECRET")]
    pub(super) secret: Option<Value>,

    /// File with the secret key.
    #[config(env = "SEKISHO_BOT_CHECK_SECRET_FILE")]
    pub(super) secret_file: Option<Value>,

    /// `risky` asks after failures at the account or from the network, and networks that attacks come from. `always` asks
    /// on each form.
    #[config(env = "SEKISHO_BOT_CHECK_WHEN", default = "risky")]
    pub(super) when: Value,

    /// While the provider does not answer: `allow` goes on without a check (the limits of attempts hold), `refuse` lets
    /// nobody through whom a check is due of.
    #[config(env = "SEKISHO_BOT_CHECK_OUTAGE", default = "allow")]
    pub(super) outage: Value,

    /// Another address of the provider's script, such as "https://www.recaptcha.net/recaptcha/api.js".
    #[config(env = "SEKISHO_BOT_CHECK_SCRIPT")]
    pub(super) script: Option<Value>,

    /// Another address where answers are verified.
    #[config(env = "SEKISHO_BOT_CHECK_VERIFY")]
    pub(super) verify: Option<Value>,
}

/// Who makes the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotProvider {
    /// Cloudflare Turnstile.
    Turnstile,
    /// hCaptcha.
    HCaptcha,
    /// Google reCAPTCHA, version 2.
    ReCaptcha,
}

/// What happens while the provider does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It goes on without a check.
    Allow,
    /// Nobody gets through.
    Refuse,
}

/// Where the provider's secret is.
#[derive(Clone)]
pub enum ProviderSecret {
    /// Here.
    Given(Zeroizing<String>),
    /// In a file.
    File(PathBuf),
}

impl ProviderSecret {
    /// Reads it.
    ///
    /// # Errors
    /// A sentence that names the setting: the file is missing, open to everybody, or empty.
    pub fn load(&self) -> Result<Zeroizing<String>, ConfigError> {
        let path = match self {
            Self::Given(secret) => return Ok(secret.clone()),
            Self::File(path) => path,
        };
        let wrong = |why: &str| {
            Setting::new("attacks.bot_check.secret_file", None).mistake(&format!("{} {why}", path.display()))
        };
        let text = fs::read_to_string(path).map_err(|error| wrong(&format!("cannot be read ({error})")))?;
        let text = Zeroizing::new(text);
        if fs::metadata(path).map_or(0, |meta| meta.permissions().mode()) & 0o007 != 0 {
            return Err(wrong("is open to everybody on this machine; `chmod 600` it"));
        }
        match text.trim() {
            "" => Err(wrong("is empty; write the secret key into it")),
            secret => Ok(Zeroizing::new(secret.to_owned())),
        }
    }
}

/// Never shows the secret.
impl fmt::Debug for ProviderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("given"),
            Self::File(path) => write!(f, "in {}", path.display()),
        }
    }
}

/// A bot check that is switched on.
#[derive(Clone, Debug)]
pub struct BotCheck {
    /// Who makes it.
    pub provider: BotProvider,
    /// Under which key.
    pub site_key: String,
    /// The key's secret.
    pub secret: ProviderSecret,
    /// When it is due.
    pub when: When,
    /// What happens while the provider does not answer.
    pub outage: Outage,
    /// Another address of the script.
    pub script: Option<Url>,
    /// Another address where answers are verified.
    pub verify: Option<Url>,
}

impl BotCheckSection {
    pub(super) fn resolve(&self) -> Result<Option<BotCheck>, ConfigError> {
        let provider = Setting::new("attacks.bot_check.provider", self.provider.as_ref());
        let site_key = Setting::new("attacks.bot_check.site_key", self.site_key.as_ref());
        let secret = Setting::new("attacks.bot_check.secret", self.secret.as_ref());
        let file = Setting::new("attacks.bot_check.secret_file", self.secret_file.as_ref());
        let named = provider.one_of(&[
            ("turnstile", BotProvider::Turnstile),
            ("hcaptcha", BotProvider::HCaptcha),
            ("recaptcha", BotProvider::ReCaptcha),
        ])?;
        let Some(named) = named else {
            return match (site_key.text()?, secret.text()?, file.path()?) {
                (None, None, None) => Ok(None),
                _ => Err(provider.mistake("is missing; write \"turnstile\", \"hcaptcha\" or \"recaptcha\"")),
            };
        };
        let written = site_key
            .text()?
            .ok_or_else(|| site_key.mistake("is missing; write the site key the provider gave you"))?;
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.');
        if written.len() > 200 || !written.chars().all(is_plain) {
            return Err(site_key.mistake("is no site key; copy the one the provider shows"));
        }
        let secret = match (secret.text()?, file.path()?) {
            (Some(_), Some(_)) => {
                return Err(
                    file.mistake("is set as well as `attacks.bot_check.secret`; leave one of them out")
                );
            }
            (Some(text), None) => ProviderSecret::Given(Zeroizing::new(text.to_owned())),
            (None, Some(path)) => ProviderSecret::File(path),
            (None, None) => {
                return Err(secret.mistake("is missing; write the secret key that belongs to the site key"));
            }
        };
        let when = Setting::new("attacks.bot_check.when", Some(&self.when));
        let outage = Setting::new("attacks.bot_check.outage", Some(&self.outage));
        Ok(Some(BotCheck {
            provider: named,
            site_key: written.to_owned(),
            secret,
            when: when
                .one_of(&[("risky", When::Risky), ("always", When::Always)])?
                .unwrap_or(When::Risky),
            outage: outage
                .one_of(&[("allow", Outage::Allow), ("refuse", Outage::Refuse)])?
                .unwrap_or(Outage::Allow),
            script: address(&Setting::new("attacks.bot_check.script", self.script.as_ref()))?,
            verify: address(&Setting::new("attacks.bot_check.verify", self.verify.as_ref()))?,
        }))
    }
}

fn address(setting: &Setting<'_>) -> Result<Option<Url>, ConfigError> {
    let Some(text) = setting.text()? else {
        return Ok(None);
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.host().is_some() => Ok(Some(url)),
        _ => Err(setting.mistake("is no address; write one that begins with https://")),
    }
}
