//! `sekisho password-list`.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;

use super::terminal::{Failure, Terminal};
use crate::breached::{self, Source};

const BUILD: &str = "\
The list goes into `passwords.breached_file`; new passwords that stand in it are refused. FROM is what the downloader of
Have I Been Pwned writes (SHA-1, a colon, a count, sorted), or with --plain one password on each line. `-` is what is
piped in. A list of a thousand million passwords takes 4 GB on the disk and half a megabyte of memory.
Examples:
  sekisho password-list build pwnedpasswords.txt leaked.list
  sekisho password-list build --plain our-words.txt leaked.list";

/// Lists of leaked passwords
#[derive(clap::Subcommand)]
pub(crate) enum PasswordListCommand {
    /// Make the file for `passwords.breached_file`
    #[command(after_help = BUILD)]
    Build(Build),
}

#[derive(clap::Args)]
pub(crate) struct Build {
    /// The download, or `-`
    from: PathBuf,
    /// The file to make
    to: PathBuf,
    /// FROM has one password on each line, not SHA-1
    #[arg(long)]
    plain: bool,
}

impl PasswordListCommand {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let Self::Build(Build { from, to, plain }) = self;
        let source = match plain {
            true => Source::Plain,
            false => Source::Hibp,
        };
        let input: Box<dyn Read> = match from.as_os_str() == "-" {
            true => Box::new(stdin()),
            false => {
                let what = format!("{} cannot be read", from.display());
                Box::new(File::open(&from).map_err(|error| Failure::Refused(format!("{what}: {error}")))?)
            }
        };
        let built = breached::build(input, source, &to)
            .map_err(|error| Failure::Refused(format!("no list was made: {error:#}")))?;
        terminal.say(format!(
            "wrote {}: {} passwords, {} bytes",
            to.display(),
            built.entries,
            built.bytes
        ))
    }
}
