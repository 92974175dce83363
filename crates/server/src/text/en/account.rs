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
    address: "IP address",
    apps: "Apps",
    list_separator: ", ",
    end_one: "Sign out there",
    end_this: "Sign out here",
    end_others: "Sign out everywhere else",
    what_ending_does: "Apps that were opened there are refused within a second and have to sign in again. If you do not recognise one of these, sign it out and change your password.",
    ended: "That device is signed out.",
    others_ended: "You are signed out everywhere but here.",
    already_ended: "That device was signed out already.",
};
