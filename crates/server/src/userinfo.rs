//! `/userinfo` (OpenID Connect Core section 5.3). Reads rows, so an ended grant is closed at once.

use crate::access_token::{Form, Seen};
use crate::http::bearer::{self, BearerError};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::claims::profile;
use sekisho_rules::userinfo::{Verdict, decide};

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
    let now = visit.moment.now;
    let seen = Seen::read(&visit.app, &token, now).await?;
    let Some(seen) = seen.filter(|seen| is_for_us(visit, seen) && !seen.has_expired(now)) else {
        return Ok(Err(BearerError::InvalidToken));
    };
    let stood = seen.stand(&visit.app).await?;
    let scope = &seen.token.scope;
    match (decide(stood.standing, scope), &stood.user) {
        (Verdict::Show, Some(user)) => {
            let mut response = Json(profile(user, scope, visit.app.config.wire)).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(Ok(response))
        }
        (Verdict::InsufficientScope, _) => Ok(Err(BearerError::InsufficientScope)),
        _ => Ok(Err(BearerError::InvalidToken)),
    }
}

/// An opaque token opens our own endpoints only; a JWT names this one among its audiences.
fn is_for_us(visit: &Visit, seen: &Seen) -> bool {
    match seen.form {
        Form::Opaque => true,
        Form::Jwt { .. } => seen.audiences.contains(&visit.app.config.issuer.link("userinfo")),
    }
}
