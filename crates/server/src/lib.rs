//! The room where Sekisho speaks: HTTP, HTML, cookies, configuration, the command line and start-up.

pub mod config;
pub mod demo;
pub mod listen;
pub mod pages;
pub mod passwords;
pub mod seal;
pub mod telemetry;
pub mod text;
