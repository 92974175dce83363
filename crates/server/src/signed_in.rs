//! Who is signed in at this browser: the cookie's session and its user, when both still stand.

use crate::http::cookie::Cookie;
use crate::http::visit::Visit;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::{Fault, sessions, users};

/// A standing session and its user, with the issuer's epoch they were checked against.
pub struct Browser {
    /// The signed-in user.
    pub signed_in: Option<(Session, User)>,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
}

/// Reads who is signed in.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn browser(visit: &Visit) -> Result<Browser, Fault> {
    let db = &visit.app.db;
    let issuer_epoch = visit.app.rows.issuer(&visit.app).await?.epoch;
    let nobody = Browser {
        signed_in: None,
        issuer_epoch,
    };
    let Some(secret) = visit.cookie(Cookie::Session) else {
        return Ok(nobody);
    };
    let Some(session) = sessions::by_secret(db, &SecretHash::of(&secret)).await? else {
        return Ok(nobody);
    };
    let Some(user) = users::by_id(db, &session.user_id).await? else {
        return Ok(nobody);
    };
    match session.stands(&user, issuer_epoch, visit.moment.now) {
        true => Ok(Browser {
            signed_in: Some((session, user)),
            issuer_epoch,
        }),
        false => Ok(nobody),
    }
}
