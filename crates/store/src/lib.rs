//! `store` remembers: tables, SQL, migrations and transactions, on SQLite and PostgreSQL with one SQL text.
//!
//! Map of the room: [`door`] is the only place that names a database driver; [`migrate`] makes and grows the schema;
//! every other module is one table, named for its rows.

pub mod door;
pub mod mfa_tokens;
pub mod migrate;

pub use column::After;
pub use door::{Arg, Bell, Db, Fault, Options, Pending, Row, Settled, Tx};

pub mod apis;
pub mod assertions;
pub mod audit;
pub mod browsers;
pub mod client_grants;
pub mod clients;
pub mod codes;
mod column;
pub mod connections;
pub mod consents;
pub mod counters;
pub mod ended_tokens;
pub mod factors;
pub mod families;
pub mod flows;
pub mod gateway_apps;
pub mod identities;
pub mod imports;
pub mod issuer;
pub mod jobs;
pub mod keys;
pub mod mail_codes;
pub mod meta;
pub mod nodes;
pub mod opaque_tokens;
pub mod passkeys;
pub mod password_history;
pub mod refresh_tokens;
pub mod revocations;
pub mod session_clients;
pub mod sessions;
pub mod statements;
pub mod sweep;
pub mod users;
