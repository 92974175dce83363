//! Who may make an account, and how people leave.

use super::value::{ConfigError, Setting, Value};

/// Accounts and signing out.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct AccountsSection {
    /// `open`: people may make accounts on the sign-up page. `closed`: only the operator makes them.
    #[config(env = "SEKISHO_SIGNUP", default = "open")]
    pub(super) signup: Value,

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
    /// Where a logout may return to when no client is named.
    pub logout_urls: Vec<String>,
    /// Whether a logout without proof of intent asks first.
    pub logout_prompt: LogoutPrompt,
}

/// Whether people may make accounts on the sign-up page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signup {
    /// They may.
    Open,
    /// They may not, and the page does not exist.
    Closed,
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
    pub(super) fn resolve(&self) -> Result<Accounts, ConfigError> {
        let urls = Setting::new("accounts.logout_urls", self.logout_urls.as_ref());
        for url in urls.list() {
            sekisho_rules::redirect::check_callback(url)
                .map_err(|why| urls.mistake(&format!("holds \"{url}\": {why}")))?;
        }
        Ok(Accounts {
            signup: Setting::new("accounts.signup", Some(&self.signup))
                .one_of(&[("open", Signup::Open), ("closed", Signup::Closed)])?
                .unwrap_or(Signup::Open),
            logout_urls: urls.list().into_iter().map(str::to_owned).collect(),
            logout_prompt: Setting::new("accounts.logout_prompt", Some(&self.logout_prompt))
                .one_of(&[("ask", LogoutPrompt::Ask), ("skip", LogoutPrompt::Skip)])?
                .unwrap_or(LogoutPrompt::Ask),
        })
    }
}
