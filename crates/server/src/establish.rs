//! The only way a login becomes a session: new cookie secret, epoch check, audit (threat 8).

use crate::audit::Record;
use crate::end::Ending;
use crate::http::cookie::Cookie;
use crate::http::visit::Visit;
use crate::signed_in::{Browser, browser};
use axum::http::HeaderValue;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::{Fault, audit, sessions, users};

/// How a user has proven themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A password (RFC 8176 `pwd`).
    Password,
    /// An account made just now, with a password.
    Signup,
}

impl Proof {
    fn amr(self) -> Vec<String> {
        match self {
            Self::Password | Self::Signup => vec!["pwd".to_owned()],
        }
    }

    fn audit_kind(self) -> &'static str {
        match self {
            Self::Password => "s",
            Self::Signup => "ss",
        }
    }
}

/// Signs a user in at this browser. The session of the same user goes on under a new secret; one of another user ends. `None` when
/// the user was blocked or changed their password since they were read: then nothing is written and nobody is signed in.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn establish(visit: &Visit, user: &User, proof: Proof) -> Result<Option<HeaderValue>, Fault> {
    let now = visit.moment.now;
    let Browser {
        signed_in,
        issuer_epoch,
    } = browser(visit).await?;
    let secret = visit.moment.secret();
    let policy = visit.app.config.session;
    let (kept, left) = match signed_in {
        Some((session, holder)) if holder.id == user.id => (Some(session.id), None),
        Some((session, _)) => (None, Some(session.id)),
        None => (None, None),
    };
    let session = Session {
        id: kept.clone().unwrap_or_else(|| visit.moment.session_id()),
        user_id: user.id.clone(),
        user_epoch: user.epoch,
        issuer_epoch,
        amr: proof.amr(),
        auth_time: now,
        last_seen: now,
        idle_expires_at: now.plus_seconds(policy.idle),
        expires_at: now.plus_seconds(policy.absolute),
        ended_at: None,
    };
    let event = Record::new(proof.audit_kind())
        .user(&user.id)
        .session(&session.id)
        .at(visit);
    let (hash, birthplace, user) = (secret.hash(), visit.birthplace(), user.clone());
    let by = Ending::at(&visit.app, now);
    let signed_in = visit
        .app
        .db
        .tx(async move |tx| {
            if !users::logged_in(tx, &user, now).await? {
                return Ok(false);
            }
            if let Some(left) = &left {
                crate::end::session(tx, &by, left).await?;
            }
            let renewed = kept.is_some() && sessions::renew(tx, &session, &hash).await?;
            if !renewed {
                if kept.is_some() {
                    return Ok(false);
                }
                sessions::insert(tx, &session, &hash, &birthplace).await?;
            }
            audit::insert(tx, &event).await?;
            Ok(true)
        })
        .await?;
    Ok(signed_in
        .then(|| {
            visit
                .app
                .cookies
                .set(Cookie::Session, &secret.encode(), Some(policy.absolute))
        })
        .flatten())
}
