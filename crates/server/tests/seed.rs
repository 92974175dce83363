//! What a client, an API or a user of the stories usually looks like.

use crate::site::CALLBACK;
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing,
};
use sekisho_rules::id::ClientId;

/// A client with what its kind usually has.
pub(crate) fn client(id: &str, kind: ClientKind) -> Client {
    let (auth_method, refresh) = match kind {
        ClientKind::SinglePage | ClientKind::Native => (AuthMethod::None, RefreshPolicy::ROTATING),
        ClientKind::RegularWeb | ClientKind::Machine => (AuthMethod::SecretBasic, RefreshPolicy::FIXED),
    };
    Client {
        id: ClientId::new(id),
        name: format!("App {id}"),
        kind,
        auth_method,
        sealed_secret: None,
        jwks: None,
        callbacks: vec![CALLBACK.to_owned()],
        logout_urls: vec!["https://app.example/bye".to_owned()],
        web_origins: vec!["https://app.example".to_owned()],
        grant_types: match kind {
            ClientKind::Machine => vec![GrantType::ClientCredentials],
            _ => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        },
        party: Party::First,
        standing: Standing::Enabled,
        refresh,
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    }
}

pub(crate) fn api(identifier: &str) -> Api {
    let scope = |value: &str, description: &str| ApiScope {
        value: value.to_owned(),
        description: description.to_owned(),
    };
    Api {
        id: format!("api-{}", identifier.len()),
        identifier: identifier.to_owned(),
        name: "Notes".to_owned(),
        scopes: vec![
            scope("read:notes", "Read your notes"),
            scope("write:notes", "Write notes for you"),
        ],
        token_lifetime: 300,
        dialect: Dialect::AccessToken,
        signing_alg: sekisho_jose::Algorithm::Rs256,
        offline: Offline::Allowed,
    }
}
