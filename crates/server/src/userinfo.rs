//! `/userinfo` (OpenID Connect Core section 5.3). Reads rows, so an ended grant is closed at once.

use crate::http::bearer::{self, BearerError};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::claims::profile;
use sekisho_rules::client::Standing;
use sekisho_rules::id::{Epochs, GrantId, SessionId};
use sekisho_rules::revoke::OPAQUE_PREFIX;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::userinfo::{Facts, Verdict, decide};
use sekisho_store::{clients, families, issuer, opaque_tokens, sessions, users};
use sekisho_verify::Scope;

/// `GET` and `POST /userinfo`.
pub async fn userinfo(visit: Visit, body: Bytes) -> Response {
    match answer(&visit, &body).await {
        Ok(Ok(response)) => response,
        Ok(Err(refused)) => refused.response(),
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn answer(visit: &Visit, body: &Bytes) -> Result<Result<Response, BearerError>, Refused> {
    let token = match bearer::token(&visit.headers, body) {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    let Some(token) = read(visit, &token).await? else {
        return Ok(Err(BearerError::InvalidToken));
    };
    let db = &visit.app.db;
    let family = families::by_gid(db, &token.gid).await?;
    let Some(found) = &family else {
        return Ok(Err(BearerError::InvalidToken));
    };
    let user = users::by_id(db, &found.user_id).await?;
    let session = match &token.session_id {
        Some(session) => sessions::by_id(db, session).await?,
        None => None,
    };
    let client = clients::by_id(db, found.client_id.as_str())
        .await?
        .filter(|client| client.standing == Standing::Enabled);
    let (Some(user_epoch), Some(client)) = (user.as_ref().map(|user| user.epoch), client) else {
        return Ok(Err(BearerError::InvalidToken));
    };
    let epochs = Epochs {
        user: user_epoch,
        client: client.epoch,
        issuer: issuer::get(db).await?.epoch,
    };
    let facts = Facts {
        scope: &token.scope,
        family: family.as_ref(),
        session: session.as_ref(),
        user: user.as_ref(),
        epochs,
    };
    match (decide(&facts, visit.moment.now), &user) {
        (Verdict::Show, Some(user)) => {
            let mut response = Json(profile(user, &token.scope, visit.app.config.wire)).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(Ok(response))
        }
        (Verdict::InsufficientScope, _) => Ok(Err(BearerError::InsufficientScope)),
        _ => Ok(Err(BearerError::InvalidToken)),
    }
}

/// What an access token says, once its own form holds.
struct Token {
    gid: GrantId,
    session_id: Option<SessionId>,
    scope: Scope,
}

/// Reads an access token for this endpoint: opaque, or a JWT of ours with us among its audiences.
async fn read(visit: &Visit, token: &str) -> Result<Option<Token>, Refused> {
    if token.starts_with(OPAQUE_PREFIX) {
        let found = opaque_tokens::by_hash(&visit.app.db, &SecretHash::of(token), visit.moment.now).await?;
        return Ok(found.map(|found| Token {
            gid: found.gid,
            session_id: found.session_id,
            scope: found.scope,
        }));
    }
    Ok(jwt(visit, token))
}

fn jwt(visit: &Visit, token: &str) -> Option<Token> {
    let claims = visit.app.keys.own_payload(token)?;
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    let endpoint = visit.app.config.issuer.link("userinfo");
    let for_us = claims
        .get("aud")?
        .as_array()?
        .iter()
        .any(|audience| audience.as_str() == Some(endpoint.as_str()));
    let in_time = claims.get("exp")?.as_i64()? > visit.moment.now.seconds();
    if !for_us || !in_time || text("iss")? != visit.app.config.issuer.as_str() {
        return None;
    }
    Some(Token {
        gid: GrantId::new(text("gid")?),
        session_id: text("sid").map(SessionId::new),
        scope: Scope::parse(text("scope").unwrap_or_default()).ok()?,
    })
}
