//! `sekisho user import` and `sekisho user export`: accounts that come and go as files.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write, stderr, stdout};
use std::path::PathBuf;

use sekisho_rules::user::User;
use sekisho_store::imports::Progress;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::import::{self, Format, Told, linked};
use crate::admin::{Refused, users};
use crate::app::App;

pub(super) const IMPORT: &str = "\
FILE is Auth0's export of users, its export of password hashes, what `user export` writes, or CSV with a header; `-` is
what is piped in. Ids such as auth0|5f7c are kept. Bring both of Auth0's files, in any order: the second fills in what
the first left empty. Whoever is here already keeps their account and password, so a file may be brought twice; an
import that was interrupted goes on where it stopped. What is refused is said with its line, and the rest goes on.
Examples:
  sekisho user import users.ndjson --report refused.txt
  sekisho user import hashes.ndjson --format auth0-hashes
  sekisho user import people.csv --json";

pub(super) const EXPORT: &str = "\
One JSON object a line, in the form that `user import` reads. Without --hashes nobody can sign in with their password
after an import elsewhere; with it, keep the file as you keep the database.
Examples:
  sekisho user export > users.ndjson
  sekisho user export --hashes --to users.ndjson";

/// Users between two lines of progress.
const PROGRESS_EVERY: u64 = 10_000;

#[derive(clap::Args)]
pub(crate) struct Import {
    /// The file, or `-`
    file: PathBuf,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// Write what is refused into this file instead of printing it; an import that goes on appends
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print JSON: a line for each refused record, and one for the result
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Export {
    /// The file to write; standard output when none is named
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// With the password hashes
    #[arg(long)]
    hashes: bool,
}

impl Import {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let mut report = match &self.report {
            None => None,
            Some(path) => {
                let opened = OpenOptions::new().create(true).append(true).open(path);
                Some(opened.map_err(Failure::because(format!("{} cannot be written", path.display())))?)
            }
        };
        let mut shown = 0;
        let json = self.json;
        let mut told = |told: Told<'_>| -> Result<(), Refused> {
            let lost =
                |error: std::io::Error| Refused::Internal(format!("the report cannot be written: {error}"));
            match told {
                Told::Resumed(progress) => {
                    shown = progress.done();
                    let line = progress.line;
                    let _ = writeln!(
                        stderr(),
                        "an earlier import stopped after line {line}; going on there"
                    );
                }
                Told::Written(progress) => {
                    if progress.done() - shown >= PROGRESS_EVERY {
                        shown = progress.done();
                        let _ = writeln!(stderr(), "{}", said(progress));
                    }
                }
                Told::Refused { line, why } => {
                    let text = match json {
                        true => json!({"line": line, "refused": why}).to_string(),
                        false => format!("line {line}: {why}"),
                    };
                    match &mut report {
                        Some(file) => writeln!(file, "{text}").map_err(lost)?,
                        None => writeln!(stdout(), "{text}").map_err(lost)?,
                    }
                }
            }
            Ok(())
        };
        let import = import::Import {
            file: (self.file.as_os_str() != "-").then_some(self.file),
            format: self.format,
        };
        let done = import::run(app, &Operator, import, &mut told).await?;
        let progress = done.progress;
        if json {
            return terminal.say_json(&json!({
                "added": progress.added,
                "filled": progress.filled,
                "known": progress.known,
                "refused": progress.refused,
                "not_kept": done.left,
            }));
        }
        terminal.say(said(progress))?;
        for (name, times) in &done.left {
            terminal.say(format!("not kept: {name}, in {times} records"))?;
        }
        Ok(())
    }
}

fn said(progress: Progress) -> String {
    let Progress {
        added,
        filled,
        known,
        refused,
        ..
    } = progress;
    format!("{added} added, {filled} completed, {known} known already, {refused} refused")
}

impl Export {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let mut file = match &self.to {
            None => None,
            Some(path) => Some(BufWriter::new(private(path)?)),
        };
        let (mut after, mut written) = (String::new(), 0u64);
        loop {
            let page = users::page(app, &after).await?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            let mut elsewhere = linked::of(app, &page).await?;
            for user in &page {
                written += 1;
                let line = record(user, elsewhere.remove(&user.id).as_deref(), self.hashes);
                match &mut file {
                    None => terminal.say(&line)?,
                    Some(file) => writeln!(file, "{line}")?,
                }
            }
        }
        if let (Some(mut file), Some(path)) = (file, &self.to) {
            file.flush()?;
            file.get_ref().sync_all()?;
            terminal.say(format!("wrote {}: {written} users", path.display()))?;
        }
        Ok(())
    }
}

/// A new file that only this user may read.
fn private(path: &std::path::Path) -> Result<File, Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map_err(Failure::because(format!("{} cannot be made", path.display())))
}

/// As `user import` reads it.
fn record(user: &User, identities: Option<&[Value]>, hashes: bool) -> Value {
    let mut record = json!({
        "user_id": user.id.as_str(),
        "email": user.address(),
        "email_verified": user.email_verified,
        "name": user.name,
        "nickname": user.nickname,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "picture": user.picture,
        "blocked": user.blocked,
        "created_at": user.created_at.iso8601(),
        "updated_at": user.updated_at.iso8601(),
        "identities": identities,
    });
    if hashes {
        record["password_hash"] = json!(user.password_hash);
    }
    if let Value::Object(members) = &mut record {
        members.retain(|_, value| !value.is_null());
    }
    record
}
