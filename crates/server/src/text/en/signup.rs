//! The sign-up page in English.

use crate::text::{Around, Signup};

pub(super) const SIGNUP: Signup = Signup {
    title: "Create your account",
    to_continue: Around {
        before: "to continue to ",
        after: "",
    },
    password_rule: |least| format!("At least {least} characters. A few unrelated words work well."),
    submit: "Create account",
    have_account: "Already have an account?",
    sign_in: "Sign in",
    invalid_signup: "We couldn’t create an account with these details. If you already have one, sign in instead.",
    form_expired: "This page was open for too long. Please enter your details again.",
    password_too_short: |least| format!("Use at least {least} characters."),
    password_too_long: |most| format!("Use at most {most} characters."),
    password_too_common: "This is one of the first passwords anybody would try. Choose a different one.",
    password_unusable: "This password holds a character that can’t be used. Use letters, digits, symbols and spaces.",
    password_personal: "Leave out your name, your e-mail address and the name of this service.",
    password_breached: "This password appeared in a data leak elsewhere. Choose a different one.",
    password_guessable: "This password is easy to guess. Make it longer: a few unrelated words work well.",
    password_used_before: "You have used this password here before. Choose a new one.",
    password_good: "Good password.",
};
