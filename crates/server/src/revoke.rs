//! `/oauth/revoke` (RFC 7009): a client gives a token back. A refresh token ends its whole grant, an access token ends alone.

use crate::access_token::{Form, Seen};
use crate::audit::Record;
use crate::client_auth::authenticate;
use crate::end::{self, Ending};
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::Client;
use sekisho_rules::family::RefreshToken;
use sekisho_rules::refusal::Reason;
use sekisho_rules::revoke::{Presented, owner, presented};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::ended_tokens::Ended;
use sekisho_store::families::EndReason;
use sekisho_store::{audit, families, opaque_tokens};

/// `POST /oauth/revoke`. 200 for every token that is not alive afterwards, known or not (RFC 7009 section 2.2).
pub async fn revoke(visit: Visit, bytes: Bytes) -> Response {
    match end(&visit, &bytes).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn end(visit: &Visit, bytes: &Bytes) -> Result<(), Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = authenticate(visit, &body).await?;
    let token = body.required("token")?;
    match presented(token) {
        Presented::Refresh(token) => refresh_token(visit, client.client(), &token).await,
        Presented::Opaque | Presented::Jwt => access_token(visit, client.client(), token).await,
        Presented::Unknown => Ok(()),
    }
}

async fn refresh_token(visit: &Visit, client: &Client, token: &RefreshToken) -> Result<(), Refused> {
    let Some(family) = families::by_handle(&visit.app.db, &token.handle_hash()).await? else {
        return Ok(());
    };
    // Whoever holds an older token of the family may end it too: that only takes away.
    let known =
        token.generation < family.generation || family.tip.is_some_and(|tip| token.hash().matches(&tip));
    if !known || family.ended_at.is_some() {
        return Ok(());
    }
    owner(client, &family.client_id)?;
    let by = Ending::at(&visit.app, visit.moment.now);
    let event = Record::new("srrt")
        .user(&family.user_id)
        .client(&client.id)
        .at(visit);
    let ended = visit.app.db.tx(async move |tx| {
        if end::grant(tx, &by, &family.gid, EndReason::Revoked).await? {
            audit::insert(tx, &event).await?;
        }
        Ok(())
    });
    Ok(ended.await?)
}

async fn access_token(visit: &Visit, client: &Client, text: &str) -> Result<(), Refused> {
    let now = visit.moment.now;
    let Some(seen) = Seen::read(&visit.app, text, now).await? else {
        // An ID token tells who signed in, and is nobody's key to anything (RFC 7009 section 2.2.1).
        let id_token = visit.app.keys.id_token(text, visit.app.config.issuer.as_str());
        return match id_token {
            Some(_) => Err(Reason::UnsupportedTokenType.into()),
            None => Ok(()),
        };
    };
    if seen.has_expired(now) {
        return Ok(());
    }
    owner(client, &seen.token.client_id)?;
    let by = Ending::at(&visit.app, now);
    let event = Record::new("srrt")
        .client(&client.id)
        .detail("an access token")
        .at(visit);
    let (hash, id) = (SecretHash::of(text), client.id.clone());
    let ended = visit.app.db.tx(async move |tx| {
        let ended = match &seen.form {
            Form::Opaque => opaque_tokens::end(tx, &hash, &id, by.now).await?,
            Form::Jwt { jti, .. } => {
                let token = Ended {
                    jti: jti.clone(),
                    client: id.clone(),
                    expires_at: Timestamp::from_seconds(seen.token.expires_at),
                };
                end::token(tx, &by, &token).await?
            }
        };
        if ended {
            audit::insert(tx, &event).await?;
        }
        Ok(())
    });
    Ok(ended.await?)
}
