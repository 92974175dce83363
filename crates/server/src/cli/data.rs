//! `sekisho migrate`, `backup` and `restored`: the database as a whole.

use std::path::PathBuf;

use serde_json::json;

use super::terminal::{Failure, Terminal};
use crate::admin::Actor::Operator;
use crate::admin::restore;
use crate::app::App;
use crate::config::Config;

/// Brings the schema up to date. `serve` does the same when it starts.
pub(super) async fn migrate(config: &Config, terminal: &mut Terminal) -> Result<(), Failure> {
    config.make_data_dir()?;
    let db = sekisho_store::Db::open(&config.database.options()).map_err(Failure::because("the database"))?;
    match db
        .migrate()
        .await
        .map_err(Failure::because("the schema was not changed"))?
    {
        0 => terminal.say("the schema is up to date"),
        1 => terminal.say("the schema took 1 step"),
        steps => terminal.say(format!("the schema took {steps} steps")),
    }
}

const BACKUP: &str = "\
Example:
  sekisho backup /backups/sekisho-$(date +%F).db
The server may run meanwhile. Copying the database file by other means is not a backup: its newest writes are in
another file. Beside FILE, FILE.json names the key-encryption key that is needed to read it; keep that key elsewhere.
PostgreSQL has its own tools: pg_dump, base backups.";

/// Write a consistent copy of the SQLite database.
#[derive(clap::Args)]
#[command(after_help = BACKUP)]
pub(crate) struct Backup {
    /// The copy; it must not exist
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let shown = self.file.display().to_string();
        if self.file.exists() {
            return Err(Failure::Refused(format!("{shown} exists; name a new file")));
        }
        app.db
            .backup(&self.file)
            .await
            .map_err(Failure::because("no backup"))?;
        let note = json!({"made_at": terminal.now.iso8601(), "key_encryption_key": app.sealer.kek_id()});
        let mut beside = self.file.into_os_string();
        beside.push(".json");
        std::fs::write(&beside, format!("{note}\n"))
            .map_err(Failure::because("no note beside the backup"))?;
        terminal.say(format!(
            "wrote {shown}; reading it needs the key-encryption key {}",
            app.sealer.kek_id()
        ))
    }
}

pub(super) const RESTORED: &str = "\
Run it once, before the server starts on the restored database: what was revoked since the backup was made is
unknown to it. Everybody signs in again.";

/// Ends everything that was granted before, as it must be after a backup was restored.
pub(super) async fn restored(app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
    restore::restored(app, Operator).await?;
    terminal.say("every session, grant and token has ended; verifiers that listen read everything anew")
}
