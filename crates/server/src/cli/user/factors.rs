//! `sekisho user factors`: for the person at the help desk who was called by somebody without their phone.

use serde_json::{Value, json};

use super::One;
use crate::admin::Actor::Operator;
use crate::admin::factors::{self, Held};
use crate::admin::users;
use crate::app::App;
use crate::cli::terminal::{Failure, Terminal};

const RESET: &str = "\
Every authenticator app, passkey, recovery code and code by mail of theirs is taken away, and no browser is remembered. They
sign in with what is left, their password or a mail to their address, and are told by mail. Make sure first that it is them who
ask. Their sessions go on; `sekisho user logout` ends those.
Example:
  sekisho user factors reset alice@example.com";

/// What a user proves beside their password.
#[derive(clap::Subcommand)]
pub(crate) enum FactorsCommand {
    /// List what a user has set up, passkeys and recovery codes too
    List(One),
    /// Take everything away that a user has set up
    #[command(after_help = RESET)]
    Reset(One),
}

impl FactorsCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::List(One { user, json }) => {
                let user = users::find(app, &user).await?;
                let held = factors::list(app, &user).await?;
                if json {
                    return terminal.say_json(&Value::Array(held.iter().map(shown).collect()));
                }
                for one in &held {
                    let day = one.since.iso8601();
                    let left = one.codes_left.map(|left| format!("{left} left"));
                    let about = left.unwrap_or_else(|| one.name.clone());
                    let line = format!("{}  {:13}  {day}  {about}", one.id, one.kind.word());
                    terminal.say(line.trim_end())?;
                }
                Ok(())
            }
            Self::Reset(One { user, json }) => {
                let user = users::find(app, &user).await?;
                let gone = factors::reset(app, Operator, &user).await?;
                match json {
                    true => terminal.say_json(&json!({
                        "id": user.id.as_str(),
                        "email": user.email,
                        "done": "factors reset",
                        "removed": gone.iter().map(shown).collect::<Vec<_>>(),
                    })),
                    false => {
                        let line =
                            format!("factors reset {} {}: {} removed", user.id, user.email, gone.len());
                        terminal.say(line)
                    }
                }
            }
        }
    }
}

/// Never a secret, nor a code.
fn shown(held: &Held) -> Value {
    let mut value = json!({
        "id": held.id,
        "kind": held.kind.word(),
        "name": held.name,
        "since": held.since.iso8601(),
        "last_used": held.last_used.map(|at| at.iso8601()),
    });
    if let Some(left) = held.codes_left {
        value["codes_left"] = json!(left);
    }
    value
}
