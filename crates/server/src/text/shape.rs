//! The shape of each page's words. A plain phrase is `&'static str`, a phrase with a blank is a function, and
//! a phrase whose blank gets its own markup (a name in bold) is an [`Around`].

mod factors;
mod passkeys;

pub use factors::{Enrolment, SecondFactor};
pub use passkeys::Passkeys;

/// A phrase around a name that the template marks up: `before`, the name, `after`.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// What stands before the name, with its trailing space where the language has one.
    pub before: &'static str,
    /// What stands after the name.
    pub after: &'static str,
}

/// Words around every page.
#[derive(Debug)]
pub struct Shell {
    /// Accessible name of the language switch.
    pub language_switch: &'static str,
    /// Before a page title when the form has errors.
    pub error_prefix: &'static str,
    /// Heading of the summary of errors.
    pub error_summary: &'static str,
    /// Label of the e-mail field.
    pub email: &'static str,
    /// Label of the password field.
    pub password: &'static str,
    /// Label of the button that reveals the password.
    pub show_password: &'static str,
    /// Label of the button that hides the password again.
    pub hide_password: &'static str,
    /// The e-mail field was left empty.
    pub email_missing: &'static str,
    /// The e-mail field holds something else.
    pub email_malformed: &'static str,
    /// The password field was left empty.
    pub password_missing: &'static str,
    /// Too many attempts for now, where no mail helps.
    pub too_many_attempts: &'static str,
    /// Who is signed in.
    pub signed_in_as: Around,
    /// Introduces the id a person can quote to support.
    pub request_id: &'static str,
}

/// The sign-in page.
#[derive(Debug)]
pub struct Login {
    /// Title and heading.
    pub title: &'static str,
    /// Around the application's name.
    pub to_continue: Around,
    /// The button.
    pub submit: &'static str,
    /// Leads to the sign-up link.
    pub no_account: &'static str,
    /// The sign-up link.
    pub sign_up: &'static str,
    /// Why somebody who is already signed in is asked again (`prompt=login`, `max_age`).
    pub confirm_identity: &'static str,
    /// Shown after an account was made but the browser must still sign in.
    pub account_created: &'static str,
    /// The e-mail or the password is wrong; never says which.
    pub wrong_credentials: &'static str,
    /// Too many attempts for now.
    pub too_many_attempts: &'static str,
    /// The form was left open too long and must be sent again.
    pub form_expired: &'static str,
    /// The server is too busy to check a password right now.
    pub busy: &'static str,
}

/// The sign-up page.
#[derive(Debug)]
pub struct Signup {
    /// Title and heading.
    pub title: &'static str,
    /// Around the application's name.
    pub to_continue: Around,
    /// The rule for passwords; the blank is the least number of characters.
    pub password_rule: fn(usize) -> String,
    /// The button.
    pub submit: &'static str,
    /// Leads to the sign-in link.
    pub have_account: &'static str,
    /// The sign-in link.
    pub sign_in: &'static str,
    /// The generic answer that does not say whether the address is taken.
    pub invalid_signup: &'static str,
    /// The form was left open too long and must be sent again.
    pub form_expired: &'static str,
    /// The password is too short; the blank is the least number of characters.
    pub password_too_short: fn(usize) -> String,
    /// The password is too long; the blank is the greatest number of characters.
    pub password_too_long: fn(usize) -> String,
    /// The password is one everybody tries first.
    pub password_too_common: &'static str,
    /// The password holds control characters.
    pub password_unusable: &'static str,
    /// The password holds the person's name or address, or the name of the service.
    pub password_personal: &'static str,
    /// The password stands in a list of leaked ones.
    pub password_breached: &'static str,
    /// The password is too easy to guess.
    pub password_guessable: &'static str,
    /// The password was used for this account before.
    pub password_used_before: &'static str,
    /// Nothing is wrong with the password that is being typed.
    pub password_good: &'static str,
}

/// The consent page.
#[derive(Debug)]
pub struct Consent {
    /// Page title.
    pub title: &'static str,
    /// Heading, around the application's name.
    pub heading: Around,
    /// Heading of the scopes about the person.
    pub about_you: &'static str,
    /// Heading of the scopes of an API, around its name.
    pub in_api: Around,
    /// Where the browser goes next, around the host.
    pub returns_to: Around,
    /// The button that grants.
    pub allow: &'static str,
    /// The button that refuses.
    pub deny: &'static str,
    /// Scope `openid`.
    pub openid: &'static str,
    /// Scope `profile`.
    pub profile: &'static str,
    /// Scope `email`.
    pub email: &'static str,
    /// Scope `phone`.
    pub phone: &'static str,
    /// Scope `address`.
    pub address: &'static str,
    /// Scope `offline_access`.
    pub offline_access: &'static str,
    /// A scope that nobody described; the blank is its name.
    pub undescribed: fn(&str) -> String,
}

/// The page that asks before signing out.
#[derive(Debug)]
pub struct LogoutConfirm {
    /// Page title.
    pub title: &'static str,
    /// Heading, around the name of the product.
    pub heading: Around,
    /// What will happen.
    pub explanation: &'static str,
    /// The button.
    pub submit: &'static str,
    /// The way out.
    pub stay: &'static str,
}

/// The page after signing out.
#[derive(Debug)]
pub struct SignedOut {
    /// Title and heading.
    pub title: &'static str,
    /// What happened.
    pub done: &'static str,
    /// Advice for a computer that others use.
    pub shared_computer: &'static str,
    /// The link back, around the application's name.
    pub back_to: Around,
    /// While other applications end their sessions.
    pub others: &'static str,
    /// The link onward, for who does not want to wait.
    pub onward: &'static str,
}

/// The page that carries an answer back to the application.
#[derive(Debug)]
pub struct Returning {
    /// Page title.
    pub title: &'static str,
    /// Heading, around the application's name.
    pub heading: Around,
    /// Why there is a button (form_post).
    pub press: &'static str,
    /// The button (form_post).
    pub submit: &'static str,
    /// Said when a window that needs script has none (web_message).
    pub needs_script: &'static str,
    /// Said when the window can be closed (web_message).
    pub may_close: &'static str,
}

/// The landing page.
#[derive(Debug)]
pub struct Home {
    /// Page title.
    pub title: &'static str,
    /// What this place is.
    pub what: &'static str,
    /// What a visitor should do here.
    pub visitors: &'static str,
    /// Label of the issuer.
    pub issuer: &'static str,
    /// Heading of the links for developers.
    pub developers: &'static str,
    /// The discovery document.
    pub discovery: &'static str,
    /// The key set.
    pub keys: &'static str,
}

/// What the navigation of the account page calls its sections; each is the heading of its section, too.
#[derive(Debug)]
pub struct AccountSections {
    /// Where the person is signed in.
    pub overview: &'static str,
    /// Name, picture, language.
    pub profile: &'static str,
    /// The address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
    /// Authenticator applications and recovery codes.
    pub factors: &'static str,
    /// Passkeys.
    pub passkeys: &'static str,
    /// Accounts elsewhere.
    pub connections: &'static str,
    /// Applications with access.
    pub apps: &'static str,
    /// What is stored.
    pub data: &'static str,
}

/// The account page: its frame and its first section.
#[derive(Debug)]
pub struct Account {
    /// Title and heading.
    pub title: &'static str,
    /// What the navigation is called to those who cannot see it.
    pub sections_label: &'static str,
    /// The sections.
    pub sections: AccountSections,
    /// Heading of the list of places.
    pub signed_in_at: &'static str,
    /// Marks the place that looks at the page.
    pub this_browser: &'static str,
    /// A device: the blanks are the browser's and the system's names.
    pub browser_on_system: fn(&str, &str) -> String,
    /// A device that says nothing of itself.
    pub unknown_device: &'static str,
    /// Label of the last use.
    pub last_seen: &'static str,
    /// Label of the sign-in.
    pub first_seen: &'static str,
    /// Label of the network address.
    pub address: &'static str,
    /// Label of the applications.
    pub apps: &'static str,
    /// Between two names.
    pub list_separator: &'static str,
    /// The button that ends another place.
    pub end_one: &'static str,
    /// The button that ends this place.
    pub end_this: &'static str,
    /// The button that ends all others.
    pub end_others: &'static str,
    /// What the buttons do, and when to press them.
    pub what_ending_does: &'static str,
    /// One was ended.
    pub ended: &'static str,
    /// All others were ended.
    pub others_ended: &'static str,
    /// There was nothing left to end.
    pub already_ended: &'static str,
}

/// The section of the profile.
#[derive(Debug)]
pub struct AccountProfile {
    /// Who sees it.
    pub lead: &'static str,
    /// Label of the display name.
    pub name: &'static str,
    /// What stands there when it is left empty.
    pub name_rule: &'static str,
    /// Label of the last name.
    pub family_name: &'static str,
    /// Label of the first name.
    pub given_name: &'static str,
    /// Label of the short name.
    pub nickname: &'static str,
    /// Label of the picture's address.
    pub picture: &'static str,
    /// What kind of address.
    pub picture_rule: &'static str,
    /// Label of the language.
    pub locale: &'static str,
    /// No language of one's own.
    pub any_locale: &'static str,
    /// What the language is for.
    pub locale_rule: &'static str,
    /// The button.
    pub save: &'static str,
    /// It was saved.
    pub saved: &'static str,
    /// More characters than this many.
    pub too_long: fn(usize) -> String,
    /// Characters that cannot be seen.
    pub unprintable: &'static str,
    /// Not an `https` address.
    pub not_secure: &'static str,
    /// A language there is not.
    pub unknown_locale: &'static str,
}

/// The section of applications with access.
#[derive(Debug)]
pub struct AccountApps {
    /// What this is a list of.
    pub lead: &'static str,
    /// There is nothing on it.
    pub none: &'static str,
    /// Marks what belongs to somebody else.
    pub foreign: &'static str,
    /// Label of the beginning.
    pub since: &'static str,
    /// Label of the last use.
    pub last_used: &'static str,
    /// The button.
    pub end: &'static str,
    /// What it does.
    pub what_ending_does: &'static str,
    /// It was done.
    pub ended: &'static str,
    /// There was nothing left to end.
    pub already_ended: &'static str,
}

/// The section of what is stored, and the pages of its end.
#[derive(Debug)]
pub struct AccountData {
    /// Heading of the file.
    pub download: &'static str,
    /// What is in it.
    pub download_lead: &'static str,
    /// Its button.
    pub download_button: &'static str,
    /// Heading of the end.
    pub delete: &'static str,
    /// What it means.
    pub delete_lead: &'static str,
    /// The link to the page that asks.
    pub delete_link: &'static str,
    /// Whose account it is.
    pub delete_of: Around,
    /// What will happen, one by one.
    pub consequences: &'static [&'static str],
    /// Label of the field that wants the address.
    pub confirm: &'static str,
    /// The same for an account without an address.
    pub confirm_name: &'static str,
    /// It holds something else.
    pub wrong_confirmation: &'static str,
    /// The button that ends it all.
    pub delete_button: &'static str,
    /// The link back.
    pub keep: &'static str,
    /// Title of the page after it.
    pub deleted_title: &'static str,
    /// What was deleted.
    pub deleted: Around,
}

/// The section of the password.
#[derive(Debug)]
pub struct AccountPassword {
    /// What a password is for.
    pub lead: &'static str,
    /// The same where there is none yet.
    pub lead_first: &'static str,
    /// Label of the present password.
    pub present: &'static str,
    /// It was left empty.
    pub present_missing: &'static str,
    /// It is another.
    pub present_wrong: &'static str,
    /// Label of the new password.
    pub new: &'static str,
    /// The button.
    pub save: &'static str,
    /// What ends with the old password.
    pub what_happens: &'static str,
    /// It was changed.
    pub changed: &'static str,
}

/// The section of the address.
#[derive(Debug)]
pub struct AccountEmail {
    /// Which address it is now, around it.
    pub present: Around,
    /// There is none.
    pub none: &'static str,
    /// Heading of the form.
    pub change: &'static str,
    /// Label of the new address.
    pub new: &'static str,
    /// The button.
    pub submit: &'static str,
    /// What comes of it.
    pub what_happens: &'static str,
    /// A mail was sent.
    pub sent: &'static str,
    /// It is the present address.
    pub same: &'static str,
    /// Too many mails were asked for.
    pub too_many: &'static str,
}

/// What went wrong, and what to do.
#[derive(Debug)]
pub struct Explanation {
    /// A short name of the trouble.
    pub title: &'static str,
    /// What happened.
    pub what: &'static str,
    /// What the reader can do.
    pub remedy: &'static str,
}

/// One explanation per kind of trouble.
#[derive(Debug)]
pub struct Problems {
    /// Label of the technical detail.
    pub detail: &'static str,
    /// The link back.
    pub go_back: &'static str,
    /// The link to the sign-in page.
    pub to_sign_in: &'static str,
    /// The request makes no sense.
    pub bad_request: Explanation,
    /// No such application, or it is switched off.
    pub unknown_client: Explanation,
    /// The return address is not registered.
    pub bad_redirect: Explanation,
    /// The journey is too old or was already used.
    pub expired_journey: Explanation,
    /// A link from a mail is used up or too old.
    pub dead_link: Explanation,
    /// The journey began in another browser, or cookies are blocked.
    pub other_browser: Explanation,
    /// The form did not come from our page.
    pub forbidden: Explanation,
    /// 404.
    pub not_found: Explanation,
    /// 405.
    pub method_not_allowed: Explanation,
    /// 408.
    pub timed_out: Explanation,
    /// 413.
    pub too_large: Explanation,
    /// 415.
    pub wrong_media_type: Explanation,
    /// 421.
    pub wrong_host: Explanation,
    /// 429.
    pub too_many_requests: Explanation,
    /// 500.
    pub fault: Explanation,
    /// 503.
    pub unavailable: Explanation,
}
