//! What a browser shows: one view struct per page, filled in by a feature and rendered from the `.html` file
//! of the same name in `templates/`. A page holds only words and values; it decides nothing, reads nothing
//! and knows no route: every link and every form action is given to it.
//!
//! The pages need no script to work and carry none inline; they are made for
//! `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'`.

mod account;
mod asset;
mod bot_check;
mod check_session;
mod chrome;
mod consent;
mod enrol;
mod error;
mod factor;
mod fields;
mod form_post;
mod home;
mod letter;
mod link;
mod login;
mod logout;
mod mailbox;
mod mailed_code;
mod passkey;
mod press;
mod recovery;
mod signup;
mod upstream;
mod web_message;

pub use account::{
    AccountAppsPage, AccountDataPage, AccountDeletePage, AccountDeletedPage, AccountEmailPage, AccountFrame,
    AccountNotice, AccountPage, AccountPasswordPage, AccountProfilePage, AddPasskeyPage, AddPasskeyProblem,
    AppAccess, AppScopes, AppsNotice, BelowSection, ConnectionsNotice, ConnectionsPage, EmailProblem,
    FactorNotice, FactorsPage, Instant, LinkableService, LinkedIdentity, OwnFactor, OwnPasskey,
    PasskeyNotice, PasskeysPage, PasswordForm, PasswordProblem, Section, SectionLink, SignedInPlace,
};
pub use asset::{Asset, IMMUTABLE, Served, asset, asset_url};
pub use bot_check::BotWidget;
pub use check_session::CheckSessionPage;
pub use chrome::{Chrome, LanguageLink};
pub use consent::{ConsentPage, RequestedScope};
pub use enrol::{EnrolOffer, EnrolPage, EnrolProblem, QrPicture, RecoveryCodesPage, TotpOffer};
pub use error::{ErrorPage, Problem};
pub use factor::{FactorAsked, FactorPage, FactorProblem, FactorWay, FactorWayKind, RecoveryUsedPage};
pub use form_post::FormPostPage;
pub use home::HomePage;
pub use letter::{Letter, LetterHtml, LetterText};
pub use login::{LoginPage, LoginProblem, Notice};
pub use logout::{LogoutConfirmPage, ReturnLink, SignedOutPage};
pub use mailbox::{MailboxMail, MailboxPage};
pub use mailed_code::{MailedCodePage, MailedCodeProblem, MailedLinkPage, Resent};
pub use passkey::PasskeyPrompt;
pub use press::{Press, PressPage};
pub use recovery::{AskPage, Asking, ChoosePage, Choosing, Done, DonePage, ProvePage, SentPage};
pub use signup::{SignupPage, SignupProblem, password_advice};
pub use upstream::{JoinAsk, JoinPage, Setback, SocialBlock, SocialButton, SocialTrouble};
pub use web_message::WebMessagePage;
