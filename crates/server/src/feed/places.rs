//! How many streams there may be, over all and for one client; a place is given back when its holder is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The places of one node.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    all: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<String, usize>,
}

/// A place for one stream.
pub(super) struct Place {
    places: Arc<Inner>,
    client: String,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// This node has as many streams as it may.
    Node,
    /// This client has.
    Client,
}

impl Places {
    /// At most `all`, and at most `of_one` for one client.
    pub(super) fn new(all: usize, of_one: usize) -> Self {
        Self(Arc::new(Inner {
            all,
            of_one,
            taken: Mutex::default(),
        }))
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.0.lock().all
    }

    /// Takes one.
    pub(super) fn take(&self, client: &str) -> Result<Place, Full> {
        let mut taken = self.0.lock();
        if taken.all >= self.0.all {
            return Err(Full::Node);
        }
        let own = taken.by.entry(client.to_owned()).or_default();
        if *own >= self.0.of_one {
            return Err(Full::Client);
        }
        *own += 1;
        taken.all += 1;
        Ok(Place {
            places: Arc::clone(&self.0),
            client: client.to_owned(),
        })
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        // Counting cannot stop half way, so a poisoned count is still right.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by.get_mut(&self.client) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Places};

    #[test]
    fn a_place_is_given_back_and_one_client_cannot_take_them_all() {
        let places = Places::new(3, 2);
        let one = places.take("a").unwrap();
        let two = places.take("a").unwrap();
        assert_eq!(places.take("a").err(), Some(Full::Client));
        let three = places.take("b").unwrap();
        assert_eq!(places.take("c").err(), Some(Full::Node));
        drop(one);
        let four = places.take("a").unwrap();
        assert_eq!(places.taken(), 3);
        drop((two, three, four));
        assert_eq!(places.taken(), 0);
        assert!(places.0.lock().by.is_empty());
    }
}
