//! The account page: one file per section, and the frame that stands around all of them.

mod apps;
mod connections;
mod data;
mod email;
mod factors;
mod frame;
mod overview;
mod passkeys;

mod password;
mod profile;

pub use apps::{AccountAppsPage, AppAccess, AppScopes, AppsNotice};
pub use connections::{ConnectionsNotice, ConnectionsPage, LinkableService, LinkedIdentity};
pub use data::{AccountDataPage, AccountDeletePage, AccountDeletedPage};
pub use email::{AccountEmailPage, EmailProblem};
pub use factors::{FactorNotice, FactorsPage, OwnFactor};
pub use frame::{AccountFrame, BelowSection, Section, SectionLink};
pub use overview::{AccountNotice, AccountPage, Instant, SignedInPlace};
pub use passkeys::{AddPasskeyPage, AddPasskeyProblem, OwnPasskey, PasskeyNotice, PasskeysPage};
pub use password::{AccountPasswordPage, PasswordForm, PasswordProblem};
pub use profile::AccountProfilePage;
