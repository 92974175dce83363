//! JWT access tokens that were ended one by one.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args};
use sekisho_rules::id::ClientId;
use sekisho_rules::time::Timestamp;

sql! {
    BY_JTI = "SELECT jti FROM ended_tokens WHERE jti = $1";
    END = "INSERT INTO ended_tokens (jti, client_id, ended_at, expires_at) VALUES ($1, $2, $3, $4) \
           ON CONFLICT (jti) DO NOTHING RETURNING jti";
}

/// Whether the token with this `jti` was ended.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn has(db: &Db, jti: &str) -> Result<bool, Fault> {
    Ok(db.opt(sql::BY_JTI, args![jti]).await?.is_some())
}

/// A token to be ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its `jti`.
    pub jti: String,
    /// Whose it was.
    pub client: ClientId,
    /// When it would have expired.
    pub expires_at: Timestamp,
}

/// Ends a token. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end(tx: &mut Tx, token: &Ended, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![
        token.jti.as_str(),
        token.client.as_str(),
        now.millis(),
        token.expires_at.millis(),
    ];
    Ok(tx.opt(sql::END, arguments).await?.is_some())
}
