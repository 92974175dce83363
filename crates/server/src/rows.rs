//! Rows that nearly every token request reads, kept at this node: clients with their opened secrets, APIs, client grants
//! and the issuer's row.
//!
//! **Why that is safe.** A kept row is used only while the feed's reader vouches for it: the last reading that succeeded
//! began less than [`VOUCHED`] ago and saw no edit of such a row and no revocation, or everything kept would have been
//! forgotten. So a row is used for at most that long after an edit of it was committed; a node that cannot read the feed
//! reads every row again, and refuses when it cannot. What such a node may have minted meanwhile has an `iat` before the
//! `nbf` of the revocation, which lies three seconds ahead of it for clients and for the issuer; mints for users are
//! writes that compare the epochs in the rows themselves.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sekisho_rules::api::Api;
use sekisho_rules::client::Client;
use sekisho_rules::grant::client_credentials::ClientGrant;
use sekisho_rules::id::ClientId;
use sekisho_store::issuer::IssuerRow;
use sekisho_store::{Fault, apis, client_grants, clients, issuer};
use zeroize::Zeroizing;

use crate::app::App;
use crate::http::reply::Refused;
use crate::seal::Place;

/// How old the reading may be that vouches for a kept row. Five polls; it covers a slow one, not a dead database.
pub(crate) const VOUCHED: Duration = Duration::from_millis(500);
/// The most rows of one sort that are kept; one more, and they are all forgotten.
const MOST: usize = 10_000;

/// The kept rows.
#[derive(Default)]
pub struct Rows(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    /// Grows whenever everything is forgotten: a row that was read before is not kept after.
    generation: u64,
    clients: HashMap<String, Arc<KnownClient>>,
    apis: HashMap<String, Api>,
    grants: HashMap<(ClientId, Option<String>), ClientGrant>,
    issuer: Option<IssuerRow>,
}

/// A client, and its secret opened.
pub struct KnownClient {
    /// The client.
    pub client: Client,
    /// What it proves itself with.
    pub secret: Option<Zeroizing<String>>,
}

impl Rows {
    /// Forgets everything: something of it has changed, or may have.
    pub fn forget(&self) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept {
            generation: kept.generation + 1,
            ..Kept::default()
        };
    }

    /// The client with this id.
    ///
    /// # Errors
    /// When the database does not answer, or the secret does not open.
    pub async fn client(&self, app: &App, id: &str) -> Result<Option<Arc<KnownClient>>, Refused> {
        let (generation, kept) = self.look(app, |kept| kept.clients.get(id).cloned());
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(client) = clients::by_id(&app.db, id).await? else {
            return Ok(None);
        };
        let secret = open_secret(app, &client)?;
        let known = Arc::new(KnownClient { client, secret });
        let shared = Arc::clone(&known);
        self.keep(generation, |kept| put(&mut kept.clients, id.to_owned(), shared));
        Ok(Some(known))
    }

    /// The API with this identifier.
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn api(&self, app: &App, identifier: &str) -> Result<Option<Api>, Fault> {
        let (generation, kept) = self.look(app, |kept| kept.apis.get(identifier).cloned());
        if kept.is_some() {
            return Ok(kept);
        }
        let found = apis::by_identifier(&app.db, identifier).await?;
        if let Some(api) = found.clone() {
            self.keep(generation, |kept| put(&mut kept.apis, identifier.to_owned(), api));
        }
        Ok(found)
    }

    /// The grant that a client asks for: see [`client_grants::asked`].
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn grant(
        &self,
        app: &App,
        client: &ClientId,
        audience: Option<&str>,
    ) -> Result<Option<ClientGrant>, Fault> {
        let key = (client.clone(), audience.map(str::to_owned));
        let (generation, kept) = self.look(app, |kept| kept.grants.get(&key).cloned());
        if kept.is_some() {
            return Ok(kept);
        }
        let found = client_grants::asked(&app.db, client, audience).await?;
        if let Some(grant) = found.clone() {
            self.keep(generation, |kept| put(&mut kept.grants, key, grant));
        }
        Ok(found)
    }

    /// The issuer's row.
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn issuer(&self, app: &App) -> Result<IssuerRow, Fault> {
        let (generation, kept) = self.look(app, |kept| kept.issuer);
        if let Some(row) = kept {
            return Ok(row);
        }
        let row = issuer::get(&app.db).await?;
        self.keep(generation, |kept| kept.issuer = Some(row));
        Ok(row)
    }

    /// A kept row that the feed vouches for, and the generation to keep one under that is read now.
    fn look<T>(&self, app: &App, find: impl FnOnce(&Kept) -> Option<T>) -> (Option<u64>, Option<T>) {
        if !app.feed.vouches(app.clock.now()) {
            return (None, None);
        }
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (Some(kept.generation), find(&kept))
    }

    fn keep(&self, generation: Option<u64>, put: impl FnOnce(&mut Kept)) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if generation == Some(kept.generation) {
            put(&mut kept);
        }
    }
}

fn put<K: Eq + Hash, V>(rows: &mut HashMap<K, V>, key: K, row: V) {
    if rows.len() >= MOST {
        rows.clear();
    }
    rows.insert(key, row);
}

fn open_secret(app: &App, client: &Client) -> Result<Option<Zeroizing<String>>, Refused> {
    let Some(sealed) = client.sealed_secret.as_deref() else {
        return Ok(None);
    };
    let place = Place {
        table: "clients",
        column: "secret",
        row: client.id.as_str(),
    };
    let plain = app
        .sealer
        .open(&place, sealed)
        .map_err(|_| Refused::Internal("a client secret cannot be opened"))?;
    let text =
        String::from_utf8(plain.to_vec()).map_err(|_| Refused::Internal("a client secret is not text"))?;
    Ok(Some(Zeroizing::new(text)))
}
