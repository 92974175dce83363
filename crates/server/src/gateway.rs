//! The gateway's memory on this node: which applications are behind it, and for whom it made a token a moment ago. Nothing here
//! decides; whether a remembered token still counts is asked at every use.

use crate::api_token::Gate;
use crate::http::cookie::CookieNames;
use arc_swap::{ArcSwap, ArcSwapOption};
use sekisho_rules::forward_auth::Identity;
use sekisho_rules::gateway::GatewayApp;
use sekisho_rules::id::{ClientId, GrantId, SessionId};
use sekisho_rules::time::Timestamp;
use sekisho_store::{Db, Fault, gateway_apps};
use sekisho_verify::record::Subject;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Seconds the list of applications is used before it is read again.
const FRESH_SECONDS: i64 = 5;

/// The most grants that are remembered on a node; beyond it those whose token is over are forgotten, then all.
const REMEMBERED: usize = 100_000;

/// What a node remembers for the gateway.
#[derive(Default)]
pub struct Gateway {
    apps: ArcSwap<Apps>,
    slots: RwLock<HashMap<GrantId, Arc<Slot>>>,
}

#[derive(Default)]
struct Apps {
    read_at: Option<Timestamp>,
    apps: Vec<Arc<Known>>,
}

/// An application, the names of the gateway's cookies on its host, and what judges tokens that are brought to it.
pub struct Known {
    /// The application.
    pub app: GatewayApp,
    /// The cookies' names.
    pub cookies: CookieNames,
    /// Judges tokens for its API.
    pub gate: Gate,
}

/// What is remembered of one grant.
#[derive(Default)]
pub struct Slot {
    /// The last token that was made, if any.
    pub last: ArcSwapOption<Minted>,
    /// Held by who makes the next one, so that a page with many parts makes one.
    pub turn: Mutex<()>,
}

/// A token that was made for a grant.
pub struct Minted {
    /// What the application is told.
    pub identity: Identity,
    /// What records can name of the token.
    pub names: Names,
    /// From here on somebody makes the next one.
    pub renew_at: Timestamp,
    /// From here on it is given to nobody.
    pub over_at: Timestamp,
}

/// What records can name of a token, beside its user.
pub struct Names {
    /// `iat`, in unix seconds.
    pub iat: u64,
    /// The key that signed it.
    pub kid: String,
    /// `jti`.
    pub jti: String,
    /// `gid`.
    pub gid: GrantId,
    /// `sid`.
    pub sid: SessionId,
    /// Whom it was issued to.
    pub client: ClientId,
}

impl Minted {
    /// What records can name of it.
    pub fn subject(&self) -> Subject<'_> {
        let names = &self.names;
        Subject {
            iat: names.iat,
            kid: Some(&names.kid),
            jti: Some(&names.jti),
            gid: Some(names.gid.as_str()),
            sid: Some(names.sid.as_str()),
            sub: Some(self.identity.user.as_str()),
            actors: &[],
            client: Some(names.client.as_str()),
        }
    }
}

impl Slot {
    /// The last token, while it may be given.
    pub fn usable(&self, now: Timestamp) -> Option<Arc<Minted>> {
        self.last.load_full().filter(|minted| now < minted.over_at)
    }
}

impl Gateway {
    /// The application that a `Host` header names. A database that is down does not take the answer away.
    ///
    /// # Errors
    /// [`Fault`] when the list was never read and the database does not answer.
    pub async fn app(&self, host: &str, db: &Db, now: Timestamp) -> Result<Option<Arc<Known>>, Fault> {
        let mut list = self.apps.load_full();
        let fresh = list
            .read_at
            .is_some_and(|read_at| now.millis_since(read_at).abs() < FRESH_SECONDS * 1000);
        if !fresh {
            match gateway_apps::every(db).await {
                Ok(apps) => {
                    // What has not changed keeps the verifier it made.
                    let before = |app: &GatewayApp| list.apps.iter().find(|known| known.app == *app).cloned();
                    let apps = apps
                        .into_iter()
                        .filter_map(|app| before(&app).or_else(|| known(app).map(Arc::new)))
                        .collect();
                    let read_at = Some(now);
                    list = Arc::new(Apps { read_at, apps });
                    self.apps.store(Arc::clone(&list));
                }
                Err(fault) if list.read_at.is_none() => return Err(fault),
                Err(fault) => tracing::warn!(%fault, "using the applications of a moment ago"),
            }
        }
        let named = list.apps.iter().find(|known| known.app.origin.is_named_by(host));
        Ok(named.cloned())
    }

    /// Where this grant's token is remembered.
    pub fn slot(&self, gid: &GrantId, now: Timestamp) -> Arc<Slot> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(gid) {
            return Arc::clone(slot);
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= REMEMBERED {
            slots.retain(|_, slot| slot.usable(now).is_some());
            if slots.len() >= REMEMBERED {
                slots.clear();
            }
        }
        Arc::clone(slots.entry(gid.clone()).or_default())
    }

    /// Forgets a grant.
    pub fn forget(&self, gid: &GrantId) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.remove(gid);
    }
}

fn known(app: GatewayApp) -> Option<Known> {
    let origin = url::Url::parse(app.origin.as_str()).ok()?;
    Some(Known {
        cookies: CookieNames::new(&origin),
        gate: Gate::new(app.audience.clone()),
        app,
    })
}
