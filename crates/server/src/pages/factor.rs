//! The page that asks for a second factor, and the one that tells how many recovery codes are left.

use askama::Template;

use super::{Asset, Chrome, PasskeyPrompt};

/// Prove a second factor. The form posts `state`, `csrf`, `kind`, `code` and perhaps `remember` to `action`; the one that has a code
/// mailed posts `send` in place of `code`.
#[derive(Debug, Template)]
#[template(path = "factor.html")]
pub struct FactorPage {
    /// The frame.
    pub chrome: Chrome,
    /// The name of the application that asked.
    pub app: String,
    /// The account.
    pub account: String,
    /// Where the form is sent.
    pub action: String,
    /// The journey, sealed.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// What is asked for.
    pub asks: FactorAsked,
    /// What the browser is asked, when a passkey is.
    pub passkey: Option<PasskeyPrompt>,
    /// The other ways there are.
    pub others: Vec<FactorWay>,
    /// Days the browser can be remembered, where it may be.
    pub remember_days: Option<i64>,
    /// Why the last try did not count.
    pub problem: Option<FactorProblem>,
    /// Where somebody else signs in.
    pub login_url: String,
}

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorAsked {
    /// A code of an authenticator application.
    Totp,
    /// A passkey.
    Passkey,
    /// A code that can be mailed.
    EmailUnsent {
        /// The address, mostly hidden.
        address: String,
    },
    /// A code that was mailed.
    EmailSent {
        /// The address, mostly hidden.
        address: String,
    },
    /// A recovery code.
    RecoveryCode,
    /// Nothing: all there is is the mailbox that the login came from.
    Nothing,
}

impl FactorAsked {
    /// How the form names it.
    const fn word(&self) -> &'static str {
        match self {
            Self::Totp => "otp",
            Self::Passkey => "webauthn",
            Self::EmailUnsent { .. } | Self::EmailSent { .. } => "email",
            Self::RecoveryCode => "recovery-code",
            Self::Nothing => "",
        }
    }
}

/// Another way to go on.
#[derive(Clone, Debug)]
pub struct FactorWay {
    /// What it asks for.
    pub kind: FactorWayKind,
    /// Its page.
    pub href: String,
}

/// The ways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorWayKind {
    /// An authenticator application.
    Totp,
    /// A passkey.
    Passkey,
    /// A code by mail.
    Email,
    /// A recovery code.
    RecoveryCode,
}

/// Why a try did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorProblem {
    /// Nothing was typed.
    Missing,
    /// It is not right, or was used before.
    Wrong,
    /// The mailed code no longer works.
    Expired,
    /// Too many tries for now.
    TooManyAttempts,
    /// Too many mails for now.
    TooManyMails,
}

impl FactorProblem {
    /// Whether it belongs to the field, not to the whole form.
    const fn is_of_field(self) -> bool {
        matches!(self, Self::Missing | Self::Wrong | Self::Expired)
    }
}

impl FactorWay {
    pub(super) fn said(&self, chrome: &Chrome) -> &'static str {
        let text = &chrome.text.factor;
        match self.kind {
            FactorWayKind::Totp => text.use_totp,
            FactorWayKind::Passkey => text.use_passkey,
            FactorWayKind::Email => text.use_email,
            FactorWayKind::RecoveryCode => text.use_recovery,
        }
    }
}

impl FactorPage {
    fn problem(&self) -> &'static str {
        let text = &self.chrome.text.factor;
        match self.problem {
            None => "",
            Some(problem) if self.asks == FactorAsked::Passkey && problem.is_of_field() => match problem {
                FactorProblem::Expired => self.chrome.text.passkeys.expired,
                _ => self.chrome.text.passkeys.refused,
            },
            Some(FactorProblem::Missing) => text.missing,
            Some(FactorProblem::Wrong) => match self.asks {
                FactorAsked::RecoveryCode => text.recovery_wrong,
                FactorAsked::EmailSent { .. } | FactorAsked::EmailUnsent { .. } => text.email_wrong,
                FactorAsked::Totp | FactorAsked::Passkey | FactorAsked::Nothing => text.totp_wrong,
            },
            Some(FactorProblem::Expired) => text.email_expired,
            Some(FactorProblem::TooManyAttempts) => self.chrome.text.shell.too_many_attempts,
            Some(FactorProblem::TooManyMails) => text.email_too_many,
        }
    }

    /// What is wrong with the field; empty when nothing is.
    fn wrong(&self) -> &'static str {
        let has_field = self.asks != FactorAsked::Passkey;
        match has_field && self.problem.is_some_and(FactorProblem::is_of_field) {
            true => self.problem(),
            false => "",
        }
    }

    /// The checkbox's words, where there is one.
    fn remember(&self) -> Option<String> {
        self.remember_days.map(self.chrome.text.factor.remember)
    }
}

/// A recovery code was used.
#[derive(Debug, Template)]
#[template(path = "recovery_used.html")]
pub struct RecoveryUsedPage {
    /// The frame.
    pub chrome: Chrome,
    /// How many are left.
    pub left: i64,
    /// Where to go on.
    pub go_on: String,
}

impl RecoveryUsedPage {
    fn said(&self) -> String {
        (self.chrome.text.factor.used_left)(self.left)
    }
}
