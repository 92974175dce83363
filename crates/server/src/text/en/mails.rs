//! The mails in English.

use crate::text::{MailText, MailboxText, Mails};

pub(super) const MAILS: Mails = Mails {
    join: MailText {
        subject: |tenant| format!("Finish making your {tenant} account"),
        heading: "One more step",
        body: |email| {
            format!(
                "Somebody, hopefully you, wants to make an account with {email}. Choose a password to finish."
            )
        },
        action: "Choose a password",
        small: "The link works for 24 hours. If this was not you, ignore this mail: no account is made.",
    },
    joined_already: MailText {
        subject: |tenant| format!("You already have a {tenant} account"),
        heading: "You already have an account",
        body: |email| {
            format!(
                "Somebody, hopefully you, tried to make an account with {email}, but there is one. Just sign in. If you forgot \
                 the password, choose a new one."
            )
        },
        action: "Choose a new password",
        small: "The link works for 30 minutes. If this was not you, ignore this mail: nothing has changed.",
    },
    reset: MailText {
        subject: |tenant| format!("Choose a new password for {tenant}"),
        heading: "Choose a new password",
        body: |email| format!("Somebody, hopefully you, asked for a new password for {email}."),
        action: "Choose a new password",
        small: "The link works for 30 minutes and once. If this was not you, ignore this mail: your password stays as it is.",
    },
    verify: MailText {
        subject: |tenant| format!("Confirm your address for {tenant}"),
        heading: "Confirm your address",
        body: |email| format!("Please confirm that {email} is yours."),
        action: "Confirm the address",
        small: "The link works for 24 hours. If you do not know what this is about, ignore this mail.",
    },
    password_changed: MailText {
        subject: |tenant| format!("Your {tenant} password was changed"),
        heading: "Your password was changed",
        body: |email| format!("The password of {email} was changed, and every other place was signed out."),
        action: "",
        small: "If this was not you, somebody can read your mail or knew your password: choose a new password now and look at \
                where you are signed in.",
    },
};

pub(super) const MAILBOX: MailboxText = MailboxText {
    title: "Development mailbox",
    lead: "Mails are not sent here; they are shown.",
    empty: "No mail yet.",
};
