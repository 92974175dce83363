//! Which origins browser applications run at: those of all enabled clients, read again every few seconds.

use arc_swap::ArcSwap;
use sekisho_rules::client::origin_of;
use sekisho_rules::cors::allowed_origin;
use sekisho_rules::time::Timestamp;
use sekisho_store::{Db, clients};
use std::sync::Arc;

/// Seconds a list of origins is used before it is read again.
const FRESH_SECONDS: i64 = 5;

/// The origins of all enabled clients, as they were a moment ago.
#[derive(Default)]
pub struct Origins(ArcSwap<List>);

#[derive(Default)]
struct List {
    read_at: Option<Timestamp>,
    origins: Vec<String>,
}

impl Origins {
    /// Whether a page of this origin may call us. A database that is down does not take the answer away: the error that says so must
    /// be readable.
    pub async fn allow(&self, origin: &str, db: &Db, now: Timestamp) -> bool {
        let mut list = self.0.load_full();
        if !list.is_fresh(now)
            && let Ok(addresses) = clients::addresses(db).await
        {
            let origins = addresses
                .iter()
                .filter_map(|address| origin_of(address))
                .collect();
            list = Arc::new(List {
                read_at: Some(now),
                origins,
            });
            self.0.store(Arc::clone(&list));
        }
        allowed_origin(origin, &list.origins)
    }
}

impl Origins {
    /// The list may be another one by now.
    pub fn forget(&self) {
        self.0.store(Arc::default());
    }
}

impl List {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at
            .is_some_and(|read_at| now.millis_since(read_at).abs() < FRESH_SECONDS * 1000)
    }
}
