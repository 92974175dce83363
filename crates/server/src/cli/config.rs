//! `sekisho config`.

use super::terminal::{Failure, Terminal};
use crate::config::Config;

/// Show the settings there are.
#[derive(clap::Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a commented file with every setting and its default
    #[command(after_help = "Example:\n  sekisho config example > sekisho.toml")]
    Example,
}

impl ConfigCommand {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Example => Ok(terminal.out.write_all(Config::example().as_bytes())?),
        }
    }
}
