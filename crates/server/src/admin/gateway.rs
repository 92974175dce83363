//! Applications behind the gateway: added, listed, removed.

use sekisho_jose::Algorithm;
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing,
};
use sekisho_rules::gateway::{AppOrigin, GatewayApp};
use sekisho_rules::id::{ClientId, hex};
use sekisho_store::{apis, audit, clients, gateway_apps};
use sekisho_verify::Scope;
use zeroize::Zeroizing;

use super::apis::NewApi;
use super::{Actor, Refused};
use crate::app::App;
use crate::http::moment::Moment;

/// An application to be put behind the gateway.
pub struct NewApp {
    /// Scheme and host, such as `https://app.example.com`.
    pub origin: String,
    /// The name people see; the host when left out.
    pub name: Option<String>,
    /// The API its tokens are for; without one the application is its own API, which is made if there is none.
    pub audience: Option<String>,
    /// What its tokens may open.
    pub scope: Scope,
}

/// Puts an application behind the gateway, with a client of its own whose secret nobody sees: only the gateway redeems its codes.
///
/// # Errors
/// An address that cannot be an application's, an unknown API or scope, or a host that is taken.
pub async fn add(app: &App, actor: Actor, new: NewApp) -> Result<GatewayApp, Refused> {
    let origin =
        AppOrigin::parse(&new.origin).map_err(|why| Refused::invalid(format!("{}: {why}", new.origin)))?;
    if app.config.hosts().iter().any(|ours| origin.is_named_by(ours)) {
        return Err(Refused::invalid(format!(
            "{} is the issuer's own address; an application needs a host of its own",
            origin.as_str()
        )));
    }
    let api = api(app, actor.clone(), &origin, new.audience).await?;
    let unknown = new.scope.without(&api.known(&new.scope));
    if !unknown.is_empty() {
        let audience = &api.identifier;
        return Err(Refused::invalid(format!(
            "the API {audience} does not define: {unknown}"
        )));
    }
    let moment = Moment { now: app.clock.now() };
    let client = client(app, moment, &origin, new.name)?;
    let added = GatewayApp {
        origin,
        client_id: client.id.clone(),
        audience: api.identifier,
        scope: new.scope,
    };
    let mut event = actor.did(
        moment,
        format!("{} put behind the gateway", added.origin.as_str()),
    );
    event.client = Some(client.id.clone());
    let row = added.clone();
    let done = app.db.tx(async move |tx| {
        if !clients::insert(tx, &client, moment.now).await? {
            return Ok(false);
        }
        let done = gateway_apps::insert(tx, &row, moment.now).await?;
        match done {
            true => audit::insert(tx, &event).await?,
            // Nothing may stay of an application whose host is taken.
            false => clients::delete(tx, &client.id).await.map(drop)?,
        }
        Ok(done)
    });
    match done.await? {
        true => Ok(added),
        false => Err(Refused::Taken("application at", added.origin.as_str().to_owned())),
    }
}

/// Every application behind the gateway.
///
/// # Errors
/// When the database does not answer.
pub async fn every(app: &App) -> Result<Vec<GatewayApp>, Refused> {
    Ok(gateway_apps::every(&app.db).await?)
}

/// Takes an application from behind the gateway: its client is deleted, and every token it was given ends.
///
/// # Errors
/// When there is none at this address.
pub async fn remove(app: &App, actor: Actor, origin: &str) -> Result<(), Refused> {
    let missing = || Refused::Missing("application at", origin.to_owned());
    let parsed = AppOrigin::parse(origin).map_err(|_| missing())?;
    let found = gateway_apps::by_host(&app.db, parsed.host()).await?;
    let found = found.filter(|found| found.origin == parsed).ok_or_else(missing)?;
    let client = super::clients::find(app, found.client_id.as_str()).await?;
    super::clients::delete(app, actor, &client).await
}

/// The API of an application: the one that was named, else the application itself.
async fn api(app: &App, actor: Actor, origin: &AppOrigin, audience: Option<String>) -> Result<Api, Refused> {
    if let Some(audience) = audience {
        let found = apis::by_identifier(&app.db, &audience).await?;
        return found.ok_or(Refused::Missing("API", audience));
    }
    let identifier = origin.link("/");
    if let Some(own) = apis::by_identifier(&app.db, &identifier).await? {
        return Ok(own);
    }
    let own = NewApi {
        name: origin.host().to_owned(),
        identifier,
        scopes: Vec::<ApiScope>::new(),
        token_lifetime: sekisho_rules::grant::gateway::TOKEN_LIFETIME_SECONDS,
        dialect: Dialect::Rfc9068,
        signing_alg: Algorithm::Rs256,
        offline: Offline::Denied,
    };
    super::apis::add(app, actor, own).await
}

fn client(app: &App, moment: Moment, origin: &AppOrigin, name: Option<String>) -> Result<Client, Refused> {
    let id = ClientId::new(hex(&moment.bytes::<16>()));
    let secret = Zeroizing::new(moment.secret().encode());
    let sealed = app
        .sealer
        .seal(&super::clients::place(&id), secret.as_bytes())
        .map_err(|error| Refused::Internal(error.to_string()))?;
    Ok(Client {
        id,
        name: name.unwrap_or_else(|| origin.host().to_owned()),
        kind: ClientKind::RegularWeb,
        auth_method: AuthMethod::SecretPost,
        sealed_secret: Some(sealed),
        jwks: None,
        callbacks: vec![origin.link("/.sekisho/callback")],
        logout_urls: vec![origin.link("/")],
        web_origins: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode],
        party: Party::First,
        standing: Standing::Enabled,
        refresh: RefreshPolicy::FIXED,
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    })
}
