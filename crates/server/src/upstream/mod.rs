//! Signing in elsewhere: sends a browser to a provider, and asks the provider who came back. What is believed of the answer is decided in
//! `rules::upstream`; every call goes through `egress` (threat 14).

mod attempt;
mod calls;
mod documents;
mod joining;
mod link;
mod tokens;

pub use attempt::{Attempt, Goal, Opened, begin, open};
pub use calls::{Failure, Person, who};
pub use documents::Documents;
pub use joining::{Joining, Stage};
pub(crate) use link::row;
pub use link::{Linked, Unlinked, usable, ways_in};
pub use link::{link, unlink};
pub use tokens::{Place, UpstreamTokens, identity_place, secret_place};

use crate::http::visit::Visit;
use sekisho_rules::upstream::{Connection, Endpoints, Reached};
use sekisho_store::{Fault, connections};

/// The path providers send browsers back to, below the issuer.
pub const CALLBACK: &str = "login/callback";

/// The connections people may sign in by, in order of their names.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn offered(visit: &Visit) -> Result<Vec<Connection>, Fault> {
    let mut every = connections::every(&visit.app.db).await?;
    every.retain(Connection::is_enabled);
    Ok(every)
}

/// The connection of this name, if people may sign in by it.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn named(visit: &Visit, name: &str) -> Result<Option<Connection>, Fault> {
    let found = connections::by_name(&visit.app.db, name).await?;
    Ok(found.filter(Connection::is_enabled))
}

/// Where a provider is reached, by its discovery document where the settings do not say.
///
/// # Errors
/// [`Failure`] when the document cannot be read.
pub async fn endpoints(visit: &Visit, connection: &Connection) -> Result<Endpoints, Failure> {
    let issuer = match connection.endpoints(None) {
        Reached::At(endpoints) => return Ok(*endpoints),
        Reached::Discover(issuer) => issuer,
        Reached::Nowhere => return Err(Failure::Settings("the settings name too few addresses")),
    };
    let discovered = visit.app.upstream.discovery(visit, &issuer).await?;
    match connection.endpoints(Some(&discovered)) {
        Reached::At(endpoints) => Ok(*endpoints),
        Reached::Discover(_) | Reached::Nowhere => Err(Failure::Settings(
            "the discovery document names too few addresses",
        )),
    }
}
