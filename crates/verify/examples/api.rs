//! An API that trusts the access tokens of an issuer. Two arguments: the issuer and the audience of this API.
//!
//! ```text
//! cargo run -p sekisho-verify --features tower --example api -- http://127.0.0.1:3000/ https://api.example.com/
//! curl -i http://127.0.0.1:3001/me -H "Authorization: Bearer $ACCESS_TOKEN"
//! ```

use axum::routing::get;
use axum::{Json, Router};
use sekisho_verify::fetch::OnlineVerifier;
use sekisho_verify::tower::{AuthLayer, Authorized, ScopeLayer};
use sekisho_verify::{Issuer, Policy, Scope};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(audience)) = (arguments.next(), arguments.next()) else {
        return Err("usage: api ISSUER AUDIENCE".into());
    };
    // A Sekisho issuer promises `gid` in its access tokens; leave `require_gid` out for any other.
    let policy = Policy::access(Issuer::fetched(issuer).require_gid(), audience).leeway(5);
    let guard = AuthLayer::new(OnlineVerifier::new(policy)?).realm("notes");

    let app = Router::new()
        .route("/me", get(me))
        .route(
            "/notes",
            get(notes).layer(ScopeLayer::new(Scope::parse("read:notes")?)),
        )
        .layer(guard)
        .route("/health", get(|| async { "ok" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3001").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

/// Any good token will do.
async fn me(Authorized(claims): Authorized) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "sub": claims.sub, "scope": claims.scope, "expires": claims.exp }))
}

/// The token must also have `read:notes`.
async fn notes(Authorized(claims): Authorized) -> String {
    format!("The notes of {}", claims.sub)
}
