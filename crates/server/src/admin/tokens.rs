//! Single tokens: ended by whoever holds one in their hands, a leaked one for example.

use sekisho_rules::revoke::{Presented, presented};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::ended_tokens::Ended;
use sekisho_store::{audit, families, opaque_tokens};

use super::{Actor, Refused};
use crate::access_token::{Form, Seen};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;

/// What ended with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The access token alone.
    AccessToken,
    /// The grant of the refresh token, with every access token of it.
    Grant,
    /// Nothing: it had ended or expired.
    Nothing,
}

/// Ends a token, whoever it was issued to.
///
/// # Errors
/// When it is no token of ours.
pub async fn revoke(app: &App, actor: Actor, text: &str) -> Result<Revoked, Refused> {
    match presented(text) {
        Presented::Refresh(token) => {
            let found = families::by_handle(&app.db, &token.handle_hash()).await?;
            let gid = found.ok_or_else(unknown)?.gid;
            let ended = super::refresh_tokens::revoke(app, actor, gid.as_str()).await?;
            Ok(if ended { Revoked::Grant } else { Revoked::Nothing })
        }
        Presented::Opaque | Presented::Jwt => access_token(app, actor, text).await,
        Presented::Unknown => Err(unknown()),
    }
}

async fn access_token(app: &App, actor: Actor, text: &str) -> Result<Revoked, Refused> {
    let moment = Moment { now: app.clock.now() };
    let seen = Seen::read(app, text, moment.now).await?.ok_or_else(unknown)?;
    if seen.has_expired(moment.now) {
        return Ok(Revoked::Nothing);
    }
    let by = Ending::at(app, moment.now);
    let mut event = actor.did(moment, "an access token ended");
    event.client = Some(seen.token.client_id.clone());
    let hash = SecretHash::of(text);
    let ended = app.db.tx(async move |tx| {
        let token = &seen.token;
        let ended = match &seen.form {
            Form::Opaque => opaque_tokens::end(tx, &hash, &token.client_id, by.now).await?,
            Form::Jwt { jti, .. } => {
                let ended = Ended {
                    jti: jti.clone(),
                    client: token.client_id.clone(),
                    expires_at: Timestamp::from_seconds(token.expires_at),
                };
                end::token(tx, &by, &ended).await?
            }
        };
        if ended {
            audit::insert(tx, &event).await?;
        }
        Ok(ended)
    });
    Ok(match ended.await? {
        true => Revoked::AccessToken,
        false => Revoked::Nothing,
    })
}

fn unknown() -> Refused {
    Refused::invalid("this is no access token or refresh token of this issuer")
}
