//! The room where Sekisho speaks: HTTP, HTML, cookies, configuration, the command line and start-up.

pub mod app;
pub mod audit;
pub mod authorize;
pub mod cli;
pub mod config;
pub mod demo;
pub mod discovery;
pub mod end;
pub mod establish;
pub mod http;
pub mod issuer;
pub mod journey;
pub mod keys;
pub mod listen;
pub mod login;
pub mod logout;
pub mod pages;
pub mod passwords;
pub mod revoke;
pub mod routes;
pub mod seal;
pub mod signed_in;
pub mod telemetry;
pub mod text;
pub mod token;
pub mod userinfo;
