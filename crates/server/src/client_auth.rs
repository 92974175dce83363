//! Which client is asking? The token and revocation endpoints prove it here, the same way (RFC 6749 section 2.3).

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use axum::http::header;
use sekisho_rules::client_auth::{self, AuthenticatedClient, Recipient};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_store::assertions;

/// Proves the client of a request to the token or revocation endpoint (RFC 6749 section 2.3).
///
/// # Errors
/// [`Refused`] as the token endpoint says it.
pub async fn authenticate(visit: &Visit, body: &Parameters) -> Result<AuthenticatedClient, Refused> {
    let app = &visit.app;
    let presented = client_auth::present(visit.header(header::AUTHORIZATION), body)?;
    let mut known = None;
    for id in presented.client_ids() {
        known = app.rows.client(app, id.as_str()).await?;
        if known.is_some() {
            break;
        }
    }
    let Some(known) = known else {
        return Err(Refusal::new(Reason::ClientAuthentication, "unknown client").into());
    };
    let endpoint = app.config.issuer.link("oauth/token");
    let recipient = Recipient {
        issuer: app.config.issuer.as_str(),
        token_endpoint: &endpoint,
    };
    let secret = known.secret.as_ref().map(|secret| secret.as_str());
    let client = known.client.clone();
    let client = client_auth::authenticate(client, secret, &presented, recipient, visit.moment.now)?;
    if let Some(used) = client.assertion()
        && !assertions::use_up(&app.db, &client.client().id, &used.jti, used.expires_at).await?
    {
        return Err(Refusal::new(Reason::ClientAuthentication, "the assertion was used before").into());
    }
    Ok(client)
}
