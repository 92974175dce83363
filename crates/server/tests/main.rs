//! Stories through the real router, and what holds for every page.
#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod agreement;
mod algorithms;
mod api;
mod authorize;
mod backchannel;
mod browser;
mod client_auth;
mod client_update;
mod commands;
mod demo;
mod edge;
mod ending;
mod feed;
mod frontchannel;
mod gateway;
mod host;
mod in_flight;
mod introspect;
mod jobs;
mod journey;
mod keys;
mod listen;
mod login;
mod logout;
mod mail_code;
mod oidcc;
mod operator;
mod pages;
mod password_rule;
mod process;
mod prompt;
mod races;
mod recorded;
mod recovery;
mod refresh;
mod relying_party;
mod restored;
mod review;
mod seed;
mod site;
mod token;
#[path = "../../verify/tests/support/wire.rs"]
mod wire;
