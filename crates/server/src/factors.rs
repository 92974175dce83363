//! What a person can prove beside their first factor, as the rules ask for it.

use crate::http::cookie::Cookie;
use crate::http::visit::Visit;
use sekisho_rules::authorize::Provable;
use sekisho_rules::factor::Factors;
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
