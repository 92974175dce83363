//! The pages around mails, in English.

use crate::text::{Around, Recovery};

pub(super) const RECOVERY: Recovery = Recovery {
    forgot: "Forgot your password?",
    ask_title: "Reset your password",
    ask_lead: "Enter your e-mail address and we’ll send you a link to choose a new one.",
    ask_submit: "Send link",
    back_to_sign_in: "Back to sign in",
    join_lead: "We’ll send you a link. Open it to choose a password.",
    join_submit: "Send link",
    sent_title: "Check your e-mail",
    sent_to: Around {
        before: "We’ve written to ",
        after: ". Open the link in that mail to continue.",
    },
    sent_nothing: "Nothing after a few minutes? Check your spam folder and the address, then try again.",
    sent_mailbox: "Open the development mailbox",
    choose_title: "Choose a password",
    choose_for: Around {
        before: "For ",
        after: "",
    },
    choose_ends: "Saving it signs you out everywhere else.",
    choose_join: "Create the account",
    choose_save: "Save the password",
    prove_title: "Confirm your address",
    prove_lead: Around {
        before: "If ",
        after: " is your address, press the button.",
    },
    prove_submit: "Confirm address",
    done_password_title: "Password saved",
    done_joined_title: "Your account is ready",
    done_proven_title: "Address confirmed",
    done_password: "You’re signed out everywhere else.",
    done_joined: "You’re signed in.",
    done_proven: "You can close this page or go to your account.",
    to_account: "Go to your account",
};
