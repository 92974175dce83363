//! `sekisho verifier`: what an API needs in order to listen to revocations.

use sekisho_rules::client::{ClientKind, LogoutNotices, Party};
use sekisho_verify::Scope;
use serde_json::json;

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::clients::{self, NewClient};
use crate::admin::{apis, grants};
use crate::app::App;
use crate::builtin;

const ADD: &str = "\
Makes a client of its own for the API, lets it read the revocation feed and ask about tokens of the API, and prints
what the verifier libraries read from the environment. The secret is printed once.
Examples:
  sekisho verifier add \"Notes API\"
  sekisho verifier add \"Notes API\" --api https://api.example.com/ > notes-api.env";

/// APIs that listen to the revocation feed.
#[derive(clap::Subcommand)]
pub(crate) enum VerifierCommand {
    /// Let an API listen, and print what it needs
    #[command(after_help = ADD)]
    Add(Add),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// The name people see
    name: String,
    /// The identifier of the API; not needed when there is only one
    #[arg(long, value_name = "IDENTIFIER")]
    api: Option<String>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl VerifierCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let Self::Add(Add { name, api, json }) = self;
        let audience = match api {
            Some(audience) => audience,
            None => only_api(app).await?,
        };
        let feed = builtin::revocations(&app.config.issuer);
        // Looked for first: a client without its grant would be of no use.
        let known = own_apis(app).await?;
        if !known.contains(&audience) {
            return Err(Failure::Refused(format!(
                "there is no API {audience}; add it with `sekisho api add`"
            )));
        }
        let new = NewClient {
            name,
            kind: ClientKind::Machine,
            auth_method: None,
            callbacks: Vec::new(),
            logout_urls: Vec::new(),
            web_origins: Vec::new(),
            grants: Vec::new(),
            jwks: None,
            mfa: None,
            party: Party::First,
            refresh: None,
            notices: LogoutNotices::default(),
        };
        let (client, secret) = clients::add(app, Operator, new).await?;
        let read = Scope::parse(builtin::READ_REVOCATIONS).map_err(Failure::because("the feed's scope"))?;
        grants::put(app, Operator, &client, &feed, read).await?;
        // Without any scope: it is the API, and asks about tokens (introspection), not for data.
        grants::put(app, Operator, &client, &audience, Scope::empty()).await?;
        let secret = secret.map(|secret| secret.encode()).unwrap_or_default();
        let issuer = app.config.issuer.as_str();
        if json {
            return terminal.say_json(&json!({
                "issuer": issuer,
                "audience": audience,
                "client_id": client.id.as_str(),
                "client_secret": secret,
            }));
        }
        terminal.say(format!("SEKISHO_ISSUER={issuer}"))?;
        terminal.say(format!("SEKISHO_AUDIENCE={audience}"))?;
        terminal.say(format!("SEKISHO_CLIENT_ID={}", client.id))?;
        terminal.say(format!("SEKISHO_CLIENT_SECRET={secret}"))
    }
}

async fn only_api(app: &App) -> Result<String, Failure> {
    let mut all = own_apis(app).await?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(Failure::Refused(
            "there are several APIs; name the one that listens with --api".to_owned(),
        )),
        (None, _) => Err(Failure::Refused(
            "there is no API yet; add it with `sekisho api add`".to_owned(),
        )),
    }
}

/// The APIs somebody added; those below the issuer's address are its own.
async fn own_apis(app: &App) -> Result<Vec<String>, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = apis::page(app, &after).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.id.clone();
        let added = page
            .into_iter()
            .map(|api| api.identifier)
            .filter(|identifier| !identifier.starts_with(app.config.issuer.as_str()));
        all.extend(added);
    }
}
