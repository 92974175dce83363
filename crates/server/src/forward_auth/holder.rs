//! Who stands behind a request: by the gateway's cookie on the application's host, or by an access token the sender brought.
//!
//! Both are checked in memory, against what this node knows of the revocation feed. While the feed's reader cannot vouch for that (an
//! ending was committed a moment ago, or the database is slow), the rows are asked; while they do not answer either, what was known
//! counts as long as in any verifier, 30 s, and then nobody passes.

use crate::access_token::{Form, Seen};
use crate::api_token::Denied;
use crate::gateway::{Known, Minted, Names, Slot};
use crate::http::cookie::Cookie;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Fresh};
use axum::http::{HeaderMap, header};
use sekisho_rules::forward_auth::{Identity, Presented};
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::gateway::{Facts, Held, renew};
use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::refusal::Reason;
use sekisho_rules::standing::Standing;
use sekisho_rules::time::Timestamp;
use sekisho_store::{apis, clients, families, issuer as issuer_row, sessions, users};
use sekisho_verify::Scope;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the gateway's cookie is sealed for.
const LABEL: &str = "gateway cookie";

/// How often a lost write is decided again.
const ATTEMPTS: usize = 3;

/// What the gateway's cookie says. It stands only as long as the session and the grant it names, and only at its own application.
#[derive(Serialize, Deserialize)]
pub(super) struct Pass {
    pub(super) client: ClientId,
    pub(super) sid: SessionId,
    pub(super) gid: GrantId,
}

impl Pass {
    /// The cookie's value; `None` when it cannot be sealed.
    pub(super) fn seal(&self, visit: &Visit) -> Option<String> {
        let plain = serde_json::to_vec(self).ok()?;
        visit.app.sealer.seal_transient(LABEL, &plain).ok()
    }

    /// What the browser presents at this application. A cookie of another application is none.
    pub(super) fn read(visit: &Visit, known: &Known) -> Option<Self> {
        let sealed = known.cookies.read(&visit.headers, Cookie::Gateway)?;
        let plain = visit.app.sealer.open_transient(LABEL, &sealed).ok()?;
        let pass: Self = serde_json::from_slice(&plain).ok()?;
        (pass.client == known.app.client_id).then_some(pass)
    }
}

/// Checks what a request presents. Who brings a token is judged by it alone.
///
/// # Errors
/// [`Refused`] when it cannot be checked.
pub(super) async fn presented(visit: &Visit, known: &Known) -> Result<Presented, Refused> {
    match bearer(&visit.headers) {
        Bearer::Absent => {}
        Bearer::Unreadable => return Ok(Presented::BadToken),
        Bearer::Token(token) => {
            return Ok(match by_token(visit, known, token).await? {
                Some(identity) => Presented::Holder(identity),
                None => Presented::BadToken,
            });
        }
    }
    let Some(pass) = Pass::read(visit, known) else {
        return Ok(Presented::Nothing);
    };
    Ok(match by_cookie(visit, &pass).await? {
        Some(identity) => Presented::Holder(identity),
        None => Presented::Nothing,
    })
}

enum Bearer<'a> {
    Absent,
    Unreadable,
    Token(&'a str),
}

fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), second) = (values.next(), values.next()) else {
        return Bearer::Absent;
    };
    let said = value.to_str().ok().and_then(|value| value.split_once(' '));
    match (said, second) {
        (_, Some(_)) | (None, _) => Bearer::Unreadable,
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => Bearer::Token(token.trim()),
        // Another scheme is the application's own business; the proxy overwrites it with our token.
        (Some(_), None) => Bearer::Absent,
    }
}

/// An access token of ours for this application's API that nothing has ended.
async fn by_token(visit: &Visit, known: &Known, text: &str) -> Result<Option<Identity>, Refused> {
    let admitted = match known.gate.admit(&visit.app, &visit.headers, &Scope::default()) {
        Ok(admitted) => admitted,
        Err(Denied::NoToken | Denied::Rejected(_) | Denied::Person | Denied::Revoked) => return Ok(None),
        Err(Denied::Unready) => return Err(Reason::Unavailable.into()),
        Err(Denied::Internal(what)) => return Err(Refused::Internal(what)),
    };
    if !visit.app.feed.vouches(visit.moment.now) {
        match row_of_token(visit, text).await {
            Ok(Standing::Stands) => {}
            Ok(Standing::Ended(_)) => return Ok(None),
            Err(Refused::Store(fault)) if fault.is_unavailable() => {}
            Err(refused) => return Err(refused),
        }
    }
    Ok(Some(Identity {
        user: UserId::new(admitted.claims.sub.clone()),
        email: None,
        scope: admitted.claims.scope.clone(),
        token: text.to_owned(),
    }))
}

async fn row_of_token(visit: &Visit, text: &str) -> Result<Standing, Refused> {
    let seen = Seen::read(&visit.app, text, visit.moment.now).await?;
    let seen = seen.ok_or(Refused::Internal("a token that was admitted cannot be read"))?;
    Ok(seen.stand(&visit.app).await?.standing)
}

async fn by_cookie(visit: &Visit, pass: &Pass) -> Result<Option<Identity>, Refused> {
    let slot = visit.app.gateway.slot(&pass.gid, visit.moment.now);
    let given = match slot.usable(visit.moment.now) {
        Some(minted) if visit.moment.now < minted.renew_at => Some(minted),
        // One renews while the others are given what there is.
        Some(minted) => match slot.turn.try_lock() {
            Ok(_turn) => make(visit, pass, &slot).await?,
            Err(_) => Some(minted),
        },
        None => {
            let _turn = slot.turn.lock().await;
            match slot.usable(visit.moment.now) {
                Some(made_meanwhile) => Some(made_meanwhile),
                None => make(visit, pass, &slot).await?,
            }
        }
    };
    if let Some(minted) = given
        && still_stands(visit, pass, &minted).await?
    {
        return Ok(Some(minted.identity.clone()));
    }
    visit.app.gateway.forget(&pass.gid);
    Ok(None)
}

/// Whether nothing of a cookie's token has ended since it was made.
async fn still_stands(visit: &Visit, pass: &Pass, minted: &Minted) -> Result<bool, Refused> {
    let (feed, now) = (&visit.app.feed, visit.moment.now);
    let revoked = feed.is_revoked(&minted.subject(), now);
    match revoked {
        Some(true) => Ok(false),
        Some(false) if feed.vouches(now) => Ok(true),
        Some(false) | None => match facts(visit, pass).await {
            Ok(facts) => Ok(renew(held(pass), facts, now).is_ok()),
            Err(Refused::Store(fault)) if revoked == Some(false) && fault.is_unavailable() => Ok(true),
            Err(refused) => Err(refused),
        },
    }
}

fn held(pass: &Pass) -> Held<'_> {
    Held {
        client: &pass.client,
        session: &pass.sid,
    }
}

async fn facts(visit: &Visit, pass: &Pass) -> Result<Facts, Refused> {
    let db = &visit.app.db;
    let family = families::by_gid(db, &pass.gid).await?;
    let (user, audience) = match &family {
        Some(family) => (
            users::by_id(db, &family.user_id).await?,
            family.audience.as_deref(),
        ),
        None => (None, None),
    };
    let api = match audience {
        Some(audience) => apis::by_identifier(db, audience).await?,
        None => None,
    };
    Ok(Facts {
        client: clients::by_id(db, pass.client.as_str()).await?,
        session: sessions::by_id(db, &pass.sid).await?,
        issuer_epoch: issuer_row::get(db).await?.epoch,
        family,
        user,
        api,
    })
}

/// Makes a token through the rows of its session and grant. `None` when they no longer stand.
async fn make(visit: &Visit, pass: &Pass, slot: &Slot) -> Result<Option<Arc<Minted>>, Refused> {
    for _ in 0..ATTEMPTS {
        let facts = facts(visit, pass).await?;
        let until = facts.session.as_ref().map(|session| session.expires_at);
        let grant = match renew(held(pass), facts, visit.moment.now) {
            Ok(grant) => issuer::not_before(visit, grant).await?,
            Err(why) => {
                tracing::debug!(why, "the gateway's cookie opens nothing any more");
                return Ok(None);
            }
        };
        if let Some(minted) = mint(visit, pass, grant, until.unwrap_or_default()).await? {
            let minted = Arc::new(minted);
            slot.last.store(Some(Arc::clone(&minted)));
            return Ok(Some(minted));
        }
    }
    Err(Reason::Unavailable.into())
}

async fn mint(
    visit: &Visit,
    pass: &Pass,
    grant: Grant,
    session_ends: Timestamp,
) -> Result<Option<Minted>, Refused> {
    let (now, idle) = (grant.issued_at(), visit.app.config.session.idle);
    let fresh = Fresh::new(visit, &grant, None);
    let (row, sid) = (grant.clone(), pass.sid.clone());
    let settled = visit.app.db.settle(async move |tx| {
        sessions::touch(tx, &sid, now, now.plus_seconds(idle)).await?;
        match issuer::mint_in_session(tx, &row).await? {
            true => families::mint(tx, &row).await,
            false => Ok(None),
        }
    });
    let Some(settled) = settled.await? else {
        return Ok(None);
    };
    let user = grant.user().map(|subject| subject.user.clone());
    let user = user.ok_or(Refused::Internal("a gateway grant has a user"))?;
    let life = grant.access_lifetime();
    let token = issuer::sign(visit, settled, fresh).await?.into_access_token();
    let names = names(visit, &token).await?;
    let identity = Identity {
        email: user.address().map(str::to_owned),
        user: user.id,
        scope: grant.scope().clone(),
        token,
    };
    Ok(Some(Minted {
        identity,
        names,
        renew_at: now.plus_seconds((life * 3 / 5).min(idle / 3)),
        over_at: now.plus_seconds((life * 9 / 10).min(idle / 2)).min(session_ends),
    }))
}

/// What records can name of a token that was just made.
async fn names(visit: &Visit, token: &str) -> Result<Names, Refused> {
    let unreadable = || Refused::Internal("a token that was just made cannot be read");
    let seen = Seen::read(&visit.app, token, visit.moment.now).await?;
    let Some(Seen {
        token,
        form: Form::Jwt { jti, kid, .. },
        ..
    }) = seen
    else {
        return Err(unreadable());
    };
    Ok(Names {
        iat: u64::try_from(token.issued_at).map_err(|_| unreadable())?,
        kid,
        jti,
        gid: token.gid,
        sid: token.session_id.ok_or_else(unreadable)?,
        client: token.client_id,
    })
}
