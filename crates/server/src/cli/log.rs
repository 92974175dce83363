//! `sekisho log`: the audit log.

use std::collections::BTreeSet;
use std::time::Duration;

use sekisho_rules::time::Timestamp;
use sekisho_store::audit::Logged;
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::admin::log::{self, Filter};
use crate::admin::users;
use crate::app::App;

/// How often the database is asked for news.
const LOOK: Duration = Duration::from_millis(250);
/// Seconds by which a row may be written later than it says: failures are written in batches, and clocks of nodes differ.
const LATE_SECONDS: i64 = 10;

const TAIL: &str = "\
Examples:
  sekisho log tail                        the last 20 rows, and what comes, until Ctrl-C
  sekisho log tail --type fp --type fu    wrong passwords and unknown users
  sekisho log tail --once --json --lines 100";

const SEARCH: &str = "\
A time is a date (2027-01-15), a time (2027-01-15T08:00:00Z), or how long ago (90s, 30m, 2h, 7d).
Examples:
  sekisho log search --since 2h --type limit_wc --type limit_mu
  sekisho log search --user alice@example.com --since 7d --json
  sekisho log search --ip 198.51.100. --since 2027-01-15 --until 2027-01-16";

/// What happened.
#[derive(clap::Subcommand)]
pub(crate) enum LogCommand {
    /// Show the latest rows and follow
    #[command(after_help = TAIL)]
    Tail(Tail),
    /// Look for rows, oldest first
    #[command(after_help = SEARCH)]
    Search(Search),
}

#[derive(clap::Args)]
struct Wanted {
    /// Only rows of this type (Auth0's short codes); may be repeated
    #[arg(long = "type", value_name = "CODE")]
    kinds: Vec<String>,
    /// Only rows about this user: the e-mail address or the id
    #[arg(long)]
    user: Option<String>,
    /// Only rows about this client, by its id
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only rows from this address, or from addresses that begin so
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// Print one line of JSON for each row
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Tail {
    /// How many of the latest rows
    #[arg(long, short = 'n', default_value_t = 20)]
    lines: usize,
    /// Print them and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(clap::Args)]
pub(crate) struct Search {
    /// Not before
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The most rows
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    wanted: Wanted,
}

impl LogCommand {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Tail(command) => command.run(app, terminal).await,
            Self::Search(command) => command.run(app, terminal).await,
        }
    }
}

impl Wanted {
    /// A user who is gone is looked for by what was typed.
    async fn filter(&self, app: &App) -> Filter {
        let user = match &self.user {
            None => None,
            Some(named) => {
                let found = users::find(app, named).await;
                Some(found.map_or_else(|_| named.clone(), |user| user.id.to_string()))
            }
        };
        Filter {
            kinds: self.kinds.clone(),
            user,
            client: self.client.clone(),
            ip: self.ip.clone(),
        }
    }

    fn say(&self, row: &Logged, terminal: &mut Terminal) -> Result<(), Failure> {
        match self.json {
            true => terminal.say_json(&shown(row)),
            false => terminal.say(line(row)),
        }
    }
}

impl Tail {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let filter = self.wanted.filter(app).await;
        let rows = log::latest(app, "").await?;
        let mut seen: BTreeSet<String> = rows.iter().map(|row| row.id.clone()).collect();
        let wanted: Vec<&Logged> = rows.iter().filter(|row| filter.takes(row)).collect();
        for row in &wanted[wanted.len().saturating_sub(self.lines)..] {
            self.wanted.say(row, terminal)?;
        }
        if self.once {
            return Ok(());
        }
        loop {
            tokio::time::sleep(LOOK).await;
            // A row may come late, so the last seconds are read again and what was shown is left out.
            let from = log::id_at(app.clock.now().plus_seconds(-LATE_SECONDS));
            for row in log::latest(app, &from).await? {
                if seen.insert(row.id.clone()) && filter.takes(&row) {
                    self.wanted.say(&row, terminal)?;
                }
            }
            seen = seen.split_off(&from);
        }
    }
}

impl Search {
    async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let filter = self.wanted.filter(app).await;
        let now = app.clock.now();
        let mut after = match &self.since {
            Some(since) => log::id_at(time(since, now)?),
            None => String::new(),
        };
        let before = match &self.until {
            Some(until) => log::id_at(time(until, now)?),
            None => "g".to_owned(),
        };
        let mut left = self.limit;
        loop {
            let page = log::page(app, &after, &before).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id.clone();
            for row in page.iter().filter(|row| filter.takes(row)) {
                if left == 0 {
                    return Ok(());
                }
                left -= 1;
                self.wanted.say(row, terminal)?;
            }
        }
    }
}

/// A date, a time, or how long ago.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let each = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        let seconds = number.parse::<u32>().ok()?;
        Some(now.plus_seconds(-i64::from(seconds) * each))
    };
    let whole = match text.contains('T') {
        true => text.to_owned(),
        false => format!("{text}T00:00:00Z"),
    };
    let written = || {
        let parsed: jiff::Timestamp = whole.parse().ok()?;
        Some(Timestamp::from_millis(parsed.as_millisecond()))
    };
    ago().or_else(written).ok_or_else(|| {
        Failure::NotUnderstood(format!(
            "{text} is not a time; write 2027-01-15, 2027-01-15T08:00:00Z, or how long ago, such as 2h or 7d"
        ))
    })
}

fn line(row: &Logged) -> String {
    let mut line = format!("{}  {:8}", row.at.iso8601(), row.kind);
    let named = [
        ("", &row.user),
        ("client ", &row.client),
        ("session ", &row.session),
    ];
    for (what, whose) in named {
        if let Some(whose) = whose {
            line.push_str(&format!("  {what}{whose}"));
        }
    }
    for part in [&row.ip, &row.detail] {
        if !part.is_empty() {
            line.push_str(&format!("  {part}"));
        }
    }
    if !row.risk.is_empty() {
        line.push_str(&format!("  risk: {}", row.risk));
    }
    line
}

fn shown(row: &Logged) -> Value {
    let risk: Vec<&str> = row.risk.split(',').filter(|word| !word.is_empty()).collect();
    json!({
        "log_id": row.id,
        "date": row.at.iso8601(),
        "type": row.kind,
        "user_id": row.user,
        "client_id": row.client,
        "session_id": row.session,
        "ip": row.ip,
        "user_agent": row.user_agent,
        "description": row.detail,
        "risk": risk,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_times_and_stretches() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let seconds = |text: &str| time(text, now).map(Timestamp::seconds).ok();
        assert_eq!(seconds("2h"), Some(1_800_000_000 - 7200));
        assert_eq!(seconds("7d"), Some(1_800_000_000 - 604_800));
        assert_eq!(seconds("2027-01-15"), Some(1_799_971_200));
        assert_eq!(seconds("2027-01-15T08:00:00Z"), Some(1_800_000_000));
        for wrong in ["", "h", "yesterday", "-2h", "2027-13-01", "２h"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
