//! The account page in English.

use crate::text::{Account, AccountSections};

pub(super) const ACCOUNT: Account = Account {
    title: "Your account",
    sections_label: "Your account",
    sections: AccountSections {
        overview: "Overview",
        profile: "Profile",
        email: "E-mail address",
        password: "Password",
        factors: "Two-step sign-in",
        passkeys: "Passkeys",
        connections: "Linked accounts",
        apps: "Apps with access",
        data: "Your data",
    },
    signed_in_at: "Where you are signed in",
    this_browser: "This browser",
    browser_on_system: |browser, system| format!("{browser} on {system}"),
    unknown_device: "Unknown device",
    last_seen: "Last used",
    first_seen: "Signed in",
    address: "Address",
    apps: "Apps",
    list_separator: ", ",
    end_one: "Sign out there",
    end_this: "Sign out here",
    end_others: "Sign out everywhere else",
    what_ending_does: "Apps that were opened there are refused within a second and have to sign in again. If you do not know one of these places, end it and change your password.",
    ended: "Signed out there.",
    others_ended: "Signed out everywhere but here.",
    already_ended: "That place was signed out already.",
};
