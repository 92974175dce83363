//! A refresh token for tokens.

use super::{ATTEMPTS, Replayed, replayed};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Fresh, Tokens};
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::family::{Family, RefreshToken};
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::refresh_token::{self, Facts, Refresh, Turn, Wish};
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::secret::Secret;
use sekisho_store::families::Advance;
use sekisho_store::{Settled, audit, families, sessions, users};
use sekisho_verify::Scope;

pub(super) async fn refresh(
    visit: &Visit,
    client: &AuthenticatedClient,
    token: &str,
    wish: (Option<&Scope>, Option<&str>),
) -> Result<Tokens, Refused> {
    let Some(presented) = RefreshToken::parse(token) else {
        return Err(Refusal::new(Reason::InvalidRefreshToken, "not a refresh token of ours").into());
    };
    let wish = Wish {
        scope: wish.0,
        audience: wish.1,
    };
    for _ in 0..ATTEMPTS {
        let now = visit.app.clock.now();
        let db = &visit.app.db;
        let family = families::by_handle(db, &presented.handle_hash()).await?;
        let facts = match &family {
            None => Facts {
                family: None,
                user: None,
                session: None,
                api: None,
                issuer_epoch: 0,
            },
            Some(found) => Facts {
                user: users::by_id(db, &found.user_id).await?,
                session: match &found.session_id {
                    Some(session) => sessions::by_id(db, session).await?,
                    None => None,
                },
                api: match &found.audience {
                    Some(audience) => visit.app.rows.api(&visit.app, audience).await?,
                    None => None,
                },
                issuer_epoch: visit.app.rows.issuer(&visit.app).await?.epoch,
                family: family.clone(),
            },
        };
        match (
            refresh_token::refresh(client, &presented, wish, facts, now),
            family,
        ) {
            (Refresh::Refuse(refusal), _) => return Err(refusal.into()),
            (Refresh::Replay(gid), _) => {
                return Err(replayed(visit, client, gid, Replayed::RefreshToken).await?);
            }
            (Refresh::Grant(grant, turn), Some(family)) => {
                let grant = issuer::not_before(visit, *grant).await?;
                if let Some((settled, fresh)) = write(visit, grant, turn, (&presented, &family)).await? {
                    return issuer::sign(visit, settled, fresh).await;
                }
                // Somebody was first, or a row that was kept here is another one by now.
                visit.app.rows.forget();
            }
            (Refresh::Grant(..), None) => return Err(Refused::Internal("a grant without its family")),
        }
    }
    Err(Reason::Unavailable.into())
}

/// Moves the family and leaves the times of the tokens in it and in the session they name. `None` when another request was first, or
/// family, session or user no longer stand.
async fn write(
    visit: &Visit,
    grant: Grant,
    turn: Turn,
    held: (&RefreshToken, &Family),
) -> Result<Option<(Settled<Grant>, Fresh)>, Refused> {
    let (presented, family) = held;
    let idle_expires_at = grant.issued_at().plus_seconds(grant.client().refresh.idle);
    let (answer, advance) = match turn {
        Turn::Keep => (presented.clone(), None),
        Turn::Repeat => (open_child(presented, family)?, None),
        Turn::Advance => {
            let child = presented.child(visit.moment.secret());
            let sealed_child = issuer::seal_child(presented.secret(), child.secret())
                .ok_or(Refused::Internal("a refresh token cannot be sealed"))?;
            let (tip, child_hash) = (presented.hash(), child.hash());
            let advance = Advance {
                from: presented.generation,
                tip,
                child: child_hash,
                sealed_child,
                idle_expires_at,
            };
            (child, Some(advance))
        }
    };
    let (tip, generation) = (presented.hash(), family.generation);
    let fresh = Fresh::new(visit, &grant, Some(answer));
    let opaque = fresh.opaque_hash();
    let event = issuer::event(visit, &grant, "sertft");
    let settled = visit
        .app
        .db
        .settle(async move |tx| {
            if !issuer::mint_in_session(tx, &grant).await? {
                return Ok(None);
            }
            issuer::remember_opaque(tx, opaque.as_ref(), &grant).await?;
            audit::insert(tx, &event).await?;
            match (turn, &advance) {
                (Turn::Advance, Some(advance)) => families::advance(tx, &grant, advance).await,
                (Turn::Keep, _) => families::keep(tx, &grant, &tip, idle_expires_at).await,
                (Turn::Repeat, _) => families::repeat(tx, &grant, generation).await,
                (Turn::Advance, None) => Ok(None),
            }
        })
        .await?;
    Ok(settled.map(|settled| (settled, fresh)))
}

fn open_child(presented: &RefreshToken, family: &Family) -> Result<RefreshToken, Refused> {
    let sealed = family
        .sealed_child
        .as_deref()
        .ok_or(Refused::Internal("no child to repeat"))?;
    let secret: Secret = issuer::open_child(presented.secret(), sealed)
        .ok_or(Refused::Internal("a sealed refresh token cannot be opened"))?;
    Ok(presented.child(secret))
}
