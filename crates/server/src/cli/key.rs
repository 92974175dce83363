//! `sekisho key`.

use sekisho_jose::Algorithm;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use super::wait::Answering;
use crate::admin::Actor::Operator;
use crate::admin::keys::{self, Haste};
use crate::app::App;

const REWRAP: &str = "\
To change the key-encryption key:
  1. make one: openssl rand -base64 32
  2. give every node both: the new one as SEKISHO_KEY_ENCRYPTION_KEY, the old one as
     SEKISHO_OLDER_KEY_ENCRYPTION_KEYS, and restart them
  3. sekisho key rewrap
  4. take the old one away. Backups made before still need it.";

const ROTATE: &str = "\
Running servers notice within 5 seconds. The next key must have been published for ten minutes, so that every verifier
knows it and no verification fails in between.
Examples:
  sekisho key rotate
  sekisho key rotate --now      when the current key may be known to somebody else; then `key revoke`";

const REVOKE: &str = "\
Its tokens stop verifying: within a second at APIs that listen to the revocation feed, at others when they read the
published set again. To change keys without that: `key rotate`.
Example:
  sekisho key revoke KID --wait";

/// Keys that sign tokens, and the key that seals them.
#[derive(clap::Subcommand)]
pub(crate) enum KeyCommand {
    /// List the signing keys
    List(List),
    /// Let the next key sign; the current one goes on verifying
    #[command(after_help = ROTATE)]
    Rotate(Rotate),
    /// Take a key out of the published set at once, when somebody else may know it
    #[command(after_help = REVOKE)]
    Revoke(Revoke),
    /// Seal everything again under the current key-encryption key
    #[command(after_help = REWRAP)]
    Rewrap,
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Rotate {
    /// The algorithm whose key is rotated; ES256 needs the setting `keys.non_rsa`
    #[arg(long, value_name = "ALG", default_value_t = Algorithm::Rs256)]
    alg: Algorithm,
    /// Do not wait until verifiers had ten minutes to learn the next key
    #[arg(long)]
    now: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Revoke {
    /// The key's id, as `key list` shows it
    // A thumbprint may begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    #[command(flatten)]
    answering: Answering,
}

impl KeyCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::List(List { json }) => list(json, app, terminal).await,
            Self::Rotate(Rotate { alg, now, json }) => {
                let haste = if now { Haste::Now } else { Haste::None };
                let rotated = keys::rotate(app, Operator, alg, haste).await?;
                match json {
                    true => terminal.say_json(&json!({"current": rotated.current, "next": rotated.next})),
                    false => {
                        terminal.say(format!("{} signs from now on", rotated.current))?;
                        terminal.say(format!("{} is published for the next rotation", rotated.next))
                    }
                }
            }
            Self::Revoke(Revoke { kid, answering }) => {
                keys::revoke(app, Operator, &kid).await?;
                let value = json!({"kid": kid, "done": "revoked"});
                answering
                    .say(app, terminal, &format!("revoked {kid}"), value)
                    .await
            }
            Self::Rewrap => {
                let count = keys::rewrap(app, Operator).await?;
                terminal.say(format!(
                    "sealed {count} values again under {}",
                    app.sealer.kek_id()
                ))
            }
        }
    }
}

async fn list(json: bool, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
    let all = keys::list(app).await?;
    if json {
        let shown = all.iter().map(|key| {
            json!({
                "kid": key.kid,
                "alg": key.alg,
                "state": key.state.word(),
                "created_at": key.created_at.iso8601(),
                "state_since": key.state_since.iso8601(),
                "sealed_under_current": app.sealer.is_current(&key.sealed),
            })
        });
        return terminal.say_json(&Value::Array(shown.collect()));
    }
    for key in &all {
        terminal.say(format!(
            "{}  {}  {:8}  since {}",
            key.kid,
            key.alg,
            key.state.word(),
            key.state_since.iso8601()
        ))?;
    }
    Ok(())
}
