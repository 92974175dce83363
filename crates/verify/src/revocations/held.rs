//! What a verifier holds of the feed: one table for each kind of record, under one hash key. Owns which kind lies where
//! and the search for a record that hits a token; the decision is `record::hits`'.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::table::{Cell as _, Room, Table, Until};
use crate::policy::Policy;
use crate::record::{HashKey, HashedSubject, Key, Kind, Record, hits};

/// For so many seconds after its expiry a record is still looked at: a token may outlive its own by a leeway.
const KEPT: u64 = Policy::MAX_LEEWAY;

/// Cloning shares the slots; only what must grow is copied.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    hash: HashKey,
    sessions: Table<AtomicU32>,
    grants: Table<AtomicU32>,
    tokens: Table<AtomicU32>,
    keys: Table<AtomicU32>,
    users: Table<AtomicU64>,
    clients: Table<AtomicU64>,
    issuer: Arc<AtomicU64>,
}

/// What a record was to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    New,
    Known,
}

impl Held {
    /// Nothing, under this key.
    pub(super) fn new(hash: HashKey) -> Self {
        Self {
            hash,
            sessions: Table::default(),
            grants: Table::default(),
            tokens: Table::default(),
            keys: Table::default(),
            users: Table::default(),
            clients: Table::default(),
            issuer: Arc::default(),
        }
    }

    pub(crate) fn hash(&self) -> &HashKey {
        &self.hash
    }

    /// The kind of a record that ends the token at `now` (Unix seconds); the first that is found.
    pub(crate) fn hit(&self, token: &HashedSubject, now: u64) -> Option<Kind> {
        let [session, grant, jti, kid, user, client] = token.named();
        // All searches begin before one ends, so that they wait for memory together.
        let sessions = self.sessions.begin(session);
        let grants = self.grants.begin(grant);
        let tokens = self.tokens.begin(jti);
        let users = self.users.begin(user);
        let clients = self.clients.begin(client);
        let keys = self.keys.begin(kid);
        let hit = |kind, key: Option<Key>, until: Option<Until>| {
            let until = until.filter(|until| now < u64::from(until.exp) + KEPT)?;
            let record = of(kind, key?, until);
            hits(&record, token).then_some(kind)
        };
        hit(Kind::Session, session, sessions.end())
            .or_else(|| hit(Kind::Grant, grant, grants.end()))
            .or_else(|| hit(Kind::Token, jti, tokens.end()))
            .or_else(|| hit(Kind::User, user, users.end()))
            .or_else(|| hit(Kind::Client, client, clients.end()))
            .or_else(|| hit(Kind::Key, kid, keys.end()))
            .or_else(|| hit(Kind::Issuer, Some(Key::NONE), self.of_issuer()))
            .or_else(|| {
                let mut actors = token.actors().iter().map(|actor| Some(*actor));
                actors.find_map(|actor| hit(Kind::User, actor, self.users.begin(actor).end()))
            })
    }

    fn of_issuer(&self) -> Option<Until> {
        Some(self.issuer.get()).filter(|until| until.exp > 0)
    }

    /// Puts a record in; where a shard is full, `next` is begun, a clone that is to take this one's place.
    pub(super) fn insert(&self, record: &Record, next: &mut Option<Self>) -> News {
        let until = Until::new(record.nbf, record.exp);
        let room = match next {
            Some(next) => next.put(record, until),
            None => self.put(record, until),
        };
        match room {
            Room::Found => News::New,
            Room::Known => News::Known,
            Room::Full => {
                let next = next.get_or_insert_with(|| self.clone());
                next.grow(record);
                // There is room now.
                next.put(record, until);
                News::New
            }
        }
    }

    fn put(&self, record: &Record, until: Until) -> Room {
        match record.kind {
            Kind::Session => self.sessions.insert(record.key, until),
            Kind::Grant => self.grants.insert(record.key, until),
            Kind::Token => self.tokens.insert(record.key, until),
            Kind::Key => self.keys.insert(record.key, until),
            Kind::User => self.users.insert(record.key, until),
            Kind::Client => self.clients.insert(record.key, until),
            Kind::Issuer => super::table::lengthen(&*self.issuer, until),
        }
    }

    fn grow(&mut self, record: &Record) {
        match record.kind {
            Kind::Session => self.sessions.grow(record.key),
            Kind::Grant => self.grants.grow(record.key),
            Kind::Token => self.tokens.grow(record.key),
            Kind::Key => self.keys.grow(record.key),
            Kind::User => self.users.grow(record.key),
            Kind::Client => self.clients.grow(record.key),
            Kind::Issuer => {}
        }
    }

    /// Makes room for what a snapshot brings, in one go. What is held already is counted off, for it usually is among it.
    pub(super) fn reserve(&mut self, records: &[Record]) {
        let count = |kind| records.iter().filter(|record| record.kind == kind).count();
        let more = |kind, held: usize| count(kind).saturating_sub(held);
        self.sessions.reserve(more(Kind::Session, self.sessions.len()));
        self.grants.reserve(more(Kind::Grant, self.grants.len()));
        self.tokens.reserve(more(Kind::Token, self.tokens.len()));
        self.keys.reserve(more(Kind::Key, self.keys.len()));
        self.users.reserve(more(Kind::User, self.users.len()));
        self.clients.reserve(more(Kind::Client, self.clients.len()));
    }

    /// Without what can hit no living token at `now` (Unix seconds); `None` when that is too little to be worth it.
    pub(super) fn swept(&self, now: u64) -> Option<Self> {
        let dead = u32::try_from(now.saturating_sub(KEPT).saturating_add(1)).unwrap_or(u32::MAX);
        let mut next = None;
        macro_rules! sweep {
            ($($table:ident)*) => {$(
                if let Some(left) = self.$table.without(dead) {
                    next.get_or_insert_with(|| self.clone()).$table = left;
                }
            )*};
        }
        sweep!(sessions grants tokens keys users clients);
        if (1..dead).contains(&self.issuer.get().exp) {
            next.get_or_insert_with(|| self.clone()).issuer = Arc::default();
        }
        next
    }

    /// Every record, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let of_kind = |kind| move |(key, until)| of(kind, key, until);
        let issuer = self.of_issuer().map(|until| (Key::NONE, until));
        self.sessions
            .iter()
            .map(of_kind(Kind::Session))
            .chain(self.grants.iter().map(of_kind(Kind::Grant)))
            .chain(self.tokens.iter().map(of_kind(Kind::Token)))
            .chain(self.users.iter().map(of_kind(Kind::User)))
            .chain(self.clients.iter().map(of_kind(Kind::Client)))
            .chain(self.keys.iter().map(of_kind(Kind::Key)))
            .chain(issuer.into_iter().map(of_kind(Kind::Issuer)))
    }

    /// How many records of all kinds.
    pub(super) fn len(&self) -> usize {
        let whole = [&self.sessions, &self.grants, &self.tokens, &self.keys];
        let before = [&self.users, &self.clients];
        whole.iter().map(|table| table.len()).sum::<usize>()
            + before.iter().map(|table| table.len()).sum::<usize>()
            + usize::from(self.of_issuer().is_some())
    }

    /// Bytes of all slots.
    pub(super) fn bytes(&self) -> usize {
        let whole = [&self.sessions, &self.grants, &self.tokens, &self.keys];
        let before = [&self.users, &self.clients];
        whole.iter().map(|table| table.bytes()).sum::<usize>()
            + before.iter().map(|table| table.bytes()).sum::<usize>()
    }
}

fn of(kind: Kind, key: Key, until: Until) -> Record {
    Record::from_parts(kind, key, until.nbf.into(), until.exp.into())
}
