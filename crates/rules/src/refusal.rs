//! Refusals: their fault, not ours. A reason says what was wrong; the door that answers gives it a status and wording.
//!
//! Two types keep errors where they may be said: a [`Refusal`] goes to a client that is already proven (JSON, or a redirect with a
//! [`crate::redirect::VerifiedRedirect`] in hand); a [`PageRefusal`] may only become a page.

use std::borrow::Cow;
use std::fmt;

/// A request that is refused, with what the client may read and what only the log may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was wrong.
    pub reason: Reason,
    /// For the log only; never a secret.
    pub private: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a private explanation.
    pub fn new(reason: Reason, private: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            private: private.into(),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            private: Cow::Borrowed(""),
        }
    }
}

/// What was wrong with a request of a known endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A parameter that must be there is missing or empty.
    Missing(&'static str),
    /// A parameter came more than once (RFC 6749 section 3.1).
    Repeated(String),
    /// A parameter holds a NUL character, which no text of ours does.
    Nul(String),
    /// A parameter has no usable value; the second text says what it should be.
    Malformed(&'static str, &'static str),
    /// `response_type` is not one we serve.
    UnsupportedResponseType,
    /// `request` was sent (OpenID Connect Core section 6.1).
    RequestNotSupported,
    /// `request_uri` was sent.
    RequestUriNotSupported,
    /// `registration` was sent.
    RegistrationNotSupported,
    /// A public client sent no `code_challenge` (RFC 9700 section 2.1.1).
    PkceRequired,
    /// `code_challenge_method` is not `S256`.
    PkceMethod,
    /// Nobody is signed in, or not recently enough, and `prompt=none` forbids asking.
    LoginRequired,
    /// A second factor is due, and `prompt=none` forbids asking.
    FactorRequired,
    /// Consent is missing and `prompt=none` forbids asking.
    ConsentRequired,
    /// The user said no.
    AccessDenied,
    /// The user may not sign in.
    UserBlocked,
    /// The account is gone.
    UserGone,
    /// No such audience.
    UnknownAudience(String),
    /// A scope that nobody may have here.
    InvalidScope(String),
    /// `grant_type` is not one we serve.
    UnsupportedGrantType,
    /// The client may not use this grant.
    GrantNotAllowed(&'static str),
    /// The client is unknown, disabled, or did not prove itself. One reason for all, so that nothing can be learned from it.
    ClientAuthentication,
    /// The client has no grant for this audience.
    ClientNotAuthorized(String),
    /// The code is unknown, expired, used, or another's. One reason for all.
    InvalidCode,
    /// The `code_verifier` does not fit, is missing, or was not announced.
    WrongVerifier,
    /// The refresh token is unknown, expired, revoked, used, or another's. One reason for all.
    InvalidRefreshToken,
    /// The token to be revoked was issued to another client (RFC 7009 section 2.1).
    TokenOfAnother,
    /// A token of a kind that cannot be revoked, such as an ID token (RFC 7009 section 2.2.1).
    UnsupportedTokenType,
    /// The password is wrong, or nobody has this address, or they may not sign in. One reason for all (threat 24).
    WrongPassword,
    /// The passkey is unknown, not the person's who it says, or its answer is wrong. One reason for all (threat 24).
    WrongPasskey,
    /// The `auth_session` is none of ours, another client's, too old, or was used.
    AuthSession,
    /// The mailed code is not the one, or there is none. One reason for all.
    WrongMailCode,
    /// Too many attempts at the account; the credential was not looked at.
    TooManyAttempts,
    /// A bot check is due first.
    BotCheckDue,
    /// Nobody makes an account of their own here, or none can be made this way.
    SignUpClosed,
    /// The address has an account. Said only where accounts are made at once.
    SignUpTaken,
    /// No connection of this name.
    UnknownRealm,
    /// The `mfa_token` is none of ours, another client's, used, or of somebody whose access has changed. One reason for all.
    MfaTokenMalformed,
    /// The `mfa_token` is too old.
    MfaTokenExpired,
    /// The code of the authenticator application is wrong, too old, or was used.
    WrongOtp,
    /// The code that was sent is wrong, too old, or was used.
    WrongBindingCode,
    /// Nothing was sent that this `oob_code` names.
    WrongOobCode,
    /// The recovery code is wrong or was used.
    WrongRecoveryCode,
    /// The person cannot be asked for this factor, or it is not the one that is due.
    UnsupportedChallenge,
    /// The token does not allow it (RFC 6750 section 3.1); the scope that would.
    InsufficientScope(&'static str),
    /// The login is too old, or proved too little, for what is to be changed (RFC 9470 section 3).
    StaleLogin,
    /// Without it the person could not get in any more.
    LastWayIn,
    /// The person has no authenticator of this id.
    UnknownAuthenticator,
    /// Enough codes were sent for now.
    TooManyCodes,
    /// A second factor is set up already: it must be proven before another one is added.
    AlreadyEnrolled,
    /// Refreshing may not widen what was granted (RFC 6749 section 6).
    WiderScope,
    /// We cannot answer just now; trying again will help.
    Unavailable,
}

impl Reason {
    /// The standard error code (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_)
            | Self::Repeated(_)
            | Self::Nul(_)
            | Self::Malformed(..)
            | Self::PkceRequired
            | Self::PkceMethod => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::LoginRequired | Self::FactorRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::AccessDenied => "access_denied",
            Self::UserBlocked | Self::UserGone => "invalid_grant",
            Self::UnknownAudience(_) => "invalid_target",
            Self::InvalidScope(_) | Self::WiderScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::GrantNotAllowed(_) | Self::ClientNotAuthorized(_) => "unauthorized_client",
            Self::ClientAuthentication => "invalid_client",
            Self::InvalidCode | Self::WrongVerifier | Self::InvalidRefreshToken | Self::TokenOfAnother => {
                "invalid_grant"
            }
            Self::WrongPassword
            | Self::WrongPasskey
            | Self::AuthSession
            | Self::WrongMailCode
            | Self::MfaTokenMalformed
            | Self::WrongOtp
            | Self::WrongBindingCode
            | Self::WrongOobCode
            | Self::WrongRecoveryCode => "invalid_grant",
            Self::TooManyAttempts => "too_many_attempts",
            Self::BotCheckDue => "requires_verification",
            Self::UnknownRealm | Self::SignUpTaken => "invalid_request",
            Self::SignUpClosed => "access_denied",
            Self::MfaTokenExpired => "expired_token",
            Self::UnsupportedChallenge => "unsupported_challenge_type",
            Self::AlreadyEnrolled | Self::LastWayIn => "access_denied",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::StaleLogin => "insufficient_user_authentication",
            Self::TooManyCodes => "too_many_attempts",
            Self::UnknownAuthenticator => "not_found",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::Unavailable => "temporarily_unavailable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "Missing required parameter: {name}"),
            Self::Repeated(name) => write!(f, "Parameter {name} was sent more than once"),
            Self::Nul(name) => write!(f, "Parameter {name} holds a NUL character"),
            Self::Malformed(name, expected) => write!(f, "Parameter {name} is not valid: {expected}"),
            Self::UnsupportedResponseType => f.write_str("response_type must be code"),
            Self::RequestNotSupported => f.write_str("Request objects are not supported"),
            Self::RequestUriNotSupported => f.write_str("request_uri is not supported"),
            Self::RegistrationNotSupported => f.write_str("The registration parameter is not supported"),
            Self::PkceRequired => f.write_str("Parameter code_challenge is required for this client"),
            Self::PkceMethod => f.write_str("Parameter code_challenge_method must be S256"),
            Self::LoginRequired => f.write_str("Login required"),
            // Browser SDKs compare this sentence.
            Self::FactorRequired => f.write_str("Multifactor authentication required"),
            Self::ConsentRequired => f.write_str("Consent required"),
            Self::AccessDenied => f.write_str("User did not authorize the request"),
            Self::UserBlocked => f.write_str("user is blocked"),
            Self::UserGone => {
                f.write_str("The refresh_token was generated for a user who doesn't exist anymore.")
            }
            Self::UnknownAudience(audience) => write!(f, "Service not found: {audience}"),
            Self::InvalidScope(scope) => write!(f, "Scope is not allowed: {scope}"),
            Self::UnsupportedGrantType => f.write_str("Unsupported grant type"),
            Self::GrantNotAllowed(grant) => write!(f, "Grant type '{grant}' not allowed for the client."),
            Self::ClientAuthentication => f.write_str("Client authentication failed"),
            Self::ClientNotAuthorized(audience) => {
                write!(
                    f,
                    "Client is not authorized to access \"{audience}\". Create a client grant for it first."
                )
            }
            Self::InvalidCode => f.write_str("Invalid authorization code"),
            Self::WrongVerifier => f.write_str("Failed to verify code verifier"),
            Self::InvalidRefreshToken => f.write_str("Unknown or invalid refresh token."),
            // SDKs on phones compare these sentences.
            Self::WrongPassword => f.write_str("Wrong email or password."),
            Self::SignUpClosed => f.write_str("Public signup is disabled"),
            Self::SignUpTaken => f.write_str("Invalid sign up"),
            Self::WrongPasskey => f.write_str("Wrong passkey."),
            Self::AuthSession => f.write_str("The auth_session is expired or not valid."),
            Self::WrongMailCode => f.write_str("Wrong email or verification code."),
            Self::MfaTokenMalformed => f.write_str("Malformed mfa_token"),
            Self::MfaTokenExpired => f.write_str("mfa_token is expired"),
            Self::WrongOtp => f.write_str("Invalid otp_code."),
            Self::WrongBindingCode => f.write_str("Invalid binding_code."),
            Self::WrongOobCode => f.write_str("Invalid oob_code."),
            Self::WrongRecoveryCode => f.write_str("MFA Authorization rejected."),
            Self::BotCheckDue => f.write_str("Suspicious request requires verification"),
            Self::TooManyAttempts => {
                f.write_str("Your account has been blocked after multiple consecutive login attempts.")
            }
            Self::InsufficientScope(scope) => {
                write!(f, "The token does not allow this. It needs the scope {scope}.")
            }
            Self::StaleLogin => f.write_str(
                "Log in again with a second factor: this needs a login that is at most 10 minutes old",
            ),
            Self::LastWayIn => f.write_str("It is the last way into the account"),
            Self::UnknownAuthenticator => f.write_str("No such authenticator"),
            Self::TooManyCodes => f.write_str("Too many codes were sent. Wait a while and try again."),
            Self::UnknownRealm => f.write_str("Parameter realm is not valid: no such connection"),
            Self::UnsupportedChallenge => {
                f.write_str("User does not have a factor of this type that can be asked for here")
            }
            Self::AlreadyEnrolled => {
                f.write_str("User is already enrolled. Prove a second factor to add another one.")
            }
            Self::TokenOfAnother => f.write_str("The token was issued to another client"),
            Self::UnsupportedTokenType => f.write_str("Only access tokens and refresh tokens can be revoked"),
            Self::WiderScope => f.write_str("The requested scope is wider than the scope granted"),
            Self::Unavailable => f.write_str("The service is temporarily unavailable. Try again."),
        }
    }
}

/// A refusal that may only be a page: nobody is proven to whom an error could be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageRefusal {
    /// `client_id` is missing, repeated or empty.
    ClientIdMissing,
    /// No such client, or it is disabled.
    ClientUnknown,
    /// `redirect_uri` is missing, repeated or empty.
    RedirectMissing,
    /// `redirect_uri` is not registered for the client.
    RedirectUnregistered,
    /// `response_mode` cannot be served to this address.
    ResponseMode,
    /// The journey is too old, or its handle is not ours.
    JourneyExpired,
    /// A link from a mail that is not ours, too old, or used.
    LinkDead,
    /// The journey was started in another browser, or its cookie is gone.
    JourneyElsewhere,
    /// The journey has already ended.
    JourneyUsed,
    /// Where to go after logout is not registered.
    LogoutUrlUnregistered,
    /// The request is not well formed; the text says what to do.
    Malformed(&'static str),
}
