//! The shape of the mails, and of the pages that send one or that one leads to.

use super::Around;

/// The pages around mails: asking for one, and what its link opens.
#[derive(Debug)]
pub struct Recovery {
    /// The link on the sign-in page.
    pub forgot: &'static str,
    /// Title and heading of the page that asks for an address.
    pub ask_title: &'static str,
    /// What will happen.
    pub ask_lead: &'static str,
    /// The button.
    pub ask_submit: &'static str,
    /// The way back to the sign-in page.
    pub back_to_sign_in: &'static str,
    /// The same page for a new account.
    pub join_lead: &'static str,
    /// Its button.
    pub join_submit: &'static str,
    /// Title and heading after a mail was asked for.
    pub sent_title: &'static str,
    /// What was sent, around the address; says nothing about an account.
    pub sent_to: Around,
    /// What to do when nothing arrives.
    pub sent_nothing: &'static str,
    /// Leads to the mailbox of a development server.
    pub sent_mailbox: &'static str,
    /// Title and heading of the page that takes a new password.
    pub choose_title: &'static str,
    /// For whom, around the address.
    pub choose_for: Around,
    /// What a new password ends.
    pub choose_ends: &'static str,
    /// The button for a new account.
    pub choose_join: &'static str,
    /// The button for an old account.
    pub choose_save: &'static str,
    /// Title and heading of the page that proves an address.
    pub prove_title: &'static str,
    /// Which one, around the address.
    pub prove_lead: Around,
    /// The button.
    pub prove_submit: &'static str,
    /// A password was saved: title and heading.
    pub done_password_title: &'static str,
    /// An account was made: title and heading.
    pub done_joined_title: &'static str,
    /// An address was proven: title and heading.
    pub done_proven_title: &'static str,
    /// A password was saved.
    pub done_password: &'static str,
    /// An account was made.
    pub done_joined: &'static str,
    /// An address was proven.
    pub done_proven: &'static str,
    /// The link to the account page.
    pub to_account: &'static str,
}

/// The pages of a sign-in by a mailed code or link.
#[derive(Debug)]
pub struct MailedCode {
    /// The button on the sign-in page.
    pub offer: &'static str,
    /// Title and heading of the page that takes a code.
    pub title: &'static str,
    /// What was sent, around the address; says nothing about an account.
    pub sent_to: Around,
    /// Label of the field.
    pub code: &'static str,
    /// Beside the field: how the code looks.
    pub rule: &'static str,
    /// The button.
    pub submit: &'static str,
    /// The button that sends another.
    pub resend: &'static str,
    /// Another was sent.
    pub resent: &'static str,
    /// The way back to the sign-in page.
    pub back: &'static str,
    /// The field was left empty.
    pub missing: &'static str,
    /// Not the code, or one that no longer works; never says which.
    pub wrong: &'static str,
    /// Too many mails were asked for.
    pub too_many_mails: &'static str,
    /// Title and heading of the page that a link opens.
    pub link_title: &'static str,
    /// As whom, around the address.
    pub link_as: Around,
    /// Where it leads, around the application's name.
    pub link_to: Around,
    /// Its button.
    pub link_submit: &'static str,
    /// What to do when the link was not asked for.
    pub link_not_you: &'static str,
}

/// The mailbox of a development server.
#[derive(Debug)]
pub struct MailboxText {
    /// Title and heading.
    pub title: &'static str,
    /// What this is.
    pub lead: &'static str,
    /// Nothing was sent yet.
    pub empty: &'static str,
}

/// What stands in every mail around its words.
#[derive(Debug)]
pub struct MailFrame {
    /// Before the button's address, for who cannot press the button.
    pub no_button: &'static str,
    /// Leads to the account page.
    pub to_account: &'static str,
    /// How a moment is written: `strftime` of a time in UTC, which it says.
    pub moment: &'static str,
}

/// One sort of mail.
#[derive(Debug)]
pub struct MailText {
    /// The subject; the blank is the tenant.
    pub subject: fn(&str) -> String,
    /// The heading.
    pub heading: &'static str,
    /// What happened; the blank is what the mail is about, usually an address.
    pub body: fn(&str) -> String,
    /// The button; empty when there is none.
    pub action: &'static str,
    /// What to know: how long it works, or what to do when it was not you.
    pub small: &'static str,
}

/// Every mail.
#[derive(Debug)]
pub struct Mails {
    /// Somebody signs up with this address.
    pub join: MailText,
    /// Somebody signs up with an address that has an account.
    pub joined_already: MailText,
    /// Somebody asks for a new password.
    pub reset: MailText,
    /// The address of an account must be proven.
    pub verify: MailText,
    /// The password was changed.
    pub password_changed: MailText,
    /// Somebody downloaded everything that is stored about them.
    pub data_downloaded: MailText,
    /// The account was deleted.
    pub account_deleted: MailText,
    /// A code by which a sign-up goes on.
    pub sign_up_code: MailText,
    /// A code by which a sign-in goes on.
    pub sign_in_code: MailText,
    /// The new address of an account must be proven.
    pub change_email: MailText,
    /// The present address hears that somebody wants another; the blank is that one.
    pub change_email_asked: MailText,
    /// The former address hears that it was changed; the blank is the new one.
    pub email_changed: MailText,
    /// The new address hears it.
    pub email_is_yours: MailText,
    /// Somebody wanted an address that has an account.
    pub address_taken: MailText,
    /// A link that signs in.
    pub sign_in_link: MailText,
    /// A code that proves a second factor.
    pub factor_code: MailText,
    /// A second factor was set up.
    pub factor_added: MailText,
    /// A second factor was taken away.
    pub factor_removed: MailText,
    /// Everything beside the password was taken away by who runs the service.
    pub factors_reset: MailText,
    /// New recovery codes were made.
    pub recovery_codes_made: MailText,
    /// A recovery code was used.
    pub recovery_code_used: MailText,
}
