//! `--wait`: how many verifiers have applied what a command revoked.

use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::revocations;
use crate::app::App;

/// What a command that ends something may be asked besides.
#[derive(clap::Args)]
pub(super) struct Answering {
    /// Wait, at most 2 seconds, until every connected verifier has applied it, and say how many have
    #[arg(long)]
    wait: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl Answering {
    /// Says that something has ended: `line` for people, `value` for programs, each with the counts when they were asked for.
    pub(super) async fn say(
        &self,
        app: &App,
        terminal: &mut Terminal,
        line: &str,
        mut value: Value,
    ) -> Result<(), Failure> {
        if !self.json {
            terminal.say(line)?;
        }
        if self.wait {
            let counts = revocations::applied(app).await?;
            value["connected"] = json!(counts.connected);
            value["applied"] = json!(counts.applied);
            if !self.json {
                terminal.say(match counts.connected {
                    0 => "no verifier is connected".to_owned(),
                    connected => format!(
                        "{} of {connected} connected verifiers have applied it",
                        counts.applied
                    ),
                })?;
            }
        }
        match self.json {
            true => terminal.say_json(&value),
            false => Ok(()),
        }
    }
}
