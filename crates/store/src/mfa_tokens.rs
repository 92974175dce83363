//! Tokens of the MFA API that were used up.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};
use sekisho_rules::time::Timestamp;

sql! {
    SPEND = "INSERT INTO used_mfa_tokens (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id";
    SPENT = "SELECT id FROM used_mfa_tokens WHERE id = $1";
}

/// Uses a token up, in the transaction that gives what it opens. `false` when it was used before.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn spend(tx: &mut Tx, id: &str, expires_at: Timestamp) -> Result<bool, Fault> {
    let row = tx.opt(sql::SPEND, args![id, expires_at.millis()]).await?;
    Ok(row.is_some())
}

/// Whether a token was used.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn is_spent(db: &Db, id: &str) -> Result<bool, Fault> {
    Ok(db.opt(sql::SPENT, args![id]).await?.is_some())
}
