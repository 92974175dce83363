//! The room where Sekisho speaks: HTTP, HTML, cookies, configuration, the command line and start-up.

pub mod app;
mod audit;
mod authorize;
pub mod config;
pub mod demo;
mod discovery;
mod end;
mod establish;
pub mod http;
mod issuer;
mod journey;
pub mod keys;
pub mod listen;
mod login;
mod logout;
pub mod pages;
pub mod passwords;
mod revoke;
pub mod routes;
pub mod seal;
mod signed_in;
pub mod telemetry;
pub mod text;
mod token;
mod userinfo;
