//! The sections of the account page in English.

use crate::text::{AccountPassword, AccountProfile};

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
