//! The sections of the account page in English.

use crate::text::{AccountApps, AccountData, AccountPassword, AccountProfile, Around};

pub(super) const PROFILE: AccountProfile = AccountProfile {
    lead: "Apps you sign in to with this account may see this. All of it is optional.",
    name: "Name",
    name_rule: "If you leave it empty, your e-mail address stands in its place.",
    family_name: "Family name",
    given_name: "Given name",
    nickname: "Nickname",
    picture: "Picture",
    picture_rule: "A web address that begins with https://.",
    locale: "Language",
    any_locale: "As my browser prefers",
    locale_rule: "For these pages and for mails to you.",
    save: "Save",
    saved: "Saved. Apps see it the next time they ask.",
    too_long: |most| format!("Use at most {most} characters."),
    unprintable: "There are invisible characters in it. Type it again instead of pasting it.",
    not_secure: "Give a web address that begins with https://",
    unknown_locale: "Choose one of the languages in the list.",
};

pub(super) const PASSWORD: AccountPassword = AccountPassword {
    lead: "Choose a password that you use nowhere else.",
    lead_first: "Your account has no password yet. With one, you can sign in by e-mail address and password as well.",
    present: "Current password",
    present_missing: "Enter your current password.",
    present_wrong: "This is not your current password.",
    new: "New password",
    save: "Save password",
    what_happens: "When you save it, you stay signed in here. Everywhere else you are signed out, and apps have to sign in again.",
    changed: "Your password was saved. You are signed out everywhere else.",
};

pub(super) const APPS: AccountApps = AccountApps {
    lead: "These apps can act for you, some of them while you are away.",
    none: "No app has access to your account. An app you sign in to with it appears here.",
    foreign: "Other provider",
    since: "Access since",
    last_used: "Last used",
    end: "Withdraw access",
    what_ending_does: "An app without access is refused within a second. If you open it again, it has to ask you again.",
    ended: "The app no longer has access.",
    already_ended: "That app had no access already.",
};

pub(super) const DATA: AccountData = AccountData {
    download: "Download your data",
    download_lead: "A file (JSON) with your profile, your sign-in methods, where you are signed in, the apps with access and what \
                    happened in your account. There are no passwords or codes in it.",
    download_button: "Download the file",
    delete: "Delete your account",
    delete_lead: "This deletes your account and everything in it. It cannot be undone.",
    delete_link: "Delete your account",
    delete_of: Around {
        before: "This deletes the account of ",
        after: ".",
    },
    consequences: &[
        "You are signed out everywhere, at once.",
        "Apps lose their access within a second. What they stored about you stays with them: ask each of them to delete it.",
        "Your profile, password, passkeys and other sign-in methods are deleted for good.",
        "A note that an account was deleted stays in the security log until it expires.",
    ],
    confirm: "Enter your e-mail address to confirm",
    confirm_name: "Enter the name of the account to confirm",
    wrong_confirmation: "This is not the e-mail address of this account.",
    delete_button: "Delete my account",
    keep: "Keep my account",
    deleted_title: "Your account was deleted",
    deleted: Around {
        before: "The account of ",
        after: " and everything in it is gone. You can close this page.",
    },
};
