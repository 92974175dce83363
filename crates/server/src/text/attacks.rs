//! The shape of the words about attacks on an account: a sign-in that was blocked, a sign-in that looks wrong.

use super::{Around, MailText};

/// What people read about attacks on their account.
#[derive(Debug)]
pub struct Attacks {
    /// Title and heading of the page that opens a blocked sign-in.
    pub unblock_title: &'static str,
    /// What was blocked, around the network.
    pub unblock_lead: Around,
    /// When not to press the button.
    pub unblock_only: &'static str,
    /// The button.
    pub unblock_submit: &'static str,
    /// It is open again.
    pub unblocked: &'static str,
    /// Title and heading of the page that says so.
    pub unblocked_title: &'static str,
    /// Title and heading of the page that ends a sign-in that was not one's own.
    pub not_me_title: &'static str,
    /// Whose, around the address.
    pub not_me_lead: Around,
    /// What the button does.
    pub not_me_does: &'static str,
    /// What to do when it was oneself after all.
    pub not_me_otherwise: &'static str,
    /// The button.
    pub not_me_submit: &'static str,
    /// The mail about sign-ins that were blocked; the blank is the network.
    pub blocked_mail: MailText,
    /// The mail about a sign-in that looks wrong; the blank is the account.
    pub sign_in_mail: MailText,
    /// Before the device in that mail.
    pub device: fn(&str) -> String,
    /// A device nobody can name.
    pub unknown_device: &'static str,
    /// A browser on a system.
    pub device_on: fn(&str, &str) -> String,
    /// Before the place: the address, and the country where it is known.
    pub place: fn(&str, Option<&str>) -> String,
    /// Before the time.
    pub time: fn(&str) -> String,
    /// Before the reasons.
    pub why: fn(&str) -> String,
    /// Between two reasons.
    pub and: &'static str,
    /// In a browser the person never used here.
    pub new_device: &'static str,
    /// From a country the person never signed in from.
    pub new_country: &'static str,
    /// So far away that nobody can have travelled there.
    pub impossible_travel: &'static str,
    /// From an address that attacks come from.
    pub bad_network: &'static str,
    /// After many wrong passwords.
    pub recent_failures: &'static str,
    /// From a network that tries one account after another.
    pub many_accounts: &'static str,
}
