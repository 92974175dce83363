//! The words people read: pages and mails. A language is a value of [`Text`], never a key to look up,
//! so a missing sentence does not compile. The shapes are in `shape`, the sentences in `en/` and `ja/`, one
//! file per page, and `choose` decides which language a browser gets. Nothing here knows HTML: escaping is
//! the templates' work.

mod attacks;
mod bot_check;
mod choose;
mod en;
mod ja;
mod mails;
mod shape;
mod upstream;

pub use attacks::Attacks;
pub use bot_check::BotCheckText;
pub use choose::pick;
pub use mails::{MailFrame, MailText, MailboxText, MailedCode, Mails, Recovery};
pub use shape::{
    Account, AccountApps, AccountData, AccountEmail, AccountPassword, AccountProfile, AccountSections,
    Around, Consent, Enrolment, Explanation, Home, Login, LogoutConfirm, Passkeys, Problems, Returning,
    SecondFactor, Shell, SignedOut, Signup,
};
pub use upstream::Upstream;

/// A language the pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Language {
    /// English, the language of last resort.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language, in the order the language switch lists them.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The BCP 47 tag (RFC 5646), as in `<html lang>` and `ui_locales`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The language's name in itself, for the language switch.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ja => "日本語",
        }
    }

    /// Every sentence in this language.
    #[must_use]
    pub const fn text(self) -> &'static Text {
        match self {
            Self::En => &en::TEXT,
            Self::Ja => &ja::TEXT,
        }
    }
}

/// Every sentence of one language.
#[derive(Debug)]
pub struct Text {
    /// Which language this is.
    pub language: Language,
    /// Words around every page.
    pub shell: Shell,
    /// The sign-in page.
    pub login: Login,
    /// The sign-up page.
    pub signup: Signup,
    /// The consent page.
    pub consent: Consent,
    /// The page that asks before signing out.
    pub logout_confirm: LogoutConfirm,
    /// The page after signing out.
    pub signed_out: SignedOut,
    /// The page that carries an answer back to the application (form_post and web_message).
    pub returning: Returning,
    /// The account page.
    pub account: Account,
    /// Attacks on an account.
    pub attacks: Attacks,
    /// The bot check of a form.
    pub bot_check: BotCheckText,
    /// Its section of the profile.
    pub account_profile: AccountProfile,
    /// Its section of applications with access.
    pub account_apps: AccountApps,
    /// Its section of what is stored.
    pub account_data: AccountData,
    /// Its section of the address.
    pub account_email: AccountEmail,
    /// Its section of the password.
    pub account_password: AccountPassword,
    /// The pages around mails.
    pub recovery: Recovery,
    /// The page that asks for a second factor.
    pub factor: SecondFactor,
    /// The pages that set one up.
    pub enrolment: Enrolment,
    /// The pages of a sign-in by mail.
    pub mailed_code: MailedCode,
    /// The mailbox of a development server.
    pub mailbox: MailboxText,
    /// What stands in every mail.
    pub mail_frame: MailFrame,
    /// The mails.
    pub mails: Mails,
    /// Passkeys, wherever they are.
    pub passkeys: Passkeys,
    /// Signing in elsewhere.
    pub upstream: Upstream,
    /// The landing page at `/`.
    pub home: Home,
    /// What went wrong, one explanation per kind of trouble.
    pub problems: Problems,
}
