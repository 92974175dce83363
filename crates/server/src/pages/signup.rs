//! The sign-up page: e-mail address and a new password.

use askama::Template;

use super::fields::{Errors, Field, FieldError};
use super::{Asset, BotWidget, Chrome, SocialBlock};
use crate::text::Text;
use sekisho_rules::login::password::MIN_CHARACTERS;

/// Make an account. The form posts `state`, `csrf`, `email` and `password` to `action`.
#[derive(Debug, Template)]
#[template(path = "signup.html")]
pub struct SignupPage {
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
    /// The least number of characters of a password.
    pub shortest_password: usize,
    /// What was wrong with the last attempt.
    pub problems: Vec<SignupProblem>,
    /// Where to sign in instead.
    pub login_url: String,
    /// Other services.
    pub social: SocialBlock,
    /// The bot check, where one is due.
    pub bot_check: Option<BotWidget>,
}

/// Why a sign-up was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignupProblem {
    /// No e-mail address.
    EmailMissing,
    /// Not an e-mail address.
    EmailMalformed,
    /// No password.
    PasswordMissing,
    /// Fewer characters than `shortest_password`.
    PasswordTooShort,
    /// More characters than this many.
    PasswordTooLong(usize),
    /// On the list of passwords everybody tries.
    PasswordTooCommon,
    /// It holds characters that cannot be typed everywhere.
    PasswordUnusable,
    /// It holds the person's name, address, or the name of the service.
    PasswordPersonal,
    /// It leaked somewhere.
    PasswordBreached,
    /// It can be guessed in too few tries.
    PasswordGuessable,
    /// The person had it before.
    PasswordUsedBefore,
    /// The generic refusal, which also covers a taken address.
    InvalidSignup,
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

impl SignupProblem {
    /// In words, beside its field.
    pub(super) fn said(self, text: &'static Text, shortest_password: usize) -> FieldError {
        let (field, message) = match self {
            Self::EmailMissing => (Some(Field::Email), text.shell.email_missing.into()),
            Self::EmailMalformed => (Some(Field::Email), text.shell.email_malformed.into()),
            Self::PasswordMissing => (Some(Field::Password), text.shell.password_missing.into()),
            Self::PasswordTooShort => (
                Some(Field::Password),
                (text.signup.password_too_short)(shortest_password).into(),
            ),
            Self::PasswordTooLong(most) => (
                Some(Field::Password),
                (text.signup.password_too_long)(most).into(),
            ),
            Self::PasswordTooCommon => (Some(Field::Password), text.signup.password_too_common.into()),
            Self::PasswordUnusable => (Some(Field::Password), text.signup.password_unusable.into()),
            Self::PasswordPersonal => (Some(Field::Password), text.signup.password_personal.into()),
            Self::PasswordBreached => (Some(Field::Password), text.signup.password_breached.into()),
            Self::PasswordGuessable => (Some(Field::Password), text.signup.password_guessable.into()),
            Self::PasswordUsedBefore => (Some(Field::Password), text.signup.password_used_before.into()),
            Self::InvalidSignup => (None, text.signup.invalid_signup.into()),
            Self::BotCheckMissing => (None, text.bot_check.missing.into()),
            Self::BotCheckRefused => (None, text.bot_check.refused.into()),
            Self::TooManyAttempts => (None, text.shell.too_many_attempts.into()),
            Self::FormExpired => (None, text.signup.form_expired.into()),
            Self::Busy => (None, text.login.busy.into()),
        };
        FieldError { field, message }
    }
}

impl SignupPage {
    fn errors(&self) -> Errors {
        let said = |problem: &SignupProblem| problem.said(self.chrome.text, self.shortest_password);
        Errors(self.problems.iter().map(said).collect())
    }

    fn password_rule(&self) -> String {
        (self.chrome.text.signup.password_rule)(self.shortest_password)
    }
}

/// What to say of a password while it is typed, reason by reason.
pub fn password_advice(text: &'static Text, problems: Vec<SignupProblem>) -> Vec<String> {
    let said = problems
        .into_iter()
        .map(|problem| problem.said(text, MIN_CHARACTERS).message.into_owned());
    said.collect()
}
