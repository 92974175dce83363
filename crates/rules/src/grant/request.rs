//! What a body sent to the token endpoint asks for.

use crate::client::GrantType;
use crate::parameters::Parameters;
use crate::refusal::Reason;
use sekisho_verify::Scope;

/// A token request, parsed once (RFC 6749 sections 4.1.3, 4.4.2 and 6).
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// A code for tokens.
    AuthorizationCode {
        /// The code.
        code: String,
        /// Must be the one of the authorization request.
        redirect_uri: Option<String>,
        /// Opens the PKCE challenge.
        verifier: Option<String>,
    },
    /// A refresh token for tokens.
    RefreshToken {
        /// The token.
        token: String,
        /// A narrower scope.
        scope: Option<Scope>,
        /// Must be the one granted.
        audience: Option<String>,
    },
    /// A second factor for tokens.
    Factor {
        /// Which grant.
        grant: GrantType,
        /// What came with `mfa_required`.
        mfa_token: String,
        /// The code of the authenticator application, from the mail, or from the list of recovery codes.
        code: String,
        /// What `/mfa/challenge` answered, where a code was sent.
        oob_code: Option<String>,
    },
    /// Tokens for the client itself.
    ClientCredentials {
        /// Which API.
        audience: Option<String>,
        /// A narrower scope.
        scope: Option<Scope>,
    },
    /// A passkey for tokens. The authenticator's answer is an object of its own beside these parameters.
    WebAuthn {
        /// The challenge it answers.
        auth_session: String,
        /// The connection of the person.
        realm: Option<String>,
        /// What is wanted.
        wish: Wish,
    },
    /// A password for tokens.
    Password {
        /// Which of the two grants.
        grant: GrantType,
        /// The address.
        username: String,
        /// The password.
        password: String,
        /// The connection it belongs to.
        realm: Option<String>,
        /// The answer of a bot check.
        captcha: Option<String>,
        /// What is wanted.
        wish: Wish,
    },
    /// A code that was mailed for tokens.
    MailCode {
        /// The address.
        username: String,
        /// The code.
        code: String,
        /// The connection.
        realm: String,
        /// What is wanted.
        wish: Wish,
    },
}

/// What a person who logs in at the token endpoint wants tokens for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The scope.
    pub scope: Option<Scope>,
    /// Which API.
    pub audience: Option<String>,
}

impl TokenRequest {
    /// Decides which grant a body asks for.
    ///
    /// # Errors
    /// [`Reason::Missing`], [`Reason::Repeated`], [`Reason::Malformed`], or [`Reason::UnsupportedGrantType`] (RFC 6749 section 5.2).
    pub fn parse(body: &Parameters) -> Result<Self, Reason> {
        let owned = |name| body.get(name).map(|value| value.map(str::to_owned));
        let scope = || match body.get("scope")?.map(Scope::parse) {
            None => Ok(None),
            Some(Ok(scope)) => Ok(Some(scope)),
            Some(Err(_)) => Err(Reason::Malformed("scope", "use words separated by single spaces")),
        };
        let wish = || {
            Ok(Wish {
                scope: scope()?,
                audience: owned("audience")?,
            })
        };
        match GrantType::from_word(body.required("grant_type")?) {
            Some(GrantType::AuthorizationCode) => Ok(Self::AuthorizationCode {
                code: body.required("code")?.to_owned(),
                redirect_uri: owned("redirect_uri")?,
                verifier: owned("code_verifier")?,
            }),
            Some(GrantType::RefreshToken) => Ok(Self::RefreshToken {
                token: body.required("refresh_token")?.to_owned(),
                scope: scope()?,
                audience: owned("audience")?,
            }),
            Some(grant @ GrantType::MfaOtp) => Ok(Self::Factor {
                grant,
                mfa_token: body.required("mfa_token")?.to_owned(),
                code: body.required("otp")?.to_owned(),
                oob_code: None,
            }),
            Some(grant @ GrantType::MfaOob) => Ok(Self::Factor {
                grant,
                mfa_token: body.required("mfa_token")?.to_owned(),
                oob_code: Some(body.required("oob_code")?.to_owned()),
                code: body.required("binding_code")?.to_owned(),
            }),
            Some(grant @ GrantType::MfaRecoveryCode) => Ok(Self::Factor {
                grant,
                mfa_token: body.required("mfa_token")?.to_owned(),
                code: body.required("recovery_code")?.to_owned(),
                oob_code: None,
            }),
            Some(GrantType::ClientCredentials) => Ok(Self::ClientCredentials {
                audience: owned("audience")?,
                scope: scope()?,
            }),
            Some(GrantType::WebAuthn) => Ok(Self::WebAuthn {
                auth_session: body.required("auth_session")?.to_owned(),
                realm: owned("realm")?,
                wish: wish()?,
            }),
            Some(grant @ (GrantType::Password | GrantType::PasswordRealm)) => Ok(Self::Password {
                grant,
                username: body.required("username")?.to_owned(),
                password: body.required("password")?.to_owned(),
                realm: match grant {
                    GrantType::PasswordRealm => Some(body.required("realm")?.to_owned()),
                    _ => owned("realm")?,
                },
                captcha: owned("captcha")?,
                wish: wish()?,
            }),
            Some(GrantType::PasswordlessOtp) => Ok(Self::MailCode {
                username: body.required("username")?.to_owned(),
                code: body.required("otp")?.to_owned(),
                realm: body.required("realm")?.to_owned(),
                wish: wish()?,
            }),
            None => Err(Reason::UnsupportedGrantType),
        }
    }
}
