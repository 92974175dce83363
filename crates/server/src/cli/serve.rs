//! `sekisho serve`.

use std::path::Path;

use super::terminal::{Failure, Terminal};
use crate::config::Config;
use crate::serve::serve;
use crate::telemetry::logs;

const EXAMPLES: &str = "\
Examples:
  sekisho serve
  sekisho --config /etc/sekisho.toml serve
  SEKISHO_ISSUER=https://login.example.com/ DATABASE_URL=postgres://... sekisho serve
SIGTERM or SIGINT lets open requests finish; a second one stops at once.";

/// Serve the issuer.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {}

impl Serve {
    pub(super) fn run(self, file: Option<&Path>, terminal: &Terminal) -> Result<(), Failure> {
        let config = Config::load(file, &terminal.environment)?;
        logs::install(&config.log).map_err(Failure::because("no log"))?;
        super::runtime()?.block_on(serve(config)).map_err(Failure::from)
    }
}
