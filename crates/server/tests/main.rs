//! Stories through the real router, and what holds for every page.
#![expect(clippy::unwrap_used, reason = "tests")]

mod listen;
mod login;
mod demo;
mod pages;
mod site;
