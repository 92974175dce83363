//! Attempts at a credential: one set of counters for every endpoint that checks one, shared by all nodes (threat 10).
//!
//! An attempt is counted before the credential is looked at, so that a hundred guesses at once are a hundred guesses. What is counted
//! is the address that was typed, whether or not it has an account, so that the answer tells nothing (threat 24).

use crate::http::visit::Visit;
use crate::throttle::{self, Limit};
use sekisho_store::Fault;

/// Attempts at one account from one network address.
const AT_ACCOUNT_FROM_NETWORK: Limit = Limit {
    name: "attempts at an account from a network",
    times: 10,
    seconds: 900,
};

/// Attempts at one account from everywhere together.
const AT_ACCOUNT: Limit = Limit {
    name: "attempts at an account",
    times: 100,
    seconds: 3600,
};

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; it is counted.
    Open,
    /// There were too many. The credential is not looked at, right or wrong.
    Closed,
}

/// Counts an attempt at an account: the folded address, or the id of a user who is known already.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn admit(visit: &Visit, account: &str) -> Result<Admission, Fault> {
    let near = throttle::allow(visit, AT_ACCOUNT_FROM_NETWORK, &from_here(visit, account)).await?;
    Ok(match near && throttle::allow(visit, AT_ACCOUNT, account).await? {
        true => Admission::Open,
        false => Admission::Closed,
    })
}

/// The credential was right: what was counted for it from here is forgotten.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn passed(visit: &Visit, account: &str) -> Result<(), Fault> {
    throttle::forget(visit, AT_ACCOUNT_FROM_NETWORK, &from_here(visit, account)).await
}

fn from_here(visit: &Visit, account: &str) -> String {
    format!("{}\n{account}", visit.ip)
}
