//! `sekisho completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::terminal::{Failure, Terminal};

/// Print a completion script for a shell.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sekisho completions bash > /etc/bash_completion.d/sekisho")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "sekisho", &mut script);
        terminal.out.write_all(&script)?;
        Ok(())
    }
}
