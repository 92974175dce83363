//! The consent page: who asks, for whom, for what.

use askama::Template;

use super::{Asset, Chrome};
use crate::text::Consent;

/// Ask for consent. The form posts `state`, `csrf` and `decision` (`allow` or `deny`) to `action`.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// The frame.
    pub chrome: Chrome,
    /// The name of the application that asks.
    pub app: String,
    /// The host the browser returns to, so that a borrowed name is noticed.
    pub return_host: String,
    /// The signed-in person's e-mail address or name.
    pub account: String,
    /// Where the form is sent.
    pub action: String,
    /// The journey, sealed.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// The scopes about the person, such as `openid` and `email`.
    pub identity_scopes: Vec<RequestedScope>,
    /// The name of the API the other scopes belong to.
    pub api: Option<String>,
    /// The scopes of that API.
    pub api_scopes: Vec<RequestedScope>,
}

/// A scope the application asks for.
#[derive(Clone, Debug)]
pub struct RequestedScope {
    /// The scope as the application wrote it.
    pub scope: String,
    /// What the operator wrote about it, if anything. A scope of OpenID Connect needs none.
    pub description: Option<String>,
}

impl ConsentPage {
    /// The scope in plain words. Only identity scopes get our own words (OpenID Connect Core 1.0 section 5.4):
    /// an API may call something else `profile`.
    fn identity_words(&self, scope: &RequestedScope) -> String {
        identity_words(&self.chrome.text.consent, scope)
    }

    fn api_words(&self, scope: &RequestedScope) -> String {
        api_words(&self.chrome.text.consent, scope)
    }
}

/// A scope about the person in plain words.
pub(super) fn identity_words(consent: &Consent, scope: &RequestedScope) -> String {
    match scope.scope.as_str() {
        "openid" => consent.openid.to_owned(),
        "profile" => consent.profile.to_owned(),
        "email" => consent.email.to_owned(),
        "phone" => consent.phone.to_owned(),
        "address" => consent.address.to_owned(),
        "offline_access" => consent.offline_access.to_owned(),
        _ => api_words(consent, scope),
    }
}

/// A scope of an API in the words of whoever defined it.
pub(super) fn api_words(consent: &Consent, scope: &RequestedScope) -> String {
    let described = scope.description.clone();
    described.unwrap_or_else(|| (consent.undescribed)(&scope.scope))
}
