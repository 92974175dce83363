//! The words of second factors: proving one, setting one up.

use super::Around;

/// The page that asks for a second factor.
#[derive(Debug)]
pub struct SecondFactor {
    /// Title and heading.
    pub title: &'static str,
    /// What to do with an authenticator application.
    pub totp_lead: &'static str,
    /// Label of its code.
    pub totp_label: &'static str,
    /// The authenticator's code is not right.
    pub totp_wrong: &'static str,
    /// What to do with a recovery code.
    pub recovery_lead: &'static str,
    /// Label of a recovery code.
    pub recovery_label: &'static str,
    /// The recovery code is not right.
    pub recovery_wrong: &'static str,
    /// A code can be mailed, around the hidden address.
    pub email_lead: Around,
    /// The button that has it mailed.
    pub email_send: &'static str,
    /// It was mailed, around the hidden address.
    pub email_sent: Around,
    /// Label of its code.
    pub email_label: &'static str,
    /// The mailed code is not right.
    pub email_wrong: &'static str,
    /// The mailed code is too old or was tried too often.
    pub email_expired: &'static str,
    /// Too many mails were asked for.
    pub email_too_many: &'static str,
    /// Leads to the button that mails another.
    pub email_nothing: &'static str,
    /// That button.
    pub email_again: &'static str,
    /// What to do with a passkey.
    pub passkey_lead: &'static str,
    /// Nothing was typed.
    pub missing: &'static str,
    /// The checkbox; the blank is a number of days.
    pub remember: fn(i64) -> String,
    /// The button.
    pub submit: &'static str,
    /// Heading of the other ways.
    pub other_ways: &'static str,
    /// The way with an authenticator application.
    pub use_totp: &'static str,
    /// The way with a passkey.
    pub use_passkey: &'static str,
    /// The way with a code by mail.
    pub use_email: &'static str,
    /// The way with a recovery code.
    pub use_recovery: &'static str,
    /// The link for somebody else.
    pub other_account: &'static str,
    /// There is only the mailbox that the login came from.
    pub only_mailbox: &'static str,
    /// The link that goes with it.
    pub sign_in_otherwise: &'static str,
    /// Title and heading after a recovery code was used.
    pub used_title: &'static str,
    /// How many are left; the blank is the number.
    pub used_left: fn(i64) -> String,
    /// The link onward.
    pub go_on: &'static str,
}

/// The pages that set a second factor up.
#[derive(Debug)]
pub struct Enrolment {
    /// Title and heading.
    pub title: &'static str,
    /// Why, around the application's name.
    pub why: Around,
    /// The first step with an authenticator application.
    pub scan: &'static str,
    /// Describes the picture to who does not see it.
    pub picture: &'static str,
    /// The link for who reads this on the device with the application.
    pub open_app: &'static str,
    /// Leads to the secret.
    pub by_hand: &'static str,
    /// The last step.
    pub then_code: &'static str,
    /// The button.
    pub submit: &'static str,
    /// The set-up took too long.
    pub expired: &'static str,
    /// A code by mail instead, around the address.
    pub email_lead: Around,
    /// Title and heading of the recovery codes.
    pub codes_title: &'static str,
    /// What they are for.
    pub codes_lead: &'static str,
    /// Accessible name of the list.
    pub codes_list: &'static str,
    /// The link that saves them as a file.
    pub codes_save: &'static str,
    /// The name of that file; the blank is the tenant.
    pub codes_file: fn(&str) -> String,
    /// The first line in it; the blanks are the tenant and the account.
    pub codes_heading: fn(&str, &str) -> String,
    /// The button that copies them.
    pub codes_copy: &'static str,
    /// Said when they were copied.
    pub codes_copied: &'static str,
    /// The button that prints them.
    pub codes_print: &'static str,
    /// The link onward.
    pub codes_kept: &'static str,
    /// What the section of the account page is about.
    pub own_lead: &'static str,
    /// Nothing is set up.
    pub own_none: &'static str,
    /// Accessible name of the list.
    pub own_list: &'static str,
    /// An authenticator application.
    pub own_totp: &'static str,
    /// Codes by mail.
    pub own_email: &'static str,
    /// Label of when it was set up.
    pub own_set_up: &'static str,
    /// Label of its last use.
    pub own_last_used: &'static str,
    /// The button that takes it away.
    pub own_remove: &'static str,
    /// The link that sets an authenticator application up.
    pub own_add_totp: &'static str,
    /// The link that sets codes by mail up.
    pub own_add_email: &'static str,
    /// The button that makes new recovery codes.
    pub own_new_codes: &'static str,
    /// The button that forgets remembered browsers.
    pub own_ask: &'static str,
    /// One was set up.
    pub own_added: &'static str,
    /// One was taken away.
    pub own_removed: &'static str,
    /// It was not there any more.
    pub own_gone: &'static str,
    /// Browsers are no longer remembered.
    pub own_asked_again: &'static str,
    /// What it means to remove one.
    pub own_remove_means: &'static str,
    /// What recovery codes are for.
    pub own_codes_lead: &'static str,
    /// How many are left.
    pub own_codes_left: fn(i64) -> String,
    /// Heading of the browsers that are not asked.
    pub own_remembered: &'static str,
    /// What they are.
    pub own_ask_means: &'static str,
}
