//! The way back to the application, in English.

use crate::text::{Around, Returning};

pub(super) const RETURNING: Returning = Returning {
    title: "Returning",
    heading: Around {
        before: "Taking you back to ",
        after: "…",
    },
    press: "If nothing happens, press the button.",
    submit: "Continue",
    needs_script: "This step needs JavaScript. Turn it on and start again from the application.",
    may_close: "You can close this window if it stays open.",
};
