//! `sekisho gateway`.

use sekisho_rules::gateway::GatewayApp;
use sekisho_verify::Scope;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::gateway::{self, NewApp};
use crate::app::App;

const EXAMPLES: &str = "\
Examples:
  sekisho gateway add https://app.example.com
  sekisho gateway add https://app.example.com --audience https://api.example.com/ --scope \"read:notes\"
Then let the proxy of that host ask for every request: examples/nginx, examples/caddy, docs/gateway.md.
The proxy's address must be in `server.trusted_proxies`; the gateway answers nobody else.";

/// Applications whose proxy asks us about every request: cookies become identity headers and a token
#[derive(clap::Subcommand)]
pub(crate) enum GatewayCommand {
    /// Put an application behind the gateway
    #[command(after_help = EXAMPLES)]
    Add(Add),
    /// List the applications behind the gateway
    List(List),
    /// Take an application from behind the gateway: its client and every token it was given end
    Remove(Remove),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// Where browsers reach it: scheme and host, such as https://app.example.com
    origin: String,
    /// The name people see; the host when left out
    #[arg(long)]
    name: Option<String>,
    /// The API that its tokens are for; the application itself when left out
    #[arg(long, value_name = "API")]
    audience: Option<String>,
    /// What its tokens may open: scopes of the API, with spaces between
    #[arg(long, default_value = "")]
    scope: String,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Remove {
    /// Where browsers reach it
    origin: String,
}

impl GatewayCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(add) => {
                let new = NewApp {
                    origin: add.origin,
                    name: add.name,
                    audience: add.audience,
                    scope: Scope::parse(&add.scope).map_err(Failure::because("--scope"))?,
                };
                let added = gateway::add(app, Operator, new).await?;
                if add.json {
                    return terminal.say_json(&shown(&added));
                }
                terminal.say(format!("{} is behind the gateway", added.origin.as_str()))?;
                terminal.say(format!("client_id {}", added.client_id))?;
                terminal.say(format!("audience  {}", added.audience))?;
                if app.config.server.trusted_proxies.is_empty() {
                    terminal.say(
                        "Name its proxy in server.trusted_proxies: the gateway answers nobody else, and now nobody is named.",
                    )?;
                }
                Ok(())
            }
            Self::List(List { json }) => {
                let apps = gateway::every(app).await?;
                if json {
                    return terminal.say_json(&Value::Array(apps.iter().map(shown).collect()));
                }
                for app in &apps {
                    let line = format!("{}  {}  {}", app.origin.as_str(), app.audience, app.scope);
                    terminal.say(line.trim_end())?;
                }
                Ok(())
            }
            Self::Remove(Remove { origin }) => {
                gateway::remove(app, Operator, &origin).await?;
                terminal.say(format!("{origin} is no longer behind the gateway"))
            }
        }
    }
}

fn shown(app: &GatewayApp) -> Value {
    json!({
        "origin": app.origin.as_str(),
        "client_id": app.client_id.as_str(),
        "audience": app.audience,
        "scope": app.scope,
    })
}
