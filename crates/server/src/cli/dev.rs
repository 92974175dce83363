//! `sekisho dev`.

use std::io::Write as _;
use std::path::PathBuf;

use super::terminal::{Failure, Terminal};
use crate::dev::{self, Data, Options, Transport};

const EXAMPLES: &str = "\
Examples:
  sekisho dev                                  look at it: issuer 4000, demo app 4001, demo API 4002
  sekisho dev --json --ephemeral --port 0      a fixture for tests: read one line, then call it
  sekisho dev --https                          with a certificate of a local authority
Delete the folder and you start afresh. DATABASE_URL and the SEKISHO_ variables count here too, except for the
issuer and the folder; settings files and --config do not.
To manage it with the other commands:
  export SEKISHO_ISSUER=http://localhost:4000/ SEKISHO_DATA_DIR=sekisho-dev-data";

/// Run an issuer, a demo app and a demo API on this machine.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Dev {
    /// Print one line of JSON when everything answers; the log goes to standard error
    #[arg(long)]
    json: bool,
    /// The folder with the data
    #[arg(long, value_name = "DIR", default_value = dev::DATA)]
    data: PathBuf,
    /// The issuer's port; the app takes the next one, the API the one after; 0 finds free ones
    #[arg(long, default_value_t = dev::PORT)]
    port: u16,
    /// Use a fresh folder and remove it at the end
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// Serve TLS with a certificate of a local authority
    #[arg(long)]
    https: bool,
}

impl Dev {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let options = Options {
            data: if self.ephemeral {
                Data::Ephemeral
            } else {
                Data::Folder(self.data)
            },
            port: self.port,
            transport: if self.https {
                Transport::Https
            } else {
                Transport::Http
            },
            environment: terminal.environment.clone(),
        };
        let running = dev::dev(options, |ready| {
            match self.json {
                true => writeln!(terminal.out, "{}", ready.json())?,
                false => writeln!(terminal.out, "{}", ready.text())?,
            }
            Ok(terminal.out.flush()?)
        });
        super::runtime()?.block_on(running).map_err(Failure::from)
    }
}
