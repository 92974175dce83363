//! `sekisho revocations`: the feed, as it lies in the database.

use std::time::Duration;

use sekisho_rules::time::Timestamp;
use sekisho_store::revocations::Listed;
use sekisho_verify::record::Kind;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::revocations;
use crate::app::App;

/// How often the database is asked for news.
const LOOK: Duration = Duration::from_millis(100);

const TAIL: &str = "\
A record hides whom it is about: its key is a keyed hash of the id.
Examples:
  sekisho revocations tail                    what is revoked from now on, until Ctrl-C
  sekisho revocations tail --after 0 --json   everything that is still kept, and what comes
  sekisho revocations tail --after 0 --once   everything that is still kept";

/// What was revoked, in order.
#[derive(clap::Subcommand)]
pub(crate) enum RevocationsCommand {
    /// Follow the revocation records
    #[command(after_help = TAIL)]
    Tail(Tail),
}

#[derive(clap::Args)]
pub(crate) struct Tail {
    /// Begin after the record with this number, not at the end
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Print what is there and end
    #[arg(long)]
    once: bool,
    /// Print one line of JSON for each record
    #[arg(long)]
    json: bool,
}

impl RevocationsCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let Self::Tail(command) = self;
        command.run(app, terminal).await
    }
}

impl Tail {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let mut after = match self.after {
            Some(after) => after,
            None => revocations::head(app).await?,
        };
        loop {
            let page = revocations::page(app, after, 100).await?;
            for one in &page {
                after = one.seq;
                match self.json {
                    true => terminal.say_json(&shown(one))?,
                    false => terminal.say(line(one))?,
                }
            }
            match (page.is_empty(), self.once) {
                (true, true) => return Ok(()),
                (true, false) => tokio::time::sleep(LOOK).await,
                (false, _) => {}
            }
        }
    }
}

fn line(one: &Listed) -> String {
    let record = &one.record;
    let whom = match record.kind {
        Kind::Issuer => "everything".to_owned(),
        _ => record.key.to_string(),
    };
    let before = match record.kind.has_nbf() {
        true => format!("  issued before {}", seconds(record.nbf).iso8601()),
        false => String::new(),
    };
    format!(
        "{}  {}  {:7}  {whom}{before}  told until {}",
        one.seq,
        one.at.iso8601(),
        word(record.kind),
        seconds(record.exp).iso8601()
    )
}

fn shown(one: &Listed) -> Value {
    json!({
        "seq": one.seq,
        "at": one.at.iso8601(),
        "kind": one.record.kind.letter().to_string(),
        "key": one.record.key.to_string(),
        "nbf": one.record.nbf,
        "exp": one.record.exp,
    })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session",
        Kind::Grant => "grant",
        Kind::Token => "token",
        Kind::User => "user",
        Kind::Client => "client",
        Kind::Issuer => "issuer",
        Kind::Key => "key",
    }
}

fn seconds(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}
