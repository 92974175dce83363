//! The command line: one file a command, named as it is typed.
//!
//! A command reads its arguments, calls an action (`admin`) or a part of the program, and says what happened. It
//! decides nothing. Exit codes: 0 done, 1 refused or failed, 2 the command line was not understood.

mod api;
mod client;
mod completions;
mod config;
mod connection;
mod consent;
mod data;
mod dev;
mod doctor;
mod gateway;
mod grant;
mod json;
mod jwt;
mod key;
mod log;
mod password_list;
mod revocations;
mod revoke;
mod secrets;
mod serve;
mod session;
mod terminal;
mod token;
mod transfer;
mod user;
mod verifier;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{App, Clock};
use crate::config::Config;

pub use terminal::{Colour, Failure, Input, Terminal};

/// The exit code when a command was refused or failed. Clap answers 2 when it was not understood.
const FAILED: u8 = 1;
/// The exit code when the arguments contradict each other in a way clap does not see.
const NOT_UNDERSTOOD: u8 = 2;

const EXAMPLES: &str = "\
Start here:
  sekisho dev                               an issuer, a demo app and a demo API on this machine
  sekisho config example > sekisho.toml     a file with every setting, explained
  sekisho jwt decode < token.txt            what a token says

Exit codes: 0 done, 1 refused or failed, 2 the command line was not understood.
Settings come from `sekisho.toml` and the environment; `sekisho config example` lists them.";

/// Sekisho: log in, scale, revoke. A self-hosted identity provider.
#[derive(Parser)]
#[command(name = "sekisho", version, propagate_version = true, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    /// The file with the settings; `sekisho.toml` here when there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the issuer
    Serve(serve::Serve),
    /// Run an issuer, a demo app and a demo API on this machine
    Dev(dev::Dev),
    /// Check the settings, the database, the keys and the certificates, changing nothing
    Doctor(doctor::Doctor),
    /// Bring the database schema up to date, as `serve` does when it starts
    Migrate,
    /// Write a consistent copy of the SQLite database while the server runs
    Backup(data::Backup),
    /// After a backup was restored: end every session and grant that it brought back
    #[command(after_help = data::RESTORED)]
    Restored,
    /// People who can sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// Applications that send people to sign in, and machines that ask for tokens
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// APIs that accept our access tokens
    #[command(subcommand)]
    Api(api::ApiCommand),
    /// Other services people sign in at
    #[command(subcommand)]
    Connection(connection::ConnectionCommand),
    /// Which APIs a client may call in its own name (client credentials)
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Applications whose proxy asks us about every request
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// Where people are signed in
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Single tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// What people allowed applications of others
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// The red button
    #[command(subcommand)]
    Revoke(revoke::RevokeCommand),
    /// What was revoked, in order
    #[command(subcommand)]
    Revocations(revocations::RevocationsCommand),
    /// APIs that listen to the revocation feed
    #[command(subcommand)]
    Verifier(verifier::VerifierCommand),
    /// What happened: sign-ins, failures, changes
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Keys that sign tokens, and the key that seals them
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Lists of leaked passwords
    #[command(subcommand)]
    PasswordList(password_list::PasswordListCommand),
    /// Show the settings there are
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Take apart, check and make JSON Web Tokens
    #[command(subcommand)]
    Jwt(Box<jwt::JwtCommand>),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// The whole program: parses the command line, runs the command, says what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut terminal = Terminal::real();
    match cli.run(&mut terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.complain(&failure);
            ExitCode::from(match failure {
                Failure::NotUnderstood(_) => NOT_UNDERSTOOD,
                Failure::Refused(_) | Failure::Pipe => FAILED,
            })
        }
    }
}

impl Cli {
    /// Runs the command with this terminal.
    ///
    /// # Errors
    /// [`Failure`]: one sentence for the operator.
    pub fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let file = self.config;
        match self.command {
            Command::Serve(command) => command.run(file.as_deref(), terminal),
            Command::Dev(command) => command.run(terminal),
            Command::Doctor(command) => command.run(file.as_deref(), terminal),
            Command::PasswordList(command) => command.run(terminal),
            Command::Config(command) => command.run(terminal),
            Command::Jwt(command) => command.run(terminal),
            Command::Completions(command) => command.run(terminal),
            data => {
                let config = Config::load(file.as_deref(), &terminal.environment)?;
                runtime()?.block_on(data.with_data(config, terminal))
            }
        }
    }
}

impl Command {
    /// The commands that need the data.
    async fn with_data(self, config: Config, terminal: &mut Terminal) -> Result<(), Failure> {
        if let Self::Migrate = self {
            return data::migrate(&config, terminal).await;
        }
        let app = App::open(config, Clock::System).await?;
        match self {
            Self::Backup(command) => command.run(&app, terminal).await,
            Self::Restored => data::restored(&app, terminal).await,
            Self::User(command) => command.run(&app, terminal).await,
            Self::Client(command) => command.run(&app, terminal).await,
            Self::Api(command) => command.run(&app, terminal).await,
            Self::Connection(command) => command.run(&app, terminal).await,
            Self::Grant(command) => command.run(&app, terminal).await,
            Self::Gateway(command) => command.run(&app, terminal).await,
            Self::Key(command) => command.run(&app, terminal).await,
            Self::Log(command) => command.run(&app, terminal).await,
            Self::Session(command) => command.run(&app, terminal).await,
            Self::Token(command) => command.run(&app, terminal).await,
            Self::Consent(command) => command.run(&app, terminal).await,
            Self::Revoke(command) => command.run(&app, terminal).await,
            Self::Revocations(command) => command.run(&app, terminal).await,
            Self::Verifier(command) => command.run(&app, terminal).await,
            Self::Serve(_)
            | Self::Dev(_)
            | Self::Doctor(_)
            | Self::Migrate
            | Self::PasswordList(_)
            | Self::Config(_)
            | Self::Jwt(_)
            | Self::Completions(_) => Ok(()),
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Runtime::new().map_err(Failure::because("the program cannot start"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn a_key_id_may_begin_with_a_hyphen() {
        assert!(Cli::try_parse_from(["sekisho", "key", "revoke", "-Zq0_kid"]).is_ok());
        assert!(Cli::try_parse_from(["sekisho", "key", "revoke", "--help"]).is_err());
    }

    #[test]
    fn the_command_line_is_well_formed_and_every_command_explains_itself() {
        Cli::command().debug_assert();
        fn walk(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "{} has no line of help",
                command.get_name()
            );
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
