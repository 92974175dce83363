//! Words around every page, in English.

use crate::text::{Around, Shell};

pub(super) const SHELL: Shell = Shell {
    language_switch: "Language",
    error_prefix: "Error",
    error_summary: "Please check the following",
    email: "E-mail address",
    password: "Password",
    show_password: "Show",
    hide_password: "Hide",
    email_missing: "Enter your e-mail address.",
    email_malformed: "Enter an e-mail address like name@example.com.",
    password_missing: "Enter your password.",
    too_many_attempts: "Too many attempts. Wait a while, then try again.",
    signed_in_as: Around {
        before: "Signed in as ",
        after: "",
    },
    request_id: "Request ID",
};
