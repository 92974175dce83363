//! The sign-in page in English.

use crate::text::{Around, Login};

pub(super) const LOGIN: Login = Login {
    title: "Sign in",
    to_continue: Around {
        before: "to continue to ",
        after: "",
    },
    submit: "Sign in",
    no_account: "New here?",
    sign_up: "Create an account",
    confirm_identity: "For your security, please sign in again to confirm it’s you.",
    account_created: "Your account is ready. Sign in to continue.",
    wrong_credentials: "The e-mail address or password is incorrect.",
    too_many_attempts: "Too many attempts. Try again later or reset your password. If this is your account, we have also mailed you a link that lets you try again.",
    form_expired: "This page was open for too long. Please sign in again.",
    busy: "We’re very busy right now. Please try again in a moment.",
};
