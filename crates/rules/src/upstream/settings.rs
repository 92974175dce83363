//! What an operator may say about a connection, and whether it can work that way.

use super::Strategy;
use sekisho_jose::Algorithm;
use serde::{Deserialize, Serialize};
use url::Url;

/// Longest name of a connection, in bytes.
const MAX_NAME: usize = 64;

/// Everything about a connection but its name and credentials. Stored as JSON; what is absent has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What people read on the button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What is asked for there, with spaces between; the strategy's own list otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The issuer; discovery starts here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Where browsers are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where codes are redeemed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// The keys of ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Where it is told who somebody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// Where addresses are told, in GitHub's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emails_endpoint: Option<String>,
    /// How our secret is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_auth: Option<TokenAuth>,
    /// The algorithm of ID tokens (RFC 7518 section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_alg: Option<String>,
    /// Where in an OAuth 2 provider's answer each fact stands.
    #[serde(skip_serializing_if = "Mapping::is_default")]
    pub mapping: Mapping,
    /// Microsoft: `common`, `organizations`, `consumers`, or the id of one organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Apple: the team that the key belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// Apple: the id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// LINE: whether people are offered to befriend the channel's account, `normal` or `aggressive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_prompt: Option<String>,
    /// When an address counts as proven.
    pub address_trust: AddressTrust,
    /// Whether people without an account get one.
    pub new_accounts: NewAccounts,
    /// Whether the provider's tokens are kept.
    pub tokens: Keeping,
}

/// How our secret is shown at a token endpoint (RFC 6749 section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the form.
    Post,
}

/// When an address that a provider names counts as its owner's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressTrust {
    /// When the provider says that it checked.
    #[default]
    Claimed,
    /// Always: the operator knows that this provider names no address it has not checked.
    Always,
    /// Never.
    Never,
}

/// Whether somebody who has no account yet gets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewAccounts {
    /// Where people may sign up at all.
    #[default]
    Allowed,
    /// Not by this connection.
    Refused,
}

/// Whether the provider's tokens are kept after they told who somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// No.
    #[default]
    Dropped,
    /// Sealed, until they expire.
    Kept,
}

/// Where in an OAuth 2 provider's answer each fact stands: names of members, with dots for members of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// Who it is; text or a number.
    pub id: String,
    /// The address.
    pub email: String,
    /// Whether the provider checked it.
    pub email_verified: String,
    /// The name.
    pub name: String,
    /// A short name.
    pub nickname: String,
    /// A picture's address.
    pub picture: String,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            id: "sub".to_owned(),
            email: "email".to_owned(),
            email_verified: "email_verified".to_owned(),
            name: "name".to_owned(),
            nickname: "nickname".to_owned(),
            picture: "picture".to_owned(),
        }
    }
}

impl Mapping {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a connection cannot work. The words are for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The name.
    #[error(
        "a connection is named with 1 to 64 letters a-z, digits, hyphens and underscores, beginning with a letter or digit"
    )]
    Name,
    /// A value that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value for another provider.
    #[error("{0} is not a setting of this provider")]
    Foreign(&'static str),
    /// Not an address.
    #[error("{0} is not an https or http address without credentials and fragment")]
    Address(&'static str),
    /// Not an algorithm we check.
    #[error(
        "the algorithm of ID tokens is one of RS256, RS384, RS512, PS256, ES256, ES384, EdDSA, HS256, HS384, HS512"
    )]
    Algorithm,
    /// Not a value of Microsoft's.
    #[error("the tenant is common, organizations, consumers, or the id of a tenant")]
    Tenant,
    /// Not a value of LINE's.
    #[error("bot_prompt is normal or aggressive")]
    BotPrompt,
    /// An ID token is only given for `openid`.
    #[error("the scope of this provider must contain openid")]
    Scope,
}

/// Decides whether a name can be a connection's: it stands in URLs and in the ids of its people, so nothing in it needs care.
///
/// # Errors
/// [`Unfit::Name`].
pub fn check_name(name: &str) -> Result<(), Unfit> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    match begins && name.len() <= MAX_NAME && name.bytes().all(good) {
        true => Ok(()),
        false => Err(Unfit::Name),
    }
}

/// Decides whether settings can work for a strategy.
///
/// # Errors
/// [`Unfit`] for the first thing that cannot.
pub fn check(strategy: Strategy, settings: &Settings) -> Result<(), Unfit> {
    for (name, address) in [
        ("the issuer", &settings.issuer),
        ("the authorization endpoint", &settings.authorization_endpoint),
        ("the token endpoint", &settings.token_endpoint),
        ("the address of the keys", &settings.jwks_uri),
        ("the userinfo endpoint", &settings.userinfo_endpoint),
        ("the endpoint of addresses", &settings.emails_endpoint),
    ] {
        if address.as_deref().is_some_and(|address| !is_address(address)) {
            return Err(Unfit::Address(name));
        }
    }
    let algorithm = settings.id_token_alg.as_deref();
    if algorithm.is_some_and(|name| name.parse::<Algorithm>().is_err()) {
        return Err(Unfit::Algorithm);
    }
    if algorithm.is_some() && !strategy.has_id_token() {
        return Err(Unfit::Foreign("id_token_alg"));
    }
    let scope = settings.scope.as_deref();
    if strategy.has_id_token() && scope.is_some_and(|scope| !scope.split(' ').any(|word| word == "openid")) {
        return Err(Unfit::Scope);
    }
    for (name, value, owner) in [
        ("tenant", &settings.tenant, Strategy::Microsoft),
        ("team_id", &settings.team_id, Strategy::Apple),
        ("key_id", &settings.key_id, Strategy::Apple),
        ("bot_prompt", &settings.bot_prompt, Strategy::Line),
    ] {
        if value.is_some() && strategy != owner {
            return Err(Unfit::Foreign(name));
        }
    }
    match strategy {
        Strategy::Apple if settings.team_id.is_none() => Err(Unfit::Missing("the team id")),
        Strategy::Apple if settings.key_id.is_none() => Err(Unfit::Missing("the key id")),
        Strategy::Microsoft
            if settings
                .tenant
                .as_deref()
                .is_some_and(|tenant| !is_tenant(tenant)) =>
        {
            Err(Unfit::Tenant)
        }
        Strategy::Line
            if !matches!(
                settings.bot_prompt.as_deref(),
                None | Some("normal" | "aggressive")
            ) =>
        {
            Err(Unfit::BotPrompt)
        }
        Strategy::Oidc if settings.issuer.is_none() => Err(Unfit::Missing("the issuer")),
        Strategy::OAuth2 if settings.authorization_endpoint.is_none() => {
            Err(Unfit::Missing("the authorization endpoint"))
        }
        Strategy::OAuth2 if settings.token_endpoint.is_none() => Err(Unfit::Missing("the token endpoint")),
        Strategy::OAuth2 if settings.userinfo_endpoint.is_none() => {
            Err(Unfit::Missing("the userinfo endpoint"))
        }
        _ => Ok(()),
    }
}

/// Whether a text can be called, or a browser sent there. Whether it *may* be called is for the guard of calls.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    })
}

fn is_tenant(text: &str) -> bool {
    matches!(text, "common" | "organizations" | "consumers") || super::id_token::is_guid(text)
}
