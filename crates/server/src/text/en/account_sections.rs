//! The sections of the account page in English.

use crate::text::{AccountApps, AccountData, AccountPassword, AccountProfile, Around};

pub(super) const PROFILE: AccountProfile = AccountProfile {
    lead: "Apps you sign in to with this account may see this. Nothing here is needed.",
    name: "Name",
    name_rule: "If you leave it empty, your e-mail address stands in its place.",
    family_name: "Family name",
    given_name: "Given name",
    nickname: "Nickname",
    picture: "Address of a picture",
    picture_rule: "A web address that begins with https://",
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
    present: "Present password",
    present_missing: "Enter your present password.",
    present_wrong: "This is not your present password.",
    save: "Save password",
    what_happens: "You stay signed in here. Every other place is signed out, and apps have to sign in again.",
    changed: "Your password was saved. Every other place was signed out.",
};

pub(super) const APPS: AccountApps = AccountApps {
    lead: "These apps can act for you, some of them while you are away.",
    none: "No app has access to your account.",
    foreign: "Other provider",
    since: "Access since",
    last_used: "Last used",
    end: "End access",
    what_ending_does: "An app without access is refused within a second. If you open it again, it has to ask you again.",
    ended: "The app has no access any more.",
    already_ended: "That app had no access any more.",
};

pub(super) const DATA: AccountData = AccountData {
    download: "Download your data",
    download_lead: "A file (JSON) with your profile, your sign-in methods, where you are signed in, the apps with access and what \
                    happened in your account. There are no passwords or codes in it.",
    download_button: "Download the file",
    delete: "Delete your account",
    delete_lead: "You can delete your account and everything in it. Nobody can bring it back.",
    delete_link: "Go on to deleting",
    delete_of: Around {
        before: "This deletes the account of ",
        after: ".",
    },
    consequences: &[
        "You are signed out everywhere, at once.",
        "Apps lose their access within a second. What they stored about you stays with them; ask them.",
        "Your profile, password, passkeys and other sign-in methods are deleted for good.",
        "A note that an account was deleted stays in the security log until it expires.",
    ],
    confirm: "Enter your e-mail address to confirm",
    wrong_confirmation: "This is not the e-mail address of this account.",
    delete_button: "Delete my account",
    keep: "Keep it",
    deleted_title: "Your account was deleted",
    deleted: Around {
        before: "The account of ",
        after: " and everything in it is gone. Thank you for having been here.",
    },
};
