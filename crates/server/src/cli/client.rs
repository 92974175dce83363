//! `sekisho client`.

mod notices;
mod update;

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Rotation, Standing,
};
use sekisho_rules::factor::MfaPolicy;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::terminal::{Failure, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::clients::{self, Brought, NewClient, OldSecret};
use crate::app::App;

const EXAMPLES: &str = "\
Examples:
  sekisho client add \"My app\" --kind spa --callback https://app.example.com/callback
  sekisho client add \"My site\" --kind regular_web --callback https://www.example.com/callback --json
  sekisho client add \"Nightly job\" --kind non_interactive
  sekisho client add \"My site\" --kind regular_web --callback https://www.example.com/cb --rotate-refresh-tokens
  sekisho client add \"Partner\" --kind regular_web --third-party --callback https://partner.example/cb
  sekisho client add \"My site\" --kind regular_web --callback https://www.example.com/cb \\
    --backchannel-logout-url https://www.example.com/backchannel-logout
  sekisho client add \"Our phone app\" --kind native --grant password-realm --grant mfa-otp
  sekisho client add \"Payroll\" --kind regular_web --mfa always --callback https://pay.example.com/cb
Kinds: spa (in the browser) and native (on a device) have no secret and use PKCE; regular_web (on a server)
has one; non_interactive is a machine that signs in for itself (see `sekisho grant add`).
A secret is printed once, and kept sealed.";

/// Applications that send people to sign in, and machines that ask for tokens.
#[derive(clap::Subcommand)]
pub(crate) enum ClientCommand {
    /// Add a client
    #[command(after_help = EXAMPLES)]
    Add(Box<Add>),
    /// Change a client
    #[command(after_help = update::EXAMPLES)]
    Update(Box<update::Update>),
    /// List the clients
    List(List),
    /// Show one client, without its secret
    Show(One),
    /// Disable a client: its requests are refused, and its grants end
    Disable(One),
    /// Enable a disabled client
    Enable(One),
    /// Delete a client with its grants and the consents given to it
    Delete(One),
    /// End everything a client holds, and every token it was given; it goes on working
    Revoke(Ending),
    /// Give a client a new secret; the old one stops at once
    Secret(Replace),
}

#[derive(clap::Args)]
pub(crate) struct Ending {
    /// The client's id
    client_id: String,
    #[command(flatten)]
    answering: Answering,
}

#[derive(clap::Args)]
pub(crate) struct Replace {
    /// The client's id
    client_id: String,
    /// Somebody else may know the old one: everything the client holds ends, and every token it was given
    #[arg(long)]
    leaked: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// The name people see
    name: String,
    /// What sort of application it is
    #[arg(long, value_parser = kinds())]
    kind: ClientKind,
    /// A redirect URI, compared exactly; may be repeated
    #[arg(long, value_name = "URI")]
    callback: Vec<String>,
    /// Where a logout may return to; may be repeated
    #[arg(long, value_name = "URI")]
    logout_url: Vec<String>,
    /// An origin that may use silent renewal and call across origins; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    web_origin: Vec<String>,
    /// A grant it may use beside those of its kind; may be repeated
    #[arg(long, value_name = "GRANT", value_parser = grants())]
    grant: Vec<GrantType>,
    /// When its users prove a second factor; `inherit` goes by the settings
    #[arg(long, value_name = "POLICY", default_value = "inherit")]
    mfa: update::Mfa,
    /// How it proves itself at the token endpoint; as its kind usually does when left out
    #[arg(long, value_name = "METHOD", value_parser = methods())]
    auth: Option<AuthMethod>,
    /// File with its public keys as a JWK Set, for private_key_jwt
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// It is somebody else's: people are asked for consent
    #[arg(long)]
    third_party: bool,
    /// The id it has at the provider it comes from, so that only the domain changes in it; made here when left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// File with the secret it has there
    #[arg(long, value_name = "FILE", requires = "id")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    refresh: Refresh,
    #[command(flatten)]
    notices: notices::Notices,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// How its refresh tokens live.
#[derive(clap::Args)]
struct Refresh {
    /// Replace its refresh token at each use; public clients always do
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// Seconds in which a repeated refresh is answered again; never less than 10 in effect
    #[arg(long, value_name = "SECONDS")]
    refresh_leeway: Option<i64>,
    /// Seconds a refresh token lives from the login on
    #[arg(long, value_name = "SECONDS")]
    refresh_lifetime: Option<i64>,
    /// Seconds a refresh token lives without use
    #[arg(long, value_name = "SECONDS")]
    refresh_idle: Option<i64>,
}

impl Refresh {
    /// `None` when nothing was said.
    fn policy(&self, kind: ClientKind) -> Option<RefreshPolicy> {
        let said = [self.refresh_leeway, self.refresh_lifetime, self.refresh_idle];
        if !self.rotate_refresh_tokens && said.iter().all(Option::is_none) {
            return None;
        }
        let public = matches!(kind, ClientKind::SinglePage | ClientKind::Native);
        let usual = if public || self.rotate_refresh_tokens {
            RefreshPolicy::ROTATING
        } else {
            RefreshPolicy::FIXED
        };
        let lifetime = self.refresh_lifetime.unwrap_or(usual.lifetime);
        Some(RefreshPolicy {
            rotation: usual.rotation,
            leeway: self.refresh_leeway.unwrap_or(usual.leeway),
            lifetime,
            idle: self.refresh_idle.unwrap_or(usual.idle.min(lifetime)),
        })
    }
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct One {
    /// The client's id
    client_id: String,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = ClientKind> {
    PossibleValuesParser::new(ClientKind::ALL.iter().map(|kind| kind.word()))
        .try_map(|word| ClientKind::from_word(&word).ok_or("unknown kind"))
}

/// The words on the wire; those that are addresses also by their last part.
fn grants() -> impl clap::builder::TypedValueParser<Value = GrantType> {
    let words = GrantType::ALL.iter().map(|grant| {
        let word = grant.word();
        match word.strip_prefix("http://auth0.com/oauth/grant-type/") {
            Some(short) => PossibleValue::new(word).alias(short),
            None => PossibleValue::new(word),
        }
    });
    PossibleValuesParser::new(words).try_map(|word| {
        GrantType::from_word(&word)
            .or_else(|| GrantType::from_word(&format!("http://auth0.com/oauth/grant-type/{word}")))
            .ok_or("unknown grant")
    })
}

fn methods() -> impl clap::builder::TypedValueParser<Value = AuthMethod> {
    PossibleValuesParser::new(AuthMethod::ALL.iter().map(|method| method.word()))
        .try_map(|word| AuthMethod::from_word(&word).ok_or("unknown method"))
}

impl ClientCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(app, terminal).await,
            Self::Update(command) => command.run(app, terminal).await,
            Self::List(command) => command.run(app, terminal).await,
            Self::Show(one) => {
                let client = clients::find(app, &one.client_id).await?;
                match one.json {
                    true => terminal.say_json(&shown(&client)),
                    false => terminal.say(format!("{:#}", shown(&client))),
                }
            }
            Self::Disable(one) => standing(one, Standing::Disabled, app, terminal).await,
            Self::Enable(one) => standing(one, Standing::Enabled, app, terminal).await,
            Self::Delete(one) => {
                let client = clients::find(app, &one.client_id).await?;
                clients::delete(app, Operator, &client).await?;
                done("deleted", &client, one.json, terminal)
            }
            Self::Revoke(Ending { client_id, answering }) => {
                let client = clients::find(app, &client_id).await?;
                clients::revoke(app, Operator, &client).await?;
                let value = json!({"client_id": client.id.as_str(), "done": "revoked"});
                let line = format!("revoked everything {} {} held", client.id, client.name);
                answering.say(app, terminal, &line, value).await
            }
            Self::Secret(Replace {
                client_id,
                leaked,
                json,
            }) => {
                let client = clients::find(app, &client_id).await?;
                let old = if leaked {
                    OldSecret::Leaked
                } else {
                    OldSecret::Kept
                };
                let secret = clients::replace_secret(app, Operator, &client, old)
                    .await?
                    .encode();
                match json {
                    true => {
                        terminal.say_json(&json!({"client_id": client.id.as_str(), "client_secret": secret}))
                    }
                    false => terminal.say(format!("client_secret {secret}")),
                }
            }
        }
    }
}

impl Add {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let jwks = self.jwks.map(|file| {
            std::fs::read_to_string(&file)
                .map_err(Failure::because(format!("{} cannot be read", file.display())))
        });
        let new = NewClient {
            refresh: self.refresh.policy(self.kind),
            notices: self.notices.over(LogoutNotices::default()),
            name: self.name,
            kind: self.kind,
            auth_method: self.auth,
            callbacks: self.callback,
            logout_urls: self.logout_url,
            web_origins: self.web_origin,
            grants: self.grant,
            mfa: self.mfa.policy(),
            jwks: jwks.transpose()?,
            party: if self.third_party {
                Party::Third
            } else {
                Party::First
            },
        };
        let (client, secret) = match self.id {
            None => clients::add(app, Operator, new).await?,
            Some(id) => {
                let secret = self.secret_file.map(|file| {
                    let read = std::fs::read_to_string(&file);
                    let read = read.map_err(Failure::because(format!("{} cannot be read", file.display())));
                    read.map(|text| Zeroizing::new(text.trim().to_owned()))
                });
                let secret = secret.transpose()?;
                (
                    clients::bring(app, Operator, new, Brought { id, secret }).await?,
                    None,
                )
            }
        };
        let secret = secret.map(|secret| secret.encode());
        if self.json {
            let mut value = shown(&client);
            if let Some(secret) = secret {
                value["client_secret"] = json!(secret);
            }
            return terminal.say_json(&value);
        }
        terminal.say(format!("client_id {}", client.id))?;
        secret.map_or(Ok(()), |secret| terminal.say(format!("client_secret {secret}")))
    }
}

impl List {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = clients::page(app, &after).await?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            match self.json {
                true => all.extend(page.iter().map(shown)),
                false => {
                    for client in &page {
                        let disabled = if client.standing == Standing::Disabled {
                            "disabled"
                        } else {
                            ""
                        };
                        let line = format!(
                            "{}  {:15}  {}  {disabled}",
                            client.id,
                            client.kind.word(),
                            client.name
                        );
                        terminal.say(line.trim_end())?;
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

async fn standing(one: One, to: Standing, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
    let client = clients::find(app, &one.client_id).await?;
    clients::set_standing(app, Operator, &client, to).await?;
    let what = if to == Standing::Enabled {
        "enabled"
    } else {
        "disabled"
    };
    done(what, &client, one.json, terminal)
}

fn done(what: &str, client: &Client, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    match json {
        true => terminal.say_json(&json!({"client_id": client.id.as_str(), "done": what})),
        false => terminal.say(format!("{what} {} {}", client.id, client.name)),
    }
}

/// Never the secret.
fn shown(client: &Client) -> Value {
    json!({
        "client_id": client.id.as_str(),
        "name": client.name,
        "kind": client.kind.word(),
        "auth_method": client.auth_method.word(),
        "callbacks": client.callbacks,
        "logout_urls": client.logout_urls,
        "web_origins": client.web_origins,
        "grant_types": client.grant_types.iter().map(|grant: &GrantType| grant.word()).collect::<Vec<_>>(),
        "mfa": client.mfa.map_or("inherit", MfaPolicy::word),
        "third_party": client.party == Party::Third,
        "enabled": client.standing == Standing::Enabled,
        "backchannel_logout_urls": client.notices.backchannel_urls,
        "backchannel_logout_session_required": client.notices.backchannel_session_required,
        "frontchannel_logout_url": client.notices.frontchannel_url,
        "frontchannel_logout_session_required": client.notices.frontchannel_session_required,
        "refresh_tokens": {
            "rotating": client.rotation() == Rotation::Rotating,
            "leeway": client.refresh.leeway,
            "lifetime": client.refresh.lifetime,
            "idle": client.refresh.idle,
        },
    })
}
