//! What a person can prove beside their first factor: setting it up, proving it, taking it away.
//!
//! The pages and the MFA API are doors to the same actions. Whether a person must prove something is `rules::factor`'s to decide,
//! whether they may change something `Session::freshness`'s. What an authenticator shares with us is sealed; of recovery codes only
//! hashes are kept. Each change tells the owner by mail in its own transaction.

pub mod begun;
mod change;
pub mod email;
mod prove;
pub mod recovery_codes;
pub mod totp;

pub use change::{ask_in_every_browser, remember_if_asked, remove};
pub use prove::{Tried, prove};

use crate::http::cookie::Cookie;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::Draft;
use crate::notices;
use crate::seal::Place;
use crate::text::{MailText, Text};
use sekisho_rules::authorize::Provable;
use sekisho_rules::factor::{FactorKind, Factors};
use sekisho_rules::id::hex;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::user::User;
use sekisho_store::{Fault, browsers, factors};

/// Everything a person has set up.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn held(visit: &Visit, user: &User) -> Result<Factors, Fault> {
    Ok(Factors {
        enrolled: factors::kinds(&visit.app.db, &user.id).await?,
        mailbox: user.email_verified && visit.app.post.is_open(),
    })
}

/// The same, with whether this browser is remembered for them.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn provable(visit: &Visit, user: &User) -> Result<Provable, Fault> {
    let known = match visit.cookie(Cookie::Browser) {
        Some(secret) => browsers::find(&visit.app.db, &user.id, &SecretHash::of(&secret)).await?,
        None => None,
    };
    Ok(Provable {
        factors: held(visit, user).await?,
        remembered: known.is_some_and(|browser| browser.remembered_until > visit.moment.now),
    })
}

/// A fresh id for a factor, as the MFA API names it: `totp|dev_0123456789abcdef`.
pub fn fresh_id(visit: &Visit, kind: FactorKind) -> String {
    format!("{}|dev_{}", id_word(kind), hex(&visit.moment.bytes::<8>()))
}

fn id_word(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "totp",
        other => other.word(),
    }
}

/// Where a factor's secret is sealed for.
pub(crate) fn place(id: &str) -> Place<'_> {
    Place {
        table: "factors",
        column: "sealed",
        row: id,
    }
}

/// The mail that tells the owner what was changed; none where no mail can be sent.
fn told(
    visit: &Visit,
    user: &User,
    words: fn(&'static Text) -> &'static MailText,
) -> Result<Option<Draft>, Refused> {
    notices::draft(visit, user, words)
        .map_err(|_| Refused::Internal("a mail about a factor cannot be written"))
}
