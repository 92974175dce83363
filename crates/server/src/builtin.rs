//! What every deployment has without anybody adding it: the client that our own account page is.

use crate::app::Clock;
use crate::config::Config;
use anyhow::Result;
use sekisho_rules::client::{AuthMethod, Client, ClientKind, GrantType, Party, RefreshPolicy, Standing};
use sekisho_rules::id::ClientId;
use sekisho_store::{Db, clients};

/// The `client_id` of the account page.
pub const ACCOUNT_CLIENT: &str = "sekisho-account";

/// Makes the built-in rows, or brings their addresses in line with the issuer. Two nodes may do it at once.
///
/// # Errors
/// When the database does not answer.
pub async fn ensure(config: &Config, db: &Db, clock: &Clock) -> Result<()> {
    let client = Client {
        id: ClientId::new(ACCOUNT_CLIENT),
        name: config.name.clone(),
        kind: ClientKind::SinglePage,
        auth_method: AuthMethod::None,
        sealed_secret: None,
        jwks: None,
        callbacks: vec![config.issuer.link("account/callback")],
        logout_urls: vec![config.issuer.link("account")],
        web_origins: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode],
        party: Party::First,
        standing: Standing::Enabled,
        refresh: RefreshPolicy::ROTATING,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    };
    let now = clock.now();
    db.tx(async move |tx| {
        if !clients::insert(tx, &client, now).await? {
            clients::set_addresses(tx, &client, now).await?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}
