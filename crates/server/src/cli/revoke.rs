//! `sekisho revoke`: the red button.

use std::io::{Write as _, stderr};

use serde_json::json;

use super::terminal::{Failure, Input, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::restore::{self, Why};
use crate::app::App;

const EVERYTHING: &str = "\
Every session, grant and token of everybody ends: people sign in again, machines ask for new tokens. It asks twice.
Where nobody can be asked, say --yes twice:
  sekisho revoke everything --yes --yes
Verifiers go on listening: they are told, and get new tokens for themselves. For one user, client or key there are
`user logout`, `client revoke` and `key revoke`.";

/// Everything at once.
#[derive(clap::Subcommand)]
pub(crate) enum RevokeCommand {
    /// End every session, grant and token of everybody
    #[command(after_help = EVERYTHING)]
    Everything(Everything),
}

#[derive(clap::Args)]
pub(crate) struct Everything {
    /// Do not ask; must be said twice
    #[arg(long, action = clap::ArgAction::Count)]
    yes: u8,
    #[command(flatten)]
    answering: Answering,
}

impl RevokeCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let Self::Everything(Everything { yes, answering }) = self;
        let issuer = app.config.issuer.as_str();
        match (yes, terminal.input_is) {
            (2.., _) => {}
            (1, _) => {
                let sentence =
                    "this ends every session and token of everybody; if you mean it, say --yes twice";
                return Err(Failure::NotUnderstood(sentence.to_owned()));
            }
            (0, Input::Pipe) => {
                let sentence = "nobody can be asked here; if you mean it, say --yes twice";
                return Err(Failure::Refused(sentence.to_owned()));
            }
            (0, Input::Person) => {
                let first = format!(
                    "This ends every session and token of everybody at {issuer}. Type \"everything\": "
                );
                expect(terminal, &first, "everything")?;
                expect(terminal, "Once more, the issuer's address: ", issuer)?;
            }
        }
        restore::everything(app, Operator, Why::RedButton).await?;
        let value = json!({"revoked": "everything"});
        answering
            .say(app, terminal, "every session, grant and token has ended", value)
            .await
    }
}

fn expect(terminal: &mut Terminal, question: &str, answer: &str) -> Result<(), Failure> {
    write!(stderr(), "{question}")?;
    match terminal.hear_line()?.trim() == answer {
        true => Ok(()),
        false => Err(Failure::Refused(
            "that was something else; nothing has ended".to_owned(),
        )),
    }
}
