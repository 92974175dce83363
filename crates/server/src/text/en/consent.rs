//! The consent page in English.

use crate::text::{Around, Consent};

pub(super) const CONSENT: Consent = Consent {
    title: "Allow access",
    heading: Around {
        before: "",
        after: " would like access to your account",
    },
    about_you: "About you",
    in_api: Around {
        before: "In ",
        after: "",
    },
    returns_to: Around {
        before: "You will return to ",
        after: ".",
    },
    allow: "Allow",
    deny: "Don’t allow",
    openid: "Know who you are when you sign in",
    profile: "See your name and picture",
    email: "See your e-mail address",
    phone: "See your phone number",
    address: "See your postal address",
    offline_access: "Keep this access while you are away, until you take it back",
    undescribed: |scope| format!("Use the permission “{scope}”"),
};
