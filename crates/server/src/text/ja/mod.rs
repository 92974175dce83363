//! Japanese. Polite form throughout, half-width Latin, a space between Japanese and Latin words. After a
//! name the space does not break: a line must not begin with a particle.

mod account;
mod account_email;
mod account_sections;
mod attacks;
mod bot_check;
mod consent;
mod factors;
mod home;
mod login;
mod logout;
mod mailed_code;
mod mails;
mod passkeys;
mod problems;
mod recovery;
mod returning;
mod shell;
mod signup;
mod upstream;

use super::{Language, Text};

/// Every sentence in Japanese.
pub(super) const TEXT: Text = Text {
    language: Language::Ja,
    shell: shell::SHELL,
    login: login::LOGIN,
    signup: signup::SIGNUP,
    consent: consent::CONSENT,
    logout_confirm: logout::LOGOUT_CONFIRM,
    signed_out: logout::SIGNED_OUT,
    returning: returning::RETURNING,
    account: account::ACCOUNT,
    attacks: attacks::ATTACKS,
    bot_check: bot_check::BOT_CHECK,
    account_profile: account_sections::PROFILE,
    account_email: account_email::EMAIL,
    account_password: account_sections::PASSWORD,
    account_apps: account_sections::APPS,
    account_data: account_sections::DATA,
    recovery: recovery::RECOVERY,
    factor: factors::FACTOR,
    enrolment: factors::ENROLMENT,
    mailed_code: mailed_code::MAILED_CODE,
    mailbox: mails::MAILBOX,
    mail_frame: mails::FRAME,
    mails: mails::MAILS,
    passkeys: passkeys::PASSKEYS,
    upstream: upstream::UPSTREAM,
    home: home::HOME,
    problems: problems::PROBLEMS,
};
