//! `sekisho doctor`: whether this deployment can start and is set up with care. It changes nothing.

use std::path::Path;

use sekisho_store::{Db, keys};
use serde_json::{Value, json};

use super::terminal::{Failure, Terminal};
use crate::config::Config;
use crate::keys::place;
use crate::listen::tls::Certificates;
use crate::passwords::PasswordWork;
use crate::seal::Sealer;

const VERDICTS: &str = "\
Each line is a check, with a verdict: good, doubtful (it will run; read why) or bad (it will not).
Exit code 1 when anything is bad.";

/// Check the settings, the database, the keys and the certificates, changing nothing.
#[derive(clap::Args)]
#[command(after_help = VERDICTS)]
pub(crate) struct Doctor {
    /// Print a JSON array of {check, verdict, detail}
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Doubtful,
    Bad,
}

struct Finding {
    check: &'static str,
    verdict: Verdict,
    detail: String,
}

impl Finding {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "texts, numbers and errors read alike at the call"
    )]
    fn new(check: &'static str, verdict: Verdict, detail: impl ToString) -> Self {
        Self {
            check,
            verdict,
            detail: detail.to_string(),
        }
    }
}

impl Doctor {
    pub(super) fn run(self, file: Option<&Path>, terminal: &mut Terminal) -> Result<(), Failure> {
        let findings = match Config::load(file, &terminal.environment) {
            Err(error) => vec![Finding::new("settings", Verdict::Bad, error)],
            Ok(config) => super::runtime()?.block_on(examine(&config)),
        };
        if self.json {
            let shown = findings.iter().map(|finding| {
                json!({"check": finding.check, "verdict": finding.verdict.word(), "detail": finding.detail})
            });
            terminal.say_json(&Value::Array(shown.collect()))?;
        } else {
            for Finding {
                check,
                verdict,
                detail,
            } in &findings
            {
                let word = terminal.paint(verdict.colour(), format!("{:8}", verdict.word()));
                terminal.say(format!("{word}  {check:16}  {detail}"))?;
            }
        }
        match findings.iter().any(|finding| finding.verdict == Verdict::Bad) {
            true => Err(Failure::Refused(
                "this deployment cannot serve as it is".to_owned(),
            )),
            false => Ok(()),
        }
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new(
        "settings",
        Verdict::Good,
        format!("issuer {}", config.issuer),
    )];
    findings.push(transport(config));
    findings.extend(certificates(config));
    findings.push(passwords(config));
    let sealer = match config.keys.load_existing() {
        Ok(Some(sealer)) => {
            findings.push(Finding::new(
                "key-encryption",
                Verdict::Good,
                format!("key {}", sealer.kek_id()),
            ));
            Some(sealer)
        }
        Ok(None) => {
            findings.push(Finding::new(
                "key-encryption",
                Verdict::Good,
                "will be made at the first start",
            ));
            None
        }
        Err(error) => {
            findings.push(Finding::new("key-encryption", Verdict::Bad, error));
            None
        }
    };
    findings.extend(database(config, sealer.as_ref()).await);
    findings
}

fn transport(config: &Config) -> Finding {
    let open = config
        .server
        .listen
        .iter()
        .any(|address| !address.ip().is_loopback());
    let plain = config.tls.is_none();
    match (plain && open, config.server.trusted_proxies.is_empty()) {
        (true, true) => {
            let detail = "plain HTTP on an address others can reach, and no `server.trusted_proxies`: set `tls.certificate` \
                          and `tls.key`, or listen on 127.0.0.1 behind a proxy";
            Finding::new("transport", Verdict::Doubtful, detail)
        }
        _ => Finding::new(
            "transport",
            Verdict::Good,
            if plain {
                "plain, behind a proxy or on this machine"
            } else {
                "TLS"
            },
        ),
    }
}

fn certificates(config: &Config) -> Option<Finding> {
    let files = config.tls.as_ref()?;
    Some(match Certificates::load(files) {
        Ok(_) => Finding::new("certificate", Verdict::Good, files.certificate.display()),
        Err(error) => Finding::new("certificate", Verdict::Bad, error),
    })
}

fn passwords(config: &Config) -> Finding {
    let (work, least) = (&config.passwords, PasswordWork::default());
    let weak = u64::from(work.memory_kib) * u64::from(work.passes)
        < u64::from(least.memory_kib) * u64::from(least.passes);
    let detail = format!(
        "Argon2id m={} t={} p={}",
        work.memory_kib, work.passes, work.lanes
    );
    match weak {
        true => Finding::new(
            "passwords",
            Verdict::Doubtful,
            format!("{detail} is less work than OWASP recommends"),
        ),
        false => Finding::new("passwords", Verdict::Good, detail),
    }
}

async fn database(config: &Config, sealer: Option<&Sealer>) -> Vec<Finding> {
    let shown = config.database.shown();
    if let crate::config::Database::Sqlite { path } = &config.database
        && !path.exists()
    {
        return vec![Finding::new(
            "database",
            Verdict::Good,
            format!("{shown} will be made at the first start"),
        )];
    }
    let opened = async {
        let db = Db::open(&config.database.options())?;
        db.ping().await?;
        Ok::<_, sekisho_store::Fault>(db)
    };
    let db = match opened.await {
        Ok(db) => db,
        Err(fault) => {
            return vec![Finding::new(
                "database",
                Verdict::Bad,
                format!("{shown}: {fault}"),
            )];
        }
    };
    let mut findings = vec![Finding::new("database", Verdict::Good, shown)];
    findings.push(match (keys::live(&db).await, sealer) {
        (Err(_), _) => Finding::new(
            "schema",
            Verdict::Doubtful,
            "not there yet; `sekisho migrate` or the first start makes it",
        ),
        (Ok(live), _) if live.is_empty() => {
            Finding::new("signing keys", Verdict::Good, "will be made at the first start")
        }
        (Ok(live), Some(sealer)) => {
            let shut = live
                .iter()
                .find_map(|key| sealer.open(&place(&key.kid), &key.sealed).err());
            match shut {
                Some(error) => Finding::new("signing keys", Verdict::Bad, error),
                None => Finding::new("signing keys", Verdict::Good, format!("{} published", live.len())),
            }
        }
        (Ok(_), None) => Finding::new(
            "signing keys",
            Verdict::Bad,
            "sealed under a key-encryption key that is not here",
        ),
    });
    findings
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Doubtful => "33",
            Self::Bad => "1;31",
        }
    }
}
