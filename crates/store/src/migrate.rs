//! Makes and grows the schema. A migration is one text for both engines, in `migrations/`, never changed once released.
//! All missing ones run in one transaction under a lock, so two nodes may start at once and a failed migration leaves
//! nothing behind. Why this is our own: `docs/decisions/0007-own-migrations.md`.

use sha2::{Digest, Sha256};

use crate::{Db, Fault, Tx, args};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; steps are listed in ascending order.
    pub version: i64,
    /// The name of its file, `V0001__start.sql`.
    pub name: &'static str,
    /// Statements both engines understand (`docs/sql.md`).
    pub sql: &'static str,
}

/// The schema of this program.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "V0001__start.sql",
        sql: include_str!("../migrations/V0001__start.sql"),
    },
    Migration {
        version: 2,
        name: "V0002__feed.sql",
        sql: include_str!("../migrations/V0002__feed.sql"),
    },
    Migration {
        version: 3,
        name: "V0003__jobs_and_logout.sql",
        sql: include_str!("../migrations/V0003__jobs_and_logout.sql"),
    },
    Migration {
        version: 4,
        name: "V0004__gateway.sql",
        sql: include_str!("../migrations/V0004__gateway.sql"),
    },
    Migration {
        version: 6,
        name: "V0006__ended_tokens.sql",
        sql: include_str!("../migrations/V0006__ended_tokens.sql"),
    },
    Migration {
        version: 8,
        name: "V0008__counters.sql",
        sql: include_str!("../migrations/V0008__counters.sql"),
    },
    Migration {
        version: 9,
        name: "V0009__factors.sql",
        sql: include_str!("../migrations/V0009__factors.sql"),
    },
    Migration {
        version: 10,
        name: "V0010__mail_codes.sql",
        sql: include_str!("../migrations/V0010__mail_codes.sql"),
    },
    Migration {
        version: 11,
        name: "V0011__passwords_and_imports.sql",
        sql: include_str!("../migrations/V0011__passwords_and_imports.sql"),
    },
    Migration {
        version: 14,
        name: "V0014__mfa_tokens.sql",
        sql: include_str!("../migrations/V0014__mfa_tokens.sql"),
    },
    Migration {
        version: 15,
        name: "V0015__attacks.sql",
        sql: include_str!("../migrations/V0015__attacks.sql"),
    },
    Migration {
        version: 16,
        name: "V0016__connections.sql",
        sql: include_str!("../migrations/V0016__connections.sql"),
    },
    Migration {
        version: 17,
        name: "V0017__locale.sql",
        sql: include_str!("../migrations/V0017__locale.sql"),
    },
];

impl Db {
    /// Brings the schema to the version this program knows. Answers how many steps were taken.
    ///
    /// [`Fault::SchemaTooNew`] when a newer program was here, [`Fault::Corrupt`] when a step was changed after it was
    /// applied.
    pub async fn migrate(&self) -> Result<usize, Fault> {
        self.migrate_with(MIGRATIONS).await
    }

    /// The same with another list of steps.
    pub async fn migrate_with(&self, steps: &'static [Migration]) -> Result<usize, Fault> {
        self.tx(async move |tx: &mut Tx| apply(tx, steps).await).await
    }
}

mod sql {
    pub(super) const MAKE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_steps (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";
    pub(super) const APPLIED: &str = "SELECT version, checksum FROM schema_steps ORDER BY version";
    pub(super) const RECORD: &str = "INSERT INTO schema_steps (version, name, checksum) VALUES ($1, $2, $3)";
}

async fn apply(tx: &mut Tx, steps: &[Migration]) -> Result<usize, Fault> {
    tx.lock_schema().await?;
    tx.run(sql::MAKE_TABLE, args![]).await?;
    let known = steps.last().map_or(0, |step| step.version);
    let mut applied = Vec::new();
    for row in tx.all(sql::APPLIED, args![]).await? {
        applied.push((row.get::<i64>("version")?, row.get::<String>("checksum")?));
    }
    if let Some(&(found, _)) = applied.last()
        && found > known
    {
        return Err(Fault::SchemaTooNew { found, known });
    }
    let mut taken = 0;
    for step in steps {
        let checksum = checksum(step.sql);
        match applied.iter().find(|(version, _)| *version == step.version) {
            Some((_, stored)) if *stored == checksum => {}
            Some(_) => {
                return Err(Fault::corrupt(
                    "schema_steps",
                    &format!("{} was changed after it ran", step.name),
                ));
            }
            None => {
                tx.batch(step.sql).await?;
                tx.run(sql::RECORD, args![step.version, step.name, checksum])
                    .await?;
                taken += 1;
            }
        }
    }
    Ok(taken)
}

/// SHA-256 of the text in hexadecimal. Line ends do not count, for a checkout may change them.
fn checksum(sql: &str) -> String {
    let digest = Sha256::digest(sql.replace("\r\n", "\n").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
