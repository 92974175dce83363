//! `sekisho connection`.

use std::path::PathBuf;

use clap::ValueEnum;
use sekisho_rules::upstream::{
    AddressTrust, Connection, Keeping, NewAccounts, Settings, Standing, Strategy, TokenAuth,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::terminal::{Failure, Input, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::connections::{self, NewConnection};
use crate::app::App;

const EXAMPLES: &str = "\
Examples:
  sekisho connection add google --client-id 123.apps.googleusercontent.com --client-secret-file google.secret
  sekisho connection add line --client-id 2000000000 < channel.secret
  sekisho connection add apple --client-id com.example.web --team-id ABCDE12345 --key-id FGHIJ67890 \\
      --client-secret-file AuthKey_FGHIJ67890.p8
  sekisho connection add oidc --name acme --issuer https://sso.acme.example/ --client-id sekisho < secret
Register this redirect URI there: <issuer>login/callback. The secret is sealed in the database; on the command line
(--client-secret) others on this machine can see it while the command runs.";

/// Other services people sign in at: Google, X, LINE, GitHub, Apple, Microsoft, any OpenID Connect or OAuth 2 provider
#[derive(clap::Subcommand)]
pub(crate) enum ConnectionCommand {
    /// Add a service; people may sign in there at once
    #[command(after_help = EXAMPLES)]
    Add(Box<Add>),
    /// List the services
    List(List),
    /// Show one service
    Show(Named),
    /// Change a service; what is left out stays
    Update(Box<Update>),
    /// Let nobody sign in there; everything stays
    Disable(Named),
    /// Let people sign in there again
    Enable(Named),
    /// Delete a service and every link of an account to it
    Delete(Named),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// google, x, line, github, apple, microsoft, oidc or oauth2
    #[arg(value_parser = strategy)]
    strategy: Strategy,
    /// What `connection` of an authorization request names; needed for oidc and oauth2
    #[arg(long)]
    name: Option<String>,
    /// Our client id there
    #[arg(long)]
    client_id: String,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    settings: SettingArgs,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Update {
    /// The connection's name
    name: String,
    /// Our client id there
    #[arg(long)]
    client_id: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    settings: SettingArgs,
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
pub(crate) struct Named {
    /// The connection's name
    name: String,
}

#[derive(clap::Args)]
struct SecretArgs {
    /// Our secret there; better in a file or piped in
    #[arg(long, conflicts_with = "client_secret_file")]
    client_secret: Option<String>,
    /// A file that holds the secret; for Apple the .p8 file of the key
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
}

#[derive(clap::Args)]
struct SettingArgs {
    /// What people read on the button
    #[arg(long)]
    display_name: Option<String>,
    /// What is asked for there, with spaces between
    #[arg(long)]
    scope: Option<String>,
    /// The issuer; the rest is discovered
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where browsers are sent
    #[arg(long, value_name = "URL")]
    authorization_endpoint: Option<String>,
    /// Where codes are redeemed
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<String>,
    /// The keys of ID tokens
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// Where it is told who somebody is
    #[arg(long, value_name = "URL")]
    userinfo_endpoint: Option<String>,
    /// Where addresses are told, in GitHub's form
    #[arg(long, value_name = "URL")]
    emails_endpoint: Option<String>,
    /// How the secret is shown to the token endpoint
    #[arg(long)]
    token_auth: Option<Auth>,
    /// The algorithm of ID tokens; a document of the provider never chooses it
    #[arg(long, value_name = "ALG")]
    id_token_alg: Option<String>,
    /// Where a fact stands in an OAuth 2 provider's answer, as FACT=PATH: id, email, email_verified, name, nickname, picture
    #[arg(long, value_name = "FACT=PATH")]
    map: Vec<String>,
    /// Microsoft: common, organizations, consumers or the id of a tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Apple: the team
    #[arg(long)]
    team_id: Option<String>,
    /// Apple: the key
    #[arg(long)]
    key_id: Option<String>,
    /// LINE: offer people to befriend the channel's account, normal or aggressive
    #[arg(long)]
    bot_prompt: Option<String>,
    /// When an address counts as its owner's
    #[arg(long)]
    address_trust: Option<Trust>,
    /// Whether people without an account get one
    #[arg(long, value_name = "BOOL")]
    new_accounts: Option<bool>,
    /// Whether the service's tokens are kept, sealed
    #[arg(long, value_name = "BOOL")]
    keep_tokens: Option<bool>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Auth {
    Basic,
    Post,
}

#[derive(Clone, Copy, ValueEnum)]
enum Trust {
    Claimed,
    Always,
    Never,
}

impl ConnectionCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(app, terminal).await,
            Self::Update(update) => update.run(app, terminal).await,
            Self::List(List { json: true }) => {
                let every = connections::every(app).await?;
                terminal.say_json(&Value::Array(every.iter().map(shown).collect()))
            }
            Self::List(List { json: false }) => {
                for connection in connections::every(app).await? {
                    let word = connection.strategy.word();
                    let line = format!("{}  {word}  {}", connection.name, standing(&connection));
                    terminal.say(line)?;
                }
                Ok(())
            }
            Self::Show(Named { name }) => {
                let found = connections::find(app, &name).await?;
                terminal.say(format!("{:#}", shown(&found)))
            }
            Self::Disable(Named { name }) => stand(app, &name, Standing::Disabled, terminal).await,
            Self::Enable(Named { name }) => stand(app, &name, Standing::Enabled, terminal).await,
            Self::Delete(Named { name }) => {
                let found = connections::find(app, &name).await?;
                connections::delete(app, Operator, &found).await?;
                terminal.say(format!("deleted {}", found.name))
            }
        }
    }
}

impl Add {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let secret = match self.secret.given()? {
            Some(secret) => secret,
            None if terminal.input_is == Input::Pipe => Zeroizing::new(terminal.hear()?),
            None => {
                return Err(Failure::Refused(
                    "no secret was given; see --client-secret-file".to_owned(),
                ));
            }
        };
        let new = NewConnection {
            name: self.name,
            strategy: self.strategy,
            client_id: self.client_id,
            secret,
            settings: self.settings.over(Settings::default())?,
        };
        let added = connections::add(app, Operator, new).await?;
        if self.json {
            return terminal.say_json(&shown(&added));
        }
        terminal.say(format!("people may sign in with {}", added.display_name()))?;
        terminal.say(format!("connection    {}", added.name))?;
        terminal.say(format!(
            "redirect_uri  {}",
            app.config.issuer.link(crate::upstream::CALLBACK)
        ))
    }
}

impl Update {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let mut connection = connections::find(app, &self.name).await?;
        connection.client_id = self.client_id.unwrap_or(connection.client_id);
        connection.settings = self.settings.over(connection.settings)?;
        let changed = connections::update(app, Operator, connection, self.secret.given()?).await?;
        match self.json {
            true => terminal.say_json(&shown(&changed)),
            false => terminal.say(format!("{:#}", shown(&changed))),
        }
    }
}

async fn stand(app: &App, name: &str, standing: Standing, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut connection = connections::find(app, name).await?;
    connection.standing = standing;
    let changed = connections::update(app, Operator, connection, None).await?;
    terminal.say(match standing {
        Standing::Enabled => format!("enabled {}", changed.name),
        Standing::Disabled => format!("disabled {}", changed.name),
    })
}

impl SecretArgs {
    fn given(self) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(file) = self.client_secret_file else {
            return Ok(self.client_secret.map(Zeroizing::new));
        };
        let text = std::fs::read_to_string(&file).map_err(Failure::because(file.display()))?;
        Ok(Some(Zeroizing::new(text.trim().to_owned())))
    }
}

impl SettingArgs {
    /// What was said in place of what is there. An empty text takes a value away.
    fn over(self, mut there: Settings) -> Result<Settings, Failure> {
        for (said, place) in [
            (self.display_name, &mut there.display_name),
            (self.scope, &mut there.scope),
            (self.issuer, &mut there.issuer),
            (self.authorization_endpoint, &mut there.authorization_endpoint),
            (self.token_endpoint, &mut there.token_endpoint),
            (self.jwks_uri, &mut there.jwks_uri),
            (self.userinfo_endpoint, &mut there.userinfo_endpoint),
            (self.emails_endpoint, &mut there.emails_endpoint),
            (self.id_token_alg, &mut there.id_token_alg),
            (self.tenant, &mut there.tenant),
            (self.team_id, &mut there.team_id),
            (self.key_id, &mut there.key_id),
            (self.bot_prompt, &mut there.bot_prompt),
        ] {
            if let Some(said) = said {
                *place = (!said.is_empty()).then_some(said);
            }
        }
        if let Some(auth) = self.token_auth {
            there.token_auth = Some(match auth {
                Auth::Basic => TokenAuth::Basic,
                Auth::Post => TokenAuth::Post,
            });
        }
        there.address_trust = match self.address_trust {
            Some(Trust::Claimed) => AddressTrust::Claimed,
            Some(Trust::Always) => AddressTrust::Always,
            Some(Trust::Never) => AddressTrust::Never,
            None => there.address_trust,
        };
        there.new_accounts = match self.new_accounts {
            Some(true) => NewAccounts::Allowed,
            Some(false) => NewAccounts::Refused,
            None => there.new_accounts,
        };
        there.tokens = match self.keep_tokens {
            Some(true) => Keeping::Kept,
            Some(false) => Keeping::Dropped,
            None => there.tokens,
        };
        for pair in &self.map {
            let unknown =
                || Failure::NotUnderstood(format!("--map {pair}: write FACT=PATH, such as id=data.id"));
            let (fact, path) = pair.split_once('=').ok_or_else(unknown)?;
            let place = match fact {
                "id" => &mut there.mapping.id,
                "email" => &mut there.mapping.email,
                "email_verified" => &mut there.mapping.email_verified,
                "name" => &mut there.mapping.name,
                "nickname" => &mut there.mapping.nickname,
                "picture" => &mut there.mapping.picture,
                _ => return Err(unknown()),
            };
            path.clone_into(place);
        }
        Ok(there)
    }
}

fn strategy(word: &str) -> Result<Strategy, String> {
    Strategy::from_word(word)
        .ok_or_else(|| "it is one of google, x, line, github, apple, microsoft, oidc, oauth2".to_owned())
}

fn standing(connection: &Connection) -> &'static str {
    match connection.standing {
        Standing::Enabled => "enabled",
        Standing::Disabled => "disabled",
    }
}

/// A connection as it is printed; never its secret.
fn shown(connection: &Connection) -> Value {
    json!({
        "id": connection.id,
        "name": connection.name,
        "strategy": connection.strategy.word(),
        "standing": standing(connection),
        "client_id": connection.client_id,
        "settings": connection.settings,
    })
}
