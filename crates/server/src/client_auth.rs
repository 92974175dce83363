//! Which client is asking? The token and revocation endpoints prove it here, the same way (RFC 6749 section 2.3).

use crate::app::App;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::seal::Place;
use axum::http::header;
use sekisho_rules::client_auth::{self, AuthenticatedClient, Recipient};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_store::{assertions, clients};

/// Proves the client of a request to the token or revocation endpoint (RFC 6749 section 2.3).
///
/// # Errors
/// [`Refused`] as the token endpoint says it.
pub async fn authenticate(visit: &Visit, body: &Parameters) -> Result<AuthenticatedClient, Refused> {
    let app = &visit.app;
    let presented = client_auth::present(visit.header(header::AUTHORIZATION), body)?;
    let mut client = None;
    for id in presented.client_ids() {
        client = clients::by_id(&app.db, id.as_str()).await?;
        if client.is_some() {
            break;
        }
    }
    let Some(client) = client else {
        return Err(Refusal::new(Reason::ClientAuthentication, "unknown client").into());
    };
    let secret = unseal_secret(app, client.id.as_str(), client.sealed_secret.as_deref())?;
    let endpoint = app.config.issuer.link("oauth/token");
    let recipient = Recipient {
        issuer: app.config.issuer.as_str(),
        token_endpoint: &endpoint,
    };
    let secret = secret.as_ref().map(|secret| secret.as_str());
    let client = client_auth::authenticate(client, secret, &presented, recipient, visit.moment.now)?;
    if let Some(used) = client.assertion()
        && !assertions::use_up(&app.db, &client.client().id, &used.jti, used.expires_at).await?
    {
        return Err(Refusal::new(Reason::ClientAuthentication, "the assertion was used before").into());
    }
    Ok(client)
}

fn unseal_secret(
    app: &App,
    id: &str,
    sealed: Option<&[u8]>,
) -> Result<Option<zeroize::Zeroizing<String>>, Refused> {
    let Some(sealed) = sealed else { return Ok(None) };
    let place = Place {
        table: "clients",
        column: "secret",
        row: id,
    };
    let plain = app
        .sealer
        .open(&place, sealed)
        .map_err(|_| Refused::Internal("a client secret cannot be opened"))?;
    let text =
        String::from_utf8(plain.to_vec()).map_err(|_| Refused::Internal("a client secret is not text"))?;
    Ok(Some(zeroize::Zeroizing::new(text)))
}
