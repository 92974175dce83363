//! The pages around mails, in English.

use crate::text::{Around, Recovery};

pub(super) const RECOVERY: Recovery = Recovery {
    forgot: "Forgot your password?",
    ask_title: "Choose a new password",
    ask_lead: "Tell us your e-mail address and we will send you a link.",
    ask_submit: "Send the link",
    back_to_sign_in: "Back to sign in",
    join_lead: "We will send you a link. Open it to choose a password.",
    join_submit: "Send the link",
    sent_title: "Look at your mail",
    sent_to: Around {
        before: "We have written to ",
        after: ". The link in that mail takes you on.",
    },
    sent_nothing: "Nothing there after a few minutes? Look among the unwanted mails, check the address, and try again.",
    sent_mailbox: "Open the development mailbox",
    choose_title: "Choose a password",
    choose_for: Around {
        before: "For ",
        after: "",
    },
    choose_ends: "You will be signed out everywhere else.",
    choose_join: "Create the account",
    choose_save: "Save the password",
    prove_title: "Confirm your address",
    prove_lead: Around {
        before: "Confirm that ",
        after: " is yours.",
    },
    prove_submit: "Confirm",
    done_title: "Done",
    done_password: "Your new password is saved. You were signed out everywhere else.",
    done_joined: "Your account is ready and you are signed in.",
    done_proven: "Your address is confirmed.",
    to_account: "Go to your account",
};
