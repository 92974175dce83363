//! What the measurements of the running server share: its process, a browser that signs in, the doors under load, rows for the table.
#![expect(missing_docs, reason = "a program's insides, shared by two programs")]

pub mod browser;
pub mod doors;
pub mod load;
pub mod process;
pub mod raw;
pub mod row;
pub mod seed;
