//! The sign-in page: e-mail address and password.

use askama::Template;

use super::fields::{Errors, Field, FieldError};
use super::{Asset, BotWidget, Chrome, PasskeyPrompt, SocialBlock};

/// Sign in. The form posts `state`, `csrf`, `email` and `password` to `action`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// The frame.
    pub chrome: Chrome,
    /// The name of the application that asked.
    pub app: String,
    /// Where the form is sent.
    pub action: String,
    /// The journey, sealed.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// What was entered before, or the `login_hint`.
    pub email: String,
    /// A word before the form.
    pub notice: Option<Notice>,
    /// What was wrong with the last attempt.
    pub problems: Vec<LoginProblem>,
    /// Signing in with a passkey, where there can be any.
    pub passkey: Option<PasskeyPrompt>,
    /// Where to choose a new password, when mail can be sent.
    pub forgot_url: Option<String>,
    /// Where the same form asks for a code by mail, when people may sign in by one.
    pub code_url: Option<String>,
    /// Where to make an account, when people may.
    pub signup_url: Option<String>,
    /// Other services.
    pub social: SocialBlock,
    /// The bot check, where one is due.
    pub bot_check: Option<BotWidget>,
}

/// Why the form is shown to somebody who may not expect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Signed in already, but the application wants to be sure (`prompt=login`, `max_age`).
    ConfirmIdentity,
    /// The account was made, the session was not.
    AccountCreated,
}

/// Why a sign-in was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// No e-mail address.
    EmailMissing,
    /// Not an e-mail address.
    EmailMalformed,
    /// No password.
    PasswordMissing,
    /// No such account, the wrong password, or a blocked account: the page does not say which.
    WrongCredentials,
    /// A passkey that was not accepted, for whatever reason.
    PasskeyRefused,
    /// The bot check was left out.
    BotCheckMissing,
    /// The bot check proved nothing.
    BotCheckRefused,
    /// Too many attempts for now.
    TooManyAttempts,
    /// The form token is no longer good.
    FormExpired,
    /// The password queue is full.
    Busy,
}

impl LoginPage {
    fn errors(&self) -> Errors {
        let (shell, login) = (&self.chrome.text.shell, &self.chrome.text.login);
        let error = |problem: &LoginProblem| {
            let (field, message) = match problem {
                LoginProblem::EmailMissing => (Some(Field::Email), shell.email_missing),
                LoginProblem::EmailMalformed => (Some(Field::Email), shell.email_malformed),
                LoginProblem::PasswordMissing => (Some(Field::Password), shell.password_missing),
                LoginProblem::WrongCredentials => (None, login.wrong_credentials),
                LoginProblem::PasskeyRefused => (None, self.chrome.text.passkeys.refused),
                LoginProblem::BotCheckMissing => (None, self.chrome.text.bot_check.missing),
                LoginProblem::BotCheckRefused => (None, self.chrome.text.bot_check.refused),
                LoginProblem::TooManyAttempts => (None, login.too_many_attempts),
                LoginProblem::FormExpired => (None, login.form_expired),
                LoginProblem::Busy => (None, login.busy),
            };
            FieldError {
                field,
                message: message.into(),
            }
        };
        Errors(self.problems.iter().map(error).collect())
    }

    /// What the browser may suggest in the e-mail field (HTML, section 4.10.18.7.1).
    fn suggestions(&self) -> &'static str {
        match self.passkey {
            Some(_) => "username webauthn",
            None => "username",
        }
    }

    /// Whether there are ways to sign in that need no script.
    fn has_plain_others(&self) -> bool {
        self.code_url.is_some() || !self.social.buttons.is_empty()
    }

    fn notice(&self) -> Option<&'static str> {
        self.notice.map(|notice| match notice {
            Notice::ConfirmIdentity => self.chrome.text.login.confirm_identity,
            Notice::AccountCreated => self.chrome.text.login.account_created,
        })
    }
}
