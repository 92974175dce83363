//! The mails in English.

use crate::text::{MailFrame, MailText, MailboxText, Mails};

pub(super) const FRAME: MailFrame = MailFrame {
    no_button: "If the button does not work, open this address:",
    to_account: "Open your account page",
    moment: "%-d %B %Y, %H:%M UTC",
};

pub(super) const MAILS: Mails = Mails {
    join: MailText {
        subject: |tenant| format!("Finish making your {tenant} account"),
        heading: "One more step",
        body: |email| {
            format!(
                "Somebody, hopefully you, began to make an account with {email}. Choose a password to finish."
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
                "Somebody, hopefully you, tried to make an account with {email}, but it has one already. Just sign in. If you \
                 forgot the password, choose a new one."
            )
        },
        action: "Choose a new password",
        small: "The link works for 30 minutes and once. If this was not you, ignore this mail: nothing has changed.",
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
        small: "The link works for 24 hours. If you did not make this account, ignore this mail.",
    },
    password_changed: MailText {
        subject: |tenant| format!("Your {tenant} password was changed"),
        heading: "Your password was changed",
        body: |email| format!("The password of {email} was changed, and every other place was signed out."),
        action: "",
        small: "If this was not you, somebody can read your mail or knew your password. Choose a new password now and look at \
                where you are signed in.",
    },
    data_downloaded: MailText {
        subject: |tenant| format!("Your {tenant} data was downloaded"),
        heading: "Your data was downloaded",
        body: |email| format!("A file with everything that is stored about {email} was downloaded."),
        action: "",
        small: "If this was not you, somebody else is signed in to your account. Change your password now and look at where you \
                are signed in.",
    },
    account_deleted: MailText {
        subject: |tenant| format!("Your {tenant} account was deleted"),
        heading: "Your account was deleted",
        body: |email| format!("The account of {email} and everything in it was deleted, as you asked."),
        action: "",
        small: "If this was not you, write to the people who run this service. This was the last mail about this account.",
    },
    sign_up_code: MailText {
        subject: |tenant| format!("Your code to make a {tenant} account"),
        heading: "Your code for a new account",
        body: |email| format!("Type this code where you are making an account for {email}."),
        action: "",
        small: "The code works for 10 minutes and once. Give it to nobody: we never ask for it by phone or mail. If this was not you, \
                ignore this mail: without the code no account is made.",
    },
    sign_in_code: MailText {
        subject: |tenant| format!("Your code to sign in to {tenant}"),
        heading: "Your sign-in code",
        body: |email| format!("Type this code where you are signing in as {email}."),
        action: "",
        small: "The code works for 10 minutes and once. Give it to nobody: we never ask for it by phone or mail. If you did not \
                ask for it, ignore this mail: without the code nobody gets in.",
    },
    change_email: MailText {
        subject: |tenant| format!("Confirm your new address for {tenant}"),
        heading: "Confirm your new address",
        body: |email| {
            format!("You asked to use {email} for your account. Open the link to confirm that it is yours.")
        },
        action: "Confirm the new address",
        small: "The link works for an hour and once. If you did not ask for this, ignore this mail: nothing changes.",
    },
    change_email_asked: MailText {
        subject: |tenant| format!("Somebody wants to change the address of your {tenant} account"),
        heading: "A change of address was asked for",
        body: |email| {
            format!(
                "Somebody who is signed in to your account wants it to use {email} in place of this address. Nothing changes until \
                 the link we sent there is opened."
            )
        },
        action: "",
        small: "If this was you, there is nothing to do here. If not, change your password now: then their link no longer works, and \
                they are signed out.",
    },
    email_changed: MailText {
        subject: |tenant| format!("The address of your {tenant} account was changed"),
        heading: "Your address was changed",
        body: |email| format!("Your account now uses {email}. This address no longer belongs to it."),
        action: "",
        small: "If this was not you, write to the people who run this service at once: somebody else has your account.",
    },
    email_is_yours: MailText {
        subject: |tenant| format!("Your {tenant} account has a new address"),
        heading: "Your new address is in use",
        body: |email| {
            format!("{email} is now the address of your account. Every other place was signed out.")
        },
        action: "",
        small: "If this was not you, write to the people who run this service.",
    },
    address_taken: MailText {
        subject: |tenant| format!("This address has a {tenant} account already"),
        heading: "This address is in use already",
        body: |email| {
            format!(
                "Somebody, hopefully you, wanted to use {email} for another account, but it has an account of its own."
            )
        },
        action: "",
        small: "Nothing has changed. If it was you, sign in to that account with this address, or choose another one.",
    },
    sign_in_link: MailText {
        subject: |tenant| format!("Your link to sign in to {tenant}"),
        heading: "Sign in",
        body: |email| {
            format!(
                "Open this link in the browser you want to use, and confirm there that you sign in as {email}."
            )
        },
        action: "Go on to sign in",
        small: "The link works for 10 minutes and once. Pass it on to nobody. If you did not ask for it, ignore this mail: without \
                the link nobody gets in.",
    },
    factor_code: MailText {
        subject: |tenant| format!("Your {tenant} confirmation code"),
        heading: "Your confirmation code",
        body: |email| format!("Type this code to confirm that it is you, {email}."),
        action: "",
        small: "The code works for 10 minutes and once. Give it to nobody: we never ask for it by phone or mail. If you did not \
                ask for it, somebody may know your password: choose a new one.",
    },
    factor_added: MailText {
        subject: |tenant| format!("Your {tenant} account has a new second step"),
        heading: "Two-step sign-in was set up",
        body: |email| {
            format!("A second step was added for {email}. From now on it is asked for when you sign in.")
        },
        action: "",
        small: "If this was not you, somebody knows your password. Choose a new one now, and remove the new second step on your \
                account page.",
    },
    factor_removed: MailText {
        subject: |tenant| format!("A second step of your {tenant} account was removed"),
        heading: "A second step was removed",
        body: |email| {
            format!("A second step of the sign-in to {email} was removed. It is no longer asked for.")
        },
        action: "",
        small: "If this was not you, choose a new password now and look at where you are signed in.",
    },
    factors_reset: MailText {
        subject: |tenant| format!("The second factors of your {tenant} account were reset"),
        heading: "Your second factors were reset",
        body: |email| {
            format!(
                "The people who run this service took away every second factor of {email}: authenticator apps, passkeys and \
                 recovery codes. You sign in without them from now on, and can set up new ones on your account page."
            )
        },
        action: "",
        small: "If you did not ask for this, write to the people who run this service at once, and choose a new password.",
    },
    recovery_codes_made: MailText {
        subject: |tenant| format!("New recovery codes for your {tenant} account"),
        heading: "You have new recovery codes",
        body: |email| {
            format!("New recovery codes were made for {email}. The ones from before no longer work.")
        },
        action: "",
        small: "If this was not you, choose a new password now and look at where you are signed in.",
    },
    recovery_code_used: MailText {
        subject: |tenant| format!("A recovery code of your {tenant} account was used"),
        heading: "A recovery code was used",
        body: |email| {
            format!(
                "Somebody, hopefully you, signed in as {email} with a recovery code. That code no longer works."
            )
        },
        action: "",
        small: "If this was not you, somebody has your codes and knows your password. Choose a new password now, then make new \
                codes on your account page.",
    },
};

pub(super) const MAILBOX: MailboxText = MailboxText {
    title: "Development mailbox",
    lead: "This server shows its mails here and sends none.",
    empty: "No mail yet. Sign up, or ask for a new password, and the mail appears here.",
};
