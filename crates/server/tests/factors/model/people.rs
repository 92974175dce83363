//! What is really so: who has what, what was really typed where, and in a few lines when a second factor is due. Nothing here asks the
//! program.

use super::super::Phone;
use crate::authenticator::Key;
use crate::site::PASSWORD;
use sekisho_rules::factor::{FactorKind, MfaPolicy};

/// The first thing somebody proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Password,
    MailCode,
    Elsewhere,
    /// Two factors at once.
    Passkey,
}

/// What was really proven in a session, or in a login of a program.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    pub(super) who: usize,
    pub(super) first: First,
    pub(super) second: bool,
    pub(super) risky: bool,
    /// The step of the walk the login was made in.
    pub(super) at: usize,
}

impl Proven {
    pub(super) fn several(&self) -> bool {
        self.second || self.first == First::Passkey
    }

    /// Whether this kind proves anything more: the mailbox somebody signed in by does not.
    pub(super) fn gains_by(&self, kind: FactorKind) -> bool {
        !(kind == FactorKind::Email && self.first == First::MailCode)
    }
}

/// A person with everything they own.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) password: Option<String>,
    /// Whether the address is proven to be theirs.
    pub(super) mailbox: bool,
    pub(super) phone: Option<Phone>,
    pub(super) by_mail: bool,
    pub(super) codes: Vec<String>,
    /// An authenticator stays in the pocket when its passkey is taken away.
    pub(super) key: Option<Key>,
    pub(super) key_stands: bool,
    /// Whether an account elsewhere opens this one.
    pub(super) elsewhere: bool,
}

impl Person {
    pub(super) fn new(id: &str, email: &str) -> Self {
        Self {
            id: id.to_owned(),
            email: email.to_owned(),
            password: Some(PASSWORD.to_owned()),
            mailbox: true,
            phone: None,
            by_mail: false,
            codes: Vec::new(),
            key: None,
            key_stands: false,
            elsewhere: false,
        }
    }

    /// Whether they set a second factor up.
    pub(super) fn has_any(&self) -> bool {
        self.phone.is_some() || self.by_mail || self.key_stands
    }

    /// This kind if they have it, else one they have: walks shall get somewhere.
    pub(super) fn at_hand(&self, kind: FactorKind, step: usize) -> FactorKind {
        let all = [
            (FactorKind::Totp, self.phone.is_some()),
            (FactorKind::Email, self.by_mail),
            (FactorKind::Passkey, self.key_stands),
            (FactorKind::RecoveryCode, !self.codes.is_empty()),
        ];
        let held: Vec<FactorKind> = all
            .iter()
            .filter(|(_, has)| *has)
            .map(|(kind, _)| *kind)
            .collect();
        match held.contains(&kind) || held.is_empty() {
            true => kind,
            false => held[step % held.len()],
        }
    }

    pub(super) fn lose_everything(&mut self) {
        (self.phone, self.by_mail, self.key_stands) = (None, false, false);
        self.codes.clear();
    }

    /// The oracle: whether this person owes a second factor to an application with this policy.
    pub(super) fn owes(&self, proven: &Proven, want: Want) -> bool {
        let mailbox = self.mailbox && proven.gains_by(FactorKind::Email);
        match want.policy {
            _ if want.several => true,
            MfaPolicy::Never => false,
            _ if want.remembered && !proven.risky => false,
            MfaPolicy::Always => true,
            MfaPolicy::Adaptive => self.has_any() || (proven.risky && mailbox),
        }
    }

    /// Whether somebody who proved this may set up their first factor, or take what protects the account away or add to it.
    pub(super) fn may_change(&self, proven: &Proven) -> bool {
        let mailbox = proven.risky && self.mailbox && proven.gains_by(FactorKind::Email);
        proven.several() || !(self.has_any() || mailbox)
    }
}

/// What an application asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    pub(super) policy: MfaPolicy,
    /// By `acr_values`.
    pub(super) several: bool,
    /// Whether this person wanted to be remembered in this browser.
    pub(super) remembered: bool,
}

/// Whose credential is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    /// Of the other person.
    Other,
    /// Nobody's.
    Invented,
}
