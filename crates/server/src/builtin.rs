//! What every deployment has without anybody adding it: the client that our own account page is, and the APIs that are our
//! own: the revocation feed, the Management API and the MFA API, to which clients are granted access as to any other.

use crate::app::Clock;
use crate::config::{Config, Issuer};
use crate::http::moment::Moment;
use anyhow::Result;
use sekisho_jose::Algorithm;
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing,
};
use sekisho_rules::id::{ClientId, hex};
use sekisho_store::{Db, Fault, apis, clients, issuer};

/// The `client_id` of the account page.
pub const ACCOUNT_CLIENT: &str = "sekisho-account";

/// Seconds a token for one of them lives, until the operator says otherwise.
const TOKEN_LIFETIME: i64 = 86_400;

/// What a verifier needs.
pub const READ_REVOCATIONS: &str = "read:revocations";

/// The scopes of the Management API.
const MANAGEMENT: &[(&str, &str)] = &[
    ("read:users", "Read users"),
    ("update:users", "Change and block users"),
    ("read:sessions", "Read where users are signed in"),
    ("update:sessions", "Change sessions"),
    ("delete:sessions", "End sessions"),
    ("read:refresh_tokens", "Read grants with refresh tokens"),
    ("update:refresh_tokens", "Change grants with refresh tokens"),
    ("delete:refresh_tokens", "End grants with refresh tokens"),
    ("read:revocations", "Read what was revoked"),
    (
        "create:revocations",
        "Revoke tokens, users, clients, or everything",
    ),
];

/// The scopes of the MFA API.
const MFA: &[(&str, &str)] = &[
    ("enroll", "Set up a second factor for you"),
    ("read:authenticators", "Read which second factors you have"),
    ("remove:authenticators", "Remove your second factors"),
];

/// Seconds a token for the MFA API lives: no longer than a login is fresh.
const MFA_TOKEN_LIFETIME: i64 = 600;

/// The `aud` of the MFA API.
pub fn mfa(issuer: &Issuer) -> String {
    issuer.link("mfa/")
}

/// The `aud` of the revocation feed.
pub fn revocations(issuer: &Issuer) -> String {
    issuer.link("revocations")
}

/// The `aud` of the Management API.
pub fn management(issuer: &Issuer) -> String {
    issuer.link("api/v2/")
}

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
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    };
    let now = clock.now();
    let known = clients::by_id(db, ACCOUNT_CLIENT).await?;
    let is_same = known.is_some_and(|known| {
        (&known.callbacks, &known.logout_urls) == (&client.callbacks, &client.logout_urls)
    });
    // Every command comes by here; only an edit may make the nodes forget what they keep.
    if !is_same {
        db.tx(async move |tx| {
            if !clients::insert(tx, &client, now).await? {
                clients::set_addresses(tx, &client, now).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(ensure_apis(db, &config.issuer, Moment { now }).await?)
}

/// Makes the APIs that are not there, and gives those that are the scopes of this version. Nodes that start at once agree.
async fn ensure_apis(db: &Db, address: &Issuer, moment: Moment) -> Result<(), Fault> {
    let feed = [(READ_REVOCATIONS, "Read what was revoked")];
    for (identifier, name, scopes, token_lifetime) in [
        (revocations(address), "Revocation feed", &feed[..], TOKEN_LIFETIME),
        (management(address), "Management API", MANAGEMENT, TOKEN_LIFETIME),
        (mfa(address), "MFA API", MFA, MFA_TOKEN_LIFETIME),
    ] {
        let scopes: Vec<ApiScope> = scopes
            .iter()
            .map(|(value, description)| scope(value, description))
            .collect();
        match apis::by_identifier(db, &identifier).await? {
            Some(api) if api.scopes == scopes => continue,
            _ => {}
        }
        let api = Api {
            id: hex(&moment.bytes::<12>()),
            identifier,
            name: name.to_owned(),
            scopes,
            token_lifetime,
            dialect: Dialect::AccessToken,
            signing_alg: Algorithm::Rs256,
            offline: Offline::Denied,
        };
        issuer::lengthen(db, token_lifetime).await?;
        db.tx(async move |tx| apis::ensure(tx, &api, moment.now).await)
            .await?;
    }
    Ok(())
}

fn scope(value: &str, description: &str) -> ApiScope {
    ApiScope {
        value: value.to_owned(),
        description: description.to_owned(),
    }
}
