//! Client credentials for a token. Nothing is written: the client grant's fixed id is the `gid`, and the
//! client's row was read a moment ago.

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Tokens};
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::grant::client_credentials;
use sekisho_verify::Scope;

pub(super) async fn issue(
    visit: &Visit,
    client: &AuthenticatedClient,
    asked: (Option<&str>, Option<&Scope>),
) -> Result<Tokens, Refused> {
    let app = &visit.app;
    let found = app.rows.grant(app, &client.client().id, asked.0).await?;
    let api = match &found {
        Some(grant) => app.rows.api(app, &grant.audience).await?,
        None => None,
    };
    let grant = client_credentials::decide(client, asked, found, api, visit.moment.now)?;
    let grant = issuer::not_before(visit, grant).await?;
    issuer::sign_unwritten(visit, grant).await
}
