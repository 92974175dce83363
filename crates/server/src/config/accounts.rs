//! Who may make an account, and how people leave.

use super::value::{ConfigError, Setting, Value};

/// Accounts and signing out.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct AccountsSection {
    /// `verify_first`: people may make accounts; the address is proven by mail before there is one, and nobody learns
    /// who has an account. `immediate`: the account is there at once, unproven, and the page must tell when an address
    /// is taken. `closed`: only the operator makes accounts. The default is `verify_first` where mail can be sent and
    /// `closed` where it cannot.
    #[config(env = "SEKISHO_SIGNUP")]
    pub(super) signup: Option<Value>,

    /// `on`: people may sign in with a code or link that is mailed to them, in place of a password. Who has no account
    /// gets one that way, unless `signup` is `closed`. It needs mail, and whoever reads a person's mail can sign in as
    /// them. `off` is the default.
    #[config(env = "SEKISHO_PASSWORDLESS")]
    pub(super) passwordless: Option<Value>,

    /// Addresses a logout without `client_id` may return to.
    #[config(env = "SEKISHO_LOGOUT_URLS")]
    pub(super) logout_urls: Option<Value>,

    /// `ask`: a logout that no application proves to be the person's wish asks first. `skip`: it does not, and
    /// anybody's link can sign a person out.
    #[config(env = "SEKISHO_LOGOUT_PROMPT", default = "ask")]
    pub(super) logout_prompt: Value,
}

/// Who may make an account, and how people leave.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Whether people may make accounts.
    pub signup: Signup,
    /// Whether people may sign in by mail alone.
    pub passwordless: Passwordless,
    /// Where a logout may return to when no client is named.
    pub logout_urls: Vec<String>,
    /// Whether a logout without proof of intent asks first.
    pub logout_prompt: LogoutPrompt,
}

/// Whether people may make accounts on the sign-up page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signup {
    /// They may, once they opened a link sent to the address.
    VerifyFirst,
    /// They may, at once.
    Immediate,
    /// They may not, and the page does not exist.
    Closed,
}

/// Whether a code or link in a mail can be the whole login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwordless {
    /// It can.
    On,
    /// It cannot.
    Off,
}

/// Whether a logout without proof of intent asks the person first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutPrompt {
    /// It asks.
    Ask,
    /// It does not.
    Skip,
}

impl AccountsSection {
    pub(super) fn resolve(&self, mail: &super::Mail) -> Result<Accounts, ConfigError> {
        let urls = Setting::new("accounts.logout_urls", self.logout_urls.as_ref());
        for url in urls.list() {
            sekisho_rules::redirect::check_callback(url)
                .map_err(|why| urls.mistake(&format!("holds \"{url}\": {why}")))?;
        }
        Ok(Accounts {
            signup: self.signup(mail)?,
            passwordless: self.passwordless(mail)?,
            logout_urls: urls.list().into_iter().map(str::to_owned).collect(),
            logout_prompt: Setting::new("accounts.logout_prompt", Some(&self.logout_prompt))
                .one_of(&[("ask", LogoutPrompt::Ask), ("skip", LogoutPrompt::Skip)])?
                .unwrap_or(LogoutPrompt::Ask),
        })
    }

    fn passwordless(&self, mail: &super::Mail) -> Result<Passwordless, ConfigError> {
        let setting = Setting::new("accounts.passwordless", self.passwordless.as_ref());
        match setting.one_of(&[("on", Passwordless::On), ("off", Passwordless::Off)])? {
            Some(Passwordless::On) if *mail == super::Mail::None => {
                Err(setting.mistake("is \"on\", which needs mail; set `mail.relay`, or write \"off\""))
            }
            chosen => Ok(chosen.unwrap_or(Passwordless::Off)),
        }
    }

    fn signup(&self, mail: &super::Mail) -> Result<Signup, ConfigError> {
        let can_write = *mail != super::Mail::None;
        let signup = Setting::new("accounts.signup", self.signup.as_ref());
        let chosen = signup.one_of(&[
            ("verify_first", Signup::VerifyFirst),
            ("immediate", Signup::Immediate),
            ("closed", Signup::Closed),
        ])?;
        match chosen {
            Some(Signup::VerifyFirst) if !can_write => Err(signup
                .mistake("is \"verify_first\", which needs mail; set `mail.relay`, or write \"immediate\"")),
            Some(chosen) => Ok(chosen),
            None if can_write => Ok(Signup::VerifyFirst),
            None => Ok(Signup::Closed),
        }
    }
}
