//! The shape of what is said about signing in elsewhere.

use super::MailText;

/// Signing in at other services, and joining the accounts there to the one here.
#[derive(Debug)]
pub struct Upstream {
    /// The button; the blank is the provider.
    pub with: fn(&str) -> String,
    /// Between the form and the buttons.
    pub or: &'static str,
    /// The person said no there.
    pub denied: fn(&str) -> String,
    /// No answer.
    pub down: fn(&str) -> String,
    /// An answer that is not believed.
    pub failed: fn(&str) -> String,
    /// The connection is switched off.
    pub closed: fn(&str) -> String,
    /// Nobody has an account by it, and none is made.
    pub no_account: fn(&str) -> String,
    /// The account may not be signed in to.
    pub blocked: fn(&str) -> String,
    /// Too many tries from this network.
    pub too_many: fn(&str) -> String,
    /// The person proved nothing there just now, and has to.
    pub stale: fn(&str) -> String,
    /// A provider whose name is not known any more.
    pub this_service: &'static str,
    /// Title and heading of the page that asks for proof of an account.
    pub join_title: &'static str,
    /// Why it is shown; the blanks are the provider and the address.
    pub join_lead: fn(&str, &str) -> String,
    /// What to do.
    pub join_prove: fn(&str) -> String,
    /// The button that leads to the sign-in.
    pub join_sign_in: &'static str,
    /// The link that leaves it be.
    pub join_back: &'static str,
    /// Title and heading of the page that asks before linking.
    pub confirm_title: fn(&str) -> String,
    /// What linking does; the blanks are the provider and who it is there.
    pub confirm_lead: fn(&str, &str) -> String,
    /// Yes.
    pub confirm_yes: fn(&str) -> String,
    /// No.
    pub confirm_no: &'static str,
    /// Introduces the section of linked accounts.
    pub lead: &'static str,
    /// There is none.
    pub none: &'static str,
    /// When it was linked.
    pub linked_at: &'static str,
    /// When it last opened the account.
    pub last_used: &'static str,
    /// Its connection is switched off.
    pub switched_off: &'static str,
    /// The button.
    pub unlink: &'static str,
    /// Why the only way in stays.
    pub last_way: &'static str,
    /// Heading of the buttons.
    pub link_another: &'static str,
    /// A button; the blank is the provider.
    pub link_one: fn(&str) -> String,
    /// It was linked.
    pub linked: &'static str,
    /// It was unlinked.
    pub unlinked: &'static str,
    /// It opens another account.
    pub elsewhere: &'static str,
    /// The provider did not tell who it is.
    pub not_linked: &'static str,
    /// It had been unlinked already.
    pub was_gone: &'static str,
    /// Tells the owner that an account was linked; the blank is the provider.
    pub mail_linked: MailText,
    /// Tells the owner that an account was unlinked.
    pub mail_unlinked: MailText,
}
