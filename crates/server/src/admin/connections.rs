//! Connections to providers people sign in at: added, shown, changed, switched off and on, deleted.

use sekisho_rules::upstream::settings::{check, check_name};
use sekisho_rules::upstream::{Connection, Settings, Standing, Strategy};
use sekisho_store::{audit, connections, identities};
use zeroize::Zeroizing;

use super::{Actor, Refused};
use crate::app::App;
use crate::http::moment::Moment;
use crate::upstream::{identity_place, secret_place};

/// A connection to be added.
pub struct NewConnection {
    /// What `connection` of an authorization request names; the strategy's word when left out.
    pub name: Option<String>,
    /// Which provider.
    pub strategy: Strategy,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there; for Apple the private key (PEM).
    pub secret: Zeroizing<String>,
    /// Everything else.
    pub settings: Settings,
}

/// Adds a connection; people may sign in by it at once.
///
/// # Errors
/// Settings that cannot work, or a name that is taken.
pub async fn add(app: &App, actor: Actor, new: NewConnection) -> Result<Connection, Refused> {
    let name = match (new.name, new.strategy.is_generic()) {
        (Some(name), _) => name,
        (None, false) => new.strategy.word().to_owned(),
        (None, true) => {
            return Err(Refused::invalid(
                "a connection of this strategy needs a name (--name)",
            ));
        }
    };
    check_name(&name).map_err(|why| Refused::invalid(why.to_string()))?;
    let every = connections::every(&app.db).await?;
    if every.len() >= connections::MOST {
        return Err(Refused::invalid(
            "there are 100 connections already, the most there can be",
        ));
    }
    // The ids of people at these providers do not name the connection: with two, one person would be two.
    let same = every.iter().find(|other| other.strategy == new.strategy);
    if let Some(same) = same.filter(|_| !new.strategy.is_generic()) {
        return Err(Refused::Taken("connection to this provider,", same.name.clone()));
    }
    let moment = Moment { now: app.clock.now() };
    let id = format!("con_{}", moment.id());
    let connection = Connection {
        sealed_secret: seal(app, &id, &new.secret)?,
        id,
        name,
        strategy: new.strategy,
        standing: Standing::Enabled,
        client_id: new.client_id,
        settings: new.settings,
    };
    fit(&connection, Some(&new.secret))?;
    let event = actor.did(moment, format!("connection {} added", connection.name));
    let row = connection.clone();
    let done = app.db.tx(async move |tx| {
        let done = connections::insert(tx, &row, moment.now).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    match done.await? {
        true => Ok(connection),
        false => Err(Refused::Taken("connection", connection.name)),
    }
}

/// Every connection.
///
/// # Errors
/// When the database does not answer.
pub async fn every(app: &App) -> Result<Vec<Connection>, Refused> {
    Ok(connections::every(&app.db).await?)
}

/// The connection of this name or id.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, named: &str) -> Result<Connection, Refused> {
    if let Some(found) = connections::by_name(&app.db, named).await? {
        return Ok(found);
    }
    let found = connections::by_id(&app.db, named).await?;
    found.ok_or_else(|| Refused::Missing("connection", named.to_owned()))
}

/// Changes a connection: `changed` in place of what is there, with another secret if one is given.
///
/// # Errors
/// Settings that cannot work, or a connection that is gone.
pub async fn update(
    app: &App,
    actor: Actor,
    mut changed: Connection,
    secret: Option<Zeroizing<String>>,
) -> Result<Connection, Refused> {
    fit(&changed, secret.as_ref())?;
    if let Some(secret) = &secret {
        changed.sealed_secret = seal(app, &changed.id, secret)?;
    }
    let moment = Moment { now: app.clock.now() };
    let what = match (changed.is_enabled(), &secret) {
        (false, _) => "changed, not in use",
        (true, Some(_)) => "changed, with another secret",
        (true, None) => "changed",
    };
    let event = actor.did(moment, format!("connection {} {what}", changed.name));
    let row = changed.clone();
    let done = app.db.tx(async move |tx| {
        let done = connections::update(tx, &row, moment.now).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    match done.await? {
        true => Ok(changed),
        false => Err(Refused::Missing("connection", changed.name)),
    }
}

/// Deletes a connection and every identity that came by it. The accounts stay; those that nothing else opens can be opened by a new
/// password, which goes to a proven address only.
///
/// # Errors
/// When there is none.
pub async fn delete(app: &App, actor: Actor, connection: &Connection) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let event = actor.did(moment, format!("connection {} deleted", connection.name));
    let id = connection.id.clone();
    let done = app.db.tx(async move |tx| {
        let done = connections::delete(tx, &id).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    match done.await? {
        true => Ok(()),
        false => Err(Refused::Missing("connection", connection.name.clone())),
    }
}

/// Seals everything of connections again that is not sealed under the current key-encryption key. Answers how many values were.
pub(super) async fn rewrap(app: &App) -> Result<usize, Refused> {
    let mut done = 0;
    for connection in connections::every(&app.db).await? {
        let old = connection.sealed_secret;
        if app.sealer.is_current(&old) {
            continue;
        }
        let sealed = super::keys::again(app, &secret_place(&connection.id), &old)?;
        let id = connection.id;
        let won = app
            .db
            .tx(async move |tx| connections::reseal(tx, &id, old.clone(), sealed.clone()).await);
        done += usize::from(won.await?);
    }
    let (mut provider, mut subject) = (String::new(), String::new());
    loop {
        let page = identities::page(&app.db, (&provider, &subject)).await?;
        let Some(last) = page.last() else { return Ok(done) };
        (provider, subject) = (last.provider.clone(), last.profile.subject.clone());
        for identity in page {
            let Some(old) = identity.tokens.as_ref().map(|tokens| tokens.sealed.clone()) else {
                continue;
            };
            if app.sealer.is_current(&old) {
                continue;
            }
            let row = identities::Identity::row(&identity.provider, &identity.profile.subject);
            let sealed = super::keys::again(app, &identity_place(&row), &old)?;
            let won = app
                .db
                .tx(async move |tx| identities::reseal(tx, &identity, old.clone(), sealed.clone()).await);
            done += usize::from(won.await?);
        }
    }
}

/// Whether a connection can work.
fn fit(connection: &Connection, secret: Option<&Zeroizing<String>>) -> Result<(), Refused> {
    check(connection.strategy, &connection.settings).map_err(|why| Refused::invalid(why.to_string()))?;
    if connection.client_id.trim().is_empty() {
        return Err(Refused::invalid("the client id is empty"));
    }
    let Some(secret) = secret else { return Ok(()) };
    if secret.trim().is_empty() {
        return Err(Refused::invalid("the client secret is empty"));
    }
    if connection.strategy == Strategy::Apple
        && sekisho_jose::SigningKey::from_pem(sekisho_jose::Algorithm::Es256, secret).is_err()
    {
        return Err(Refused::invalid(
            "Apple's secret is the private key of the key id, a PEM block PRIVATE KEY (the .p8 file)",
        ));
    }
    let algorithm = connection.id_token_algorithm();
    if connection.strategy.has_id_token()
        && algorithm.is_symmetric()
        && sekisho_jose::VerifyingKey::hmac(algorithm, secret.as_bytes()).is_err()
    {
        return Err(Refused::invalid(format!(
            "the secret is too short to check ID tokens signed with {}",
            algorithm.name()
        )));
    }
    Ok(())
}

fn seal(app: &App, id: &str, secret: &str) -> Result<Vec<u8>, Refused> {
    let sealed = app.sealer.seal(&secret_place(id), secret.as_bytes());
    sealed.map_err(|error| Refused::Internal(error.to_string()))
}
