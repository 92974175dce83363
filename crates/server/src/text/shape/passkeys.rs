//! The words about passkeys, on every page that has any.

use crate::text::MailText;

/// Signing in with a passkey, adding one, looking after them.
#[derive(Debug)]
pub struct Passkeys {
    /// Between the form and the other ways to sign in.
    pub or: &'static str,
    /// The button on the sign-in page.
    pub sign_in: &'static str,
    /// The button that proves a second factor.
    pub prove: &'static str,
    /// What that button does.
    pub prove_lead: &'static str,
    /// Nothing came from the browser: cancelled, or there was none.
    pub cancelled: &'static str,
    /// A passkey was not accepted; never says why.
    pub refused: &'static str,
    /// The button that adds one.
    pub add: &'static str,
    /// What a passkey is.
    pub add_lead: &'static str,
    /// Label of the name of a new one.
    pub name: &'static str,
    /// That the name may be left empty.
    pub name_rule: &'static str,
    /// Nothing was added: cancelled, or this device has one for this account.
    pub not_added: &'static str,
    /// The new passkey cannot be taken.
    pub not_accepted: &'static str,
    /// The page was open for too long.
    pub expired: &'static str,
    /// The new passkey belongs to an account already.
    pub known: &'static str,
    /// There are as many as there may be.
    pub too_many: &'static str,
    /// Shown where script or passkeys are missing.
    pub unsupported: &'static str,
    /// The name of a passkey that its owner did not name; the blank is the day.
    pub default_name: fn(&str) -> String,
    /// Title and heading of the list.
    pub title: &'static str,
    /// Back to the list.
    pub back: &'static str,
    /// The list is empty.
    pub none: &'static str,
    /// Label of the day one was added.
    pub added_at: &'static str,
    /// Label of the last use.
    pub last_used: &'static str,
    /// It was never used.
    pub never_used: &'static str,
    /// Opens what can be done with one.
    pub change: &'static str,
    /// The button that renames.
    pub rename: &'static str,
    /// Label of the new name; the blank is the old one.
    pub new_name: fn(&str) -> String,
    /// The button that removes.
    pub remove: &'static str,
    /// One was added.
    pub added: &'static str,
    /// One was renamed.
    pub renamed: &'static str,
    /// One was removed.
    pub removed: &'static str,
    /// It was not there.
    pub gone: &'static str,
    /// The last way in stays.
    pub last_way_in: &'static str,
    /// The mail after one was added.
    pub mail_added: MailText,
    /// The mail after one was removed.
    pub mail_removed: MailText,
}
