//! Signing in elsewhere, in English.

use crate::text::{MailText, Upstream};

pub(super) const UPSTREAM: Upstream = Upstream {
    with: |name| format!("Continue with {name}"),
    or: "or",
    denied: |name| format!("You did not allow the sign-in at {name}. Try again, or sign in another way."),
    down: |name| {
        format!("{name} does not answer at the moment. Try again in a while, or sign in another way.")
    },
    failed: |name| format!("The sign-in at {name} did not work. Try again, or sign in another way."),
    closed: |name| {
        format!("Signing in with {name} is not possible here at the moment. Please sign in another way.")
    },
    no_account: |name| {
        format!(
            "Your {name} account isn’t linked to an account here. Sign in another way, then link {name} on your account page."
        )
    },
    blocked: |name| {
        format!("Your account cannot be signed in to with {name}. Please contact whoever runs this service.")
    },
    too_many: |name| {
        format!("Too many tries with {name} from your network. Wait a few minutes, or sign in another way.")
    },
    stale: |name| {
        format!(
            "{name} did not ask who you are, and this time it has to be certain. Sign out at {name} and try again, or sign in \
             another way."
        )
    },
    this_service: "the other service",
    join_title: "You already have an account",
    join_lead: |name, email| {
        format!("An account with the address {email}, which {name} gave us, already exists here.")
    },
    join_prove: |name| {
        format!(
            "To link {name} to it, sign in once the way you usually do. If you never made that account, reset its password first."
        )
    },
    join_sign_in: "Sign in to my account",
    join_back: "Not now",
    confirm_title: |name| format!("Link {name}?"),
    confirm_lead: |name, who| {
        format!("From now on, your {name} account “{who}” signs you in to this account.")
    },
    confirm_yes: |name| format!("Link {name}"),
    confirm_no: "Don’t link",
    lead: "You can sign in with accounts you have at other services.",
    none: "None is linked yet.",
    linked_at: "Linked",
    last_used: "Last used",
    switched_off: "Not possible at the moment",
    unlink: "Unlink",
    last_way: "This is the only way into your account. Set a password or link another account before you unlink it.",
    link_another: "Link another account",
    link_one: |name| format!("Link {name}"),
    linked: "Linked. You can sign in with it from now on.",
    unlinked: "Unlinked. You can no longer sign in with it.",
    elsewhere: "That account is linked to another account here. Unlink it there first.",
    not_linked: "Nothing was linked. Try again.",
    was_gone: "It was not linked any more.",
    mail_linked: MailText {
        subject: |tenant| format!("Another way into your {tenant} account"),
        heading: "An account was linked",
        body: |name| {
            format!("Your account at {name} was linked: signing in there opens your account from now on.")
        },
        action: "",
        small: "If this was not you, unlink it on your account page now and change your password.",
    },
    mail_unlinked: MailText {
        subject: |tenant| format!("A way into your {tenant} account was removed"),
        heading: "An account was unlinked",
        body: |name| {
            format!("Your account at {name} was unlinked: signing in there no longer opens your account.")
        },
        action: "",
        small: "If this was not you, change your password now and look at where you are signed in.",
    },
};
