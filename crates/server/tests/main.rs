//! Stories through the real router, and what holds for every page.
#![expect(clippy::unwrap_used, reason = "tests")]

mod browser;
mod demo;
mod client_auth;
mod listen;
mod login;
mod pages;
mod refresh;
mod seed;
mod site;
mod token;
