//! APIs: added, listed, deleted.

use sekisho_jose::Algorithm;
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use sekisho_rules::id::hex;
use sekisho_store::{apis, audit, issuer};
use sekisho_verify::Scope;

use super::{Actor, Refused};
use crate::app::App;
use crate::http::moment::Moment;

/// The longest life of an access token, in seconds: 30 days.
const LONGEST_TOKEN: i64 = 2_592_000;

const OURS: &str = "identifiers below the issuer's address are the issuer's own";

/// An API to be added.
pub struct NewApi {
    /// The `aud` of its tokens; usually a URL that need not exist.
    pub identifier: String,
    /// The name people see.
    pub name: String,
    /// The scopes it knows.
    pub scopes: Vec<ApiScope>,
    /// Seconds an access token for it lives.
    pub token_lifetime: i64,
    /// The form of its access tokens.
    pub dialect: Dialect,
    /// What its access tokens are signed with.
    pub signing_alg: Algorithm,
    /// Whether refresh tokens may be given with its tokens.
    pub offline: Offline,
}

/// Adds an API.
///
/// # Errors
/// An identifier, scope or lifetime that cannot be used, or a taken identifier.
pub async fn add(app: &App, actor: Actor, new: NewApi) -> Result<Api, Refused> {
    check(app, &new)?;
    let moment = Moment { now: app.clock.now() };
    let api = Api {
        id: hex(&moment.bytes::<12>()),
        identifier: new.identifier,
        name: new.name,
        scopes: new.scopes,
        token_lifetime: new.token_lifetime,
        dialect: new.dialect,
        signing_alg: new.signing_alg,
        offline: new.offline,
    };
    // Raised before the first token can live that long, so that a revocation of everything outlives every token.
    issuer::lengthen(&app.db, api.token_lifetime).await?;
    let event = actor.did(moment, format!("API {} added", api.identifier));
    let row = api.clone();
    let added = app.db.tx(async move |tx| {
        let added = apis::insert(tx, &row, moment.now).await?;
        if added {
            audit::insert(tx, &event).await?;
        }
        Ok(added)
    });
    match added.await? {
        true => Ok(api),
        false => Err(Refused::Taken("API", api.identifier)),
    }
}

/// Up to 100 APIs after this id.
///
/// # Errors
/// When the database does not answer.
pub async fn page(app: &App, after: &str) -> Result<Vec<Api>, Refused> {
    Ok(apis::page(&app.db, after).await?)
}

/// Deletes an API: no new token is made for it. Tokens made before live until they expire.
///
/// # Errors
/// When there is no such API, or it is one of our own.
pub async fn delete(app: &App, actor: Actor, identifier: &str) -> Result<(), Refused> {
    if identifier.starts_with(app.config.issuer.as_str()) {
        return Err(Refused::invalid(OURS));
    }
    let moment = Moment { now: app.clock.now() };
    let event = actor.did(moment, format!("API {identifier} deleted"));
    let name = identifier.to_owned();
    let done = app.db.tx(async move |tx| {
        let done = apis::delete(tx, &name).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    match done.await? {
        true => Ok(()),
        false => Err(Refused::Missing("API", identifier.to_owned())),
    }
}

fn check(app: &App, new: &NewApi) -> Result<(), Refused> {
    let identifier = &new.identifier;
    if identifier.is_empty()
        || identifier.len() > 255
        || identifier.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(Refused::invalid(
            "an identifier has 1 to 255 characters and no blanks",
        ));
    }
    if identifier.starts_with(app.config.issuer.as_str()) {
        return Err(Refused::invalid(OURS));
    }
    if !app.config.keys.algorithms().contains(&new.signing_alg) {
        return Err(Refused::invalid(format!(
            "access tokens signed with {} need the setting `keys.non_rsa` and an algorithm we have a key for (RS256, ES256)",
            new.signing_alg
        )));
    }
    if !(1..=LONGEST_TOKEN).contains(&new.token_lifetime) {
        return Err(Refused::invalid(format!(
            "a token lives from 1 to {LONGEST_TOKEN} seconds"
        )));
    }
    for scope in &new.scopes {
        let word = Scope::parse(&scope.value).map_err(|error| Refused::invalid(error.to_string()))?;
        if word.len() != 1 {
            return Err(Refused::invalid(format!("\"{}\" is not one word", scope.value)));
        }
    }
    Ok(())
}
