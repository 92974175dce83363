//! Discovery: what this issuer can do, and its public keys (OpenID Connect Discovery 1.0, RFC 8414). Only what is built is advertised.

use crate::http::visit::Visit;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::ASSERTION_ALGORITHMS;
use sekisho_rules::factor::ACR_MULTI_FACTOR;
use sekisho_rules::wire::Wire;
use serde_json::json;

/// Seconds other programs may keep these documents.
const FRESH: HeaderValue =
    HeaderValue::from_static("public, max-age=15, stale-while-revalidate=15, stale-if-error=86400");

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub async fn configuration(visit: Visit) -> Response {
    let config = &visit.app.config;
    // Programs that verify access tokens look here too, so every algorithm of theirs is listed.
    let algorithms: Vec<&str> = config.keys.algorithms().iter().map(|alg| alg.name()).collect();
    let grants: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.word()).collect();
    let assertions: Vec<String> = ASSERTION_ALGORITHMS.iter().map(ToString::to_string).collect();
    let mut body = json!({
        "issuer": config.issuer.as_str(),
        "authorization_endpoint": config.issuer.link("authorize"),
        "token_endpoint": config.issuer.link("oauth/token"),
        "userinfo_endpoint": config.issuer.link("userinfo"),
        "jwks_uri": config.issuer.link(".well-known/jwks.json"),
        "revocation_endpoint": config.issuer.link("oauth/revoke"),
        "mfa_challenge_endpoint": config.issuer.link("mfa/challenge"),
        "end_session_endpoint": config.issuer.link("oidc/logout"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint": config.issuer.link("oauth/introspect"),
        "introspection_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "name", "nickname", "given_name", "family_name",
            "picture", "locale", "updated_at", "email", "email_verified",
        ],
        "acr_values_supported": [ACR_MULTI_FACTOR],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "ja"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    if config.wire == Wire::Standard {
        body["check_session_iframe"] = config.issuer.link("oidc/session").into();
    }
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, FRESH);
    response
}

/// `GET /.well-known/jwks.json`.
pub async fn jwks(visit: Visit) -> Response {
    let keys = visit.app.keys.current();
    let tag = format!("\"{}\"", keys.etag);
    let known = visit
        .header(header::IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => keys.jwks.clone().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, FRESH);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
