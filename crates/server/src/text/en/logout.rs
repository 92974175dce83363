//! Signing out, in English.

use crate::text::{Around, LogoutConfirm, SignedOut};

pub(super) const LOGOUT_CONFIRM: LogoutConfirm = LogoutConfirm {
    title: "Sign out",
    heading: Around {
        before: "Sign out of ",
        after: "?",
    },
    explanation: "You will need to sign in again the next time an application asks for it.",
    submit: "Sign out",
    stay: "Stay signed in",
};

pub(super) const SIGNED_OUT: SignedOut = SignedOut {
    title: "You’re signed out",
    done: "Your session has ended.",
    shared_computer: "If you share this computer with others, close the browser window too.",
    back_to: Around {
        before: "Back to ",
        after: "",
    },
    others: "Signing you out of your other applications. You’ll be taken on in a moment.",
    onward: "Continue",
};
