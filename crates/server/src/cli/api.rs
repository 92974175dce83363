//! `sekisho api`.

use sekisho_jose::Algorithm;
use sekisho_rules::api::{Api, ApiScope, Dialect, Offline};
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::apis::{self, NewApi};
use crate::app::App;

const EXAMPLES: &str = "\
Example:
  sekisho api add https://api.example.com/ --name \"Notes\" \\
      --scope \"read:notes=Read your notes\" --scope \"write:notes=Write notes\" --token-lifetime 3600";

/// APIs that accept our access tokens.
#[derive(clap::Subcommand)]
pub(crate) enum ApiCommand {
    /// Add an API
    #[command(after_help = EXAMPLES)]
    Add(Add),
    /// List the APIs
    List(List),
    /// Delete an API: no new token is made for it
    Delete(Delete),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// Its name in tokens (`aud`): an address, which need not exist
    identifier: String,
    /// The name people see; the identifier when left out
    #[arg(long)]
    name: Option<String>,
    /// A scope it knows, with words for the consent page; may be repeated
    #[arg(long, value_name = "WORD=DESCRIPTION")]
    scope: Vec<String>,
    /// Seconds an access token lives
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    token_lifetime: i64,
    /// Make its access tokens in the form of RFC 9068 (`typ` at+jwt)
    #[arg(long)]
    rfc9068: bool,
    /// What its access tokens are signed with; other than RS256 needs the setting `keys.non_rsa`
    #[arg(long, value_name = "ALG", default_value_t = Algorithm::Rs256)]
    signing_alg: Algorithm,
    /// Give no refresh tokens with its tokens
    #[arg(long)]
    no_offline_access: bool,
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
pub(crate) struct Delete {
    /// Its name in tokens (`aud`)
    identifier: String,
}

impl ApiCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(app, terminal).await,
            Self::List(List { json }) => list(json, app, terminal).await,
            Self::Delete(Delete { identifier }) => {
                apis::delete(app, Operator, &identifier).await?;
                terminal.say(format!("deleted {identifier}"))
            }
        }
    }
}

impl Add {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let scope = |text: String| {
            let (value, description) = text.split_once('=').unwrap_or((&text, &text));
            ApiScope {
                value: value.to_owned(),
                description: description.to_owned(),
            }
        };
        let new = NewApi {
            name: self.name.unwrap_or_else(|| self.identifier.clone()),
            identifier: self.identifier,
            scopes: self.scope.into_iter().map(scope).collect(),
            token_lifetime: self.token_lifetime,
            dialect: if self.rfc9068 {
                Dialect::Rfc9068
            } else {
                Dialect::AccessToken
            },
            signing_alg: self.signing_alg,
            offline: if self.no_offline_access {
                Offline::Denied
            } else {
                Offline::Allowed
            },
        };
        let api = apis::add(app, Operator, new).await?;
        match self.json {
            true => terminal.say_json(&shown(&api)),
            false => terminal.say(format!("added {}", api.identifier)),
        }
    }
}

async fn list(json: bool, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = apis::page(app, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.id.clone();
        all.extend(page);
    }
    if json {
        return terminal.say_json(&Value::Array(all.iter().map(shown).collect()));
    }
    for api in &all {
        let scopes: Vec<&str> = api.scopes.iter().map(|scope| scope.value.as_str()).collect();
        let line = format!(
            "{}  {}  {} s  {}",
            api.identifier,
            api.name,
            api.token_lifetime,
            scopes.join(" ")
        );
        terminal.say(line.trim_end())?;
    }
    Ok(())
}

fn shown(api: &Api) -> Value {
    json!({
        "identifier": api.identifier,
        "name": api.name,
        "scopes": api.scopes,
        "token_lifetime": api.token_lifetime,
        "dialect": api.dialect.word(),
        "signing_alg": api.signing_alg.name(),
        "offline_access": api.offline == Offline::Allowed,
    })
}
