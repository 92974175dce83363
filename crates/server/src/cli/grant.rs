//! `sekisho grant`.

use sekisho_verify::Scope;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::{clients, grants};
use crate::app::App;

const EXAMPLES: &str = "\
Example:
  sekisho grant add CLIENT_ID https://api.example.com/ --scope \"read:notes write:notes\"
The client then asks for a token:
  curl ISSUER/oauth/token -d grant_type=client_credentials -d client_id=CLIENT_ID \\
      -d client_secret=SECRET -d audience=https://api.example.com/";

/// Which APIs a client may call in its own name (client credentials).
#[derive(clap::Subcommand)]
pub(crate) enum GrantCommand {
    /// Let a client ask for tokens for an API; an existing grant gets the new scope
    #[command(after_help = EXAMPLES)]
    Add(Add),
    /// List the grants of a client
    List(List),
    /// Take a grant away: no new token is made for it
    Delete(Pair),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    pair: Pair,
    /// The most it may ask for: scopes of the API, with spaces between
    #[arg(long, default_value = "")]
    scope: String,
}

#[derive(clap::Args)]
pub(crate) struct Pair {
    /// The client's id
    client_id: String,
    /// The API's identifier
    audience: String,
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// The client's id
    client_id: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

impl GrantCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(Add { pair, scope }) => {
                let client = clients::find(app, &pair.client_id).await?;
                let scope = Scope::parse(&scope).map_err(Failure::because("--scope"))?;
                grants::put(app, Operator, &client, &pair.audience, scope).await?;
                terminal.say(format!("{} may ask for {}", client.id, pair.audience))
            }
            Self::Delete(pair) => {
                let client = clients::find(app, &pair.client_id).await?;
                grants::delete(app, Operator, &client, &pair.audience).await?;
                terminal.say(format!("{} may no longer ask for {}", client.id, pair.audience))
            }
            Self::List(List { client_id, json }) => {
                let client = clients::find(app, &client_id).await?;
                let grants = grants::of_client(app, &client).await?;
                if json {
                    let shown = grants
                        .iter()
                        .map(|grant| json!({"audience": grant.audience, "scope": grant.scope}));
                    return terminal.say_json(&Value::Array(shown.collect()));
                }
                for grant in &grants {
                    terminal.say(format!("{}  {}", grant.audience, grant.scope).trim_end())?;
                }
                Ok(())
            }
        }
    }
}
