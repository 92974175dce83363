//! `sekisho consent`.

use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::{clients, consents, users};
use crate::app::App;

/// What people allowed applications of others.
#[derive(clap::Subcommand)]
pub(crate) enum ConsentCommand {
    /// List what a user allowed
    List(List),
    /// Take back what a user allowed a client: its grants of theirs end
    Withdraw(Withdraw),
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
pub(crate) struct Withdraw {
    /// The e-mail address or the id of the user
    user: String,
    /// The client's id
    client_id: String,
    #[command(flatten)]
    answering: Answering,
}

impl ConsentCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::List(List { user, json }) => {
                let user = users::find(app, &user).await?;
                let all = consents::of_user(app, &user).await?;
                if json {
                    let shown = all.iter().map(|one| {
                        json!({
                            "client_id": one.client.as_str(),
                            "audience": one.audience,
                            "scope": one.consent.scope,
                            "granted_at": one.consent.granted_at.iso8601(),
                        })
                    });
                    return terminal.say_json(&Value::Array(shown.collect()));
                }
                for one in &all {
                    terminal.say(format!("{}  {}  {}", one.client, one.audience, one.consent.scope))?;
                }
                Ok(())
            }
            Self::Withdraw(command) => {
                let user = users::find(app, &command.user).await?;
                let client = clients::find(app, &command.client_id).await?;
                consents::withdraw(app, Operator, &user, &client).await?;
                let line = format!("{} may no longer act for {}", client.id, user.shown());
                let value = json!({"client_id": client.id.as_str(), "user_id": user.id.as_str(), "done": "withdrawn"});
                command.answering.say(app, terminal, &line, value).await
            }
        }
    }
}
