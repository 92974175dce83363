//! Browser journeys that were used up. A journey travels sealed in the browser and needs no row until it ends.

use crate::statements::sql;
use crate::{Fault, Tx, args};
use sekisho_rules::time::Timestamp;

sql! {
    USE_UP = "INSERT INTO used_flows (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id";
}

/// Uses a journey up. `false` when it was used before.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn use_up(tx: &mut Tx, id: &str, expires_at: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::USE_UP, args![id, expires_at.millis()])
        .await?
        .is_some())
}
