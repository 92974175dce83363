//! `sekisho token`.

use serde_json::json;

use super::terminal::{Failure, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::tokens::{self, Revoked};
use crate::app::App;

const REVOKE: &str = "\
The token is read from what is piped in or typed, because command lines are seen by others. An access token ends
alone; a refresh token ends its grant with every access token of it.
Examples:
  sekisho token revoke < token.txt
  pbpaste | sekisho token revoke --wait";

/// Single tokens.
#[derive(clap::Subcommand)]
pub(crate) enum TokenCommand {
    /// End an access token or a refresh token, a leaked one for example
    #[command(after_help = REVOKE)]
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    answering: Answering,
}

impl TokenCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let Self::Revoke(Revoke { answering }) = self;
        let token = terminal.hear()?;
        let (word, line) = match tokens::revoke(app, Operator, token.trim()).await? {
            Revoked::AccessToken => ("access_token", "revoked the access token"),
            Revoked::Grant => (
                "grant",
                "revoked the refresh token's grant and every access token of it",
            ),
            Revoked::Nothing => ("nothing", "nothing to do: it has expired or ended already"),
        };
        answering.say(app, terminal, line, json!({"revoked": word})).await
    }
}
