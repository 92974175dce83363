//! `sekisho session`.

use sekisho_store::After;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::sessions::{self, Extent, Shown};
use crate::admin::users;
use crate::app::App;

const REVOKE: &str = "\
The session ends with every grant born in it, those with refresh tokens too. Verifiers that listen refuse its access
tokens within a second; those that do not accept them until they expire.
Example:
  sekisho session revoke 3f6c... --wait";

/// Where people are signed in.
#[derive(clap::Subcommand)]
pub(crate) enum SessionCommand {
    /// List the sessions of a user, newest first
    List(List),
    /// End a session
    #[command(after_help = REVOKE)]
    Revoke(Revoke),
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// The e-mail address or the id of the user
    user: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Revoke {
    /// The session's id: `sid` in its tokens
    session: String,
    #[command(flatten)]
    answering: Answering,
}

impl SessionCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::List(command) => command.run(app, terminal).await,
            Self::Revoke(Revoke { session, answering }) => {
                sessions::revoke(app, Operator, &session, Extent::Place).await?;
                let value = json!({"session_id": session, "done": "revoked"});
                answering
                    .say(app, terminal, &format!("revoked {session}"), value)
                    .await
            }
        }
    }
}

impl List {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let user = users::find(app, &self.user).await?;
        let (mut all, mut after) = (Vec::new(), After::beginning());
        loop {
            let page = sessions::of_user(app, &user, &after, 100).await?;
            let Some(last) = page.last() else { break };
            after = After {
                created_at: last.listed.created_at,
                id: last.listed.session.id.to_string(),
            };
            match self.json {
                true => all.extend(page.iter().map(shown)),
                false => {
                    for one in &page {
                        terminal.say(line(one))?;
                    }
                }
            }
        }
        match self.json {
            true => terminal.say_json(&Value::Array(all)),
            false => Ok(()),
        }
    }
}

fn line(one: &Shown) -> String {
    format!(
        "{}  since {}  last seen {}  {}  {}",
        one.listed.session.id,
        one.listed.created_at.iso8601(),
        one.listed.session.last_seen.iso8601(),
        one.listed.birthplace.ip,
        one.clients.join(" ")
    )
}

fn shown(one: &Shown) -> Value {
    json!({
        "id": one.listed.session.id.as_str(),
        "user_id": one.listed.session.user_id.as_str(),
        "created_at": one.listed.created_at.iso8601(),
        "last_seen": one.listed.session.last_seen.iso8601(),
        "expires_at": one.listed.session.expires_at.iso8601(),
        "ip": one.listed.birthplace.ip,
        "user_agent": one.listed.birthplace.user_agent,
        "clients": one.clients,
    })
}
