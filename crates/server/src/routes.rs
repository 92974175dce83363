//! Every path, on one page.

use crate::api::{self, Quota};
use crate::app::App;
use crate::http::reply::{Trouble, html, problem_page};
use crate::http::visit::Visit;
use crate::http::{cors, guard};
use crate::listen::limits::{BodyLimits, read_body};
use crate::mfa;
use crate::pages::{self, HomePage, Problem};
use crate::session_management;
use crate::{
    account, authorize, dbconnections, discovery, feed, forward_auth, introspect, login, logout,
    passkey_challenge, passwordless, recovery, revoke, token, userinfo,
};
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;

/// The issuer's router.
pub fn router(app: Arc<App>) -> Router {
    // Documents that are public anyway.
    let public = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::configuration),
        )
        .route("/.well-known/jwks.json", get(discovery::jwks))
        // Before the layer: a preflight is a method these paths do not have, and it must pass through CORS.
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(cors::anyone));
    // What browser applications call across origins.
    let oauth = Router::new()
        .route("/mfa/challenge", post(mfa::challenge))
        .route("/mfa/associate", post(mfa::associate))
        .route("/mfa/authenticators", get(mfa::list))
        .route("/mfa/authenticators/{id}", delete(mfa::remove))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(revoke::revoke))
        .route("/passkey/challenge", post(passkey_challenge::challenge))
        .route("/passkey/register", post(passkey_challenge::register))
        .route("/oauth/introspect", post(introspect::introspect))
        .route("/dbconnections/signup", post(dbconnections::signup))
        .route(
            "/dbconnections/change_password",
            post(dbconnections::change_password),
        )
        .route("/passwordless/start", post(passwordless::start))
        .route("/passwordless/verify", post(passwordless::verify))
        .route("/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(BodyLimits::of(&app), read_body))
        .layer(from_fn_with_state(Arc::clone(&app), cors::registered));
    // What verifiers listen to; programs on servers, so no other origin may call.
    let feed = Router::new()
        .route("/revocations", get(feed::listen))
        .route("/revocations/snapshot", get(feed::snapshot))
        .route("/revocations/ack", post(feed::acknowledge))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(BodyLimits::of(&app), read_body));
    // What programs manage this issuer by.
    let quota = (Arc::clone(&app), Arc::new(Quota::default()));
    let management = Router::new()
        .route(
            "/api/v2/sessions/{id}",
            get(api::show_session).delete(api::delete_session),
        )
        .route("/api/v2/sessions/{id}/revoke", post(api::revoke_session))
        .route(
            "/api/v2/users/{id}/sessions",
            get(api::list_sessions).delete(api::delete_sessions),
        )
        .route(
            "/api/v2/users/{id}/refresh-tokens",
            get(api::list_refresh_tokens).delete(api::delete_refresh_tokens),
        )
        .route(
            "/api/v2/refresh-tokens/{id}",
            get(api::show_refresh_token).delete(api::delete_refresh_token),
        )
        .route(
            "/api/v2/revocations",
            get(api::list_revocations).post(api::create_revocation),
        )
        .route("/api/v2", any(api::nothing_here))
        .route("/api/v2/", any(api::nothing_here))
        .route("/api/v2/{*rest}", any(api::nothing_here))
        .method_not_allowed_fallback(api::wrong_method)
        .layer(from_fn_with_state(BodyLimits::of(&app), read_body))
        .layer(from_fn_with_state(quota, api::limited));
    // What the forms ask while a password is typed.
    let asked = (Arc::clone(&app), Arc::new(Quota::default()));
    let advice = Router::new()
        .route("/u/password/check", post(login::advice::check))
        .layer(from_fn_with_state(asked, api::limited));
    // What people see.
    let pages = Router::new()
        .route("/", get(home))
        .route("/authorize", get(authorize::start).post(authorize::start_by_form))
        .route("/authorize/resume", get(authorize::resume))
        .route(
            "/u/login",
            get(login::password::show).post(login::password::submit),
        )
        .route("/u/passkey", post(login::passkey::submit))
        .route("/u/upstream", get(login::upstream::start))
        .route(
            "/login/callback",
            get(login::upstream::callback).post(login::upstream::callback_by_form),
        )
        .route("/u/join", get(login::join::show).post(login::join::submit))
        .route("/u/factor/passkey", post(login::passkey::prove))
        .route("/u/code", get(login::code::show).post(login::code::submit))
        .route(
            "/u/link",
            get(passwordless::link::show).post(passwordless::link::submit),
        )
        .route("/passwordless/verify_redirect", get(passwordless::redirect))
        .route("/u/signup", get(login::signup::show).post(login::signup::submit))
        .merge(advice)
        .route(
            "/u/consent",
            get(login::consent::show).post(login::consent::submit),
        )
        .route("/u/factor", get(login::factor::show).post(login::factor::submit))
        .route("/u/enrol", get(login::enrol::show).post(login::enrol::submit))
        .route("/u/reset", get(recovery::ask::show).post(recovery::ask::submit))
        .route(
            "/u/password",
            get(recovery::password::show).post(recovery::password::submit),
        )
        .route(
            "/u/prove",
            get(recovery::prove::show).post(recovery::prove::submit),
        )
        .route(
            "/u/not-me",
            get(recovery::not_me::show).post(recovery::not_me::submit),
        )
        .route(
            "/u/unblock",
            get(recovery::unblock::show).post(recovery::unblock::submit),
        )
        .route("/dev/mailbox", get(recovery::mailbox::show))
        .route("/account", get(account::overview::show))
        .route("/account/connections", get(account::connections::show))
        .route("/account/connections/change", post(account::connections::change))
        .route("/account/factors", get(account::factors::show))
        .route(
            "/account/factors/totp",
            get(account::factors::show_totp).post(account::factors::add_totp),
        )
        .route(
            "/account/factors/email",
            get(account::factors::show_email).post(account::factors::add_email),
        )
        .route("/account/factors/change", post(account::factors::change))
        .route("/account/callback", get(account::enter::callback))
        .route("/account/sessions/end", post(account::overview::submit))
        .route("/account/passkeys", get(account::passkeys::show))
        .route(
            "/account/passkeys/add",
            get(account::passkeys::show_add).post(account::passkeys::add),
        )
        .route("/account/passkeys/change", post(account::passkeys::change))
        .route(
            "/account/profile",
            get(account::profile::show).post(account::profile::submit),
        )
        .route(
            "/account/email",
            get(account::email::show).post(account::email::submit),
        )
        .route(
            "/account/password",
            get(account::password::show).post(account::password::submit),
        )
        .route("/account/apps", get(account::apps::show))
        .route("/account/apps/end", post(account::apps::submit))
        .route("/account/data", get(account::data::show))
        .route("/account/data/download", post(account::data::download))
        .route(
            "/account/data/delete",
            get(account::delete::show).post(account::delete::submit),
        )
        .route("/u/logout", post(logout::confirm))
        .route("/oidc/logout", get(logout::oidc).post(logout::oidc_by_form))
        .route("/v2/logout", get(logout::simple))
        .route("/oidc/session", get(session_management::check_session))
        .route("/assets/{name}", get(asset))
        .merge(gateway())
        .layer(from_fn_with_state(Arc::clone(&app), guard::page_body));
    Router::new()
        .merge(public)
        .merge(oauth)
        .merge(feed)
        .merge(management)
        .merge(pages)
        .fallback(any(nothing_here))
        .method_not_allowed_fallback(wrong_method)
        // The layers above hold the limit.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&app), guard::outermost))
        .with_state(app)
}

/// What proxies ask, and what browsers see on the hosts of applications behind the gateway.
fn gateway() -> Router<Arc<App>> {
    Router::new()
        .route("/forward-auth", any(forward_auth::ask))
        .route("/forward-auth/at/{*path}", any(forward_auth::ask_below))
        .route("/forward-auth/at/", any(forward_auth::ask_below))
        .route("/.sekisho/start", get(forward_auth::start))
        .route("/.sekisho/callback", get(forward_auth::callback))
        .route(
            "/.sekisho/logout",
            get(forward_auth::leave).post(forward_auth::leave),
        )
        .route("/.sekisho/assets/{name}", get(asset))
}

async fn home(visit: Visit) -> Response {
    let issuer = visit.app.config.issuer.as_str().to_owned();
    html(
        &HomePage {
            chrome: visit.chrome(None),
            issuer,
        },
        StatusCode::OK,
    )
}

async fn asset(Path(name): Path<String>, visit: Visit) -> Response {
    match pages::asset(&format!("/assets/{name}")) {
        Some(served) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(served.media_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static(pages::IMMUTABLE)),
            ];
            (headers, served.body.as_str()).into_response()
        }
        None => Trouble::NotFound.page(&visit),
    }
}

async fn nothing_here(visit: Visit) -> Response {
    unserved(&visit, Problem::NotFound)
}

async fn wrong_method(visit: Visit) -> Response {
    unserved(&visit, Problem::MethodNotAllowed)
}

/// A page for who asks for pages, JSON for a program: its parser must not meet HTML.
fn unserved(visit: &Visit, problem: Problem) -> Response {
    let person = visit
        .header(header::ACCEPT)
        .is_some_and(|accepts| accepts.contains("text/html"));
    if person {
        return problem_page(visit, problem, None);
    }
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::NOT_FOUND);
    let (error, description) = match problem {
        Problem::MethodNotAllowed => ("method_not_allowed", "This path does not serve this method"),
        _ => (
            "not_found",
            "This path does not exist here, or does not exist yet",
        ),
    };
    (
        status,
        Json(json!({ "error": error, "error_description": description })),
    )
        .into_response()
}
