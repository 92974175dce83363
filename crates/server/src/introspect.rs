//! `/oauth/introspect` (RFC 7662): what a token is worth at this moment, by the rows it came from.

use crate::access_token::{Form, Seen};
use crate::client_auth::authenticate;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::Client;
use sekisho_rules::family::RefreshToken;
use sekisho_rules::id::Epochs;
use sekisho_rules::introspect::{self, Answer, Asked};
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::revoke::{Presented, presented};
use sekisho_rules::standing::Standing;
use sekisho_store::{client_grants, families, issuer, users};
use serde_json::{Map, Value, json};

/// Claims of a JWT access token that are told (RFC 7662 section 2.2); all of them stand in the token itself.
const TOLD: [&str; 11] = [
    "sub",
    "aud",
    "iss",
    "exp",
    "iat",
    "jti",
    "scope",
    "sid",
    "auth_time",
    "acr",
    "amr",
];

/// `POST /oauth/introspect`.
pub async fn introspect(visit: Visit, bytes: Bytes) -> Response {
    match told(&visit, &bytes).await {
        Ok(said) => {
            let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            (StatusCode::OK, [no_store], Json(said)).into_response()
        }
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn told(visit: &Visit, bytes: &Bytes) -> Result<Value, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let caller = authenticate(visit, &body).await?;
    let caller = caller.client();
    // RFC 7662 section 2.1: the caller must be authorized, and a public client proves nothing.
    if caller.is_public() {
        return Err(Refusal::new(Reason::ClientAuthentication, "a public client asks about a token").into());
    }
    let token = body.required("token")?;
    let said = match presented(token) {
        Presented::Refresh(token) => refresh_token(visit, caller, &token).await?,
        Presented::Opaque | Presented::Jwt => access_token(visit, caller, token).await?,
        Presented::Unknown => None,
    };
    // Nothing tells a token that is hidden from one that never was.
    Ok(said.map_or_else(|| json!({ "active": false }), Value::Object))
}

async fn access_token(
    visit: &Visit,
    caller: &Client,
    token: &str,
) -> Result<Option<Map<String, Value>>, Refused> {
    let now = visit.moment.now;
    let seen = Seen::read(&visit.app, token, now).await?;
    let Some(seen) = seen.filter(|seen| !seen.has_expired(now)) else {
        return Ok(None);
    };
    let granted: Vec<String> = client_grants::of_client(&visit.app.db, &caller.id)
        .await?
        .into_iter()
        .map(|grant| grant.audience)
        .collect();
    let asked = Asked {
        client_id: &seen.token.client_id,
        audiences: &seen.audiences,
    };
    let stood = seen.stand(&visit.app).await?;
    match (introspect::answer(caller, asked, &granted), stood.standing) {
        (Answer::Tell, Standing::Stands) => {}
        _ => return Ok(None),
    }
    let mut said = active(&seen.token.client_id.to_string());
    match &seen.form {
        Form::Jwt { claims, .. } => {
            let shown = TOLD
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), claims.get(*name)?.clone())));
            said.extend(shown);
        }
        Form::Opaque => {
            said.extend([
                ("iss".to_owned(), json!(visit.app.config.issuer.as_str())),
                ("sub".to_owned(), json!(seen.subject(stood.user.as_ref()))),
                ("scope".to_owned(), json!(seen.token.scope)),
                ("iat".to_owned(), json!(seen.token.issued_at)),
                ("exp".to_owned(), json!(seen.token.expires_at)),
            ]);
        }
    }
    said.insert("token_type".to_owned(), json!("Bearer"));
    Ok(Some(said))
}

/// A refresh token is its client's own business: no API is told about it.
async fn refresh_token(
    visit: &Visit,
    caller: &Client,
    token: &RefreshToken,
) -> Result<Option<Map<String, Value>>, Refused> {
    let db = &visit.app.db;
    let found = families::by_handle(db, &token.handle_hash()).await?;
    let Some(family) = found.filter(|family| family.client_id == caller.id) else {
        return Ok(None);
    };
    let Some(user) = users::by_id(db, &family.user_id)
        .await?
        .filter(|user| !user.blocked)
    else {
        return Ok(None);
    };
    let epochs = Epochs {
        user: user.epoch,
        client: caller.epoch,
        issuer: issuer::get(db).await?.epoch,
    };
    let is_tip =
        token.generation == family.generation && family.tip.is_some_and(|tip| token.hash().matches(&tip));
    if !is_tip || !family.stands(epochs, visit.moment.now) {
        return Ok(None);
    }
    let mut said = active(caller.id.as_str());
    let ends = family.expires_at.min(family.idle_expires_at).seconds();
    said.extend([
        ("iss".to_owned(), json!(visit.app.config.issuer.as_str())),
        ("sub".to_owned(), json!(family.user_id)),
        ("scope".to_owned(), json!(family.scope)),
        ("exp".to_owned(), json!(ends)),
    ]);
    said.extend(
        family
            .audience
            .map(|audience| ("aud".to_owned(), json!(audience))),
    );
    Ok(Some(said))
}

fn active(client_id: &str) -> Map<String, Value> {
    let said = [
        ("active".to_owned(), json!(true)),
        ("client_id".to_owned(), json!(client_id)),
    ];
    said.into_iter().collect()
}
