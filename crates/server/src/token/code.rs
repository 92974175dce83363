//! A code for tokens.

use super::{ATTEMPTS, Replayed, replayed};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Fresh, Tokens};
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::family::RefreshToken;
use sekisho_rules::grant::authorization_code::{self, Facts, Proof, Redeem};
use sekisho_rules::grant::{Grant, Refreshable};
use sekisho_rules::refusal::Reason;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::families::Start;
use sekisho_store::{Settled, audit, codes, families, sessions, users};

/// What the client sent.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) verifier: Option<&'a str>,
}

pub(super) async fn redeem(
    visit: &Visit,
    client: &AuthenticatedClient,
    sent: Sent<'_>,
) -> Result<Tokens, Refused> {
    let hash = SecretHash::of(sent.code);
    for _ in 0..ATTEMPTS {
        let now = visit.app.clock.now();
        let db = &visit.app.db;
        let found = codes::by_hash(db, &hash).await?;
        let facts = match &found {
            None => Facts {
                user: None,
                session: None,
                api: None,
                issuer_epoch: 0,
            },
            Some(stored) => Facts {
                user: users::by_id(db, &stored.code.user_id).await?,
                session: sessions::by_id(db, &stored.code.session_id).await?,
                api: match &stored.code.audience {
                    Some(audience) => visit.app.rows.api(&visit.app, audience).await?,
                    None => None,
                },
                issuer_epoch: visit.app.rows.issuer(&visit.app).await?.epoch,
            },
        };
        let proof = Proof {
            redirect_uri: sent.redirect_uri,
            verifier: sent.verifier,
        };
        match authorization_code::redeem(client, found, proof, facts, now) {
            Redeem::Refuse(refusal) => return Err(refusal.into()),
            Redeem::Replay(gid) => return Err(replayed(visit, client, gid, Replayed::Code).await?),
            Redeem::Grant(grant) => {
                let grant = issuer::not_before(visit, *grant).await?;
                if let Some((settled, fresh)) = write(visit, grant, hash).await? {
                    return issuer::sign(visit, settled, fresh).await;
                }
                // Somebody was first, or a row that was kept here is another one by now.
                visit.app.rows.forget();
            }
        }
    }
    Err(Reason::Unavailable.into())
}

/// Consumes the code and starts its family, in one transaction. `None` when another request was first, or the session or user no
/// longer stand.
async fn write(
    visit: &Visit,
    grant: Grant,
    hash: SecretHash,
) -> Result<Option<(Settled<Grant>, Fresh)>, Refused> {
    let now = grant.issued_at();
    let refresh = match grant.refreshable() {
        Refreshable::Yes => Some(RefreshToken::first(visit.moment.bytes(), visit.moment.secret())),
        Refreshable::No => None,
    };
    let (expires_at, idle_expires_at) = match &refresh {
        Some(_) => {
            let policy = grant.client().refresh;
            (now.plus_seconds(policy.lifetime), now.plus_seconds(policy.idle))
        }
        // As long as the session it came from or the longest of its tokens may last.
        None => {
            let session = now.plus_seconds(visit.app.config.session.absolute);
            let bare = session.max(Timestamp::from_seconds(grant.last_exp()));
            (bare, bare)
        }
    };
    let start = Start {
        token: refresh.as_ref().map(|token| (token.handle_hash(), token.hash())),
        expires_at,
        idle_expires_at,
    };
    let fresh = Fresh::new(visit, &grant, refresh);
    let opaque = fresh.opaque_hash();
    let event = issuer::event(visit, &grant, "seacft");
    let settled = visit
        .app
        .db
        .settle(async move |tx| {
            let Some(subject) = grant.user() else {
                return Ok(None);
            };
            if !codes::consume(tx, &hash, now).await? {
                return Ok(None);
            }
            if !issuer::mint_in_session(tx, &grant).await? {
                return Ok(None);
            }
            issuer::take_part(tx, &grant).await?;
            issuer::remember_opaque(tx, opaque.as_ref(), &grant).await?;
            audit::insert(tx, &event).await?;
            families::start(tx, &grant, subject, &start).await
        })
        .await?;
    Ok(settled.map(|settled| (settled, fresh)))
}
