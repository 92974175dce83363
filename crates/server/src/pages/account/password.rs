//! The section of the password.

use askama::Template;

use super::AccountFrame;
use crate::pages::fields::{Errors, Field, FieldError};
use crate::pages::{Asset, Chrome, SignupProblem};

/// Another password, or a first one. The form posts `csrf`, `password` and, when it is asked for, `present` to `action`.
#[derive(Debug, Template)]
#[template(path = "account/password.html")]
pub struct AccountPasswordPage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the form is sent.
    pub action: String,
    /// What it asks for.
    pub asked: PasswordForm,
    /// The least number of characters.
    pub shortest_password: usize,
    /// What was wrong with the last attempt.
    pub problems: Vec<PasswordProblem>,
}

/// What the form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordForm {
    /// A first password, for an account that had none.
    First,
    /// Another password.
    Change,
    /// Another password, and the present one with it.
    ChangeWithPresent,
}

/// Why a password was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The present password was left empty.
    PresentMissing,
    /// It is another.
    PresentWrong,
    /// Something with the new one.
    New(SignupProblem),
}

impl AccountPasswordPage {
    fn errors(&self) -> Errors {
        let text = self.chrome.text;
        let said = |problem: &PasswordProblem| match problem {
            PasswordProblem::PresentMissing => FieldError {
                field: Some(Field::Present),
                message: text.account_password.present_missing.into(),
            },
            PasswordProblem::PresentWrong => FieldError {
                field: Some(Field::Present),
                message: text.account_password.present_wrong.into(),
            },
            PasswordProblem::New(problem) => problem.said(text, self.shortest_password),
        };
        Errors(self.problems.iter().map(said).collect())
    }

    fn asks_present(&self) -> bool {
        self.asked == PasswordForm::ChangeWithPresent
    }

    fn lead(&self) -> &'static str {
        let text = &self.chrome.text.account_password;
        match self.asked {
            PasswordForm::First => text.lead_first,
            PasswordForm::Change | PasswordForm::ChangeWithPresent => text.lead,
        }
    }

    fn password_rule(&self) -> String {
        (self.chrome.text.signup.password_rule)(self.shortest_password)
    }
}
