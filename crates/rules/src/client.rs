//! Clients: the applications that send users to us and the machines that ask for tokens.

use crate::factor::MfaPolicy;
use crate::id::ClientId;
use serde::{Deserialize, Serialize};

/// An application known to the issuer (RFC 6749 section 2).
#[derive(Clone, Debug)]
pub struct Client {
    /// Its public name on the wire.
    pub id: ClientId,
    /// The name people see.
    pub name: String,
    /// What sort of application it is.
    pub kind: ClientKind,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// Its secret, sealed; only the server can open it.
    pub sealed_secret: Option<Vec<u8>>,
    /// Its public keys as a JWK Set, for `private_key_jwt`.
    pub jwks: Option<String>,
    /// Redirect URIs, compared exactly.
    pub callbacks: Vec<String>,
    /// Where a logout may return to.
    pub logout_urls: Vec<String>,
    /// Origins that may receive a `web_message` and call us across origins.
    pub web_origins: Vec<String>,
    /// The grants it may use.
    pub grant_types: Vec<GrantType>,
    /// Ours, or somebody else's (which needs consent).
    pub party: Party,
    /// Whether it works at all.
    pub standing: Standing,
    /// How its refresh tokens live.
    pub refresh: RefreshPolicy,
    /// How it wants to hear that a session has ended.
    pub notices: LogoutNotices,
    /// Seconds an ID token lives.
    pub id_token_lifetime: i64,
    /// When its users prove a second factor; the issuer's policy when it says nothing.
    pub mfa: Option<MfaPolicy>,
    /// Raised to end everything the client holds.
    pub epoch: i64,
    /// Tokens with `iat` before this unix second are void.
    pub nbf: i64,
}

impl Client {
    /// A public client cannot keep a secret (RFC 6749 section 2.1).
    pub fn is_public(&self) -> bool {
        self.auth_method == AuthMethod::None
    }

    /// Whether its refresh tokens are replaced at each use: those of a public client always are (RFC 9700 section 4.14.2).
    pub fn rotation(&self) -> Rotation {
        match self.is_public() {
            true => Rotation::Rotating,
            false => self.refresh.rotation,
        }
    }

    /// Whether the client may use this grant.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Every origin this client's pages run at: its web origins and the origins of its callbacks.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        let callbacks = self.callbacks.iter().filter_map(|callback| origin_of(callback));
        self.web_origins
            .iter()
            .filter_map(|origin| origin_of(origin))
            .chain(callbacks)
    }
}

/// The origin of an absolute http(s) URL, as a browser would send it (RFC 6454 section 6.1).
pub fn origin_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire and in the database.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// From that word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What sort of application a client is.
    ClientKind {
        /// Runs in a browser; public.
        SinglePage = "spa",
        /// Runs on a phone or desktop; public.
        Native = "native",
        /// Runs on a server that can keep a secret.
        RegularWeb = "regular_web",
        /// Acts in its own name.
        Machine = "non_interactive",
    }
}

words! {
    /// How a client proves itself at the token endpoint (OpenID Connect Core section 9).
    AuthMethod {
        /// It cannot.
        None = "none",
        /// HTTP Basic.
        SecretBasic = "client_secret_basic",
        /// In the body.
        SecretPost = "client_secret_post",
        /// A JWT signed with its own key (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
    }
}

words! {
    /// The grants of the token endpoint.
    GrantType {
        /// RFC 6749 section 4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 section 6.
        RefreshToken = "refresh_token",
        /// RFC 6749 section 4.4.
        ClientCredentials = "client_credentials",
        /// RFC 6749 section 4.3.
        Password = "password",
        /// The same, with the name of the connection whose password it is.
        PasswordRealm = "http://auth0.com/oauth/grant-type/password-realm",
        /// A code that was mailed to the person.
        PasswordlessOtp = "http://auth0.com/oauth/grant-type/passwordless/otp",
        /// A code of an authenticator application, after a first factor.
        MfaOtp = "http://auth0.com/oauth/grant-type/mfa-otp",
        /// A code that was sent on another way, after a first factor.
        MfaOob = "http://auth0.com/oauth/grant-type/mfa-oob",
        /// A recovery code, after a first factor.
        MfaRecoveryCode = "http://auth0.com/oauth/grant-type/mfa-recovery-code",
        /// A passkey.
        WebAuthn = "urn:okta:params:oauth:grant-type:webauthn",
    }
}

impl GrantType {
    /// Whether a person logs in by it at the token endpoint, so that the application sees what they prove.
    pub fn is_login(self) -> bool {
        !matches!(
            self,
            Self::AuthorizationCode | Self::RefreshToken | Self::ClientCredentials
        )
    }
}

/// How a client wants to hear that a session it took part in has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutNotices {
    /// Where a logout token is posted (OpenID Connect Back-Channel Logout 1.0 section 2.2).
    pub backchannel_urls: Vec<String>,
    /// It cannot do without `sid` in the logout token. Ours always carry it.
    pub backchannel_session_required: bool,
    /// The page of it that a browser loads in a frame (OpenID Connect Front-Channel Logout 1.0 section 2).
    pub frontchannel_url: Option<String>,
    /// That page wants `iss` and `sid` in its query.
    pub frontchannel_session_required: bool,
}

/// Whose application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The operator's own: users never see a consent page.
    First,
    /// Somebody else's: users are asked once per scope.
    Third,
}

/// Whether a client works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Enabled,
    /// Every request of it is refused as if it did not exist.
    Disabled,
}

/// How refresh tokens live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// Whether each use replaces the token.
    pub rotation: Rotation,
    /// Seconds in which a repeated use is answered again; never less than [`crate::family::REPEAT_FLOOR_SECONDS`].
    pub leeway: i64,
    /// Seconds from the login to the end.
    pub lifetime: i64,
    /// Seconds without a use to the end.
    pub idle: i64,
}

/// Whether a refresh token is replaced at each use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Each use gives a new one. Always so for public clients (RFC 9700 section 4.14.2).
    Rotating,
    /// The same token serves until it expires.
    Fixed,
}

impl RefreshPolicy {
    /// What a new public client starts with: rotating, 30 days, 15 days idle.
    pub const ROTATING: Self = Self {
        rotation: Rotation::Rotating,
        leeway: 10,
        lifetime: 2_592_000,
        idle: 1_296_000,
    };
    /// What a new confidential client starts with: fixed, one year, 30 days idle.
    pub const FIXED: Self = Self {
        rotation: Rotation::Fixed,
        leeway: 0,
        lifetime: 31_557_600,
        idle: 2_592_000,
    };
}
