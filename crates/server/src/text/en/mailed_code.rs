//! The pages of a sign-in by mail, in English.

use crate::text::{Around, MailedCode};

pub(super) const MAILED_CODE: MailedCode = MailedCode {
    offer: "E-mail me a sign-in code",
    title: "Enter your code",
    sent_to: Around {
        before: "If ",
        after: " can be used to sign in here, a code is on its way to it. It works for 10\u{a0}minutes.",
    },
    code: "Code from the mail",
    rule: "Six digits",
    submit: "Sign in",
    resend: "Send a new code",
    resent: "A new code is on its way. The one before no longer works.",
    back: "Sign in another way",
    missing: "Enter the code from the mail.",
    wrong: "That code isn’t right, or it no longer works. Use the latest mail, or send a new code.",
    too_many_mails: "We can’t send more codes for now. Use the last one you got, wait an hour, or sign in another way.",
    link_title: "Sign in",
    link_as: Around {
        before: "You are about to sign in as ",
        after: "",
    },
    link_to: Around {
        before: "to continue to ",
        after: "",
    },
    link_submit: "Sign in",
    link_not_you: "If you did not ask for this, close this page. Nothing has happened yet.",
};
