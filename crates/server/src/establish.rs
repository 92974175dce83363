//! The only way a login becomes a session, and a second factor adds to one: new cookie secret, epoch check, audit (threat 8).

use crate::audit::Record;
use crate::end::Ending;
use crate::factors;
use crate::http::cookie::Cookie;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::risk::{self, Judged};
use crate::signed_in::{self, browser};
use axum::http::HeaderValue;
use sekisho_rules::factor::{AMR_MULTI_FACTOR, FactorKind, MfaPolicy, Risk};
use sekisho_rules::login::risk::Through;
use sekisho_rules::secret::{Secret, SecretHash};
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::browsers::{self, Browser};
use sekisho_store::sessions::Birthplace;
use sekisho_store::{Fault, Tx, audit, counters, sessions, users};

/// Seconds a browser is known without a login in it: the longest that browsers keep a cookie.
const BROWSER_SECONDS: i64 = 34_560_000;

/// How a user has proven themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A password (RFC 8176 `pwd`).
    Password,
    /// An account made just now, with a password.
    Signup,
    /// A passkey whose authenticator verified the person: two factors at once (RFC 8176 `hwk`, `user`, `mfa`).
    Passkey,
    /// Another service vouched for them. What they proved there is not passed on: no value of RFC 8176 says it.
    Upstream {
        /// When they proved themselves there, as far as is known.
        at: Timestamp,
    },
    /// A code or link that was mailed to the address of the account (RFC 8176 `otp`).
    MailCode,
}

impl Proof {
    /// Its `amr` values (RFC 8176).
    pub fn amr(self) -> Vec<String> {
        match self {
            Self::Password | Self::Signup => vec!["pwd".to_owned()],
            Self::Passkey => ["hwk", "user", AMR_MULTI_FACTOR].map(str::to_owned).into(),
            Self::Upstream { .. } => vec!["fed".to_owned()],
            Self::MailCode => vec!["otp".to_owned()],
        }
    }
}

/// Signs a user in at this browser. The session of the same user goes on under a new secret; one of another user ends. `None` when
/// the user was blocked or changed their password since they were read: then nothing is written and nobody is signed in. Answers the
/// cookies to set: of the session, and the one by which this browser is known again.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn establish(visit: &Visit, user: &User, proof: Proof) -> Result<Option<Vec<HeaderValue>>, Fault> {
    let now = visit.moment.now;
    let signed_in::Browser {
        signed_in,
        issuer_epoch,
    } = browser(visit).await?;
    let judged = match proof {
        Proof::Signup => None,
        _ => Some(risk::judge(visit, user, Through::Browser).await?),
    };
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
        risk: judged.as_ref().map_or(Risk::Low, |judged| judged.risk),
        auth_time: match proof {
            Proof::Upstream { at } => at,
            _ => now,
        },
        last_seen: now,
        idle_expires_at: now.plus_seconds(policy.idle),
        expires_at: now.plus_seconds(policy.absolute),
        ended_at: None,
    };
    let reasons = judged.as_ref().map(Judged::reasons).unwrap_or_default();
    let event = Record::new("s")
        .user(&user.id)
        .session(&session.id)
        .risk(reasons.as_str())
        .at(visit);
    let told = judged.as_ref().and_then(|judged| {
        let letter = risk::letter(visit, user, &session.id, judged);
        letter.unwrap_or_else(|trouble| {
            tracing::error!(?trouble, "a mail cannot be written");
            None
        })
    });
    let (hash, birthplace, user) = (secret.hash(), visit.birthplace(), user.clone());
    let browser = known_browser(visit);
    let (browser_hash, seen) = (SecretHash::of(&browser), seen_now(visit));
    let is_known = becomes_known(visit, &user, &session).await?;
    let (by, moment) = (Ending::at(&visit.app, now), visit.moment);
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
            if renewed || !reasons.is_empty() {
                sessions::note_risk(tx, &session.id, &reasons).await?;
            }
            if let Some((bucket, draft)) = &told
                && counters::take(tx, bucket, now).await?
            {
                mail::enqueue(tx, Some(draft), moment).await?;
            }
            if is_known {
                browsers::seen(tx, &user.id, &browser_hash, &seen).await?;
            }
            audit::insert(tx, &event).await?;
            Ok(true)
        })
        .await?;
    visit.app.jobs.ring();
    Ok(signed_in.then(|| cookies(visit, &secret, Some(&browser))))
}

/// Adds a second factor to the session of this browser. `auth_time` does not move: a second factor alone is no new login. `None` when
/// the session has ended or was proven anew meanwhile: then nothing is written.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn step_up(
    visit: &Visit,
    session: &Session,
    kind: FactorKind,
) -> Result<Option<Vec<HeaderValue>>, Fault> {
    let secret = visit.moment.secret();
    let mut amr = session.amr.clone();
    for method in [kind.amr(), AMR_MULTI_FACTOR] {
        if !amr.iter().any(|known| known == method) {
            amr.push(method.to_owned());
        }
    }
    let event = Record::new("gd_auth_succeed")
        .user(&session.user_id)
        .session(&session.id)
        .detail(kind.word())
        .at(visit);
    let (session, hash) = (session.clone(), secret.hash());
    let browser = visit.cookie(Cookie::Browser).filter(|held| held.len() == 43);
    let (browser, seen) = (browser.map(|held| SecretHash::of(&held)), seen_now(visit));
    let stepped = visit
        .app
        .db
        .tx(async move |tx| {
            if !sessions::step_up(tx, &session, &amr, &hash).await? {
                return Ok(false);
            }
            if let Some(browser) = &browser {
                browsers::seen(tx, &session.user_id, browser, &seen).await?;
            }
            audit::insert(tx, &event).await?;
            Ok(true)
        })
        .await?;
    Ok(stepped.then(|| cookies(visit, &secret, None)))
}

/// The session that takes the place of one that ends because everything else of its user does: after a change of what proves them, the
/// browser it was made in goes on. It has a new id and a new secret, and is proof of what the old one was proof of.
#[derive(Clone)]
pub struct Successor {
    /// The session.
    pub session: Session,
    hash: SecretHash,
    birthplace: Birthplace,
    cookies: Vec<HeaderValue>,
}

impl Successor {
    /// Of this session, for when the epoch of its user has been raised by one.
    pub fn of(visit: &Visit, session: &Session) -> Self {
        let secret = visit.moment.secret();
        let session = Session {
            id: visit.moment.session_id(),
            user_epoch: session.user_epoch + 1,
            last_seen: visit.moment.now,
            ..session.clone()
        };
        Self {
            session,
            hash: secret.hash(),
            birthplace: visit.birthplace(),
            cookies: cookies(visit, &secret, None),
        }
    }

    /// Writes it, in the transaction that ended the others, after they ended.
    ///
    /// # Errors
    /// [`Fault`] when the statement fails.
    pub async fn insert(&self, tx: &mut Tx) -> Result<(), Fault> {
        sessions::insert(tx, &self.session, &self.hash, &self.birthplace).await
    }

    /// The cookies to set once it is written.
    pub fn cookies(self) -> Vec<HeaderValue> {
        self.cookies
    }
}

/// Whether this browser counts as the person's from now on. A login that looks wrong must prove a second factor first, where it can be
/// asked for one: else whoever has the password alone would be an old acquaintance the second time.
async fn becomes_known(visit: &Visit, user: &User, session: &Session) -> Result<bool, Fault> {
    let policy = visit.app.config.mfa.policy;
    let proven = session.amr.iter().any(|method| method == AMR_MULTI_FACTOR);
    if session.risk == Risk::Low || proven || policy == MfaPolicy::Never {
        return Ok(true);
    }
    let held = factors::held(visit, user).await?;
    Ok(held.enrolled.is_empty() && !held.mailbox)
}

/// The secret of the cookie by which this browser is known again; a new one if it has none.
fn known_browser(visit: &Visit) -> String {
    visit
        .cookie(Cookie::Browser)
        .filter(|held| held.len() == 43)
        .unwrap_or_else(|| visit.moment.secret().encode())
}

fn seen_now(visit: &Visit) -> Browser {
    let (from, now) = (visit.birthplace(), visit.moment.now);
    Browser {
        first_seen: now,
        last_seen: now,
        ip: from.ip,
        country: visit.app.addresses.place(visit.ip).country,
        user_agent: from.user_agent,
        remembered_until: now,
    }
}

fn cookies(visit: &Visit, session: &Secret, browser: Option<&str>) -> Vec<HeaderValue> {
    let (names, policy) = (&visit.app.cookies, visit.app.config.session);
    let session = names.set(Cookie::Session, &session.encode(), Some(policy.absolute));
    let browser = browser.and_then(|secret| names.set(Cookie::Browser, secret, Some(BROWSER_SECONDS)));
    session.into_iter().chain(browser).collect()
}
