//! What was revoked, for people who look: the records in their order, and how many verifiers have applied them.

use std::time::Duration;

use sekisho_store::revocations::{self, Listed};

use super::Refused;
use crate::app::App;
use crate::feed::{Applied, wait_applied};

/// How long to wait for verifiers that listen.
const WAIT: Duration = Duration::from_secs(2);

/// Up to `limit` records (at most 100) after a number, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn page(app: &App, after: u64, limit: i64) -> Result<Vec<Listed>, Refused> {
    Ok(revocations::listed(&app.db, after, limit).await?)
}

/// The number of the newest record.
///
/// # Errors
/// When the database does not answer.
pub async fn head(app: &App) -> Result<u64, Refused> {
    Ok(revocations::head(&app.db).await?.seq)
}

/// Waits until every verifier that listens has applied what was revoked so far, two seconds at most; answers how many listen and how
/// many have.
///
/// # Errors
/// When the database does not answer.
pub async fn applied(app: &App) -> Result<Applied, Refused> {
    let head = head(app).await?;
    Ok(wait_applied(app, head, WAIT).await?)
}
