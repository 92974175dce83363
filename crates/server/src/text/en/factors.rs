//! Second factors, in English.

use crate::text::{Around, Enrolment, SecondFactor};

pub(super) const FACTOR: SecondFactor = SecondFactor {
    title: "Confirm it’s you",
    totp_lead: "Enter the code that your authenticator app shows.",
    totp_label: "6-digit code",
    totp_wrong: "That code does not work. Each code works once and for half a minute: wait for the next one, and check that the clock \
                 of your phone is right.",
    recovery_lead: "Enter one of the recovery codes you kept. Each works once.",
    recovery_label: "Recovery code",
    recovery_wrong: "That recovery code does not work. Compare it with what you kept, or try another: each works once.",
    email_lead: Around {
        before: "We can send a code to ",
        after: ".",
    },
    email_send: "Send the code",
    email_sent: Around {
        before: "We have sent a code to ",
        after: ". It works for 10 minutes.",
    },
    email_label: "Code from the mail",
    email_wrong: "That is not the code in our last mail.",
    email_expired: "That code no longer works. Ask for a new one.",
    email_too_many: "Too many mails were asked for. Use the last one you got, or wait a while.",
    email_nothing: "Nothing there?",
    email_again: "Send another code",
    passkey_lead: "Use your fingerprint, your face, or the lock of your device.",
    missing: "Enter the code.",
    remember: |days| match days {
        1 => "Don’t ask again in this browser for a day".to_owned(),
        days => format!("Don’t ask again in this browser for {days} days"),
    },
    submit: "Continue",
    other_ways: "Other ways",
    use_totp: "Use your authenticator app",
    use_passkey: "Use a passkey",
    use_email: "Get a code by e-mail",
    use_recovery: "Use a recovery code",
    other_account: "Use another account",
    only_mailbox: "Your account asks for more than a code from your mailbox, and that is how you signed in. Please sign in with your \
                   password.",
    sign_in_otherwise: "Sign in another way",
    used_title: "Recovery code accepted",
    used_left: |left| match left {
        0 => "That was your last one. Make new ones on your account page now.".to_owned(),
        1 => "You have one recovery code left. Make new ones on your account page soon.".to_owned(),
        left => format!("You have {left} recovery codes left."),
    },
    go_on: "Continue",
};

pub(super) const ENROLMENT: Enrolment = Enrolment {
    title: "Set up a second factor",
    why: Around {
        before: "",
        after: " asks for more than a password. From now on you will also enter a code from your phone.",
    },
    scan: "Scan this picture with an authenticator app",
    picture: "A picture to scan. The key below says the same.",
    open_app: "Open the authenticator app on this device",
    by_hand: "Or type this key into the app:",
    then_code: "Then enter the code the app shows",
    submit: "Turn it on",
    expired: "This page was open for too long. Please begin again with this new picture.",
    email_lead: Around {
        before: "Instead of an app you can get a code by mail each time, at ",
        after: ".",
    },
    codes_title: "Keep your recovery codes",
    codes_lead: "If you lose your phone, one of these lets you in. Each works once. Keep them where you keep your passport: they are \
                 not shown again.",
    codes_list: "Recovery codes",
    codes_save: "Save as a file",
    codes_file: |tenant| format!("{tenant} recovery codes.txt"),
    codes_heading: |tenant, account| format!("Recovery codes for {account} at {tenant}. Each works once."),
    codes_copy: "Copy",
    codes_copied: "Copied",
    codes_print: "Print",
    codes_kept: "I have kept them",
};
