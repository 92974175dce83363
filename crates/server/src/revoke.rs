//! `/oauth/revoke` (RFC 7009): a client gives a token back.

use crate::audit::Record;
use crate::client_auth::authenticate;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::Client;
use sekisho_rules::family::RefreshToken;
use sekisho_rules::revoke::{Presented, presented};
use sekisho_rules::secret::SecretHash;
use sekisho_store::families::EndReason;
use sekisho_store::{audit, families, opaque_tokens};

/// `POST /oauth/revoke`. 200 for every token that is not alive afterwards, known or not (RFC 7009 section 2.2).
pub async fn revoke(visit: Visit, bytes: Bytes) -> Response {
    match end(&visit, &bytes).await {
        Ok(response) => response,
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn end(visit: &Visit, bytes: &Bytes) -> Result<Response, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let client = authenticate(visit, &body).await?;
    let token = body.required("token")?;
    match presented(token) {
        Presented::Refresh(token) => refresh_token(visit, client.client(), &token).await?,
        Presented::Opaque => {
            let (hash, id, now) = (
                SecretHash::of(token),
                client.client().id.clone(),
                visit.moment.now,
            );
            visit
                .app
                .db
                .tx(async move |tx| opaque_tokens::end(tx, &hash, &id, now).await)
                .await?;
        }
        // RFC 7009 section 2.2.1: a self-contained token cannot be taken back until verifiers listen for it.
        Presented::Jwt => {
            let body = serde_json::json!({
                "error": "unsupported_token_type",
                "error_description": "JWT access tokens cannot be revoked; revoke the refresh token of their grant",
            });
            return Ok((StatusCode::BAD_REQUEST, Json(body)).into_response());
        }
        Presented::Unknown => {}
    }
    Ok(StatusCode::OK.into_response())
}

async fn refresh_token(visit: &Visit, client: &Client, token: &RefreshToken) -> Result<(), Refused> {
    let found = families::by_handle(&visit.app.db, &token.handle_hash()).await?;
    let Some(family) = found.filter(|family| family.client_id == client.id) else {
        return Ok(());
    };
    // Whoever holds an older token of the family may end it too: that only takes away.
    let known =
        token.generation < family.generation || family.tip.is_some_and(|tip| token.hash().matches(&tip));
    if !known {
        return Ok(());
    }
    let now = visit.moment.now;
    let event = Record::new("srrt")
        .user(&family.user_id)
        .client(&client.id)
        .at(visit);
    visit
        .app
        .db
        .tx(async move |tx| {
            if crate::end::grant(tx, &family.gid, EndReason::Revoked, now).await? {
                audit::insert(tx, &event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
