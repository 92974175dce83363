//! Client assertions that were used up (RFC 7523 section 3: `jti`).

use crate::statements::sql;
use crate::{Db, Fault, args};
use sekisho_rules::id::ClientId;
use sekisho_rules::time::Timestamp;

sql! {
    USE_UP = "INSERT INTO used_assertions (client_id, jti, expires_at) VALUES ($1, $2, $3) \
              ON CONFLICT (client_id, jti) DO NOTHING";
}

/// Uses an assertion up. `false` when it was used before.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn use_up(db: &Db, client: &ClientId, jti: &str, expires_at: Timestamp) -> Result<bool, Fault> {
    Ok(db
        .run(sql::USE_UP, args![client.as_str(), jti, expires_at.millis()])
        .await?
        == 1)
}
