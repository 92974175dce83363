//! `/oauth/token`: codes, refresh tokens and client credentials become tokens.
//!
//! Every grant has the same four beats: read facts, decide, write conditionally, say. When the write lost to another request, facts are
//! read and decided again, at most three times.

mod code;
mod login;
mod machine;
mod mfa;
mod passkey;
mod password;
mod passwordless;
mod refresh;

use crate::audit::Record;
use crate::client_auth::authenticate;
use crate::end::Ending;
use crate::http::body::{self, Accepts};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::grant::TokenRequest;
use sekisho_rules::id::GrantId;
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_store::audit;
use sekisho_store::families::EndReason;

/// How often a lost write is decided again.
const ATTEMPTS: usize = 3;

/// `POST /oauth/token`.
pub async fn token(visit: Visit, bytes: Bytes) -> Response {
    match exchange(&visit, &bytes).await {
        Ok(tokens) => {
            let mut response = (StatusCode::OK, Json(tokens)).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
                .headers_mut()
                .insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            response
        }
        Err(refused) => refused.oauth(visit.app.config.wire),
    }
}

async fn exchange(visit: &Visit, bytes: &Bytes) -> Result<Tokens, Refused> {
    let body = body::parameters(&visit.headers, bytes, Accepts::FormOrJson)?;
    let request = TokenRequest::parse(&body)?;
    let client = authenticate(visit, &body).await?;
    let grant = match &request {
        TokenRequest::AuthorizationCode { .. } => GrantType::AuthorizationCode,
        TokenRequest::Factor { grant, .. } => *grant,
        TokenRequest::RefreshToken { .. } => GrantType::RefreshToken,
        TokenRequest::ClientCredentials { .. } => GrantType::ClientCredentials,
        TokenRequest::WebAuthn { .. } => GrantType::WebAuthn,
        TokenRequest::Password { grant, .. } => *grant,
        TokenRequest::MailCode { .. } => GrantType::PasswordlessOtp,
    };
    let tokens = match request {
        TokenRequest::AuthorizationCode {
            code,
            redirect_uri,
            verifier,
        } => {
            let sent = code::Sent {
                code: &code,
                redirect_uri: redirect_uri.as_deref(),
                verifier: verifier.as_deref(),
            };
            code::redeem(visit, &client, sent).await
        }
        TokenRequest::Factor {
            mfa_token,
            code,
            oob_code,
            ..
        } => {
            let sent = mfa::Sent {
                grant,
                mfa_token: &mfa_token,
                code: &code,
                oob_code: oob_code.as_deref(),
            };
            mfa::log_in(visit, &client, sent).await
        }
        TokenRequest::RefreshToken {
            token,
            scope,
            audience,
        } => refresh::refresh(visit, &client, &token, (scope.as_ref(), audience.as_deref())).await,
        TokenRequest::ClientCredentials { audience, scope } => {
            machine::issue(visit, &client, (audience.as_deref(), scope.as_ref())).await
        }
        TokenRequest::WebAuthn {
            auth_session,
            realm,
            wish,
        } => {
            let response = match body::object(bytes, "authn_response") {
                Some(object) => object,
                None => body.required("authn_response")?.to_owned(),
            };
            let verification = body::object(bytes, "verification");
            let code = verification.as_deref().and_then(emailed);
            let presented = passkey::Presented {
                code: code.as_deref(),
                session: &auth_session,
                response: &response,
                realm: realm.as_deref(),
            };
            passkey::log_in(visit, &client, wish, presented).await
        }
        TokenRequest::Password {
            username,
            password,
            realm,
            captcha,
            wish,
            ..
        } => {
            let typed = password::Typed {
                username: &username,
                password: &password,
                realm: realm.as_deref(),
                captcha: captcha.as_deref(),
            };
            password::log_in(visit, &client, (grant, wish), typed).await
        }
        TokenRequest::MailCode {
            username,
            code,
            realm,
            wish,
        } => passwordless::log_in(visit, &client, wish, (&username, &code, &realm)).await,
    }?;
    visit.app.metrics.tokens_issued(grant.word());
    Ok(tokens)
}

/// The code in a `verification` object.
fn emailed(verification: &str) -> Option<String> {
    let verification: serde_json::Value = serde_json::from_str(verification).ok()?;
    verification["email"].as_str().map(str::to_owned)
}

/// What was presented a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replayed {
    Code,
    RefreshToken,
}

/// Ends the grant of something that opens only once and came again. Answers how the request is refused: as if it were unknown.
async fn replayed(
    visit: &Visit,
    client: &AuthenticatedClient,
    gid: GrantId,
    what: Replayed,
) -> Result<Refused, Refused> {
    let (kind, why, reason, detail) = match what {
        Replayed::Code => (
            "feacft",
            EndReason::CodeReplay,
            Reason::InvalidCode,
            "a code was redeemed twice",
        ),
        Replayed::RefreshToken => (
            "ferrt",
            EndReason::RefreshReplay,
            Reason::InvalidRefreshToken,
            "a used refresh token came again",
        ),
    };
    let by = Ending::at(&visit.app, visit.app.clock.now());
    let event = Record::new(kind)
        .client(&client.client().id)
        .detail(detail)
        .at(visit);
    visit
        .app
        .db
        .tx(async move |tx| {
            if crate::end::grant(tx, &by, &gid, why).await? {
                audit::insert(tx, &event).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Refusal::new(reason, detail).into())
}
