//! The gateway's own grant: a family without a refresh token, from which a short-lived access token is made again and again while the
//! session it was born in stands.

use super::authorization_code::named_api;
use super::{Grant, Origin, Refreshable, Subject, UserSubject};
use crate::api::{Api, grantable};
use crate::client::{Client, Standing};
use crate::family::Family;
use crate::id::{ClientId, Epochs, SessionId};
use crate::session::Session;
use crate::time::Timestamp;
use crate::user::User;

/// Seconds an access token for an application behind the gateway lives, if the API does not say less.
pub const TOKEN_LIFETIME_SECONDS: i64 = 300;

/// What was found for the grant that a cookie names.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The family.
    pub family: Option<Family>,
    /// Its client.
    pub client: Option<Client>,
    /// Its user.
    pub user: Option<User>,
    /// Its session.
    pub session: Option<Session>,
    /// Its API.
    pub api: Option<Api>,
    /// The issuer's epoch.
    pub issuer_epoch: i64,
}

/// What the gateway's cookie says, once it was opened.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The client of the application that was asked for.
    pub client: &'a ClientId,
    /// The session the cookie was made in.
    pub session: &'a SessionId,
}

/// Decides whether the gateway may have another access token: client, user, session, grant and API must all still be there and stand.
///
/// # Errors
/// Why not, for the log.
pub fn renew(held: Held<'_>, facts: Facts, now: Timestamp) -> Result<Grant, &'static str> {
    let client = facts
        .client
        .filter(|client| client.id == *held.client && client.standing == Standing::Enabled);
    let client = client.ok_or("the application was removed")?;
    let family = facts
        .family
        .filter(|family| family.client_id == client.id && family.session_id.as_ref() == Some(held.session));
    let family = family.ok_or("no such grant")?;
    let user = facts
        .user
        .filter(|user| user.id == family.user_id && !user.blocked)
        .ok_or("the user is gone or blocked")?;
    let epochs = Epochs {
        user: user.epoch,
        client: client.epoch,
        issuer: facts.issuer_epoch,
    };
    if !family.stands(epochs, now) {
        return Err("the grant has ended or expired");
    }
    let stands = facts
        .session
        .is_some_and(|session| session.id == *held.session && session.stands(&user, facts.issuer_epoch, now));
    if !stands {
        return Err("the session has ended or expired");
    }
    let api = named_api(family.audience.as_deref(), facts.api).flatten();
    let api = api.ok_or("the API is gone")?;
    let api = Api {
        token_lifetime: api.token_lifetime.min(TOKEN_LIFETIME_SECONDS),
        ..api
    };
    // Words of OpenID Connect open the profile to the gateway, not to whoever reads the token.
    let scope = grantable(&family.scope, &client, Some(&api))
        .filtered(|word| api.scopes.iter().any(|scope| scope.value == word));
    Ok(Grant {
        subject: Subject::User(Box::new(UserSubject {
            user,
            session_id: Some(held.session.clone()),
            epochs,
            auth_time: family.auth_time,
            amr: family.amr,
            acr: family.acr,
            nonce: None,
        })),
        client,
        gid: family.gid,
        scope,
        api: Some(api),
        origin: Origin::Gateway,
        issued_at: now,
        refreshable: Refreshable::No,
    })
}
