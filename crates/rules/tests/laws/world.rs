//! A small valid world. Every law takes it and changes something.

use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing,
};
use sekisho_rules::client_auth::{AuthenticatedClient, Recipient, authenticate, present};
use sekisho_rules::factor::Risk;
use sekisho_rules::family::{Family, RefreshToken};
use sekisho_rules::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::secret::Secret;
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_verify::Scope;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ISSUER: &str = "https://id.example/";
pub(crate) const CALLBACK: &str = "https://app.example/cb";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const RECIPIENT: Recipient<'_> = Recipient {
    issuer: ISSUER,
    token_endpoint: "https://id.example/oauth/token",
};

pub(crate) fn client() -> Client {
    Client {
        id: ClientId::new("spa"),
        name: "An application".to_owned(),
        kind: ClientKind::SinglePage,
        auth_method: AuthMethod::None,
        sealed_secret: None,
        jwks: None,
        callbacks: vec![CALLBACK.to_owned()],
        logout_urls: vec!["https://app.example/bye".to_owned()],
        web_origins: vec!["https://app.example".to_owned()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        party: Party::First,
        standing: Standing::Enabled,
        refresh: RefreshPolicy::ROTATING,
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 36_000,
        epoch: 3,
        nbf: 0,
    }
}

pub(crate) fn machine() -> Client {
    Client {
        id: ClientId::new("machine"),
        kind: ClientKind::Machine,
        auth_method: AuthMethod::SecretPost,
        grant_types: vec![GrantType::ClientCredentials],
        ..client()
    }
}

/// The only way there is to an authenticated client: present the right credential.
pub(crate) fn authenticated(client: Client) -> AuthenticatedClient {
    let mut pairs = vec![("client_id".to_owned(), client.id.as_str().to_owned())];
    if !client.is_public() {
        pairs.push(("client_secret".to_owned(), "s3cret".to_owned()));
    }
    let presented = present(None, &Parameters::from_pairs(pairs)).ok().unwrap();
    authenticate(client, Some("s3cret"), &presented, RECIPIENT, NOW).unwrap()
}

pub(crate) fn user() -> User {
    User {
        id: UserId::new("auth0|1"),
        email: "alice@example.com".to_owned(),
        email_verified: true,
        name: "Alice".to_owned(),
        nickname: Some("al".to_owned()),
        given_name: None,
        family_name: None,
        picture: None,
        locale: None,
        password_hash: None,
        blocked: false,
        epoch: 5,
        nbf: 0,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn session() -> Session {
    Session {
        id: SessionId::new("sid1"),
        user_id: user().id,
        user_epoch: user().epoch,
        issuer_epoch: 7,
        amr: vec!["pwd".to_owned()],
        risk: Risk::Low,
        auth_time: NOW.plus_seconds(-60),
        last_seen: NOW,
        idle_expires_at: NOW.plus_seconds(3600),
        expires_at: NOW.plus_seconds(7200),
        ended_at: None,
    }
}

pub(crate) fn api() -> Api {
    let scope = |value: &str| ApiScope {
        value: value.to_owned(),
        description: String::new(),
    };
    Api {
        id: "api1".to_owned(),
        identifier: AUDIENCE.to_owned(),
        name: "An API".to_owned(),
        scopes: vec![scope("read:notes"), scope("write:notes")],
        token_lifetime: 300,
        dialect: Dialect::AccessToken,
        signing_alg: sekisho_jose::Algorithm::Rs256,
        offline: Offline::Allowed,
    }
}

pub(crate) fn epochs() -> Epochs {
    Epochs {
        user: user().epoch,
        client: client().epoch,
        issuer: session().issuer_epoch,
    }
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

pub(crate) fn secret(seed: u8) -> Secret {
    Secret::from_random([seed; 32])
}

/// The first token of a family and the family.
pub(crate) fn family() -> (RefreshToken, Family) {
    let token = RefreshToken::first([9; 16], secret(0));
    let family = Family {
        gid: GrantId::new("gid1"),
        client_id: client().id,
        user_id: user().id,
        session_id: Some(session().id),
        epochs: epochs(),
        scope: scope("openid offline_access read:notes"),
        audience: Some(AUDIENCE.to_owned()),
        acr: None,
        auth_time: NOW.plus_seconds(-60),
        amr: vec!["pwd".to_owned()],
        expires_at: NOW.plus_seconds(1_000_000),
        idle_expires_at: NOW.plus_seconds(1_000_000),
        generation: 0,
        tip: Some(token.hash()),
        previous: None,
        sealed_child: None,
        repeats: 0,
        ended_at: None,
    };
    (token, family)
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::from_pairs(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}
