//! `sekisho user`.

mod factors;

use sekisho_rules::user::User;
use serde_json::{Value, json};

use super::secrets;
use super::terminal::{Failure, Terminal};
use super::transfer;
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::users::{self, Access, NewUser};
use crate::app::App;

const ADD: &str = "\
The password is asked for, or read from what is piped in; it never stands on the command line.
Examples:
  sekisho user add alice@example.com
  echo \"$PASSWORD\" | sekisho user add alice@example.com --name \"Alice\"
  sekisho user add alice@example.com --generate --json";

const PASSWORD: &str = "\
The password is asked for, or read from what is piped in; it never stands on the command line.
Examples:
  sekisho user password alice@example.com
  sekisho user password alice@example.com --generate";

const BLOCK: &str = "\
Sessions, refresh tokens and access tokens end at once. APIs that listen to the revocation feed know it within a second;
others take an access token until it expires.
Example:
  sekisho user block alice@example.com --wait";

const LOGOUT: &str = "\
Every session, refresh token and access token of theirs ends. They may sign in again at once.
Example:
  sekisho user logout alice@example.com --wait";

/// People who can sign in.
#[derive(clap::Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user
    #[command(after_help = ADD)]
    Add(Add),
    /// List the users
    List(List),
    /// Show one user
    Show(One),
    /// Log a user out everywhere
    #[command(after_help = LOGOUT)]
    Logout(Ending),
    /// Block a user: no sign-in, and everything they hold ends
    #[command(after_help = BLOCK)]
    Block(Ending),
    /// Let a blocked user sign in again, also where too many wrong passwords were typed
    Unblock(One),
    /// Delete a user with their sessions, grants and consents
    Delete(Ending),
    /// Bring accounts along from a file
    #[command(after_help = transfer::IMPORT)]
    Import(transfer::Import),
    /// Write all accounts into a file
    #[command(after_help = transfer::EXPORT)]
    Export(transfer::Export),
    /// What a user proves beside their password: listed, or taken away
    #[command(subcommand)]
    Factors(factors::FactorsCommand),
    /// Give a user a new password: everything they hold ends
    #[command(after_help = PASSWORD)]
    Password(Password),
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// The e-mail address
    email: String,
    /// The name people see
    #[arg(long)]
    name: Option<String>,
    /// Make a password and print it
    #[arg(long)]
    generate: bool,
    /// Say that the address is known to be theirs (`email_verified`)
    #[arg(long)]
    verified: bool,
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
pub(crate) struct One {
    /// The e-mail address or the id
    user: String,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Ending {
    /// The e-mail address or the id
    user: String,
    #[command(flatten)]
    answering: Answering,
}

#[derive(clap::Args)]
pub(crate) struct Password {
    /// The e-mail address or the id
    user: String,
    /// Make a password and print it
    #[arg(long)]
    generate: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl UserCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Add(command) => command.run(app, terminal).await,
            Self::List(command) => command.run(app, terminal).await,
            Self::Password(command) => command.run(app, terminal).await,
            Self::Factors(command) => command.run(app, terminal).await,
            Self::Import(command) => command.run(app, terminal).await,
            Self::Export(command) => command.run(app, terminal).await,
            Self::Show(One { user, json }) => {
                let user = users::find(app, &user).await?;
                match json {
                    true => terminal.say_json(&shown(&user)),
                    false => terminal.say(format!("{:#}", shown(&user))),
                }
            }
            Self::Logout(Ending { user, answering }) => {
                let user = users::find(app, &user).await?;
                users::log_out(app, Operator, &user).await?;
                ended("logged out", &user, &answering, app, terminal).await
            }
            Self::Block(Ending { user, answering }) => {
                let user = users::find(app, &user).await?;
                users::set_access(app, Operator, &user, Access::Blocked).await?;
                ended("blocked", &user, &answering, app, terminal).await
            }
            Self::Unblock(one) => {
                let user = users::find(app, &one.user).await?;
                users::set_access(app, Operator, &user, Access::Unblocked).await?;
                done("unblocked", &user, one.json, terminal)
            }
            Self::Delete(Ending { user, answering }) => {
                let user = users::find(app, &user).await?;
                users::delete(app, Operator, &user).await?;
                ended("deleted", &user, &answering, app, terminal).await
            }
        }
    }
}

impl Add {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let password = secrets::password(self.generate, terminal)?;
        let new = NewUser {
            email: self.email,
            name: self.name,
            password: password.text.clone(),
            email_verified: self.verified,
        };
        let user = users::add(app, Operator, new).await?;
        let made = password.made();
        match self.json {
            true => {
                let mut value = shown(&user);
                if let Some(made) = made {
                    value["password"] = json!(made);
                }
                terminal.say_json(&value)
            }
            false => {
                terminal.say(format!("added {} {}", user.id, user.email))?;
                made.map_or(Ok(()), |made| terminal.say(format!("password {made}")))
            }
        }
    }
}

impl List {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = users::page(app, &after).await?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            match self.json {
                true => all.extend(page.iter().map(shown)),
                false => {
                    for user in &page {
                        let blocked = if user.blocked { "blocked" } else { "" };
                        terminal.say(format!("{}  {}  {blocked}", user.id, user.shown()).trim_end())?;
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

impl Password {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let user = users::find(app, &self.user).await?;
        let password = secrets::password(self.generate, terminal)?;
        users::set_password(app, Operator, &user, &password.text).await?;
        match (password.made(), self.json) {
            (Some(made), true) => terminal.say_json(&json!({"id": user.id.as_str(), "password": made})),
            (Some(made), false) => terminal.say(format!("password {made}")),
            (None, json) => done("password set", &user, json, terminal),
        }
    }
}

async fn ended(
    what: &str,
    user: &User,
    answering: &Answering,
    app: &App,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let value = json!({"id": user.id.as_str(), "email": user.email, "done": what});
    let line = format!("{what} {} {}", user.id, user.shown());
    answering.say(app, terminal, &line, value).await
}

fn done(what: &str, user: &User, json: bool, terminal: &mut Terminal) -> Result<(), Failure> {
    match json {
        true => terminal.say_json(&json!({"id": user.id.as_str(), "email": user.email, "done": what})),
        false => terminal.say(format!("{what} {} {}", user.id, user.shown())),
    }
}

/// Never the hash.
fn shown(user: &User) -> Value {
    json!({
        "id": user.id.as_str(),
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "blocked": user.blocked,
        "has_password": user.password_hash.is_some(),
        "created_at": user.created_at.iso8601(),
        "updated_at": user.updated_at.iso8601(),
    })
}
