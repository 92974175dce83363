//! What people read about attacks on their account, in English.

use crate::text::{Around, Attacks, MailText};

pub(super) const ATTACKS: Attacks = Attacks {
    unblock_title: "Allow sign-ins again",
    unblock_lead: Around {
        before: "After many wrong passwords we stopped sign-ins to your account from ",
        after: ".",
    },
    unblock_only: "Allow them again only if you, or somebody you know, typed those passwords. Otherwise close this page: your account is safe.",
    unblock_submit: "Allow sign-ins from there",
    unblocked: "You can sign in from that place again.",
    unblocked_title: "Sign-ins allowed again",
    not_me_title: "Wasn’t this you?",
    not_me_lead: Around {
        before: "Somebody signed in to the account of ",
        after: ".",
    },
    not_me_does: "We’ll sign them out at once, and you choose a new password so that they can’t come back.",
    not_me_otherwise: "If it was you, close this page. Nothing has happened yet.",
    not_me_submit: "Sign them out",
    blocked_mail: MailText {
        subject: |tenant| format!("We blocked sign-ins to your {tenant} account"),
        heading: "We blocked sign-ins to your account",
        body: |from| {
            format!(
                "Somebody at {from} typed a wrong password for your account too often, so nobody can sign in to it from there for \
                 now. Your account is safe, and you can still sign in from elsewhere."
            )
        },
        action: "Allow sign-ins from there",
        small: "If that was you, open the link. If not, there is nothing to do: a password that you use nowhere else keeps your \
                account safe.",
    },
    sign_in_mail: MailText {
        subject: |tenant| format!("New sign-in to your {tenant} account"),
        heading: "Was this you?",
        body: |email| format!("Somebody has just signed in to the account of {email}."),
        action: "This wasn’t me",
        small: "If this was you, there is nothing to do. If not, open the link: it signs them out and lets you choose a new \
                password. The link works for 7 days.",
    },
    device: |device| format!("Device: {device}"),
    unknown_device: "unknown",
    device_on: |browser, system| format!("{browser} on {system}"),
    place: |address, country| match country {
        Some(country) => format!("Place: {country} ({address})"),
        None => format!("Place: {address}"),
    },
    time: |time| format!("Time: {time}"),
    why: |reasons| format!("We tell you because it was {reasons}."),
    and: ", and ",
    new_device: "in a browser we haven’t seen you use",
    new_country: "from a country you haven’t signed in from",
    impossible_travel: "too far from your last sign-in to travel in the time between",
    bad_network: "from an address known for attacks",
    recent_failures: "after many wrong passwords",
    many_accounts: "from a network that is trying many accounts",
};
