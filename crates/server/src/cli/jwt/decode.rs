//! `sekisho jwt decode`: a token taken apart, nothing believed.

use sekisho_jose::jws::Unverified;
use sekisho_rules::time::Timestamp;
use serde_json::json;

use super::times::{self, Span};
use crate::cli::json::Written;
use crate::cli::terminal::{Failure, Terminal};

const HEADER: &str = "31";
const PAYLOAD: &str = "35";
const SIGNATURE: &str = "36";
const ALARM: &str = "1;33";
const FAINT: &str = "2";

const EXAMPLES: &str = "\
Examples:
  sekisho jwt decode < token.txt
  sekisho jwt decode --json < token.txt | jq .payload
A token on the command line can be seen by others on this machine; prefer to pipe it in.";

/// Show what a token says, without checking it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Decode {
    /// The token; piped in when left out or `-`
    token: Option<String>,
    /// Print one line of JSON: verified (always false), header, payload, signature
    #[arg(long)]
    json: bool,
}

impl Decode {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let token = super::token(self.token, terminal)?;
        let parts = Unverified::parse(&token).map_err(Failure::because("this is no JWT"))?;
        match self.json {
            true => say_json(&parts, &token, terminal),
            false => {
                terminal.say(terminal.paint(
                    ALARM,
                    "NOT VERIFIED. Anybody can write such a token; `sekisho jwt verify` checks it.",
                ))?;
                terminal.say("")?;
                show(&parts, &token, terminal)
            }
        }
    }
}

fn say_json(parts: &Unverified, token: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    let value =
        |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap_or(serde_json::Value::Null);
    terminal.say_json(&json!({
        "verified": false,
        "header": value(parts.header()),
        "payload": value(parts.payload()),
        "signature": token.rsplit('.').next(),
    }))
}

/// The three parts and the times, as both `decode` and `verify` show them.
pub(super) fn show(parts: &Unverified, token: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut pieces = token.splitn(3, '.');
    let mut piece = |code| terminal.paint(code, pieces.next().unwrap_or_default());
    let whole = format!("{}.{}.{}", piece(HEADER), piece(PAYLOAD), piece(SIGNATURE));
    terminal.say(whole)?;
    let now = terminal.now;
    section(terminal, HEADER, "header", &readable(parts.header()))?;
    section(terminal, PAYLOAD, "payload", &readable(parts.payload()))?;
    if let Some(payload) = Written::parse(parts.payload()) {
        say_times(&payload, now, terminal)?;
    }
    let length = format!("{} bytes", parts.signature().len());
    section(terminal, SIGNATURE, "signature", &length)
}

fn section(terminal: &mut Terminal, code: &str, name: &str, body: &str) -> Result<(), Failure> {
    terminal.say("")?;
    terminal.say(terminal.paint(FAINT, name))?;
    terminal.say(terminal.paint(code, body))
}

fn readable(part: &[u8]) -> String {
    match Written::parse(part) {
        Some(value) => value.to_string(),
        None => format!("{} bytes that are not JSON", part.len()),
    }
}

fn say_times(payload: &Written, now: Timestamp, terminal: &mut Terminal) -> Result<(), Failure> {
    let claims = times::claims(payload);
    if claims.is_empty() {
        return Ok(());
    }
    terminal.say("")?;
    terminal.say(terminal.paint(FAINT, "times"))?;
    for claim in claims {
        let line = format!(
            "{:10} {:15} {}  {}",
            claim.name,
            claim.meaning,
            claim.calendar(),
            claim.relative(now)
        );
        terminal.say(line)?;
    }
    match times::span(payload, now) {
        Span::Expired => terminal.say(terminal.paint(ALARM, "expired")),
        Span::TooEarly => terminal.say(terminal.paint(ALARM, "not valid yet")),
        Span::Within => Ok(()),
    }
}
