//! Removing what is long over, in small batches, so that no sweep holds the writer for long.

use crate::statements::sql;
use crate::{Db, Fault, args};
use sekisho_rules::time::Timestamp;

sql! {
    FLOWS = "DELETE FROM used_flows WHERE id IN (SELECT id FROM used_flows WHERE expires_at < $1 LIMIT 500)";
    ASSERTIONS = "DELETE FROM used_assertions WHERE (client_id, jti) IN \
                  (SELECT client_id, jti FROM used_assertions WHERE expires_at < $1 LIMIT 500)";
    CODES = "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE expires_at < $1 LIMIT 500)";
    OPAQUE = "DELETE FROM opaque_tokens WHERE hash IN (SELECT hash FROM opaque_tokens WHERE expires_at < $1 LIMIT 500)";
    ENDED_TOKENS = "DELETE FROM ended_tokens WHERE jti IN (SELECT jti FROM ended_tokens WHERE expires_at < $1 LIMIT 500)";
    // A row stays while a token that names it may live: whoever ends the user then must still find when that token expires.
    FAMILIES = "DELETE FROM families WHERE gid IN (SELECT gid FROM families WHERE expires_at < $1 AND last_exp < $2 LIMIT 500)";
    CHILDREN = "UPDATE families SET sealed_child = NULL WHERE gid IN \
                (SELECT gid FROM families WHERE sealed_child IS NOT NULL AND rotated_at < $1 LIMIT 500)";
    JOBS = "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1 LIMIT 500)";
    SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 AND last_exp < $2 LIMIT 500)";
    MAIL_CODES = "DELETE FROM mail_codes WHERE key IN (SELECT key FROM mail_codes WHERE expires_at < $1 LIMIT 500)";
    MFA_TOKENS = "DELETE FROM used_mfa_tokens WHERE id IN (SELECT id FROM used_mfa_tokens WHERE expires_at < $1 LIMIT 500)";
    BROWSERS = "DELETE FROM browsers WHERE (user_id, hash) IN \
                (SELECT user_id, hash FROM browsers WHERE last_seen < $1 LIMIT 500)";
    AUDIT = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 LIMIT 500)";
    // What a provider gave us ends with its own time; the identity stays.
    UPSTREAM_TOKENS = "UPDATE identities SET sealed_tokens = NULL, tokens_expire_at = NULL WHERE (provider, subject) IN \
                       (SELECT provider, subject FROM identities WHERE tokens_expire_at < $1 LIMIT 500)";
    COUNTERS = "DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE expires_at < $1 LIMIT 500)";
}

/// How long after its end a row is kept, in seconds: a replayed code must still be known as a code.
pub const KEPT_SECONDS: i64 = 86_400;

/// How long a refresh token's sealed child is kept for a repeat, in seconds: no client's leeway is longer in effect.
pub const CHILD_KEPT_SECONDS: i64 = 3600;

/// The most counters of attempts that are kept: a flood of made-up accounts from very many networks fills no disk.
pub const MOST_COUNTERS: i64 = 1_000_000;

/// How long a browser is known without a login in it, in seconds.
pub const BROWSER_SECONDS: i64 = 34_560_000;

/// Removes one batch of audit rows from before then; answers how many that were.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn audit(db: &Db, before: Timestamp) -> Result<u64, Fault> {
    db.run(sql::AUDIT, args![before.millis()]).await
}

/// Removes one batch of each sort, and wipes sealed children nobody may ask for any more; answers how many rows changed. Call again
/// until it answers 0.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn batch(db: &Db, now: Timestamp) -> Result<u64, Fault> {
    let before = now.plus_seconds(-KEPT_SECONDS).millis();
    let mut removed = 0;
    for statement in [
        sql::FLOWS,
        sql::ASSERTIONS,
        sql::CODES,
        sql::OPAQUE,
        sql::JOBS,
        sql::ENDED_TOKENS,
        sql::MFA_TOKENS,
        sql::MAIL_CODES,
        sql::UPSTREAM_TOKENS,
    ] {
        removed += db.run(statement, args![before]).await?;
    }
    // Nothing of a counter that is over can be asked for.
    removed += db.run(sql::COUNTERS, args![now.millis()]).await?;
    removed += crate::counters::trim(db, MOST_COUNTERS).await?;
    let forgotten = now.plus_seconds(-BROWSER_SECONDS).millis();
    removed += db.run(sql::BROWSERS, args![forgotten]).await?;
    for statement in [sql::FAMILIES, sql::SESSIONS] {
        removed += db.run(statement, args![before, before.div_euclid(1000)]).await?;
    }
    removed += crate::revocations::sweep(db, now).await?;
    removed += crate::nodes::forget(db, now.plus_seconds(-KEPT_SECONDS)).await?;
    let wiped = db
        .run(
            sql::CHILDREN,
            args![now.plus_seconds(-CHILD_KEPT_SECONDS).millis()],
        )
        .await?;
    Ok(removed + wiped)
}
