//! Clients: added, listed, disabled, enabled, deleted, given a new secret.

use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing, origin_of,
};
use sekisho_rules::factor::MfaPolicy;
use sekisho_rules::id::{ClientId, hex};
use sekisho_rules::logout::check_notices;
use sekisho_rules::redirect::check_callback;
use sekisho_rules::secret::Secret;
use sekisho_store::audit::{self, Event};
use sekisho_store::clients;
use zeroize::Zeroizing;

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::http::moment::Moment;
use crate::seal::Place;

/// A client to be added.
pub struct NewClient {
    /// The name people see.
    pub name: String,
    /// What sort of application it is.
    pub kind: ClientKind,
    /// How it proves itself; by default as its kind usually does.
    pub auth_method: Option<AuthMethod>,
    /// Redirect URIs.
    pub callbacks: Vec<String>,
    /// Where a logout may return to.
    pub logout_urls: Vec<String>,
    /// Origins for `web_message` and cross-origin calls.
    pub web_origins: Vec<String>,
    /// Grants it may use beside those of its kind.
    pub grants: Vec<GrantType>,
    /// When its users prove a second factor; `None` goes by the settings.
    pub mfa: Option<MfaPolicy>,
    /// Public keys as a JWK Set, for `private_key_jwt`.
    pub jwks: Option<String>,
    /// Whose application it is.
    pub party: Party,
    /// How it wants to hear that a session has ended.
    pub notices: LogoutNotices,
    /// How its refresh tokens live; by default rotating for public clients and fixed for the others.
    pub refresh: Option<RefreshPolicy>,
}

impl NewClient {
    fn method(&self) -> AuthMethod {
        self.auth_method.unwrap_or(usual_method(self.kind))
    }

    fn named(self, id: ClientId, sealed_secret: Option<Vec<u8>>) -> Client {
        let method = self.method();
        Client {
            id,
            name: self.name,
            kind: self.kind,
            auth_method: method,
            sealed_secret,
            jwks: self.jwks,
            callbacks: self.callbacks,
            logout_urls: self.logout_urls,
            web_origins: self.web_origins,
            grant_types: grants(self.kind, self.grants),
            party: self.party,
            standing: Standing::Enabled,
            refresh: self.refresh.unwrap_or(usual_refresh(method)),
            notices: self.notices,
            mfa: self.mfa,
            id_token_lifetime: 36_000,
            epoch: 0,
            nbf: 0,
        }
    }
}

/// Adds a client. Answers it with its secret, which is shown this once.
///
/// # Errors
/// A URI the rules refuse, or keys and a method that do not go together.
pub async fn add(app: &App, actor: Actor, new: NewClient) -> Result<(Client, Option<Secret>), Refused> {
    let moment = Moment { now: app.clock.now() };
    let id = ClientId::new(hex(&moment.bytes::<16>()));
    let secret = has_secret(new.method()).then(|| moment.secret());
    let sealed = secret.as_ref().map(|secret| seal(app, &id, &secret.encode()));
    let client = insert(app, actor, new.named(id, sealed.transpose()?), moment).await?;
    Ok((client, secret))
}

/// What an application has of another provider and keeps, so that only the domain changes in it.
pub struct Brought {
    /// Its id there: 1 to 64 letters, digits, `-` and `_`.
    pub id: String,
    /// Its secret there: 32 to 256 printable characters of ASCII. A client that proves itself by one needs it.
    pub secret: Option<Zeroizing<String>>,
}

/// Adds a client under the id and with the secret that it had elsewhere.
///
/// # Errors
/// An id that is taken or cannot be one, a secret that is missing, of no use or too easy to guess, and what [`add`] refuses.
pub async fn bring(app: &App, actor: Actor, new: NewClient, brought: Brought) -> Result<Client, Refused> {
    let moment = Moment { now: app.clock.now() };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=64).contains(&brought.id.len()) || !brought.id.chars().all(plain) {
        return Err(Refused::invalid(
            "an id has 1 to 64 letters, digits, hyphens and underscores",
        ));
    }
    let id = ClientId::new(brought.id);
    let sealed = match (&brought.secret, has_secret(new.method())) {
        (None, false) => None,
        (Some(secret), true) if is_usable(secret) => Some(seal(app, &id, secret)?),
        (Some(_), true) => {
            return Err(Refused::invalid(
                "a secret has 32 to 256 printable characters of ASCII without blanks; give the client another one there first",
            ));
        }
        (None, true) => {
            return Err(Refused::invalid(
                "this client proves itself by its secret: name the file that holds it",
            ));
        }
        (Some(_), false) => {
            return Err(Refused::invalid("this client has no secret to prove itself by"));
        }
    };
    insert(app, actor, new.named(id, sealed), moment).await
}

/// Long enough not to be guessed. A secret is compared as it is sent, so nothing is trimmed.
fn is_usable(secret: &str) -> bool {
    (32..=256).contains(&secret.len()) && secret.chars().all(|c| c.is_ascii_graphic())
}

async fn insert(app: &App, actor: Actor, client: Client, moment: Moment) -> Result<Client, Refused> {
    check(&client)?;
    let event = about(actor.did(moment, "client added"), &client.id);
    let row = client.clone();
    let added = app.db.tx(async move |tx| {
        let added = clients::insert(tx, &row, moment.now).await?;
        if added {
            audit::insert(tx, &event).await?;
        }
        Ok(added)
    });
    match added.await? {
        true => Ok(client),
        false => Err(Refused::Taken("client", client.id.to_string())),
    }
}

/// Up to 100 clients after this id.
///
/// # Errors
/// When the database does not answer.
pub async fn page(app: &App, after: &str) -> Result<Vec<Client>, Refused> {
    Ok(clients::page(&app.db, after).await?)
}

/// The client with this id.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, id: &str) -> Result<Client, Refused> {
    let found = clients::by_id(&app.db, id).await?;
    found.ok_or_else(|| Refused::Missing("client", id.to_owned()))
}

/// Changes what can be edited of a client: name, addresses, grants, party, refresh tokens, logout. What it holds already stays as it is.
///
/// # Errors
/// What the rules refuse, or no such client.
pub async fn update(app: &App, actor: Actor, changed: Client) -> Result<Client, Refused> {
    check(&changed)?;
    let moment = Moment { now: app.clock.now() };
    let event = about(actor.did(moment, "client changed"), &changed.id);
    let row = changed.clone();
    let done = app.db.tx(async move |tx| {
        let done = clients::set_registration(tx, &row, moment.now).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, &changed)?;
    Ok(changed)
}

/// Enables or disables a client. Disabling ends every grant it holds and voids its tokens.
///
/// # Errors
/// When there is no such client.
pub async fn set_standing(app: &App, actor: Actor, client: &Client, to: Standing) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let what = if to == Standing::Enabled {
        "client enabled"
    } else {
        "client disabled"
    };
    let event = about(actor.did(moment, what), &client.id);
    let (id, by) = (client.id.clone(), Ending::at(app, moment.now));
    let slow = by.clone();
    let done = app.db.tx(async move |tx| {
        let done = clients::set_standing(tx, &id, to, moment.now).await?;
        if done {
            end::client(tx, &by, &id).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, client)?;
    if slow.was_slow() {
        end_again(app, &client.id).await?;
    }
    Ok(())
}

/// Ends everything a client holds, and every token it was given; the client goes on working.
///
/// # Errors
/// When there is no such client.
pub async fn revoke(app: &App, actor: Actor, client: &Client) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let event = about(
        actor.did(moment, "everything the client held has ended"),
        &client.id,
    );
    let (id, by) = (client.id.clone(), Ending::at(app, moment.now));
    let slow = by.clone();
    let done = app.db.tx(async move |tx| {
        let done = clients::raise_epoch(tx, &id).await?;
        if done {
            end::client(tx, &by, &id).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, client)?;
    if slow.was_slow() {
        end_again(app, &client.id).await?;
    }
    Ok(())
}

async fn end_again(app: &App, id: &ClientId) -> Result<(), Refused> {
    let (id, by) = (id.clone(), Ending::at(app, app.clock.now()));
    Ok(app.db.tx(async move |tx| end::client(tx, &by, &id).await).await?)
}

/// What is thought of the secret that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldSecret {
    /// Nobody else knows it: tokens the client holds stay.
    Kept,
    /// Somebody else may know it: everything the client holds ends.
    Leaked,
}

/// Gives a client a new secret, shown this once; the old one stops at once. Tokens it holds already stay.
///
/// # Errors
/// When the client proves itself in another way, or there is none.
pub async fn new_secret(app: &App, actor: Actor, client: &Client) -> Result<Secret, Refused> {
    replace_secret(app, actor, client, OldSecret::Kept).await
}

/// Gives a client a new secret, shown this once; the old one stops at once.
///
/// # Errors
/// When the client proves itself in another way, or there is none.
pub async fn replace_secret(
    app: &App,
    actor: Actor,
    client: &Client,
    old: OldSecret,
) -> Result<Secret, Refused> {
    if !has_secret(client.auth_method) {
        let method = client.auth_method.word();
        return Err(Refused::invalid(format!(
            "client {} proves itself by {method} and has no secret",
            client.id
        )));
    }
    let moment = Moment { now: app.clock.now() };
    let secret = moment.secret();
    let sealed = seal(app, &client.id, &secret.encode())?;
    let event = about(actor.did(moment, "client secret replaced"), &client.id);
    let id = client.id.clone();
    let done = app.db.tx(async move |tx| {
        let done = clients::set_secret(tx, &id, sealed.clone(), moment.now).await?;
        if done {
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, client)?;
    if old == OldSecret::Leaked {
        // After the old secret has stopped: what was minted with it until then is what ends.
        revoke(app, actor, client).await?;
    }
    Ok(secret)
}

/// Deletes a client with everything that hangs on it.
///
/// # Errors
/// When there is no such client.
pub async fn delete(app: &App, actor: Actor, client: &Client) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    let event = about(actor.did(moment, "client deleted"), &client.id);
    let (id, by) = (client.id.clone(), Ending::at(app, moment.now));
    let slow = by.clone();
    let done = app.db.tx(async move |tx| {
        let done = clients::set_standing(tx, &id, Standing::Disabled, moment.now).await?;
        if done {
            end::client(tx, &by, &id).await?;
            clients::delete(tx, &id).await?;
            audit::insert(tx, &event).await?;
        }
        Ok(done)
    });
    found(done.await?, client)?;
    if slow.was_slow() {
        end_again(app, &client.id).await?;
    }
    Ok(())
}

/// Where a client's secret is sealed for.
pub(super) fn place(id: &ClientId) -> Place<'_> {
    Place {
        table: "clients",
        column: "secret",
        row: id.as_str(),
    }
}

fn seal(app: &App, id: &ClientId, secret: &str) -> Result<Vec<u8>, Refused> {
    let sealed = app.sealer.seal(&place(id), secret.as_bytes());
    sealed.map_err(|error| Refused::Internal(error.to_string()))
}

fn check_grants(new: &Client) -> Result<(), Refused> {
    let login = new.grant_types.iter().find(|grant| grant.is_login());
    if let Some(grant) = login
        && new.party == Party::Third
    {
        return Err(Refused::invalid(format!(
            "an application of somebody else would see what people prove by {}",
            grant.word()
        )));
    }
    match new.auth_method == AuthMethod::None && new.may(GrantType::ClientCredentials) {
        true => Err(Refused::invalid(
            "client_credentials is for clients that prove themselves",
        )),
        false => Ok(()),
    }
}

/// The greatest leeway is how long the server keeps what it needs to repeat an answer.
fn check_refresh(policy: &RefreshPolicy) -> Result<(), Refused> {
    let ten_years = 315_576_000;
    if !(0..=sekisho_store::sweep::CHILD_KEPT_SECONDS).contains(&policy.leeway) {
        return Err(Refused::invalid(
            "a repeated refresh is answered for 0 to 3600 seconds",
        ));
    }
    if !(60..=ten_years).contains(&policy.lifetime) || !(60..=policy.lifetime).contains(&policy.idle) {
        return Err(Refused::invalid(
            "a refresh token lives from 60 seconds to ten years, and without use no longer than that",
        ));
    }
    Ok(())
}

fn usual_refresh(method: AuthMethod) -> RefreshPolicy {
    match method {
        AuthMethod::None => RefreshPolicy::ROTATING,
        _ => RefreshPolicy::FIXED,
    }
}

fn usual_method(kind: ClientKind) -> AuthMethod {
    match kind {
        ClientKind::SinglePage | ClientKind::Native => AuthMethod::None,
        ClientKind::RegularWeb | ClientKind::Machine => AuthMethod::SecretPost,
    }
}

fn usual_grants(kind: ClientKind) -> Vec<GrantType> {
    match kind {
        ClientKind::Machine => vec![GrantType::ClientCredentials],
        ClientKind::SinglePage | ClientKind::Native => {
            vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
        }
        ClientKind::RegularWeb => {
            vec![
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::ClientCredentials,
            ]
        }
    }
}

fn grants(kind: ClientKind, more: Vec<GrantType>) -> Vec<GrantType> {
    let mut all = usual_grants(kind);
    for grant in more {
        if !all.contains(&grant) {
            all.push(grant);
        }
    }
    all
}

fn has_secret(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::SecretBasic | AuthMethod::SecretPost)
}

fn check(new: &Client) -> Result<(), Refused> {
    if new.name.trim().is_empty() {
        return Err(Refused::invalid(
            "an application needs a name that people can read",
        ));
    }
    check_grants(new)?;
    check_refresh(&new.refresh)?;
    check_notices(&new.notices, &new.callbacks).map_err(Refused::invalid)?;
    for uri in new.callbacks.iter().chain(&new.logout_urls) {
        check_callback(uri).map_err(|why| Refused::invalid(format!("{uri}: {why}")))?;
    }
    for origin in &new.web_origins {
        if origin_of(origin).as_deref() != Some(origin) {
            let example = "write scheme, host and port only, such as https://app.example.com";
            return Err(Refused::invalid(format!("{origin} is no origin; {example}")));
        }
    }
    let method = new.auth_method;
    let public = matches!(new.kind, ClientKind::SinglePage | ClientKind::Native);
    if public && has_secret(method) {
        return Err(Refused::invalid(
            "an application on somebody else's device cannot keep a secret",
        ));
    }
    if new.kind == ClientKind::Machine && method == AuthMethod::None {
        return Err(Refused::invalid(
            "a machine must prove itself; it has no user who does",
        ));
    }
    match (&new.jwks, method) {
        (None, AuthMethod::PrivateKeyJwt) => {
            Err(Refused::invalid("private_key_jwt needs the client's public keys"))
        }
        (Some(jwks), AuthMethod::PrivateKeyJwt) => match sekisho_jose::JwkSet::parse(jwks.as_bytes()) {
            Ok(set) if set.keys.iter().any(sekisho_jose::Jwk::is_private) => Err(Refused::invalid(
                "the key set holds a private key; give the public halves only",
            )),
            Ok(_) => Ok(()),
            Err(error) => Err(Refused::invalid(error.to_string())),
        },
        (Some(_), _) => Err(Refused::invalid(
            "public keys are for clients that prove themselves by private_key_jwt",
        )),
        (None, _) => Ok(()),
    }
}

fn found(done: bool, client: &Client) -> Result<(), Refused> {
    match done {
        true => Ok(()),
        false => Err(Refused::Missing("client", client.id.to_string())),
    }
}

fn about(mut event: Event, client: &ClientId) -> Event {
    event.client = Some(client.clone());
    event
}
