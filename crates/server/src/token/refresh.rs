//! A refresh token for tokens.

use super::ATTEMPTS;
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Fresh, Tokens};
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::family::{Family, RefreshToken};
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::refresh_token::{self, Facts, Refresh, Turn, Wish};
use sekisho_rules::id::GrantId;
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::secret::Secret;
use sekisho_rules::time::Timestamp;
use sekisho_store::families::{Advance, EndReason};
use sekisho_store::{Settled, apis, audit, families, issuer as issuer_row, users};
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
                api: None,
                issuer_epoch: 0,
            },
            Some(found) => Facts {
                user: users::by_id(db, &found.user_id).await?,
                api: match &found.audience {
                    Some(audience) => apis::by_identifier(db, audience).await?,
                    None => None,
                },
                issuer_epoch: issuer_row::get(db).await?.epoch,
                family: family.clone(),
            },
        };
        match (
            refresh_token::refresh(client, &presented, wish, facts, now),
            family,
        ) {
            (Refresh::Refuse(refusal), _) => return Err(refusal.into()),
            (Refresh::Replay(gid), _) => return Err(replay(visit, client, gid, now).await?),
            (Refresh::Grant(grant, turn), Some(family)) => {
                let grant = issuer::not_before(visit, *grant).await?;
                if let Some((settled, fresh)) = write(visit, grant, turn, (&presented, &family)).await? {
                    return issuer::sign(visit, &settled, fresh);
                }
            }
            (Refresh::Grant(..), None) => return Err(Refused::Internal("a grant without its family")),
        }
    }
    Err(Reason::Unavailable.into())
}

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

/// Ends a family whose used token came again.
async fn replay(
    visit: &Visit,
    client: &AuthenticatedClient,
    gid: GrantId,
    now: Timestamp,
) -> Result<Refused, Refused> {
    let event = Record::new("ferrt")
        .client(&client.client().id)
        .detail("a used refresh token came again")
        .at(visit);
    visit
        .app
        .db
        .tx(async move |tx| {
            if crate::end::grant(tx, &gid, EndReason::RefreshReplay, now).await? {
                audit::insert(tx, &event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Refusal::new(
        Reason::InvalidRefreshToken,
        "the token was used before; its family has ended",
    )
    .into())
}
