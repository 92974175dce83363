//! `store` remembers: tables, SQL, migrations and transactions, on SQLite and PostgreSQL with one SQL text.
//!
//! Map of the room: [`door`] is the only place that names a database driver; [`migrate`] makes and grows the schema;
//! every other module is one table, named for its rows.

pub mod door;
pub mod migrate;

pub use door::{Arg, Db, Fault, Options, Pending, Row, Settled, Tx};
