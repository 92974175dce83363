//! Signing in elsewhere: providers that tell us who somebody is, and what has to be right before we believe them.
//!
//! A connection is one provider with our client id and secret there. Its strategy settles which protocol is spoken, and with which
//! algorithm an ID token must be signed: neither a discovery document nor the header of a token has a word in that (threat 5).
//!
//! | to decide | open |
//! |---|---|
//! | where a browser is sent | [`request`] |
//! | whether an answer belongs to a request | [`answer`] |
//! | how old a proof there is, and how a new one is asked for | [`fresh`] |
//! | whether an ID token is believed | [`id_token`] |
//! | who it is, in our words | [`profile`] |
//! | which account that opens | [`account`] |
//! | whether a connection can work | [`settings`] |

pub mod account;
pub mod answer;
pub mod fresh;
pub mod id_token;
pub mod profile;
pub mod request;
pub mod settings;

pub use settings::{AddressTrust, Keeping, Mapping, NewAccounts, Settings, TokenAuth};

use crate::id::UserId;
use sekisho_jose::Algorithm;

/// Which provider a connection leads to, and which protocol is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Google, OpenID Connect.
    Google,
    /// X, OAuth 2 with PKCE.
    X,
    /// LINE Login 2.1, OpenID Connect with ID tokens signed by the channel secret.
    Line,
    /// GitHub, OAuth 2.
    GitHub,
    /// Sign in with Apple.
    Apple,
    /// Microsoft, personal accounts and those of organisations.
    Microsoft,
    /// Any OpenID Connect provider.
    Oidc,
    /// Any OAuth 2 provider with an address that tells who somebody is.
    OAuth2,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 8] = [
        Self::Google,
        Self::X,
        Self::Line,
        Self::GitHub,
        Self::Apple,
        Self::Microsoft,
        Self::Oidc,
        Self::OAuth2,
    ];

    /// How it is stored, and how the `sub` of its people begins.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Google => "google-oauth2",
            Self::X => "twitter",
            Self::Line => "line",
            Self::GitHub => "github",
            Self::Apple => "apple",
            Self::Microsoft => "windowslive",
            Self::Oidc => "oidc",
            Self::OAuth2 => "oauth2",
        }
    }

    /// What an operator types: the word, or the name everybody uses.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "google" => Self::Google,
            "x" => Self::X,
            "microsoft" => Self::Microsoft,
            _ => return Self::ALL.into_iter().find(|strategy| strategy.word() == word),
        })
    }

    /// The name people know.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::X => "X",
            Self::Line => "LINE",
            Self::GitHub => "GitHub",
            Self::Apple => "Apple",
            Self::Microsoft => "Microsoft",
            Self::Oidc => "OpenID Connect",
            Self::OAuth2 => "OAuth 2",
        }
    }

    /// Whether there can be several of them, told apart by their names.
    pub const fn is_generic(self) -> bool {
        matches!(self, Self::Oidc | Self::OAuth2)
    }

    /// Whether people are told by an ID token.
    pub const fn has_id_token(self) -> bool {
        matches!(
            self,
            Self::Google | Self::Line | Self::Apple | Self::Microsoft | Self::Oidc
        )
    }

    /// The one algorithm that ID tokens are signed with, unless the operator names another. LINE signs those of web applications with
    /// the channel secret, although its discovery document names ES256.
    pub const fn id_token_algorithm(self) -> Algorithm {
        match self {
            Self::Line => Algorithm::Hs256,
            _ => Algorithm::Rs256,
        }
    }
}

/// One provider, and what we are there.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its own id.
    pub id: String,
    /// What `connection` of an authorization request names.
    pub name: String,
    /// Which provider.
    pub strategy: Strategy,
    /// Whether anybody may sign in by it.
    pub standing: Standing,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there, sealed.
    pub sealed_secret: Vec<u8>,
    /// Everything else.
    pub settings: Settings,
}

/// Whether a connection is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// People sign in by it.
    Enabled,
    /// Nobody does, by no way (threats 18 and 30).
    Disabled,
}

impl Connection {
    /// Whether anybody may sign in by it.
    pub fn is_enabled(&self) -> bool {
        self.standing == Standing::Enabled
    }

    /// What people read on its button.
    pub fn display_name(&self) -> &str {
        match &self.settings.display_name {
            Some(name) => name,
            None if self.strategy.is_generic() => &self.name,
            None => self.strategy.display_name(),
        }
    }

    /// What stands before the subject in an id: `google-oauth2`, or `oidc|name` where several are told apart.
    pub fn provider(&self) -> String {
        match self.strategy.is_generic() {
            true => format!("{}|{}", self.strategy.word(), self.name),
            false => self.strategy.word().to_owned(),
        }
    }

    /// The id of an account that begins with this person there, `google-oauth2|1234`. `None` when the subject cannot be part of one: it
    /// is empty, too long for an id of 255 bytes, or holds control characters.
    pub fn user_id(&self, subject: &str) -> Option<UserId> {
        let id = format!("{}|{subject}", self.provider());
        let fits = !subject.is_empty() && id.len() <= 255 && !subject.chars().any(char::is_control);
        fits.then(|| UserId::new(id))
    }

    /// The algorithm ID tokens are signed with here.
    pub fn id_token_algorithm(&self) -> Algorithm {
        let named = self.settings.id_token_alg.as_deref();
        named
            .and_then(|name| name.parse().ok())
            .unwrap_or(self.strategy.id_token_algorithm())
    }
}

/// Where a provider is reached. What a generic connection does not name comes from its discovery document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer of ID tokens and of authorization responses; for Microsoft with `{tenantid}` in it.
    pub issuer: Option<String>,
    /// Where browsers are sent.
    pub authorization: String,
    /// Where codes are redeemed.
    pub token: String,
    /// The keys of ID tokens.
    pub jwks: Option<String>,
    /// Where it is told who somebody is.
    pub userinfo: Option<String>,
    /// Where GitHub tells the addresses.
    pub emails: Option<String>,
    /// How our secret is shown at the token endpoint.
    pub token_auth: TokenAuth,
    /// Whether the provider promised to name itself in every answer (RFC 9207 section 3).
    pub names_itself: bool,
}

/// What of a discovery document is read (OpenID Connect Discovery section 3). Algorithms are not.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    jwks_uri: Option<String>,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Discovered {
    /// Decides whether a document is the one of this issuer.
    ///
    /// OpenID Connect Discovery section 4.3: the `issuer` in it MUST be the one it was asked for, letter by letter.
    pub fn read(document: &[u8], issuer: &str) -> Option<Self> {
        let found: Self = serde_json::from_slice(document).ok()?;
        (found.issuer == issuer).then_some(found)
    }
}

/// Where the discovery document of an issuer lies (OpenID Connect Discovery section 4).
pub fn discovery_address(issuer: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    )
}

/// What is known of a connection's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// All that is needed.
    At(Box<Endpoints>),
    /// The rest stands in the discovery document of this issuer.
    Discover(String),
    /// The settings name too little.
    Nowhere,
}

impl Connection {
    /// Decides where a provider is reached: by the operator's words, then by what the strategy knows, then by discovery.
    pub fn endpoints(&self, discovered: Option<&Discovered>) -> Reached {
        let (own, known) = (&self.settings, known(self.strategy, &self.settings));
        let pick = |own: &Option<String>, known: Option<&str>, found: Option<&String>| {
            own.clone()
                .or_else(|| known.map(str::to_owned))
                .or_else(|| found.cloned())
        };
        let found = discovered;
        let authorization = pick(
            &own.authorization_endpoint,
            known.authorization.as_deref(),
            found.map(|d| &d.authorization_endpoint),
        );
        let token = pick(
            &own.token_endpoint,
            known.token.as_deref(),
            found.map(|d| &d.token_endpoint),
        );
        let jwks = pick(
            &own.jwks_uri,
            known.jwks.as_deref(),
            found.and_then(|d| d.jwks_uri.as_ref()),
        );
        let userinfo = pick(
            &own.userinfo_endpoint,
            known.userinfo.as_deref(),
            found.and_then(|d| d.userinfo_endpoint.as_ref()),
        );
        let issuer = pick(&own.issuer, known.issuer.as_deref(), found.map(|d| &d.issuer));
        let needs_keys = self.strategy.has_id_token() && !self.id_token_algorithm().is_symmetric();
        let complete = authorization.is_some()
            && token.is_some()
            && (jwks.is_some() || !needs_keys)
            && (userinfo.is_some() || self.strategy.has_id_token());
        match (authorization, token) {
            (Some(authorization), Some(token)) if complete => {
                let posts = found
                    .and_then(|d| d.token_endpoint_auth_methods_supported.as_ref())
                    .is_some_and(|methods| !methods.iter().any(|method| method == "client_secret_basic"));
                let found_auth = if posts { TokenAuth::Post } else { TokenAuth::Basic };
                Reached::At(Box::new(Endpoints {
                    issuer,
                    authorization,
                    token,
                    jwks,
                    userinfo,
                    emails: own.emails_endpoint.clone().or(known.emails),
                    token_auth: own.token_auth.or(known.token_auth).unwrap_or(found_auth),
                    names_itself: found.is_some_and(|d| d.authorization_response_iss_parameter_supported),
                }))
            }
            _ => match (&own.issuer, self.strategy, found) {
                (Some(issuer), Strategy::Oidc, None) => Reached::Discover(issuer.clone()),
                _ => Reached::Nowhere,
            },
        }
    }
}

/// What the strategy itself knows of addresses, from the providers' published documentation.
#[derive(Default)]
struct Published {
    issuer: Option<String>,
    authorization: Option<String>,
    token: Option<String>,
    jwks: Option<String>,
    userinfo: Option<String>,
    emails: Option<String>,
    token_auth: Option<TokenAuth>,
}

fn known(strategy: Strategy, settings: &Settings) -> Published {
    let text = |text: &str| Some(text.to_owned());
    match strategy {
        Strategy::Google => Published {
            issuer: text("https://accounts.google.com"),
            authorization: text("https://accounts.google.com/o/oauth2/v2/auth"),
            token: text("https://oauth2.googleapis.com/token"),
            jwks: text("https://www.googleapis.com/oauth2/v3/certs"),
            token_auth: Some(TokenAuth::Post),
            ..Published::default()
        },
        Strategy::X => Published {
            authorization: text("https://x.com/i/oauth2/authorize"),
            token: text("https://api.x.com/2/oauth2/token"),
            userinfo: text("https://api.x.com/2/users/me?user.fields=name,username,profile_image_url"),
            token_auth: Some(TokenAuth::Basic),
            ..Published::default()
        },
        Strategy::Line => Published {
            issuer: text("https://access.line.me"),
            authorization: text("https://access.line.me/oauth2/v2.1/authorize"),
            token: text("https://api.line.me/oauth2/v2.1/token"),
            jwks: text("https://api.line.me/oauth2/v2.1/certs"),
            token_auth: Some(TokenAuth::Post),
            ..Published::default()
        },
        Strategy::GitHub => Published {
            authorization: text("https://github.com/login/oauth/authorize"),
            token: text("https://github.com/login/oauth/access_token"),
            userinfo: text("https://api.github.com/user"),
            emails: text("https://api.github.com/user/emails"),
            token_auth: Some(TokenAuth::Post),
            ..Published::default()
        },
        Strategy::Apple => Published {
            issuer: text("https://appleid.apple.com"),
            authorization: text("https://appleid.apple.com/auth/authorize"),
            token: text("https://appleid.apple.com/auth/token"),
            jwks: text("https://appleid.apple.com/auth/keys"),
            token_auth: Some(TokenAuth::Post),
            ..Published::default()
        },
        Strategy::Microsoft => {
            let tenant = settings.tenant.as_deref().unwrap_or("common");
            let at = |path: &str| Some(format!("https://login.microsoftonline.com/{tenant}/{path}"));
            Published {
                issuer: text("https://login.microsoftonline.com/{tenantid}/v2.0"),
                authorization: at("oauth2/v2.0/authorize"),
                token: at("oauth2/v2.0/token"),
                jwks: at("discovery/v2.0/keys"),
                token_auth: Some(TokenAuth::Post),
                ..Published::default()
            }
        }
        Strategy::Oidc | Strategy::OAuth2 => Published::default(),
    }
}
