//! The walls of the house: rules about the tree that neither the compiler nor a lint checks.
//!
//! `rooms` is about packages and who may name which outside crate, `imports` about the order of modules inside the
//! server, `text` about every file, `documents` about the handbook, `threats` about docs/threats.md. `tree` reads files for all of them.

mod documents;
mod imports;
mod rooms;
mod text;
mod threats;
mod tree;
