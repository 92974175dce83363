//! How often something may be tried. Counters are rows that all nodes share; a key is a digest, so no row names a person.

use crate::http::visit::Visit;
use sekisho_rules::id::hex;
use sekisho_rules::secret::SecretHash;
use sekisho_store::{Fault, counters};

/// Something that may be tried so often in so many seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its name; part of the key.
    pub name: &'static str,
    /// How often.
    pub times: i64,
    /// In how many seconds.
    pub seconds: i64,
}

/// Mails to one address, whatever they are about.
pub const MAILS_TO_ADDRESS: Limit = Limit {
    name: "mails to an address",
    times: 5,
    seconds: 900,
};

/// Mails asked for from one network address.
pub const MAILS_FROM_NETWORK: Limit = Limit {
    name: "mails from a network",
    times: 30,
    seconds: 3600,
};

/// Answers of other services brought by one network address: each makes us call the service.
pub const ANSWERS_FROM_NETWORK: Limit = Limit {
    name: "answers from a network",
    times: 100,
    seconds: 300,
};

/// Answers of a bot check brought by one network: each makes us call the provider.
pub const BOT_CHECKS_FROM_NETWORK: Limit = Limit {
    name: "bot checks from a network",
    times: 300,
    seconds: 300,
};

/// Counts one attempt; false when there were too many.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn allow(visit: &Visit, limit: Limit, whose: &str) -> Result<bool, Fault> {
    let tried = counters::count(&visit.app.db, &key(limit, whose), limit.seconds, visit.moment.now).await?;
    Ok(tried <= limit.times)
}

/// Forgets what was counted.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn forget(visit: &Visit, limit: Limit, whose: &str) -> Result<(), Fault> {
    counters::forget(&visit.app.db, &key(limit, whose)).await
}

fn key(limit: Limit, whose: &str) -> String {
    hex(SecretHash::of(&format!("{}\n{whose}", limit.name)).bytes())
}
